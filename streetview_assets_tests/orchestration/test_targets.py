"""The asset `targets` on the real instance: what it tells, and when it is out of date."""

import dagster as dg
import polars as pl
import pytest

from streetview_assets.study_state.open_study import open_study

EAST, WEST = "X01000001", "X01000002"
MORE_IS = "    more_is: worse\n"
ALL = f"authorities: [{EAST}, {WEST}]\n"


def hide(path, count):
    """Withhold the first value of the table, and take the next areas out of it."""
    table = pl.read_csv(path, infer_schema=False)
    value = table["deprivation_score"].scatter(0, "c")
    table = table.with_columns(value)
    pl.concat([table.head(1), table.slice(count)]).write_csv(path)
    return table["area_code"].head(count).to_list()


def test_it_tells_which_areas_have_no_value_and_where_the_others_come_from(new_town):
    study = new_town.opened.study
    hidden = hide(study.targets[0].path, 4)
    assert new_town.make("areas", "targets", authority=EAST).success
    mine = new_town.opened.read("areas", EAST)["area_code"].to_list()
    assert hidden[0] in mine
    told = new_town.instance.get_latest_materialization_event(dg.AssetKey("targets"))
    metadata = told.asset_materialization.metadata
    absent = len(set(hidden[1:]) & set(mine))
    assert metadata["areas without a value"].value == {"score": 1 + absent}
    assert metadata["why areas have no value"].value == {
        "score": {"withheld in the table": 1, "not in the table": absent}
    }
    assert metadata["sources"].value == {"score": "targets.csv: deprivation_score, by area_code"}


@pytest.mark.parametrize("form", ["value", "decile"])
def test_ranks_hang_on_the_areas_of_other_authorities(at_home, write_town, form):
    given = {MORE_IS: f"{MORE_IS}    as: {form}\n"}
    both = open_study(write_town(at_home / "study", given)).input_fingerprint("targets", EAST)
    alone = {**given, ALL: f"authorities: [{EAST}]\n"}
    one = open_study(write_town(at_home / "study", alone)).input_fingerprint("targets", EAST)
    assert (one != both) == (form == "decile")
