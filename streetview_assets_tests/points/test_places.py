import numpy as np
import pytest
import shapely

from streetview_assets.areas.geometry import to_geoframe
from streetview_assets.points.places import ground_of, point_ids, round_places, rounded

CRS = "EPSG:27700"


def test_a_place_just_inside_the_outline_is_not_rounded_out_of_it(make_areas):
    areas = make_areas({"a": (0, 0, 1000, 1000)})
    outline = to_geoframe(areas).geometry.iloc[0]
    ground = ground_of(areas, CRS)
    edge = np.column_stack((430_000 + np.linspace(1, 999, 400), np.full(400, 433_000.001)))
    places = round_places(ground, edge)
    assert outline.covers(shapely.points(places.degrees)).all()
    assert np.hypot(*(places.metres - edge).T).max() < 0.2
    assert (places.area == 0).all()


def test_a_wanted_area_is_kept_to(make_areas):
    ground = ground_of(make_areas({"a": (0, 0, 50, 50), "b": (50, 0, 99, 50)}), CRS)
    places = round_places(ground, np.array([(430_020.0, 433_020.0), (430_070.0, 433_020.0)]), 1)
    assert places.area.tolist() == [-1, 1]


@pytest.mark.parametrize(
    ("degrees", "name"),
    [
        ((-1.5479, 53.7964), "53.796400_-1.547900"),
        ((-0.0000001, 51.4779), "51.477900_0.000000"),
    ],
)
def test_names_of_places(degrees, name):
    assert point_ids(rounded(np.array([degrees]))) == [name]
