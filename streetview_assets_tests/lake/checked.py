"""One check, on a study of the tests."""

from streetview_assets.lake.parquet_lake import Lake
from streetview_assets.study.study_file import Study
from streetview_assets.warehouse.data_tests import CheckResult, run_checks
from streetview_assets.warehouse.queries import Query


def run_check(
    lake: Lake, check: Query, study: Study, *, authority: str | None = None, sample_rows: int = 10
) -> CheckResult:
    """Run a check alone."""
    (found,) = run_checks(lake, [check], study, authority=authority, sample_rows=sample_rows)
    return found
