"""New captures at the provider: noticed by a free look-up, fetched alone, and kept beside the old.

Nothing here waits for a clock: runs are those for which the schedule and the sensors ask.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from streetview_assets.orchestration.automation.jobs import (
    AUTHORITY_JOB,
    AUTOMATION_TAG,
    LOOK_UP_JOB,
)
from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.runs.instance import prepare_home
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets_tests.end_to_end.small_studies import AUTHORITIES, write_study
from streetview_assets_tests.images.imagery_server import Server, serving
from streetview_assets_tests.images.imagery_world import MONTHS, panorama_at
from streetview_assets_tests.orchestration.ticks import FETCH_IMAGES, WEDNESDAY, Automation, minutes

EAST, WEST = AUTHORITIES
HEADINGS = (0, 180)
LAST_OLD_MONTH = "2023-12"
A_TENTH = 0.1
A_STREET_DEG = 0.001
NEEDED = frozenset(
    {
        *("areas", "road_network", "sample_points", "panoramas", "images", "encoders"),
        *("image_embeddings", "baseline_embeddings", "area_embeddings", "image_retention"),
        *("panorama_embeddings", "label_scores", "label_shares", "capture_changes"),
        *("image_exclusions", "image_areas"),
    }
)
"""All that is made by authority without a fit; nothing else is made here."""


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a-good-key")
    monkeypatch.delenv("GOOGLE_MAPS_SIGNING_SECRET", raising=False)
    with serving() as one:
        yield one


def google_study(folder: Path, server: Server, **changes) -> OpenStudy:
    """Write a study whose images the local server has."""
    images = {
        "provider": "google",
        "base_url": server.base_url,
        "headings_deg": list(HEADINGS),
        "size_px": [64, 64],
        "requests_per_second": None,
        "max_concurrent": 16,
        "budget_usd": 50,
        "keep_images": True,
    }
    return open_study(write_study(folder, **{"name": "renewed", "images": images, **changes}))


class Daemon:
    """Does what the daemon does: evaluates the sensors, and executes the runs they ask for."""

    def __init__(self, opened: OpenStudy, instance: dg.DagsterInstance) -> None:
        self.opened, self.instance = opened, instance
        self.definitions = build_definitions(opened.study.path)
        self.automation = Automation(self)
        self.now = WEDNESDAY

    def tick(self, *sensor: str) -> set[tuple[str, str | None]]:
        """Evaluate a sensor a minute later."""
        self.now += minutes(1)
        return self.automation.tick(self.now, *sensor)

    def look_up(self) -> None:
        """Run what the monthly schedule asks for."""
        (schedule,) = self.definitions.schedules
        context = dg.build_schedule_context(
            scheduled_execution_time=self.now,
            repository_def=self.definitions.get_repository_def(),
        )
        for request in schedule.evaluate_tick(context).run_requests:
            self._run(LOOK_UP_JOB, request.partition_key, None, {})

    def run(self, started: set[tuple[str, str | None]]) -> None:
        """Run the assets by authority that a sensor started."""
        for authority in sorted({authority for _, authority in started if authority}):
            assets = [dg.AssetKey(asset) for asset, of in started if of == authority]
            self._run(AUTHORITY_JOB, authority, assets, {AUTOMATION_TAG: "true"})

    def _run(self, job, authority, assets, tags) -> None:
        result = self.definitions.resolve_job_def(job).execute_in_process(
            partition_key=authority,
            instance=self.instance,
            asset_selection=assets,
            tags=tags,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        assert result.success


@pytest.fixture
def daemon(tmp_path, server) -> Iterator[Daemon]:
    """A study made up to its pooled vectors, and the daemon after its first look at it."""
    opened = google_study(tmp_path / "study", server)
    assert run_study(opened, only=NEEDED).failures == []
    prepare_home(opened)
    with dg.DagsterInstance.get() as instance:
        one = Daemon(opened, instance)
        one.tick()
        assert one.tick(FETCH_IMAGES) == set()
        yield one


def renew(server: Server, points: pl.DataFrame, share: float, seed: int = 1) -> None:
    """Let a share of the panoramas of some points be captured anew, after `LAST_OLD_MONTH`."""
    box = [points["longitude"].min(), points["latitude"].min()]
    box += [points["longitude"].max(), points["latitude"].max()]
    change = {"share": share, "seed": seed, "what": "id", "bbox": box}
    server.change(changes=server.settings.changes + [change] * MONTHS)


def captures(opened: OpenStudy, authority: str, *, current: bool = True) -> set[tuple]:
    """Give the captures of an authority: panorama and date."""
    table = opened.read("panoramas", authority).filter(pl.col("is_current") == current)
    return set(table.filter(status="ok").select("panorama_id", "captured_on").rows())


def given(server: Server, opened: OpenStudy) -> set[tuple]:
    """Say by the server's own arithmetic which captures it has at the points of the study."""
    places = opened.read("sample_points").select("longitude", "latitude").iter_rows()
    there = [panorama_at(server.settings, *place) for place in places]
    return {(one.panorama_id, date.fromisoformat(f"{one.month}-01")) for one in there if one}


