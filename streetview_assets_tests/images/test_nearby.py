"""Captures matched to points: the newest that shows what is wanted, or why there is none."""

from datetime import date

import hypothesis.strategies as st
import pytest
from hypothesis import given

from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.images.providers.matching import Capture, angle_between_deg, found_near
from streetview_assets.study.images import Images

HERE = {"point_id": "p", "longitude": 0.0, "latitude": 0.0}
METRE = 1 / 111_195


def capture(name, away_m=5.0, year=2020, heading_deg=0.0, is_panoramic=False) -> Capture:
    captured_on = date(year, 6, 1) if year else UNKNOWN_DATE
    longitude = away_m * METRE
    return Capture(name, longitude, 0.0, captured_on, heading_deg, is_panoramic, None, "l", "c")


def chosen(*captures, **wishes) -> list[str]:
    rows = found_near(HERE, captures, Images(provider="panoramax", **wishes))
    return [row["panorama_id"] for row in rows]


def test_a_panorama_serves_all_headings_the_newest_then_the_nearest():
    panoramas = [
        capture("old", 1, 2015, is_panoramic=True),
        capture("far", 30, 2022, is_panoramic=True),
        capture("near", 20, 2022, is_panoramic=True),
    ]
    assert chosen(*panoramas, capture("newest of all", 1, 2024)) == ["near"]


def test_each_heading_gets_the_image_that_looks_its_way():
    images = [
        capture("n", heading_deg=350),
        capture("n newer", year=2023, heading_deg=20),
        capture("e", heading_deg=100),
        capture("beside", heading_deg=225.5),
    ]
    assert chosen(*images) == ["n newer", "e", "beside"]
    assert chosen(images[3], headings_deg=(180,)) == [""]
    assert chosen(images[3], headings_deg=(180,), fov_deg=100) == ["beside"]


@pytest.mark.parametrize(("away_m", "expected"), [(49.9, "a"), (-49.9, "a"), (50.1, "")])
def test_the_radius_ends_at_the_same_distance_to_the_north_and_south(away_m, expected):
    there = Capture("a", 0.0, away_m * METRE, date(2020, 6, 1), 0.0, True, None, "l", "c")
    assert chosen(there) == [expected]


def test_what_is_too_far_or_has_no_heading_is_not_there():
    assert chosen(capture("far", 60), capture("blind", heading_deg=None)) == [""]


@pytest.mark.parametrize(
    ("captures", "wishes", "reason"),
    [
        ([], {}, None),
        ([capture("a", year=2012)], {"captured_between": ("2019-01", None)}, "of 2012-06"),
        ([capture("a", year=None)], {"captured_between": ("2019-01", None)}, "nothing of its date"),
        ([capture("a", heading_deg=None)], {}, "says where it looks"),
        ([capture("a", heading_deg=90)], {"headings_deg": (0,), "fov_deg": 60}, "wanted direction"),
    ],
)
def test_the_reason_is_told(captures, wishes, reason):
    (row,) = found_near(HERE, captures, Images(provider="panoramax", **wishes))
    assert row["status"] == "no_imagery"
    assert reason is None or reason in row["error"]


@given(st.permutations([capture(str(n), n, 2018 + n % 3, 40.0 * n) for n in range(9)]))
def test_the_order_of_the_answer_does_not_matter(captures):
    assert chosen(*captures) == chosen(*sorted(captures, key=lambda one: one.panorama_id))


@given(st.floats(0, 360), st.floats(0, 360))
def test_angles_are_the_shorter_way_round(one, other):
    angle = angle_between_deg(one, other)
    assert 0 <= angle <= 180
    assert angle == pytest.approx(min((one - other) % 360, (other - one) % 360), abs=1e-6)
