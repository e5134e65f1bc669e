"""Fingerprints of content: the same for the same rows, another for anything that readers see."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from streetview_assets.lake.content import column_digests, content_of
from streetview_assets.tables.registry import TABLES

PANORAMAS = TABLES["panoramas"]
ROW = {
    "authority_code": "A",
    "point_id": "p",
    "provider": "synthetic",
    "captured_on": date(2020, 1, 1),
    "status": "ok",
    "longitude": 1.5,
    "first_seen_at": datetime(2024, 1, 1, tzinfo=UTC),
    "last_seen_at": datetime(2024, 1, 1, tzinfo=UTC),
    "is_current": True,
    "error": None,
}


def panoramas(**changes) -> pl.DataFrame:
    return PANORAMAS.frame([ROW | {"panorama_id": name} | changes for name in "bac"])


def fingerprint(frame: pl.DataFrame, note: str = "") -> str:
    return content_of(frame, PANORAMAS, note).fingerprint


def test_neither_order_nor_layout_in_memory_counts():
    frame = panoramas()
    parts = pl.concat([frame[1:], frame[:1]], rechunk=False)
    assert fingerprint(frame) == fingerprint(frame.sort("panorama_id")) == fingerprint(parts)


@pytest.mark.parametrize(
    "change",
    [
        {"longitude": 1.5000000000000002},
        {"longitude": None},
        {"longitude": 0.0},
        {"is_current": False},
        {"copyright": ""},
        {"captured_on": date(2020, 2, 1)},
        {"status": "no_imagery"},
    ],
)
def test_every_value_counts(change):
    assert fingerprint(panoramas(**change)) != fingerprint(panoramas())


def test_no_volatile_value_counts_but_for_who_looks_at_the_table_itself():
    later = panoramas(error="a fault", last_seen_at=datetime(2025, 1, 1, tzinfo=UTC))
    one, other = (content_of(frame, PANORAMAS) for frame in (panoramas(), later))
    assert one.fingerprint == other.fingerprint
    assert one.every_column != other.every_column


def test_rows_fewer_and_a_note_count():
    assert len({fingerprint(panoramas()), fingerprint(panoramas()[1:])}) == 2
    assert fingerprint(panoramas(), "why") != fingerprint(panoramas())


def test_texts_and_vectors_do_not_run_into_each_other():
    one = pl.DataFrame({"a": ["ab", "c"], "b": [[1.0, 2.0], [3.0]]})
    other = pl.DataFrame({"a": ["a", "bc"], "b": [[1.0], [2.0, 3.0]]})
    first, second = column_digests(one, []), column_digests(other, [])
    assert first["a"] != second["a"]
    assert first["b"] != second["b"]


def test_a_fingerprint_is_the_same_on_every_machine_and_with_every_version():
    """Nothing but the bytes of the values goes in: whoever changes that remakes every study."""
    assert fingerprint(panoramas())[:16] == "c67a658bb613aa92"
