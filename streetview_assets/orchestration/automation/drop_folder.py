"""The sensor of a drop folder: images of one's own that come, change or go start a run."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import dagster as dg

from streetview_assets.files.file_names import IMAGE_SUFFIXES
from streetview_assets.orchestration.automation.jobs import ONLY_STALE_TAG, TAKE_IN_JOB
from streetview_assets.points.own_images.folder_walk import walk_folder
from streetview_assets.study.images import Images
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.safe_name import safe_name
from streetview_assets.text.strict_json import to_json

SECONDS_BETWEEN_LOOKS = 60
_DIGEST_DIGITS = 16


@dataclass(frozen=True)
class Looks:
    """What the sensor remembers from one look to the next, as its cursor.

    Attributes
    ----------
    seen
        The folder at the last look.
    taken
        The folder when runs were last asked for.
    times
        How often runs were asked for: Dagster grants a run key once, and a folder may come to
        look again as it did before.
    """

    seen: str = ""
    taken: str = ""
    times: int = 0


def drop_folder_sensor(opened: OpenStudy) -> dg.SensorDefinition:
    """Make the sensor that watches the folder of a study and the file of positions beside it.

    It asks for runs when two looks in a row see the same, so that a copy under way is not taken
    in half. A run makes only what is out of date by the content of the files.
    """
    images = opened.study.images
    folder = images.path
    if folder is None:
        raise ValueError("provider folder without a folder")

    @dg.sensor(
        name="drop_folder",
        job_name=TAKE_IN_JOB,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Watches {folder.name}/ for images that come, change or go, and takes them "
        "in once the folder has come to rest.",
    )
    def drop_folder(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        before = Looks(**json.loads(context.cursor)) if context.cursor else Looks()
        if not folder.is_dir():
            return dg.SkipReason(f"{folder} is not there; what was taken in is kept")
        now = folder_digest(images)
        if now == before.taken:
            return _looked(Looks(now, before.taken, before.times), "nothing new")
        if now != before.seen:
            return _looked(Looks(now, before.taken, before.times), "waiting for it to come to rest")
        after = Looks(now, now, before.times + 1)
        requests = [
            dg.RunRequest(
                run_key=f"{now}/{after.times}/{code}",
                partition_key=safe_name(code),
                tags={ONLY_STALE_TAG: "true"},
            )
            for code in opened.authorities
        ]
        return dg.SensorResult(run_requests=requests, cursor=to_json(asdict(after)))

    return drop_folder


def folder_digest(images: Images) -> str:
    """Digest names, sizes and times of change of images, and of the file of positions."""
    if images.path is None:
        raise ValueError("provider folder without a folder")
    lines = sorted(_images_below(images.path))
    if images.positions is not None and images.positions.is_file():
        state = images.positions.stat()
        lines.append(f"{images.positions} {state.st_size} {state.st_mtime_ns}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_DIGEST_DIGITS]


def _images_below(folder: Path) -> Iterator[str]:
    for file in walk_folder(folder).files:
        if file.rpartition(".")[2].lower() not in IMAGE_SUFFIXES:
            continue
        path = folder / file
        try:
            state = path.stat()
        except FileNotFoundError:
            # It was moved between the two calls; the next look sees what became of it.
            continue
        yield f"{path} {state.st_size} {state.st_mtime_ns}"


def _looked(looks: Looks, why: str) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=dg.SkipReason(why), cursor=to_json(asdict(looks)))
