"""How old imagery is by authority, against what the study wants, on a given day."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from streetview_assets.images.freshness import aged_tables, imagery_ages
from streetview_assets.study.images import Freshness

POLICY = Freshness(imagery_months=24, lookup_days=35)
UNKNOWN = date(1, 1, 1)


def _images(authority: str, *captured: date, **values: object) -> pl.DataFrame:
    return pl.DataFrame({"authority_code": authority, "captured_on": captured}).with_columns(
        pl.lit(values.get(name, default)).alias(name)
        for name, default in {"status": "ok", "is_current": True}.items()
    )


def _ages(*parts: pl.DataFrame, table: str = "images"):
    return {age.authority_code: age for age in imagery_ages(table, pl.concat(parts), POLICY)}


def test_images_are_as_old_as_the_median_of_those_that_count():
    ages = _ages(
        _images("B", date(2023, 6, 1), date(2020, 1, 1), date(2021, 3, 1), date(2024, 1, 1)),
        _images("B", *[date(2010, 1, 1)] * 9, is_current=False),
        _images("B", *[date(2010, 1, 1)] * 9, status="failed"),
        _images("B", UNKNOWN, UNKNOWN),
        _images("A", date(2024, 2, 1)),
    )
    assert list(ages) == ["A", "B"]
    assert (ages["B"].dated_on, ages["B"].oldest_on) == (date(2021, 3, 1), date(2020, 1, 1))
    assert ages["B"].due_on == date(2023, 3, 1)
    assert not ages["B"].is_overdue(date(2023, 3, 1))
    assert ages["B"].is_overdue(date(2023, 3, 2))
    assert "more than 24 months (freshness.imagery_months) ago" in ages["B"].why_overdue


def test_images_of_no_known_date_do_not_pass_for_new():
    age = _ages(_images("A", UNKNOWN, UNKNOWN))["A"]
    assert (age.dated_on, age.due_on) == (None, None)
    assert age.is_overdue(date(2000, 1, 1))
    assert "no date of capture" in age.why_overdue


def test_an_authority_without_images_has_none_that_are_old():
    assert _ages(_images("A", date(2010, 1, 1), status="missing")) == {}


def _looked_up(point: str, day: int, status: str = "ok", is_current: bool = True) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "authority_code": "A",
            "point_id": point,
            "status": status,
            "is_current": is_current,
            "last_seen_at": datetime(2026, 5, day, 23, tzinfo=UTC),
        }
    )


def test_look_ups_are_as_old_as_the_point_that_was_left_alone_longest():
    old = _looked_up("p", 1, is_current=False)
    rows = [old, _looked_up("p", 20), _looked_up("p", 20, "no_imagery"), _looked_up("q", 12)]
    age = _ages(*rows, table="panoramas")["A"]
    assert (age.dated_on, age.due_on) == (date(2026, 5, 12), date(2026, 6, 16))
    # A look-up that failed leaves the one before; the point counts from then.
    failed = [_looked_up("q", 3), _looked_up("q", 25, "failed"), _looked_up("r", 25, "failed")]
    age = _ages(*rows[:3], *failed, table="panoramas")["A"]
    assert age.dated_on == date(2026, 5, 3)
    alone = _ages(_looked_up("r", 25, "failed"), table="panoramas")["A"]
    assert alone.is_overdue(date(2026, 5, 25))
    assert "no look-up has succeeded" in alone.why_overdue


@pytest.mark.parametrize(
    ("policy", "tables"),
    [
        (None, ()),
        (Freshness(lookup_days=1), ("panoramas",)),
        (Freshness(imagery_months=1), ("images",)),
    ],
)
def test_only_what_the_study_asks_for_has_an_age(policy, tables):
    assert aged_tables(policy) == tables
