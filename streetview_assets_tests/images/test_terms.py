"""What providers allow, and the line that names whose images are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetview_assets.figures import SYNTHETIC_NOTE
from streetview_assets.images.providers.terms import credit, may_show_sample
from streetview_assets.study.images import Images


@pytest.mark.parametrize(
    ("provider", "owners", "line"),
    [
        ("google", [], "Imagery © Google"),
        ("google", ["© Google", "© Google"], "Imagery © Google"),
        ("google", ["© Google", "© Ann"], "© Ann, Google via Google Street View"),
        ("mapillary", [None], "Imagery © Mapillary contributors, CC BY-SA 4.0"),
        ("mapillary", ["bo", "ann", "bo"], "© bo, ann via Mapillary, CC BY-SA 4.0"),
        (
            "mapillary",
            ["e", "d", "c", "b", "a"],
            "© a, b, c and 2 more via Mapillary, CC BY-SA 4.0",
        ),
        (
            "mapillary",
            ["© bo via Mapillary, CC BY-SA 4.0", "© contributors via Mapillary, CC BY-SA 4.0"],
            "© bo via Mapillary, CC BY-SA 4.0",
        ),
        (
            "panoramax",
            ["© bo via Panoramax, etalab-2.0", "© ann via Panoramax, CC-BY-SA-4.0"],
            "© ann, bo via Panoramax, CC-BY-SA-4.0 / etalab-2.0",
        ),
        ("folder", [], "© of the images: their authors"),
        ("folder", ["(c) Ann"], "© Ann"),
        ("synthetic", ["© Ann"], SYNTHETIC_NOTE),
    ],
)
def test_a_line_names_whose_images_are_shown(provider, owners, line):
    assert credit(provider, owners) == line


@given(st.lists(st.text(), max_size=40))
def test_a_name_from_outside_stays_one_short_line_whatever_it_holds(owners):
    for provider in ("mapillary", "panoramax", "folder"):
        line = credit(provider, owners)
        assert line.isprintable()
        assert len(line) < 350


def test_only_where_nothing_may_stay_is_there_no_sheet_of_images():
    wishes = {"provider": "google", "size_px": (64, 64)}
    assert not may_show_sample(Images(**wishes, keep_images=False))
    assert may_show_sample(Images(**wishes, keep_images=True))
    assert may_show_sample(Images(provider="mapillary", keep_images=False))
