"""Scenes: redrawn from the id alone, coherent around a spot, marked as synthetic."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from streetview_assets.images.providers.synthetic.painting import View, write_note
from streetview_assets.images.providers.synthetic.place import Place, field, panorama_id, place_of
from streetview_assets.images.providers.synthetic.scene import draw_scene, scene_jpeg

VIEW = View((160, 160), 90, 0)
PLACE = Place(53.8, -1.5479, "residential", 45, 0.372, 42)
MAY = date(2019, 5, 1)


def _pixels(place: Place = PLACE, heading_deg: float = 45, view: View = VIEW) -> np.ndarray:
    return np.asarray(draw_scene(panorama_id(place), MAY, heading_deg, view), float)


def test_the_id_says_all_that_the_scene_depends_on():
    assert panorama_id(PLACE) == "s1-53.800000_-1.547900-residential-045-372-42"
    assert place_of(panorama_id(PLACE)) == PLACE


@given(
    st.integers(-90_000_000, 90_000_000),
    st.integers(-180_000_000, 180_000_000),
    st.sampled_from(["residential", "primary", "living_street", "x"]),
    st.integers(0, 359),
    st.none() | st.integers(0, 1000),
    st.integers(0, 2**32),
)
def test_ids_and_places_go_into_one_another(north, east, road_class, bearing, thousandths, seed):
    deprivation = None if thousandths is None else thousandths / 1000
    place = Place(north / 1e6, east / 1e6, road_class, bearing, deprivation, seed)
    assert place_of(panorama_id(place)) == place


def test_an_id_of_another_provider_is_refused():
    with pytest.raises(ValueError, match="no id of a synthetic panorama"):
        scene_jpeg("CAoSLEFGMVFpcE5", MAY, 0, VIEW)


@given(st.integers(-80, 80), st.integers(-170, 170), st.integers(0, 20))
def test_fields_are_smooth_and_between_0_and_1(latitude, longitude, channel):
    here = Place(latitude, longitude, "x", 0, None, 1)
    near = Place(latitude + 1e-5, longitude, "x", 0, None, 1)
    assert 0 <= field(here, channel, 500) <= 1
    assert abs(field(here, channel, 500) - field(near, channel, 500)) < 0.02


def test_every_image_says_in_its_corner_that_it_is_synthetic():
    image = draw_scene(panorama_id(PLACE), MAY, 0, VIEW)
    blank = Image.new("RGB", image.size, (128, 128, 128))
    before = np.asarray(blank).copy()
    write_note(blank)
    changed = (np.asarray(blank) != before).any(2)
    assert changed[-8:, :8].all()
    assert not changed[:-30].any()
    # The note is the same pixels on any scene, whatever lies beneath.
    note = np.asarray(blank)[changed]
    assert (np.asarray(image)[changed] == note).all()
    assert (note.max(1) > 200).sum() > 60


def test_looking_along_the_road_shows_a_street_and_across_it_a_front():
    along, across = _pixels(heading_deg=45), _pixels(heading_deg=135)
    # Far ahead a street narrows to its road: the middle of the horizon is of the same grey below.
    assert along[130:150, 70:90].std() < 25
    assert np.abs(along - across).mean() > 8


def test_views_of_a_panorama_show_one_street():
    """What a wide view shows in its right half, a view turned to the right shows again."""
    wide = View((320, 160), 120, 0)
    middle = _pixels(heading_deg=45, view=wide)
    turned = _pixels(heading_deg=75, view=wide)
    other = _pixels(Place(53.81, -1.53, "residential", 45, 0.372, 42), 75, wide)
    # The direction 30 degrees right of the first heading is the middle of the second.
    focal = 160 / np.tan(np.radians(60))
    column = round(160 + focal * np.tan(np.radians(30)))
    rows = slice(78, 150)
    strip = middle[rows, column - 5 : column + 5].mean((1, 2))
    same = turned[rows, 155:165].mean((1, 2))
    foreign = other[rows, 155:165].mean((1, 2))
    assert np.corrcoef(strip, same)[0, 1] > np.corrcoef(strip, foreign)[0, 1]


def test_a_street_seen_again_in_winter_has_the_same_houses():
    road_and_houses = slice(70, 130)
    in_winter = np.asarray(draw_scene(panorama_id(PLACE), date(2019, 1, 1), 45, VIEW), float)
    elsewhere = _pixels(Place(53.81, -1.53, "residential", 45, 0.372, 42))
    may = _pixels()[road_and_houses].ravel()
    again = np.corrcoef(may, in_winter[road_and_houses].ravel())[0, 1]
    foreign = np.corrcoef(may, elsewhere[road_and_houses].ravel())[0, 1]
    assert again > foreign + 0.1
    assert again < 0.999


def test_tilting_the_camera_up_shows_more_sky():
    level = _pixels()
    raised = _pixels(view=View((160, 160), 90, 30))
    assert raised[80:130].mean() > level[80:130].mean() + 10


def test_a_place_that_no_target_is_known_of_has_a_scene_too():
    unknown = Place(53.8, -1.5479, "x", 45, None, 42)
    assert _pixels(unknown).std() > 15


@pytest.mark.parametrize("size", [(32, 32), (97, 61), (640, 320)])
def test_any_size_can_be_drawn(size):
    assert draw_scene(panorama_id(PLACE), MAY, 200, View(size, 100, -10)).size == size
