"""The images of a study as a dataset folder that FiftyOne imports."""

import shlex
import shutil
from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.embeddings.encoders.image_loading import UNREADABLE
from streetview_assets.errors import StudyError
from streetview_assets.explorer.facts import Facts
from streetview_assets.exports.viewers.image_rows import (
    files_to_pass_on,
    image_rows,
    layout_columns,
)
from streetview_assets.exports.written import Written, written_folder
from streetview_assets.image_decoding import decode_image
from streetview_assets.processes import stopping
from streetview_assets.processes.on_progress import OnProgress, steps, untold
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.counted import counted
from streetview_assets.text.strict_json import to_json

DEFAULT = Path("fiftyone")
IMAGES, LABELS = "data", "labels.json"
TYPE = "fiftyone.types.GeoJSONDataset"
QUALITY = 95


def export_fiftyone(
    opened: OpenStudy, output: Path | None = None, *, on_progress: OnProgress = untold
) -> Written:
    """Write images and what is known of them as a folder of FiftyOne's type `GeoJSONDataset`.

    It is the documented type that carries places and any fields. `data/<image_id>.jpg` is the
    image, as it is on disk where that is a JPEG; `labels.json` has a feature each, with its place
    as `location` and as fields the columns of `image_rows` and `layout_columns`, ``captured_year``
    and ``neighbours`` (ids, the most alike first); what is not known is left out.

    Parameters
    ----------
    opened
        A study that is published.
    output
        A folder that is empty or not there; default: `fiftyone` in the current one.
    on_progress
        Told images done, and of how many.

    Raises
    ------
    StudyError
        Where nothing is published yet, something lies in the folder, or no image can be written,
        be it that its provider's terms do not let it be passed on: without images FiftyOne
        has nothing to show.
    """
    folder = output or DEFAULT
    rows, facts = image_rows(opened)
    files, said = files_to_pass_on(opened, facts.images)
    if not any(files):
        raise StudyError(
            f"{opened.study.path}: FiftyOne shows images, and there is none to pass on. "
            f"{' '.join(said)} `streetview export embedding-atlas` goes without images."
        )
    with written_folder(folder) as aside:
        count = _write(aside, _fields(rows, facts), files, on_progress)
        if not count:
            raise StudyError(f"{folder}: none of the study's images can be read")
    if unreadable := sum(file is not None for file in files) - count:
        said.append(f"Left out, since they cannot be read: {counted(unreadable, 'image')}.")
    said.append(
        f"To open it: fiftyone datasets create --name {shlex.quote(opened.study.name)} "
        f"--dataset-dir {shlex.quote(str(folder))} --type {TYPE}"
    )
    return Written(folder, {"images": count}, said)


def _write(
    folder: Path, fields: pl.DataFrame, files: list[Path | None], on_progress: OnProgress
) -> int:
    """Write the images that are there and a feature for each; give how many there are."""
    (folder / IMAGES).mkdir()
    features = []
    told = zip(fields.iter_rows(named=True), steps(files, on_progress), strict=True)
    for row, file in told:
        stopping.check()
        name = f"{row['image_id']}.jpg"
        if file is not None and _write_jpeg(file, folder / IMAGES / name):
            features.append(_feature(name, row))
    collection = {"type": "FeatureCollection", "features": features}
    text = to_json(collection, default=str, ensure_ascii=False)
    (folder / LABELS).write_text(text, encoding="utf-8")
    return len(features)


def _write_jpeg(source: Path, target: Path) -> bool:
    """Write an image as a JPEG, upright; say whether it could be read."""
    try:
        image = decode_image(source.read_bytes(), upright=True)
    except UNREADABLE:
        return False
    if image.suffix == "jpg":
        shutil.copyfile(source, target)
    else:
        image.rgb.save(target, quality=QUALITY, subsampling=0)
    return True


def _fields(rows: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Put beside each row where its image lies, its year, and the ids of those most like it."""
    alike = (
        facts.neighbours.sort("image_id", "rank")
        .group_by("image_id", maintain_order=True)
        .agg(neighbours="neighbour_id")
    )
    named = rows.with_columns(captured_year=pl.col("captured_on").dt.year())
    placed = pl.concat([named, layout_columns(facts)], how="horizontal")
    return placed.join(alike, on="image_id", how="left", maintain_order="left")


def _feature(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Say of an image in GeoJSON where it is and what is known of it."""
    known = {key: value for key, value in row.items() if value is not None}
    place = [known.pop(key) for key in ("longitude", "latitude") if key in known]
    geometry = {"type": "Point", "coordinates": place} if len(place) == 2 else None
    return {"type": "Feature", "geometry": geometry, "properties": {"filename": name, **known}}
