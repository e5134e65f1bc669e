"""The sensor of a folder of one's own images: what comes, changes or goes is taken in once."""

import os
from collections.abc import Iterator

import dagster as dg
import numpy as np
import pytest
from PIL import Image

from streetview_assets.orchestration.automation.jobs import (
    AUTHORITY_JOB,
    AUTOMATION_TAG,
    ONLY_STALE_TAG,
    STUDY_JOB,
    TAKE_IN_JOB,
)
from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.runs.instance import prepare_home
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.orchestration.ticks import (
    FETCH_IMAGES,
    WEDNESDAY,
    Automation,
    SourceWatch,
    minutes,
)

STUDY = """
name: own
points: {from: images}
images: {provider: folder, path: photos, positions: positions.csv}
encoder: {name: colour-texture}
clusters: {k: 2, sweep: [2, 3]}
"""
OF_IMAGES = ("sample_points", "panoramas", "images", "image_embeddings")


class Photographer:
    """A study of one's own images, and the sensor that watches their folder."""

    def __init__(self, folder) -> None:
        self.photos, self.positions = folder / "photos", folder / "positions.csv"
        self.photos.mkdir(parents=True)
        self.put("a", 1.0)
        study = folder / "study.yaml"
        study.write_text(STUDY)
        self.opened = open_study(study)
        self.definitions = build_definitions(study)
        (self.sensor,) = (s for s in self.definitions.sensors if s.name == "drop_folder")
        self.cursor: str | None = None

    def put(self, name: str, longitude: float, seed: int = 1) -> None:
        """Put an image into the folder, with its position."""
        pixels = np.random.default_rng([seed, ord(name)]).integers(0, 256, (48, 64, 3), np.uint8)
        Image.fromarray(pixels).save(self.photos / f"{name}.jpg")
        if not self.positions.is_file():
            self.positions.write_text("file,lon,lat\n")
        if f"{name}.jpg" not in self.positions.read_text():
            with self.positions.open("a") as positions:
                positions.write(f"{name}.jpg,{longitude},50\n")

    def look(self) -> list[dg.RunRequest]:
        """Let the sensor look once; give the runs for which it asks."""
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(
                instance=instance,
                cursor=self.cursor,
                repository_def=self.definitions.get_repository_def(),
            )
            found = self.sensor.evaluate_tick(context)
        self.cursor = found.cursor or self.cursor
        return list(found.run_requests or [])

    def settled(self) -> list[dg.RunRequest]:
        """Look twice at a folder that has come to rest."""
        assert self.look() == []
        return self.look()


@pytest.fixture
def photographer(at_home) -> Photographer:
    return Photographer(at_home / "study")


@pytest.fixture
def settled(photographer) -> Photographer:
    """The folder as it is was taken in."""
    assert len(photographer.settled()) == 1
    assert photographer.look() == []
    return photographer


def test_a_folder_is_taken_in_once_it_has_come_to_rest(photographer):
    assert photographer.look() == [], "it may still be growing"
    (request,) = photographer.look()
    assert request.partition_key == "all"
    assert request.tags[ONLY_STALE_TAG] == "true"
    assert photographer.look() == photographer.look() == [], "what was taken in is not again"


def test_a_new_image_is_taken_in_when_two_looks_see_the_same(settled):
    settled.put("b", 2.0)
    assert settled.look() == []
    assert len(settled.look()) == 1


def test_a_copy_under_way_is_not_caught_half(settled):
    settled.put("b", 2.0)
    whole = (settled.photos / "b.jpg").read_bytes()
    for share in (0.3, 0.6, 0.9):
        (settled.photos / "b.jpg").write_bytes(whole[: int(share * len(whole))])
        assert settled.look() == []
    (settled.photos / "b.jpg").write_bytes(whole)
    assert settled.look() == []
    assert len(settled.look()) == 1


def test_a_changed_and_a_removed_image_and_a_changed_table_are_seen(settled):
    size = (settled.photos / "a.jpg").stat().st_size
    os.utime(settled.photos / "a.jpg", ns=(1, 1))
    assert (settled.photos / "a.jpg").stat().st_size == size
    assert len(settled.settled()) == 1
    settled.positions.write_text("file,lon,lat\na.jpg,1.5,50\n")
    assert len(settled.settled()) == 1
    (settled.photos / "a.jpg").unlink()
    assert len(settled.settled()) == 1


