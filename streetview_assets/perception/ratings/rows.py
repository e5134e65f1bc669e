"""Rows of ratings and comparisons as they come: all their columns, and an id for each."""

import hashlib

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

PEOPLE = ("rater_id", "age", "gender", "country", "education", "region")
"""What tables keep of who rated; postcodes are not kept, only the region that they tell."""

LEFT_TO_MATCHING = ("image_id", "left_id", "right_id", "image_count", "status", "reason")
"""Columns of the tables that are known once images are looked for."""

_BETWEEN, _NOTHING = "\x1f", "\x1e"
_ID_BYTES = 10


def as_rows(frame: pl.DataFrame, table: str, place: str) -> pl.DataFrame:
    """Give rows all the columns of their table but those of the images, and an id each.

    Parameters
    ----------
    frame
        Any of the columns; a rating without an id of its own, or whose file has none, gets a hash
        of all that it says, and of equal ones each its own.
    table
        `ratings` or `comparisons`.
    place
        The key and the file, for messages.

    Raises
    ------
    StudyError
        Where the file's own id stands there twice for one quality.
    """
    schema = pl.Schema(
        (name, dtype)
        for name, dtype in TABLES[table].schema.items()
        if name not in LEFT_TO_MATCHING
    )
    rows = frame.match_to_schema(schema, missing_columns="insert", extra_columns="ignore")
    name = next(name for name in TABLES[table].key if name != "quality")
    _refuse_repeated(rows, name, place)
    if rows[name].null_count():
        rows = rows.with_columns(pl.col(name).fill_null(_hashes(rows.drop(name))))
    return rows


def _hashes(rows: pl.DataFrame) -> pl.Series:
    said = rows.select(
        pl.concat_str(pl.all().cast(pl.String).fill_null(_NOTHING), separator=_BETWEEN)
    ).to_series()
    hashes = pl.Series(
        [hashlib.blake2b(text.encode(), digest_size=_ID_BYTES).hexdigest() for text in said],
        dtype=pl.String,
    )
    if not hashes.is_duplicated().any():
        return hashes
    nth = pl.int_range(pl.len()).over("id")
    further = pl.when(nth > 0).then(pl.format("-{}", nth)).otherwise(pl.lit(""))
    return hashes.to_frame("id").select(pl.col("id") + further).to_series()


def _refuse_repeated(rows: pl.DataFrame, name: str, place: str) -> None:
    own = rows.select("quality", name).drop_nulls()
    again = own.filter(pl.struct("quality", name).is_duplicated())
    if again.height:
        quality, repeated = again.row(0)
        raise StudyError(
            f"{place}: {name} {repeated[:80]!r} stands there twice for {quality[:80]!r} "
            f"({counted(again.height, 'such row')} in all). Keep one row for each, or name "
            "another column of ids, or none, under perception.columns.rating_id."
        )
