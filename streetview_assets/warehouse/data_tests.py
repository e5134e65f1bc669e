"""Checks of tables and marts: queries of `checks/` that return offending rows."""

from dataclasses import dataclass

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


def run_check(
    lake: Lake, check: Query, study: Study, *, authority: str | None = None, sample_rows: int = 10
) -> CheckResult:
    """Run a check over the files of one authority, or of all.

    Only a sample of the offending rows is brought into memory: a check that fails may return the
    whole table.

    Parameters
    ----------
    lake
        Where the tables lie.
    check
        A query that gives the rows that offend.
    study
        The study file, read.
    authority
        Code of the authority; None: all of the study.
    sample_rows
        Offending rows to give, at most.
    """
    with over_the_lake(lake, check, study, authority) as connection:
        connection.execute(f"create temp table offending as\n{check.sql}")
        (count,) = connection.execute("select count(*) from offending").fetchall()[0]
        sample = connection.sql(f"select * from offending limit {int(sample_rows)}").pl()
    return CheckResult(check, count, in_utc(sample))
