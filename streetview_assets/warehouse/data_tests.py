"""Checks of tables and marts: queries of `checks/` that return offending rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from streetview_assets.lake.parquet_lake import Lake
from streetview_assets.study.study_file import Study
from streetview_assets.warehouse.queries import Query, in_utc, over_the_lake


@dataclass(frozen=True)
class CheckResult:
    """What a check found.

    Attributes
    ----------
    check
        The query.
    offending_count
        Rows that it returned.
    sample
        The first of them.
    """

    check: Query
    offending_count: int
    sample: pl.DataFrame

    @property
    def passed(self) -> bool:
        """Whether no row offends."""
        return self.offending_count == 0


def run_checks(
    lake: Lake,
    checks: Sequence[Query],
    study: Study,
    *,
    authority: str | None = None,
    sample_rows: int = 10,
) -> Iterator[CheckResult]:
    """Run checks over the files of one authority, or of all; to open a database takes longer.

    Only a sample of the offending rows is brought into memory: a check that fails may return the
    whole table.

    Parameters
    ----------
    lake
        Where the tables lie.
    checks
        Queries that give the rows that offend.
    study
        The study file, read.
    authority
        Code of the authority; None: all of the study.
    sample_rows
        Offending rows to give of each, at most; at least 1, or nothing would be found.
    """
    reads = {table for check in checks for table in check.reads}
    with over_the_lake(lake, reads, study, authority) as connection:
        for check in checks:
            sample = connection.sql(f"from (\n{check.sql}\n) limit {int(sample_rows)}").pl()
            count = sample.height and _count(connection, check)  # most checks find nothing
            yield CheckResult(check, count, in_utc(sample))


def _count(connection: duckdb.DuckDBPyConnection, check: Query) -> int:
    ((count,),) = connection.execute(f"select count(*) from (\n{check.sql}\n)").fetchall()
    return int(count)
