"""What a look-up starts: nothing where nothing is new, else images of that authority alone."""

from collections.abc import Iterator
from datetime import datetime

import dagster as dg
import polars as pl
import pytest

from streetview_assets.orchestration.automation.jobs import LOOK_UP_JOB
from streetview_assets.orchestration.automation.source_sensor import SENSOR
from streetview_assets.orchestration.build import build_definitions
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.orchestration.ticks import (
    EAST,
    FETCH_IMAGES,
    REFRESH,
    WEDNESDAY,
    WEST,
    Automation,
    minutes,
)

OWN_IMAGES = "images: {provider: synthetic, headings_deg: [0], size_px: [64, 64]}"
GOOGLE = (
    "images: {provider: google, headings_deg: [0], size_px: [64, 64], keep_images: true, "
    "budget_usd: 1}"
)


@pytest.fixture
def paid_town(at_home, write_town) -> Iterator[Automation]:
    """The automation of a study whose images cost money, of which all is made."""
    study = write_town(at_home / "study", {OWN_IMAGES: GOOGLE})
    with dg.DagsterInstance.ephemeral() as instance:

        class Paid:
            opened = open_study(study)
            definitions = build_definitions(study)

        Paid.instance = instance
        automation = Automation(Paid)
        automation.all_made("1")
        assert automation.tick(WEDNESDAY) == automation.tick(WEDNESDAY, FETCH_IMAGES) == set()
        yield automation


def look_up(town, authority: str) -> dg.AssetMaterialization:
    """Run what the monthly schedule runs; give what it told."""
    result = town.definitions.resolve_job_def(LOOK_UP_JOB).execute_in_process(
        partition_key=authority, instance=town.instance
    )
    (told,) = (
        event.step_materialization_data.materialization
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    return told


def set_back(town, authority: str) -> str:
    """Set back what was known, as if the panoramas had since been photographed again."""
    table = town.opened.read("panoramas", authority)
    earlier = table.with_columns(captured_on=pl.col("captured_on").dt.offset_by("-1y"))
    provenance = town.opened.provenance("panoramas", authority)
    town.opened.lake.write("panoramas", earlier, provenance, authority=authority)
    return town.opened.data_version("panoramas", authority)


def last_seen(town, authority: str) -> datetime:
    return town.opened.read("panoramas", authority)["last_seen_at"].min()


def test_a_look_up_that_finds_the_same_is_a_look_up_and_starts_nothing(town):
    automation = Automation(town)
    automation.tick(WEDNESDAY)
    automation.tick(WEDNESDAY, FETCH_IMAGES)
    before, seen = town.opened.data_version("panoramas", EAST), last_seen(town, EAST)
    told = look_up(town, EAST)
    assert "note" not in told.metadata, "what is up to date is looked up all the same"
    assert last_seen(town, EAST) > seen
    assert told.tags["dagster/data_version"] == before
    assert automation.tick(WEDNESDAY + minutes(1), FETCH_IMAGES) == set()
    assert automation.tick(WEDNESDAY + minutes(1)) == set()


def test_a_capture_that_is_new_gives_its_authority_another_data_version(town):
    earlier = set_back(town, EAST)
    automation = Automation(town)
    automation.tick(WEDNESDAY)
    automation.tick(WEDNESDAY, FETCH_IMAGES)
    west = town.opened.data_version("panoramas", WEST)
    assert look_up(town, WEST).tags["dagster/data_version"] == west
    assert look_up(town, EAST).tags["dagster/data_version"] != earlier
    assert automation.tick(WEDNESDAY + minutes(1)) == set(), "nothing but images comes next"
    assert automation.tick(WEDNESDAY + minutes(1), FETCH_IMAGES) == {("images", EAST)}
    images = town.opened.read("images", EAST)
    assert town.make("images", authority=EAST).success
    after = town.opened.read("images", EAST)
    assert after.equals(images), "these images were there: none is drawn twice"
    assert automation.tick(WEDNESDAY + minutes(2)) == set(), "the same images start nothing"


def test_what_is_found_while_images_are_fetched_is_fetched_afterwards(unmade_town):
    automation = Automation(unmade_town)
    automation.all_made("1")
    automation.tick(WEDNESDAY, FETCH_IMAGES)
    run = automation.under_way("images", EAST)
    automation.made("panoramas", EAST, "2")
    assert automation.tick(WEDNESDAY + minutes(1), FETCH_IMAGES) == set()
    automation.made("images", EAST, "of what was found before")
    unmade_town.instance.report_run_canceled(run)
    assert automation.tick(WEDNESDAY + minutes(2), FETCH_IMAGES) == {("images", EAST)}
    automation.made("images", EAST, "2")
    assert automation.tick(WEDNESDAY + minutes(3), FETCH_IMAGES) == set()


def test_what_is_found_just_before_images_are_finished_is_fetched(unmade_town):
    automation = Automation(unmade_town)
    automation.all_made("1")
    automation.tick(WEDNESDAY, FETCH_IMAGES)
    automation.made("panoramas", EAST, "2")
    automation.made("images", EAST, "of what was found before")
    assert automation.tick(WEDNESDAY + minutes(1), FETCH_IMAGES) == {("images", EAST)}


def test_what_one_run_has_looked_up_and_fetched_starts_no_other(town):
    set_back(town, EAST)
    automation = Automation(town)
    automation.tick(WEDNESDAY, FETCH_IMAGES)
    assert town.make("panoramas", "images", authority=EAST).success
    assert automation.tick(WEDNESDAY + minutes(1), FETCH_IMAGES) == set()


def test_paid_images_start_by_their_own_sensor_alone_which_is_off(paid_town):
    states = {sensor.name: sensor.default_status for sensor in paid_town.town.definitions.sensors}
    assert states == {
        REFRESH: dg.DefaultSensorStatus.RUNNING,
        FETCH_IMAGES: dg.DefaultSensorStatus.STOPPED,
        SENSOR: dg.DefaultSensorStatus.RUNNING,
    }
    paid_town.made("panoramas", WEST, "2")
    assert ("images", WEST) not in paid_town.tick(WEDNESDAY + minutes(1))
    assert paid_town.tick(WEDNESDAY + minutes(1), FETCH_IMAGES) == {("images", WEST)}


def test_look_ups_of_a_remote_provider_share_the_pool_of_its_images(paid_town, unmade_town):
    def pools(town, asset):
        return town.definitions.resolve_asset_graph().get(dg.AssetKey(asset)).pools

    assert pools(paid_town.town, "panoramas") == pools(paid_town.town, "images") == {"imagery_api"}
    assert pools(unmade_town, "panoramas") == set()
