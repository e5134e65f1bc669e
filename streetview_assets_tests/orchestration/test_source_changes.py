"""A source that changes is told to the asset graph; what follows it is made, as `status` says."""

import json
from dataclasses import replace
from functools import cached_property
from threading import Event

import dagster as dg
import polars as pl
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus  # noqa: TID251
from dagster._core.loader import LoadingContextForTest  # noqa: TID251

from streetview_assets.errors import StudyError
from streetview_assets.orchestration.automation import reloading
from streetview_assets.orchestration.automation.jobs import ONLY_STALE_TAG
from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.runs.status import study_status
from streetview_assets.processes.background import Background
from streetview_assets.study_state.lineage import specs
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.orchestration.ticks import (
    EAST,
    FETCH_IMAGES,
    SUNDAY,
    WEDNESDAY,
    WEST,
    Automation,
    SourceWatch,
    minutes,
)


class Watched(SourceWatch):
    """A town of which all is made, with the sensor that watches its sources."""

    @cached_property
    def automation(self) -> Automation:
        """The sensors that look at tables."""
        return Automation(self.town)

    def run(self, asked: set[tuple[str, str | None]]) -> None:
        """Execute what was asked for."""
        for code in {code for _, code in asked}:
            assets = [asset for asset, of in asked if of == code]
            tags = {ONLY_STALE_TAG: "true"}
            assert self.town.make(*assets, authority=code, tags=tags).success

    def out_of_date(self) -> set[tuple[str, str | None]]:
        """Name what `status` calls out of date."""
        states = study_status(open_study(self.study))
        return {(one.asset, one.authority) for one in states if one.state == "out of date"}

    def stale_in_the_ui(self) -> set[tuple[str, str | None]]:
        """Name what the web UI calls stale."""
        graph = self.town.definitions.resolve_asset_graph()
        context = LoadingContextForTest(self.town.instance)
        resolver = CachingStaleStatusResolver(self.town.instance, graph, context)
        return {
            (asset, code)
            for asset, spec in self.town.opened.assets.items()
            for code in ((None,) if spec.study_wide else (EAST, WEST))
            if resolver.get_status(dg.AssetKey(asset), code) == StaleStatus.STALE
        }

    def replace(self, name: str, before: str, after: str) -> None:
        """Replace a text in a file beside the study file, or in itself."""
        path = self.study.with_name(name)
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))


def reloaded(town):
    """Load the code location of a town anew."""
    study = town.opened.study.path
    return replace(town, opened=open_study(study), definitions=build_definitions(study))


@pytest.fixture
def watched(town) -> Watched:
    watched = Watched(town)
    assert watched.look() == set()
    return watched


def test_what_is_up_to_date_is_fresh_to_status_sensor_and_ui(watched):
    assert watched.look() == watched.out_of_date() == watched.stale_in_the_ui() == set()


def test_a_changed_file_leads_to_just_what_reads_it_as_status_and_the_ui_say(watched):
    watched.automation.tick(WEDNESDAY)
    watched.replace("targets.csv", "54.1", "54.2")
    behind = watched.out_of_date()
    asked = watched.look()
    assert asked == {("targets", EAST), ("targets", WEST)}
    assert asked == behind == watched.stale_in_the_ui()
    assert "No source has changed" in watched.again(), "it is asked for once"
    watched.run(asked)
    assert not watched.stale_in_the_ui() & asked
    started = {asset for asset, _ in watched.automation.tick(SUNDAY)}
    assert "model_selection" in started, "what reads the table follows"


def test_other_white_space_leads_to_its_reader_and_to_nothing_after_it(watched):
    watched.automation.tick(WEDNESDAY)
    path = watched.study.with_name("areas.geojson")
    path.write_text(json.dumps(json.loads(path.read_text()), indent=3))
    asked = watched.look()
    assert asked == watched.out_of_date() == {("areas", EAST), ("areas", WEST)}
    watched.run(asked)
    assert watched.look() == watched.out_of_date() == watched.stale_in_the_ui() == set()
    for now in (WEDNESDAY + minutes(1), SUNDAY):
        assert not {asset for asset, _ in watched.automation.tick(now)} & set(specs())


def test_a_file_that_has_vanished_is_told_by_its_name_and_what_failed_for_it_made(watched):
    path = watched.study.with_name("targets.csv")
    watched.replace("targets.csv", "54.1", "54.2")
    asked = watched.look()
    assert asked == {("targets", EAST), ("targets", WEST)}
    away = path.rename(path.with_suffix(".away"))
    failed = watched.town.make("targets", authority=EAST)
    assert [event.step_key for event in failed.all_events if event.is_step_failure] == ["targets"]
    for _ in range(2):
        with pytest.raises(StudyError, match=r"targets\.csv"):
            watched.look()
    away.rename(path)
    assert watched.look() == asked
    assert watched.look() == set()


def test_a_key_changed_under_a_running_location_is_told_until_it_is_loaded_anew(watched):
    watched.replace("study.yaml", "spacing_m: 600", "spacing_m: 500")
    behind = watched.out_of_date()
    assert watched.look() == behind == watched.stale_in_the_ui()
    assert behind == {("sample_points", EAST), ("sample_points", WEST)}
    (told,) = watched.told
    assert "study.yaml has changed since this code location was loaded: load it anew" in told
    assert watched.look() == set()
    assert "has changed since this code location was loaded" in watched.reason
    anew = Watched(reloaded(watched.town), watched.cursor)
    assert "code location" not in anew.again()