def asked_images(server: Server) -> list[tuple[str, str]]:
    """Give panorama and heading of the images that were asked for."""
    asked = [(one.query["pano"], one.query["heading"]) for one in server.log("image")]
    return sorted((panorama, f"{float(heading):g}") for panorama, heading in asked)


def square(panorama_id: str) -> str:
    """Name the square of a panorama, whichever of its captures it is."""
    return panorama_id.rpartition("_")[0]


def pooled(opened: OpenStudy) -> pl.DataFrame:
    return opened.read("area_embeddings").sort("area_code", "statistic")


def test_what_is_new_is_fetched_alone_and_goes_through_to_the_pooled_vectors(
    daemon, server, tmp_path
):
    opened = daemon.opened
    before, images = pooled(opened), opened.read("images")
    was = {code: captures(opened, code) for code in AUTHORITIES}

    server.reset()
    daemon.look_up()
    assert len(server.log("metadata")) == opened.read("sample_points").height
    assert daemon.tick(FETCH_IMAGES) == daemon.tick() == set(), "nothing is new"
    assert server.log("image") == []

    border = opened.read("sample_points", WEST)["longitude"].min() - A_STREET_DEG
    inland = opened.read("sample_points", EAST).filter(pl.col("longitude") < border)
    renew(server, inland, A_TENTH)
    lost = sorted(given(server, opened) - was[EAST] - was[WEST])[0][0]
    server.change(faults=[{"kind": "gone", "where": ["image"], "holding": lost, "tries": None}])
    server.reset()
    daemon.look_up()
    new = captures(opened, EAST) - was[EAST]
    assert 0 < len(new) < 0.3 * len(was[EAST])
    assert new == {one for one in given(server, opened) if f"{one[1]:%Y-%m}" > LAST_OLD_MONTH}
    assert captures(opened, WEST) == was[WEST]
    started = daemon.tick(FETCH_IMAGES)
    assert started == {("images", EAST)}
    daemon.run(started)
    expected = sorted((name, f"{heading:g}") for name, _ in new for heading in HEADINGS)
    assert asked_images(server) == expected
    assert daemon.tick(FETCH_IMAGES) == set()

    now = opened.read("images", EAST)
    assert set(images["image_id"]) < set(opened.read("images")["image_id"]), "all are kept"
    older = now.filter(~pl.col("is_current"))
    by_square = {square(name): name for name, _ in was[EAST]}
    assert dict(older["panorama_id"].value_counts().iter_rows()) == {
        by_square[square(name)]: len(HEADINGS) for name, _ in new if name != lost
    }
    at_lost = pl.col("panorama_id").str.starts_with(f"{square(lost)}_")
    of_lost = now.filter("is_current", at_lost).sort("captured_on", "heading_deg")
    assert of_lost["status"].to_list() == ["ok", "ok", "missing", "missing"], "the old stands in"
    started = daemon.tick()
    assert ("area_embeddings", EAST) in started
    assert {authority for _, authority in started} == {EAST}
    daemon.run({(asset, authority) for asset, authority in started if asset in NEEDED})
    vectors = opened.read("image_embeddings", EAST)["image_id"]
    assert set(older["image_id"]) < set(vectors), "older captures keep their vectors"
    assert run_study(opened, only={"capture_changes"}).failures == []
    changes = opened.read("capture_changes")
    assert set(changes["from_image_id"]) == set(older["image_id"]), "each beside what it replaced"
    assert set(changes["authority_code"]) == {EAST}
    after = pooled(opened)
    assert after["image_count"].equals(before["image_count"]), "a capture stands for a capture"
    changed = set(after.join(before, on=before.columns, how="anti")["area_code"])
    fetched = now.filter(status="ok").join(images, on="image_id", how="anti")
    assert changed == set(fetched["area_code"])

    server.reset()
    then = google_study(tmp_path / "study", server, pooling={"as_of": LAST_OLD_MONTH})
    assert run_study(then, only=NEEDED).failures == []
    assert pooled(then).equals(before), "as of a month before, all is as it was"
    assert server.log() == [], "no look-up and no image is needed for that"


def test_a_date_that_is_set_right_or_not_told_buys_nothing(server, tmp_path):
    opened = google_study(tmp_path / "study", server, authorities=[EAST])
    up_to_images = frozenset({"areas", "road_network", "sample_points", "panoramas", "images"})
    assert run_study(opened, only=up_to_images).failures == []
    before, panoramas = opened.read("images"), opened.read("panoramas")
    for settings in ({"changes": [{"share": 1.0, "what": "date"}]}, {"undated": True}):
        server.change(**settings)
        server.reset()
        assert run_study(opened, only=up_to_images, anew_from="images").failures == []
        assert server.log("metadata")
        assert server.log("image") == []
        dated = pl.col("captured_on").dt.offset_by("1mo")
        after = opened.read("images")
        expected = before.with_columns(dated).select("image_id", "captured_on", "is_current")
        assert after.select("image_id", "captured_on", "is_current").equals(expected)
        table = opened.read("panoramas")
        assert table.height == panoramas.height, "no row stays behind with the old date"
        assert table["first_seen_at"].equals(panoramas["first_seen_at"])
