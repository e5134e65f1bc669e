"""The report says where the model applies, and how much more it misses elsewhere."""

import polars as pl

from streetview_assets.report.chapters.predictions import _applicability
from streetview_assets.report.database import Published
from streetview_assets_tests.report.conftest import chapter


def test_areas_outside_are_counted_with_their_errors():
    inside = [one < 30 for one in range(42)]
    codes = [f"A{one}" for one in range(42)]
    told = pl.DataFrame({"area_code": [*codes, "B"], "is_applicable": [*inside, None]})
    missed = pl.DataFrame(
        {"area_code": codes, "residual": [1.0 if one else -3.0 for one in inside]}
    )
    found = _applicability(told, missed)
    assert (found["count"], found["outside"]) == (42, 12)
    assert found["errors"] == [["inside", 30, 30, "1.00"], ["outside", 12, 12, "3.00"]]
    few = _applicability(told, missed.head(35))
    assert few["errors"][1] == ["outside", 12, 5, "too few areas to tell"]
    assert _applicability(told.tail(1), missed) == {}


def test_the_chapter_says_it_only_where_it_is_known(hostile_study, with_tables):
    before = Published(hostile_study.root, hostile_study.study)
    assert "The model applies to" not in chapter("predictions", before)
    profile = before.table("area_profile")
    known = pl.when(pl.col("predicted").is_not_null()).then(
        pl.col("predicted") > pl.col("predicted").min()
    )
    after = with_tables(area_profile=profile.with_columns(is_applicable=known))
    count = profile["predicted"].count()
    assert f"The model applies to {count - 1} of {count} areas" in chapter("predictions", after)