def test_a_part_that_is_new_waits_for_the_location_to_be_loaded_anew(watched):
    watched.replace("study.yaml", "seed: 1", "seed: 1\nlabels: {shop: [shop], field: [field]}")
    watched.replace("study.yaml", "spacing_m: 600", "spacing_m: 500")
    watched.replace("study.yaml", "authorities: [X01000001, X01000002]", "authorities: [X01000001]")
    assert watched.look() == set(), "the asset graph that runs are asked of is another"
    assert "load it anew" in watched.reason
    anew = Watched(reloaded(watched.town), watched.cursor)
    assert ("sample_points", EAST) in anew.look()


def test_a_server_that_can_load_its_code_anew_is_told_to_once(watched, monkeypatch):
    asked = Event()

    class Server:
        """What Dagster calls the server of a code location."""

        def create_client(self):
            return self

        def reload_code(self, timeout):
            assert not asked.is_set()
            asked.set()

    watched.replace("study.yaml", "spacing_m: 600", "spacing_m: 500")
    for _ in range(2):
        assert watched.look(origin=Server()) == set(), "the one that is loaded anew asks"
        assert asked.wait(5)
        assert "it is being loaded anew" in watched.reason
    monkeypatch.setattr(reloading, "RELOAD_S", -1)
    assert ("sample_points", EAST) in watched.look(origin=Server()), "it never came"
    assert watched.look(origin=Server()) == set()
    assert "load it anew, by `Reload`" in watched.reason


def test_what_changes_while_it_is_made_is_made_once_more(watched):
    run = watched.automation.under_way("targets", EAST)
    watched.replace("targets.csv", "54.1", "54.2")
    assert watched.look() == set()
    assert "runs are under way" in watched.reason
    watched.town.instance.report_run_canceled(run)
    assert watched.look() == {("targets", EAST), ("targets", WEST)}


def test_nothing_is_made_of_what_a_blocking_check_refuses(watched):
    lake = watched.town.opened.lake
    images, provenance = lake.read("images", EAST), lake.provenance("images", EAST)
    failed = images.with_columns(status=pl.lit("failed"), error=pl.lit("gone"))
    lake.write("images", failed, provenance, authority=EAST)
    watched.replace("study.yaml", "seed: 1", "seed: 1\npooling: {look_ahead_m: 30}")
    assert watched.look() == {("image_areas", WEST)}


def test_what_was_made_by_the_command_is_fresh_to_the_sensor_and_in_the_ui(watched):
    watched.replace("targets.csv", "54.1", "54.2")
    for authority in (EAST, WEST):
        assert watched.town.make("targets", authority=authority).success
    assert watched.look() == set()
    assert not watched.stale_in_the_ui() & {("targets", EAST), ("targets", WEST)}


def test_what_changed_before_anybody_looked_is_found_by_the_first_look(town):
    watched = Watched(town)
    watched.replace("targets.csv", "54.1", "54.2")
    assert watched.look() == watched.stale_in_the_ui() == {("targets", EAST), ("targets", WEST)}


def test_fits_wait_for_sunday_whatever_key_has_changed(watched):
    watched.automation.tick(WEDNESDAY)
    watched.replace("study.yaml", "trials: 1", "trials: 2")
    assert ("model_selection", None) in watched.out_of_date()
    assert watched.look() == set()
    assert ("model_selection", None) not in watched.automation.tick(WEDNESDAY + minutes(1))
    assert ("model_selection", None) in watched.automation.tick(SUNDAY)


def test_changed_images_are_asked_for_by_their_own_sensor_alone(watched):
    watched.automation.tick(WEDNESDAY)
    watched.automation.tick(WEDNESDAY, FETCH_IMAGES)
    watched.replace("study.yaml", "[64, 64]", "[64, 48]")
    assert watched.look() == set()
    assert watched.out_of_date() == {("images", EAST), ("images", WEST)}
    assert watched.automation.tick(WEDNESDAY + minutes(1)) == set()
    asked = watched.automation.tick(WEDNESDAY + minutes(1), FETCH_IMAGES)
    assert asked == {("images", EAST), ("images", WEST)}


def test_an_observation_from_the_ui_tells_the_same_versions(watched):
    graph = watched.town.definitions.resolve_asset_graph()
    keys = graph.observable_asset_keys
    assert keys == {
        dg.AssetKey(["source", name]) for name in ("areas", "roads", "targets", "study_file")
    }
    result = watched.town.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=watched.town.instance, asset_selection=[*keys]
    )
    assert result.success
    assert watched.stale_in_the_ui() == watched.look() == set()


def test_a_look_that_takes_long_goes_on_while_nobody_waits():
    going, background = Event(), Background[str]()

    def work():
        assert going.wait(10)
        return "found"

    assert "so far" in background.result(work, 0.01)
    assert "so far" in background.result(lambda: "another", 0.01), "one at a time"
    going.set()
    assert background.result(work, 10) == "found"


def test_nothing_is_read_of_files_whose_state_is_the_same(watched):
    assert watched.look() == set()
    read = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streetview_assets.study_state.source_hashes.file_sha256", read.append)
        assert watched.look() == set()
    assert watched.reason == "No source has changed."
    assert read == []
