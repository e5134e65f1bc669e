"""Images of older captures stay in the lake, and count in no mart and no check but their own."""

from datetime import date

import polars as pl
import pytest

from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.lake.checked import run_check

LONG_AGO = date(2009, 5, 1)
MARTS = ("area_profile", "authority_coverage")


@pytest.fixture
def with_older(small_study):
    """The small study, to which images of an older capture of every point were added."""

    def older(table: str, **changes: object) -> None:
        frame = small_study.lake.read(table)
        added = frame.with_columns(
            **{name: pl.lit(value) for name, value in changes.items()},
        )
        if "image_id" in frame.columns:
            added = added.with_columns(image_id="older " + pl.col("image_id"))
        schema = TABLES[table].schema
        small_study.write(table, pl.concat([frame, added.cast(schema).select(schema.names())]))

    older("panoramas", captured_on=LONG_AGO, is_current=False, status="ok", error=None)
    older("images", captured_on=LONG_AGO, is_current=False)
    older("image_embeddings")
    return small_study


def test_marts_are_as_they_would_be_without_them(small_study, with_older):
    before = {name: small_study.mart(name) for name in MARTS}
    with_older.make_marts()
    assert with_older.mart("area_profile").equals(before["area_profile"])
    coverage, was = with_older.mart("authority_coverage"), before["authority_coverage"]
    differs = {name for name in was.columns if not was[name].equals(coverage[name])}
    assert differs == {"panorama_count", "older_image_count"}
    assert was["older_image_count"].to_list() == [0, 0]
    assert coverage["older_image_count"].equals(was["image_count"].rename("older_image_count"))


def test_checks_find_nothing_wrong_with_them(with_older, own_queries):
    checks = [query for query in own_queries.values() if query.kind == "check"]
    failed = {
        query.name: run_check(with_older.lake, query, with_older.study).offending_count
        for query in checks
        if query.asset not in MARTS
    }
    failed.pop("targets_have_value")
    assert {name: count for name, count in failed.items() if count} == {}


@pytest.mark.parametrize(
    ("table", "check", "changes"),
    [
        ("images", "images_fetched", {"status": "failed", "error": "quota", "path": None}),
        ("panoramas", "panoramas_found", {"status": "failed", "error": "no answer"}),
        ("panoramas", "panoramas_have_point", {"point_id": "elsewhere"}),
    ],
)
def test_a_fault_of_what_is_not_current_is_none(with_older, own_queries, table, check, changes):
    damage = [pl.lit(value).alias(name) for name, value in changes.items()]
    if check == "panoramas_have_point":
        older = with_older.lake.read(table).filter(~pl.col("is_current")).head(1)
        both = pl.concat([with_older.lake.read(table), older.with_columns(damage)])
        with_older.write(table, both)
    else:
        with_older.change(table, *damage, where=~pl.col("is_current"))
    assert run_check(with_older.lake, own_queries[check], with_older.study).passed


def test_a_failure_weighs_by_what_is_current(with_older, own_queries):
    # Three of twelve current images of E01 failed: above a fifth, and below it of all.
    three = pl.col("image_id").is_in(["A1p-0", "A1p-90"])
    with_older.change(
        "images", pl.lit("failed").alias("status"), pl.lit("quota").alias("error"), where=three
    )
    assert not run_check(with_older.lake, own_queries["images_fetched"], with_older.study).passed
