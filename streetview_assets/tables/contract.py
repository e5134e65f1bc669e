"""What a table is: its columns with types, units and meanings; and the columns that many share."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from streetview_assets.tables.stages import Stage

TEXT = pl.String()
DATE = pl.Date()
TIME = pl.Datetime("us", "UTC")
COUNT = pl.Int64()
NUMBER = pl.Float64()
FLAG = pl.Boolean()
GEOMETRY = pl.Binary()
VECTOR = pl.List(pl.Float32)


@dataclass(frozen=True)
class Column:
    """One column: its name (units in the name), type and meaning.

    One that is `volatile` says when or by whom rows were made, or why they were not: what reads
    the table does not depend on it. One that is not `published` stays in the lake.

    Attributes
    ----------
    name
        With its unit: `length_m`.
    dtype
        Its type in polars.
    meaning
        For the reference and for the comment in DuckDB.
    key
        Whether it is part of the key; then it is never null.
    optional
        Whether it may be null.
    one_of
        All values that it may have, where few are.
    volatile
        Whether no fingerprint changes by it.
    published
        Whether it is in the published file.
    """

    name: str
    dtype: pl.DataType
    meaning: str
    key: bool = False
    optional: bool = False
    one_of: tuple[str, ...] = ()
    volatile: bool = False
    published: bool = True


@dataclass(frozen=True)
class Table:
    """One table: what a row is, where it is stored and which columns it has.

    One with a `source` is no asset's: it is read from there whenever it is published.

    Attributes
    ----------
    stage
        The stage that makes it.
    name
        In the lake and in DuckDB.
    meaning
        What a row is.
    columns
        The key first.
    of_any_encoder
        Whether its vectors are the same, whichever encoder the study has.
    source
        Where it is read from, in the study's folder of data, where that is not the lake.
    """

    stage: Stage
    name: str
    meaning: str
    columns: tuple[Column, ...]
    of_any_encoder: bool = False
    source: str = ""

    @cached_property
    def by_authority(self) -> bool:
        """Whether there is a file for each authority."""
        return AUTHORITY in self.columns and not self.source

    @cached_property
    def by_encoder(self) -> bool:
        """Whether there is a file for each encoder."""
        return "encoder" in self.schema and not self.of_any_encoder

    @property
    def key(self) -> list[str]:
        """The columns that name a row, never null and never repeated together."""
        return [column.name for column in self.columns if column.key]

    @cached_property
    def schema(self) -> pl.Schema:
        """Names and types, in order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @property
    def published_columns(self) -> list[str]:
        """The columns that the published file has, in order."""
        return [column.name for column in self.columns if column.published]

    def frame(self, rows: list[dict[str, object]] | None = None) -> pl.DataFrame:
        """Make a frame of this table from rows; without rows, an empty one."""
        return pl.DataFrame(rows or [], schema=self.schema, orient="row")


def table(
    stage: Stage,
    name: str,
    meaning: str,
    *columns: Column,
    of_any_encoder: bool = False,
    source: str = "",
) -> Table:
    """Describe a table.

    Parameters
    ----------
    stage
        The stage that makes it.
    name
        In the lake and in DuckDB.
    meaning
        What a row is.
    *columns
        The key first.
    of_any_encoder, source
        See `Table`.
    """
    return Table(stage, name, meaning, columns, of_any_encoder, source)


def column(name: str, dtype: pl.DataType, meaning: str, *one_of: str) -> Column:
    """Describe a column that every row has a value of; `one_of` lists the values, where few are.

    Parameters
    ----------
    name
        With its unit: `length_m`.
    dtype
        Its type in polars.
    meaning
        For the reference and for the comment in DuckDB.
    *one_of
        All values that it may have, where few are.
    """
    return Column(name, dtype, meaning, one_of=one_of)


def key(name: str, dtype: pl.DataType, meaning: str, *one_of: str) -> Column:
    """Describe a column of the key, which is never null.

    Parameters
    ----------
    name
        With its unit, where it has one.
    dtype
        Its type in polars; identifiers are text.
    meaning
        For the reference and for the comment in DuckDB.
    *one_of
        All values that it may have, where few are.
    """
    return Column(name, dtype, meaning, key=True, one_of=one_of)


def maybe(name: str, dtype: pl.DataType, meaning: str, *, volatile: bool = False) -> Column:
    """Describe a column that may be null.

    Parameters
    ----------
    name
        With its unit: `length_m`.
    dtype
        Its type in polars.
    meaning
        For the reference and for the comment in DuckDB; says what null stands for.
    volatile
        Whether no fingerprint changes by it: times, run ids, errors.
    """
    return Column(name, dtype, meaning, optional=True, volatile=volatile)


def interval(whose: str) -> tuple[Column, Column, Column]:
    """Describe the columns of an interval, which may be null: its ends and its level.

    Parameters
    ----------
    whose
        Such as `its bootstrap interval`.
    """
    return (
        maybe("lower", NUMBER, f"lower end of {whose}"),
        maybe("upper", NUMBER, f"upper end of {whose}"),
        maybe("interval_level", NUMBER, "level of that interval, 0 to 1"),
    )


def time(name: str, meaning: str, *, optional: bool = False) -> Column:
    """Describe a column of a moment, UTC, by which no fingerprint changes.

    Parameters
    ----------
    name
        Ends in `_at`.
    meaning
        For the reference and for the comment in DuckDB.
    optional
        Whether it may be null.
    """
    return Column(name, TIME, meaning, optional=optional, volatile=True)


AUTHORITY = key("authority_code", TEXT, "the local authority: the partition")
AREA = key("area_code", TEXT, "the small area, an LSOA or any polygon")
ENCODER = key("encoder", TEXT, "slug of the encoder that made the vectors")
K = key("k", COUNT, "number of clusters")
DISPERSION = column(
    "dispersion",
    NUMBER,
    "how unlike the pooled vectors are: 1 minus the length of their mean as unit vectors",
)


STATISTICS = ("median", "mean", "max", "min")
SEEN = key("image_id", TEXT, "the image; of a panorama looked at as a whole, its first view")
"""What tables of vectors are about, by `encoder.views`: each image, or each panorama."""
