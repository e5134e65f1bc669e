"""What the UI shows beside assets and runs: owners, tags, columns' lineage, links, log lines."""

import getpass

import dagster as dg
import pytest
from dagster._core.definitions.automation_tick_evaluation_context import (  # noqa: TID251
    build_run_requests_with_backfill_policies as runs_of_backfill,
)
from dagster._core.definitions.events import AssetKeyPartitionKey  # noqa: TID251

from streetview_assets.errors import StudyError
from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.runs.instance import prepare_home
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study.study_file import load_study
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.orchestration.conftest import Town

EAST, WEST = "X01000001", "X01000002"
OWNERS = ("ana@example.org", "team:places")


def told(town, asset: str, authority: str | None = None) -> dict[str, dg.MetadataValue]:
    partitions = [authority] if authority else None
    wanted = dg.AssetRecordsFilter(dg.AssetKey.from_user_string(asset), asset_partitions=partitions)
    (record,) = town.instance.fetch_materializations(wanted, limit=1).records
    return record.asset_materialization.metadata


def test_every_asset_has_the_owners_of_the_study_file_and_nothing_is_made_anew(town):
    path = town.opened.study.path
    path.write_text(path.read_text() + f"owners: [{', '.join(OWNERS)}]\n")
    nodes = build_definitions(path).resolve_asset_graph().asset_nodes
    made = [node for node in nodes if node.is_materializable]
    assert {tuple(node.owners) for node in made} == {OWNERS}
    report = run_study(open_study(path))
    assert [(asset, code) for asset, code in report.made] == []


@pytest.mark.parametrize(
    "owner", ["places", "team:", "ana@", "Ana <ana@example.org>", "a@b.museums-of-all"]
)
def test_what_is_no_owner_is_refused_with_the_study_file(tmp_path, write_town, owner):
    path = write_town(tmp_path, {"seed: 1": f"owners: ['{owner}']"})
    with pytest.raises(StudyError, match=r"(?s)study\.yaml.*owners\.0.*e-mail address"):
        load_study(path)


def test_runs_are_found_by_authority_stage_trigger_and_user(finished_town):
    runs = finished_town.instance.get_runs()
    of_east = [run for run in runs if run.tags.get("authority") == EAST]
    assert of_east
    for run in of_east:
        assert run.tags["trigger"] == "command"
        assert run.tags["user"] == getpass.getuser()
    stages = {stage for run in of_east for stage in run.tags["stages"].split(", ")}
    assert {"areas", "points", "images", "embeddings"} <= stages


@pytest.mark.parametrize(
    ("tags", "trigger"),
    [
        ({}, "UI"),
        ({"dagster/schedule_name": "weekly"}, "schedule"),
        ({"dagster/sensor_name": "s", "dagster/from_automation_condition": "true"}, "automation"),
        ({"dagster/sensor_name": "s"}, "sensor"),
        ({"dagster/backfill": "abc"}, "backfill"),
        ({"dagster/backfill": "abc", "dagster/from_automation_condition": "true"}, "automation"),
    ],
)
def test_a_run_says_what_began_it_and_of_the_ui_no_user(town, tags, trigger):
    result = town.make("areas", authority=EAST, tags=tags)
    found = town.instance.get_run_by_id(result.run_id).tags
    assert (found["trigger"], found["stages"]) == (trigger, "areas")
    assert "user" not in found


def test_a_backfill_makes_each_authority_in_a_run_of_its_own(town):
    """So Dagster's daemon asks for runs, whether the UI or an automation asked for all."""
    asked = {AssetKeyPartitionKey(dg.AssetKey("areas"), code) for code in (EAST, WEST)}
    graph = town.definitions.resolve_asset_graph()
    requests = runs_of_backfill(asked, graph, town.instance)
    assert sorted(request.partition_key or "" for request in requests) == [EAST, WEST]
    for request in requests:
        made = town.make("areas", authority=request.partition_key, tags=request.tags)
        assert made.success
        found = town.instance.get_run_by_id(made.run_id).tags
        assert found["authority"] == request.partition_key


def test_authorities_are_called_by_their_names_where_the_areas_say_them(at_home, write_town):
    code = "authority_code: authority_code"
    study = write_town(at_home / "study", {code: f"{code}, authority_name: authority_name"})
    opened, definitions = open_study(study), build_definitions(study)
    prepare_home(opened)
    with dg.DagsterInstance.get() as instance:
        town = Town(opened, instance, definitions)
        town.make("areas", authority=EAST)
        second = town.make("areas", authority=EAST)
        assert told(town, "areas", EAST)["authority"].value == "Quillhaven"
        tags = instance.get_run_by_id(second.run_id).tags
        assert (tags["authority"], tags["authority_name"]) == (EAST, "Quillhaven")


def test_columns_of_marts_lead_to_the_columns_that_they_are_made_of(finished_town):
    lineage = told(finished_town, "mart/area_profile")["dagster/column_lineage"].value
    (name,) = lineage.deps_by_column["area_name"]
    assert (name.asset_key, name.column_name) == (dg.AssetKey("areas"), "area_name")
    schema = told(finished_town, "mart/area_profile")["dagster/column_schema"].schema
    (column,) = (one for one in schema.columns if one.name == "area_name")
    assert column.description.endswith("; from `areas.area_name`")
    graph = finished_town.definitions.resolve_asset_graph()
    asked = {one.asset_key for deps in lineage.deps_by_column.values() for one in deps}
    assert asked & set(graph.get_all_asset_keys())


def test_one_row_count_is_of_the_table_whose_columns_are_shown(finished_town):
    shown = told(finished_town, "model_selection")
    read = finished_town.opened.read
    assert shown["dagster/row_count"].value == read("model_scores").height
    assert shown["rows of predictions"].value == read("predictions").height


def test_a_materialisation_leads_to_its_figures_and_mlflow_run(finished_town):
    shown = told(finished_town, "model_selection")
    assert (finished_town.opened.root / "figures" / "study").samefile(shown["figures"].value)
    run_id = finished_town.opened.read("model_scores")["mlflow_run_id"][0]
    assert shown["mlflow_run"].value.endswith(f"/runs/{run_id}")
    assert f" sqlite:///{finished_town.opened.root}/mlflow.db," in shown["mlflow_run"].value


def test_a_step_says_in_the_run_s_log_why_it_was_made(town):
    result = town.make("areas", authority=EAST)
    lines = [
        record.event_log_entry.user_message
        for record in town.instance.get_records_for_run(result.run_id).records
        if not record.event_log_entry.is_dagster_event
    ]
    assert lines == [f"areas of {EAST}: asked for"]
