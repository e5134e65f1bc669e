"""What starts by itself: evaluated on a real instance, to which results are reported."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg
import pytest

from streetview_assets.orchestration.automation.jobs import ONLY_STALE_TAG
from streetview_assets.orchestration.automation.sensors import study_sensors
from streetview_assets.orchestration.automation.source_sensor import SENSOR
from streetview_assets.study_state.lineage import specs
from streetview_assets_tests.orchestration.ticks import (
    EAST,
    FETCH_IMAGES,
    REFRESH,
    SUNDAY,
    WEDNESDAY,
    WEST,
    Automation,
    minutes,
)


@pytest.fixture(scope="module")
def settled_once(empty_town, tmp_path_factory):
    """Instance of a study in which all is made and one tick has passed, and what sensors kept."""
    home = tmp_path_factory.mktemp("settled")
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        automation = Automation(replace(empty_town, instance=instance))
        automation.all_made("1")
        assert automation.tick(WEDNESDAY) == set()
        assert automation.tick(WEDNESDAY, FETCH_IMAGES) == set()
    return home, automation.cursors


@pytest.fixture
def settled_town(empty_town, settled_once, tmp_path):
    """Automation of such a study, whose instance is to be changed."""
    home, cursors = settled_once
    shutil.copytree(home, tmp_path / "home")
    with dg.DagsterInstance.local_temp(str(tmp_path / "home")) as instance:
        automation = Automation(replace(empty_town, instance=instance))
        automation.cursors = dict(cursors)
        yield automation


def test_nothing_starts_where_nothing_changed(settled_town):
    for step in range(1, 4):
        assert settled_town.tick(WEDNESDAY + minutes(60 * step)) == set()
    assert settled_town.tick(SUNDAY) == set()


def test_what_is_made_again_with_the_same_result_starts_nothing(settled_town):
    settled_town.all_made("1")
    for now in (WEDNESDAY + minutes(60), SUNDAY):
        assert not {asset for asset, _ in settled_town.tick(now)} & set(specs())


def test_a_source_saved_in_another_form_starts_nothing_after_what_reads_it(town):
    automation = Automation(town)
    automation.tick(WEDNESDAY)
    path = town.opened.study.path.parent / "areas.geojson"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=3))
    before = town.opened.provenance("areas", EAST).made_at
    assert not town.opened.is_fresh("areas", EAST)
    result = town.make("areas", "targets", authority=EAST, tags={ONLY_STALE_TAG: "true"})
    assert result.success
    assert town.opened.provenance("areas", EAST).made_at > before
    for now in (WEDNESDAY + minutes(1), SUNDAY):
        assert not {asset for asset, _ in automation.tick(now)} & set(specs())


def test_only_the_authority_that_changed_is_made_anew(settled_town):
    settled_town.made("areas", EAST, "2")
    started = settled_town.tick(WEDNESDAY + minutes(1))
    assert ("road_network", EAST) in started
    assert {authority for _, authority in started} == {EAST}
    assert settled_town.tick(WEDNESDAY + minutes(2)) == set(), "it is asked for once"


def test_new_panoramas_start_images_by_their_own_sensor_alone(settled_town):
    settled_town.made("panoramas", WEST, "2")
    assert ("images", WEST) not in settled_town.tick(WEDNESDAY + minutes(1))
    assert settled_town.tick(WEDNESDAY + minutes(1), FETCH_IMAGES) == {("images", WEST)}


def test_new_images_go_through_to_their_clusters_in_one_run(settled_town):
    settled_town.made("images", EAST, "2")
    started = settled_town.tick(WEDNESDAY + minutes(1))
    assert {("image_embeddings", EAST), ("cluster_assignments", EAST)} <= started
    assert {authority for _, authority in started} == {EAST}
    settled_town.made("image_embeddings", WEST, "2")
    started = settled_town.tick(WEDNESDAY + minutes(2))
    assert ("cluster_assignments", WEST) in started
    assert {authority for _, authority in started} == {WEST}


def test_new_cluster_centres_reassign_every_authority(settled_town):
    settled_town.made("cluster_model", None, "2")
    started = settled_town.tick(WEDNESDAY + minutes(1))
    assert started == {
        (asset, authority)
        for asset in ("cluster_assignments", "capture_changes")
        for authority in (EAST, WEST)
    }


def test_nothing_is_built_on_images_that_a_check_refuses(settled_town):
    for authority, passed in ((EAST, False), (WEST, True)):
        settled_town.made("images", authority, "2")
        settled_town.checked("images", "images_fetched", authority, passed)
    started = settled_town.tick(WEDNESDAY + minutes(1))
    assert ("image_embeddings", WEST) in started
    assert ("image_embeddings", EAST) not in started
    settled_town.made("images", EAST, "3")
    settled_town.checked("images", "images_captured_in_the_past", EAST, False)
    started = settled_town.tick(WEDNESDAY + minutes(2))
    assert ("image_embeddings", EAST) in started, "what does not block refuses nothing"


def test_what_failed_is_tried_again_only_when_its_input_changes_again(settled_town):
    settled_town.made("areas", EAST, "2")
    assert ("road_network", EAST) in settled_town.tick(WEDNESDAY + minutes(1))
    run = settled_town.under_way("road_network", EAST)
    settled_town.town.instance.report_run_failed(run)
    assert settled_town.tick(WEDNESDAY + minutes(2)) == set()
    settled_town.made("areas", EAST, "3")
    assert ("road_network", EAST) in settled_town.tick(WEDNESDAY + minutes(3))


def test_a_missing_asset_that_failed_is_not_started_over_and_over(unmade_town):
    automation = Automation(unmade_town)
    automation.tick(WEDNESDAY)
    automation.made("areas", EAST, "1")
    assert ("road_network", EAST) in automation.tick(WEDNESDAY + minutes(1))
    run = automation.under_way("road_network", EAST)
    automation.town.instance.report_run_failed(run)
    for step in range(2, 5):
        assert automation.tick(WEDNESDAY + minutes(step)) == set()


def test_fits_wait_for_sunday_and_the_final_fit_for_the_others(settled_town):
    settled_town.made("area_embeddings", EAST, "2")
    fits = {"model_selection", "authority_model", "held_out_model", "deprivation_model"}
    assert not fits & {asset for asset, _ in settled_town.tick(WEDNESDAY + minutes(1))}
    started = settled_town.tick(SUNDAY)
    assert ("model_selection", None) in started
    assert ("authority_model", EAST) in started
    assert ("authority_model", WEST) not in started
    assert {("held_out_model", EAST), ("held_out_model", WEST)} <= started
    assert ("deprivation_model", None) not in started
    for asset in ("model_selection", "authority_model", "held_out_model"):
        for authority in (None,) if asset == "model_selection" else (EAST, WEST):
            settled_town.made(asset, authority, "2")
    assert ("deprivation_model", None) in settled_town.tick(SUNDAY + minutes(1))
    assert not fits & {asset for asset, _ in settled_town.tick(SUNDAY + minutes(2))}


def published(started) -> bool:
    return ("published_database", None) in started


def test_what_changed_is_published_once_it_has_settled(settled_town):
    settled_town.made("targets", EAST, "2")
    assert not published(settled_town.tick(WEDNESDAY + minutes(1))), "before the hour is full"
    run = settled_town.under_way("images", WEST)
    assert not published(settled_town.tick(WEDNESDAY + minutes(60))), "while something is made"
    settled_town.town.instance.report_run_failed(run)
    started = settled_town.tick(WEDNESDAY + minutes(61))
    assert {("mart/area_profile", None), ("published_database", None)} <= started


def test_publishing_needs_no_authority_in_particular(unmade_town):
    automation = Automation(unmade_town)
    automation.tick(WEDNESDAY)
    automation.made("areas", EAST, "1")
    automation.made("targets", EAST, "1")
    assert published(automation.tick(WEDNESDAY + minutes(60)))


def test_it_is_published_at_most_once_an_hour(settled_town):
    settled_town.made("cluster_shares", EAST, "2")
    assert published(settled_town.tick(WEDNESDAY + minutes(60)))
    settled_town.all_published("2")
    settled_town.made("cluster_shares", EAST, "3")
    assert not published(settled_town.tick(WEDNESDAY + minutes(70)))
    assert not published(settled_town.tick(WEDNESDAY + minutes(90)))
    assert published(settled_town.tick(WEDNESDAY + minutes(120)))


def test_only_what_costs_nothing_is_on(unmade_town):
    states = {sensor.name: sensor.default_status for sensor in study_sensors(unmade_town.opened)}
    sensors = (REFRESH, FETCH_IMAGES, SENSOR)
    assert states == dict.fromkeys(sensors, dg.DefaultSensorStatus.RUNNING)
    (schedule,) = unmade_town.definitions.schedules
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_the_targets_of_the_sensors_are_all_assets_once(unmade_town):
    graph = unmade_town.definitions.resolve_asset_graph()
    sensors = study_sensors(unmade_town.opened)
    targets = [sensor.asset_selection.resolve(graph) for sensor in sensors]
    assert not targets[0] & targets[1]
    assert targets[0] | targets[1] == graph.materializable_asset_keys


def test_the_look_up_is_one_run_an_authority_and_month(unmade_town):
    (schedule,) = unmade_town.definitions.schedules
    may = dg.build_schedule_context(
        scheduled_execution_time=datetime(2026, 5, 1, 2, tzinfo=UTC),
        repository_def=unmade_town.definitions.get_repository_def(),
    )
    requests = schedule.evaluate_tick(may).run_requests
    assert {(request.run_key, request.partition_key) for request in requests} == {
        (f"2026-05/{EAST}", EAST),
        (f"2026-05/{WEST}", WEST),
    }
