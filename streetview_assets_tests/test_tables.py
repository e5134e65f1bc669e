"""The contract of a table refuses every kind of breach, and says which."""

from datetime import date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetview_assets.errors import ContractError
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets.tables.stages import STAGES

EMBEDDINGS = TABLES["image_embeddings"]


def embeddings(**changes) -> pl.DataFrame:
    row = {
        "authority_code": "E08000035",
        "image_id": "a",
        "encoder": "colour-texture",
        "status": "ok",
        "embedding": [0.6, 0.8],
        "error": None,
    }
    return EMBEDDINGS.frame([row, row | {"image_id": "b"} | changes])


def refusal(table, frame: pl.DataFrame) -> str:
    with pytest.raises(ContractError) as caught:
        check_contract(table, frame)
    assert f"table {table.name}" in str(caught.value)
    return str(caught.value)


def test_a_sound_frame_passes():
    check_contract(EMBEDDINGS, embeddings(status="failed", embedding=None, error="torn"))


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_frame_of_every_table_passes(name):
    check_contract(TABLES[name], TABLES[name].frame())


@pytest.mark.parametrize(
    ("breach", "named"),
    [
        (lambda frame: frame.drop("error"), "missing ['error']"),
        (lambda frame: frame.with_columns(extra=1), "unknown ['extra']"),
        (lambda frame: frame.select(reversed(frame.columns)), "expected in this order"),
        (lambda frame: frame.with_columns(pl.lit(1).alias("status")), "status is Int32"),
        (
            lambda frame: frame.with_columns(pl.col("embedding").cast(pl.List(pl.Float64))),
            "embedding is List(Float64)",
        ),
    ],
)
def test_wrong_columns_are_named(breach, named):
    assert named in refusal(EMBEDDINGS, breach(embeddings()))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"image_id": "a"}, "primary_key"),
        ({"image_id": None}, "image_id"),
        ({"status": "okay"}, "status"),
        ({"status": None}, "status"),
        ({"embedding": [0.6, None]}, "embedding"),
        ({"embedding": [0.6, float("nan")]}, "embedding"),
        ({"embedding": [0.6, float("inf")]}, "embedding"),
    ],
)
def test_wrong_values_are_refused(changes, named):
    assert named in refusal(EMBEDDINGS, embeddings(**changes))


@given(st.sampled_from([float("nan"), float("inf"), float("-inf")]))
def test_a_number_that_is_not_finite_is_refused(number):
    targets = TABLES["targets"]
    row = {
        "authority_code": "E08000035",
        "area_code": "E01011229",
        "target": "imd",
        "value": number,
        "more_is": "worse",
        "is_decile": False,
    }
    assert "value" in refusal(targets, targets.frame([row]))


def test_times_are_in_utc():
    panoramas = TABLES["panoramas"]
    row = {
        "authority_code": "E08000035",
        "point_id": "53.796400_-1.547900",
        "provider": "synthetic",
        "panorama_id": "p",
        "captured_on": date(2024, 6, 1),
        "status": "ok",
        "first_seen_at": datetime(2025, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        "last_seen_at": datetime(2025, 1, 1, tzinfo=timezone.utc),  # noqa: UP017
        "is_current": True,
    }
    frame = panoramas.frame([row])
    check_contract(panoramas, frame)
    assert frame["first_seen_at"][0].hour == 23
    local = frame.with_columns(pl.col("last_seen_at").dt.convert_time_zone("Europe/London"))
    assert "last_seen_at is Datetime" in refusal(panoramas, local)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_is_described_in_full(table):
    names = table.schema.names()
    assert len(set(names)) == len(names)
    assert table.stage in STAGES
    assert table.key, "a table without a key"
    assert table.meaning.endswith(".")
    assert all(column.meaning for column in table.columns)
    assert not any(column.optional for column in table.columns if column.key)
    assert ("authority_code" in table.key) >= table.by_authority
    assert ("encoder" in names) >= table.by_encoder


SUFFIX_TYPES = {
    "_code": pl.String,
    "_id": pl.String,
    "_on": pl.Date,
    "_at": pl.Datetime,
    "_count": pl.Int64,
    "_px": pl.Int64,
    "_bytes": pl.Int64,
    "_m": pl.Float64,
    "_deg": pl.Float64,
    "_km2": pl.Float64,
}


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_the_end_of_a_columns_name_says_its_type(table):
    for column in table.columns:
        for suffix, dtype in SUFFIX_TYPES.items():
            if column.name.endswith(suffix):
                assert type(column.dtype) is dtype, f"{table.name}.{column.name}"