def test_a_folder_that_looks_again_as_before_is_asked_for_by_another_key(settled):
    moved = settled.photos.parent / "b.jpg"
    settled.put("b", 2.0)
    (first,) = settled.settled()
    (settled.photos / "b.jpg").rename(moved)
    assert len(settled.settled()) == 1
    moved.rename(settled.photos / "b.jpg")
    (again,) = settled.settled()
    assert again.run_key != first.run_key, "Dagster starts one run a key"


def test_what_comes_and_goes_between_two_looks_starts_nothing(settled):
    text, state = settled.positions.read_text(), settled.positions.stat()
    settled.put("b", 2.0)
    assert settled.look() == []
    (settled.photos / "b.jpg").unlink()
    settled.positions.write_text(text)
    os.utime(settled.positions, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert settled.look() == settled.look() == settled.look() == []


def test_files_that_are_no_images_are_left_alone(settled):
    (settled.photos / "notes.txt").write_text("no image")
    (settled.photos / "._b.jpg").write_bytes(b"what macOS leaves")
    assert settled.look() == settled.look() == []


def test_a_folder_that_is_away_takes_nothing_out(settled):
    away = settled.photos.rename(settled.photos.parent / "away")
    assert settled.look() == settled.look() == []
    away.rename(settled.photos)
    assert settled.look() == settled.look() == []


class Town:
    """What `Automation` needs of a study: its definitions, and an instance."""

    def __init__(self, photographer: Photographer, instance: dg.DagsterInstance) -> None:
        self.opened, self.definitions = photographer.opened, photographer.definitions
        self.instance = instance

    def run(self, job: str, *assets: str, **tags: str) -> None:
        """Execute a run of some assets of a job, or of all."""
        result = self.definitions.resolve_job_def(job).execute_in_process(
            partition_key=None if job == STUDY_JOB else "all",
            instance=self.instance,
            asset_selection=[dg.AssetKey(asset) for asset in assets] or None,
            tags=tags,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        assert result.success


@pytest.fixture
def town(photographer) -> Iterator[Town]:
    prepare_home(photographer.opened)
    with dg.DagsterInstance.get() as instance:
        yield Town(photographer, instance)


def test_a_new_image_comes_through_to_its_vector_and_a_removed_one_goes(photographer, town):
    town.run(STUDY_JOB, "encoders")
    town.run(AUTHORITY_JOB, *OF_IMAGES)
    automation = Automation(town)
    assert automation.tick(WEDNESDAY, FETCH_IMAGES) == set()
    automation.tick(WEDNESDAY)
    (request,) = photographer.settled()
    town.run(TAKE_IN_JOB, **request.tags)
    assert automation.tick(WEDNESDAY + minutes(1), FETCH_IMAGES) == set(), "it was in already"
    watcher = SourceWatch(town)
    assert watcher.look() == watcher.look() == set()

    photographer.put("b", 2.0)
    assert watcher.look() == set()
    assert "waiting for `images.path`, `images.positions` to come to rest" in watcher.reason
    assert automation.tick(WEDNESDAY + minutes(2), FETCH_IMAGES) == set()
    assert watcher.look() == {("sample_points", "all"), ("panoramas", "all")}
    (request,) = photographer.settled()
    town.run(TAKE_IN_JOB, **request.tags)
    assert automation.tick(WEDNESDAY + minutes(2), FETCH_IMAGES) == {("images", "all")}
    assert ("image_embeddings", "all") not in automation.tick(WEDNESDAY + minutes(2))
    town.run(AUTHORITY_JOB, "images", **{AUTOMATION_TAG: "true"})
    assert town.opened.read("images").filter("is_current", status="ok").height == 2
    assert ("image_embeddings", "all") in automation.tick(WEDNESDAY + minutes(3))
    assert automation.tick(WEDNESDAY + minutes(3), FETCH_IMAGES) == set()

    (photographer.photos / "a.jpg").unlink()
    photographer.positions.write_text("file,lon,lat\nb.jpg,2.0,50\n")
    (request,) = photographer.settled()
    town.run(TAKE_IN_JOB, **request.tags)
    assert automation.tick(WEDNESDAY + minutes(4), FETCH_IMAGES) == {("images", "all")}
    town.run(AUTHORITY_JOB, "images", **{AUTOMATION_TAG: "true"})
    assert town.opened.read("images").height == town.opened.read("sample_points").height == 1
