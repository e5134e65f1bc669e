"""What people see in an area stands in its row of `area_profile`, by quality, and in `show`."""

import polars as pl
import pytest

from streetview_assets.cli.show.show_facts import perceived_in_area
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.lake.small_lake import ENCODER

HOSTILE = "saf'ety [red]/\u202e"


@pytest.fixture
def profile(small_study):
    """The row of the first area, in which people see two qualities; and that of another."""
    areas = small_study.lake.read("areas").sort("area_code")
    row = {
        **areas.select("authority_code", "area_code").row(0, named=True),
        **{"encoder": ENCODER, "interval_level": 0.9, "rated_count": 0},
    }
    rows = [
        row | {"quality": HOSTILE, "mean": 3.2, "lower": 2.8, "upper": 3.6, "image_count": 12},
        row | {"quality": "green", "image_count": 0, "reason": "no image of the area is looked at"},
        row | {"encoder": "other", "quality": "green", "mean": 9.0, "image_count": 1},
    ]
    table = TABLES["area_perception"]
    small_study.write(table.name, pl.DataFrame(rows, schema=table.schema).sort(table.key))
    small_study.make_marts()
    return small_study.mart("area_profile").sort("area_code").head(2).to_dicts()


def test_the_profile_has_each_quality_of_the_study_s_encoder(profile):
    first, second = profile
    assert dict(first["perceived"]) == {HOSTILE: 3.2, "green": None}
    assert dict(first["perceived_lower"])[HOSTILE] == 2.8
    assert dict(first["perceived_upper"])[HOSTILE] == 3.6
    assert dict(first["perceived_image_count"]) == {HOSTILE: 12, "green": 0}
    assert second["perceived"] is None


def test_show_says_it_in_words(profile):
    assert perceived_in_area(profile[0]) == {HOSTILE: "3.2 (2.8 to 3.6), 12 images"}
    assert perceived_in_area(profile[1]) == {}
