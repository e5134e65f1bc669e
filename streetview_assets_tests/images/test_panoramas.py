"""The table of panoramas over several look-ups."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetview_assets.images.panoramas import update_panoramas
from streetview_assets.images.providers.base import FOUND, UNKNOWN_DATE
from streetview_assets.tables.registry import TABLES, check_contract

OLD, NEW = date(2016, 3, 1), date(2023, 8, 1)
MONTH = timedelta(days=30)


@pytest.fixture
def look(noon):
    def look(previous, *rows, month=0, asked=None):
        found = pl.DataFrame(list(rows), schema=FOUND)
        table = update_panoramas(
            found,
            previous,
            authority_code="A1",
            provider="google",
            seen_at=noon + month * MONTH,
            asked=None if asked is None else pl.Series(asked, dtype=pl.String),
        )
        check_contract(TABLES["panoramas"], table)
        return table

    return look


def test_a_newer_capture_takes_over_and_the_older_one_stays_known(look, found_row, noon):
    first = look(None, found_row("p", "old", OLD))
    table = look(first, found_row("p", "new", NEW), month=1)
    current = dict(table.select("panorama_id", "is_current").rows())
    assert current == {"old": False, "new": True}
    old = table.row(by_predicate=pl.col("panorama_id") == "old", named=True)
    assert (old["first_seen_at"], old["last_seen_at"]) == (noon, noon)


def test_what_is_found_again_keeps_when_it_was_first_seen(look, found_row, noon):
    table = look(look(None, found_row("p", "a", OLD)), found_row("p", "a", OLD), month=1)
    assert table.select("first_seen_at", "last_seen_at").rows() == [(noon, noon + MONTH)]


def test_a_failed_look_up_leaves_the_images_current_until_it_is_made_good(look, found_row):
    first = look(None, found_row("p", "a", OLD), found_row("q", "b", OLD))
    failed = look(first, found_row("p", status="failed"), found_row("q", "c", NEW), month=1)
    rows = failed.select("point_id", "panorama_id", "status", "is_current").rows()
    assert rows == [
        ("p", "", "failed", True),
        ("p", "a", "ok", True),
        ("q", "b", "ok", False),
        ("q", "c", "ok", True),
    ]
    good = look(failed, found_row("p", "a", OLD), found_row("q", "c", NEW), month=2)
    assert good.filter(point_id="p").select("status", "is_current").rows() == [("ok", True)]


def test_a_point_that_loses_its_imagery_says_so(look, found_row):
    table = look(look(None, found_row("p", "a", OLD)), found_row("p", status="no_imagery"), month=1)
    rows = table.select("panorama_id", "captured_on", "is_current").rows()
    assert rows == [("", UNKNOWN_DATE, True), ("a", OLD, False)]


def test_another_provider_ends_what_the_first_one_had(look, found_row):
    first = look(None, found_row("p", "a", OLD)).with_columns(provider=pl.lit("mapillary"))
    table = look(first, found_row("p", status="failed"), month=1)
    assert dict(table.select("provider", "is_current").rows()) == {
        "google": True,
        "mapillary": False,
    }


def test_a_retry_leaves_the_points_alone_about_which_it_does_not_ask(look, found_row, noon):
    first = look(
        None, found_row("p", "a", OLD), found_row("q", status="failed"), found_row("r", "c", OLD)
    )
    newer = look(
        first,
        found_row("p", "b", NEW),
        found_row("q", status="failed"),
        found_row("r", status="failed"),
        month=1,
    )
    table = look(newer, found_row("q", "d", NEW), month=2, asked=["q"])
    rows = table.select("point_id", "panorama_id", "status", "is_current", "last_seen_at").rows()
    assert rows == [
        ("p", "a", "ok", False, noon),
        ("p", "b", "ok", True, noon + MONTH),
        ("q", "d", "ok", True, noon + 2 * MONTH),
        ("r", "", "failed", True, noon + MONTH),
        ("r", "c", "ok", True, noon),
    ]
    again = look(table, found_row("r", status="failed"), month=3, asked=["r"])
    assert (
        again.select("point_id", "is_current").rows()
        == table.select("point_id", "is_current").rows()
    )


def test_a_point_that_is_gone_has_nothing_current(look, found_row):
    table = look(look(None, found_row("p", "a", OLD)), found_row("q", "b", OLD), month=1)
    assert table.select("point_id", "is_current").rows() == [("p", False), ("q", True)]


def test_an_older_capture_that_comes_back_keeps_when_it_was_first_seen(look, found_row, noon):
    table = look(None, found_row("p", "a", OLD))
    table = look(table, found_row("p", "b", NEW), month=1)
    table = look(table, found_row("p", "a", OLD), month=2)
    rows = table.select("panorama_id", "is_current", "first_seen_at", "last_seen_at").rows()
    assert rows == [
        ("a", True, noon, noon + 2 * MONTH),
        ("b", False, noon + MONTH, noon + MONTH),
    ]


def test_what_the_provider_says_of_a_panorama_is_that_of_its_last_look(look, found_row):
    told = {"is_panoramic": True, "heading_deg": 12.5, "creator": "ann", "licence": "CC BY-SA"}
    first = look(None, found_row("p", "a", OLD) | told)
    assert look(first, month=1).select(*told).row(0, named=True) == told
    again = look(first, found_row("p", "a", OLD) | {"creator": "bob"}, month=1)
    assert again.select("creator", "licence").rows() == [("bob", None)]


ROWS = st.lists(
    st.tuples(
        st.sampled_from("pqr"),
        st.sampled_from([("a", OLD, "ok"), ("b", NEW, "ok"), ("", UNKNOWN_DATE, "failed")]),
    ),
    max_size=6,
)


@given(st.lists(ROWS, min_size=1, max_size=4), st.randoms())
def test_over_any_look_ups_nothing_found_is_ever_forgotten(look_ups, random):
    from datetime import UTC, datetime

    table, ever = None, set()
    for month, rows in enumerate(look_ups):
        random.shuffle(rows)
        found = pl.DataFrame(
            [
                {"point_id": p, "panorama_id": pano, "captured_on": on, "status": status}
                for p, (pano, on, status) in rows
            ],
            schema=FOUND,
        )
        seen_at = datetime(2024, 1, 1, tzinfo=UTC) + month * MONTH
        table = update_panoramas(
            found, table, authority_code="A1", provider="google", seen_at=seen_at
        )
        check_contract(TABLES["panoramas"], table)
        ever |= {(p, pano) for p, (pano, _, status) in rows if status == "ok"}
        now = {(p, pano) for p, (pano, _, _) in rows}
        current = set(table.filter("is_current").select("point_id", "panorama_id").rows())
        assert now <= current
        failed = {p for p, (_, _, status) in rows if status == "failed"}
        assert {p for p, _ in current - now} <= failed
    there = set(table.filter(status="ok").select("point_id", "panorama_id").rows())
    assert there == ever
