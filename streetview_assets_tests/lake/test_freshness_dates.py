"""The mart says from when imagery is and until when that will do, as the checks reckon it."""

import pytest

from streetview_assets.images.freshness import aged_tables, imagery_ages
from streetview_assets.study.study_file import load_study

DATES = ["captured_median_on", "looked_up_on", "imagery_due_on", "lookup_due_on"]


@pytest.mark.parametrize("asked", [True, False])
def test_dates_of_the_mart_are_those_of_the_checks(small_study, asked):
    if asked:
        policy = "freshness: {imagery_months: 24, lookup_days: 35}"
        small_study.file.write_text(f"{small_study.file.read_text()}\n{policy}\n")
        small_study.study = load_study(small_study.file)
    small_study.make_marts()
    told = small_study.mart("authority_coverage").select("authority_code", *DATES)
    policy = small_study.study.freshness
    ages = {
        (age.table, age.authority_code): age
        for table in aged_tables(policy)
        for age in imagery_ages(table, small_study.lake.read(table), policy)
    }
    assert len(ages) == (4 if asked else 0)
    for code, captured, looked_up, imagery_due, lookup_due in told.rows():
        assert looked_up is not None
        if not asked:
            assert (imagery_due, lookup_due) == (None, None)
            continue
        images, panoramas = ages["images", code], ages["panoramas", code]
        assert (images.dated_on, images.due_on) == (captured, imagery_due)
        assert (panoramas.dated_on, panoramas.due_on) == (looked_up, lookup_due)
