"""A study whose images count for the area that they look at."""

import polars as pl

from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.end_to_end.small_studies import write_study

COUNTED_BY_AREA = frozenset({"area_embeddings", "baseline_embeddings", "cluster_shares"})


def test_what_is_counted_by_area_is_made_anew_and_counts_what_looks_there(tiny):
    assert not run_study(tiny, only=COUNTED_BY_AREA).made
    changed = open_study(write_study(tiny.study.path.parent, pooling={"area": "looks_at"}))
    report = run_study(changed, only=COUNTED_BY_AREA)
    assert report.failures == []
    assert {asset for asset, _ in report.made} == COUNTED_BY_AREA

    looking = changed.read("image_areas").group_by(area_code="looks_at_code").len()
    looking = looking.drop_nulls().sort("area_code")
    pooled = changed.read("area_embeddings").filter(statistic="median").sort("area_code")
    assert pooled.select("area_code", len=pl.col("image_count").cast(pl.UInt32)).equals(looking)
    standing = changed.read("images").filter(status="ok").group_by("area_code").len()
    assert not standing.sort("area_code").equals(looking), "some look elsewhere"
