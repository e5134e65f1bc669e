"""The images of a study as folders of panoramas: each view, and the views side by side."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
from PIL import Image

from streetview_assets.embeddings.encoders.image_loading import UNREADABLE
from streetview_assets.errors import StudyError
from streetview_assets.exports.formats import write_csv
from streetview_assets.exports.street_data_rows import StreetRows, plan_rows
from streetview_assets.image_decoding import decode_image
from streetview_assets.images.current import current_images
from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.images.providers.terms import TERMS, credit_of
from streetview_assets.images.strips import stitched
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.strict_json import to_json

DEFAULT = Path("panoramas")
TABLE, ABOUT, STRIP = "panoramas.csv", "location.json", "panorama.jpg"
QUALITY = 95
WIDEST_PX = 65_500
"""A JPEG is no wider."""


@dataclass
class Panoramas:
    """What was written.

    Attributes
    ----------
    location_count, image_count
        Folders of locations there are now, and views in them.
    kept_count
        Of these locations, those that an earlier export had written.
    incomplete_count
        Locations that lack views of the study's headings.
    unreadable_count
        Images that are there and are no images.
    said
        What a person should know of it, sentence by sentence.
    """

    folder: Path
    location_count: int = 0
    image_count: int = 0
    kept_count: int = 0
    incomplete_count: int = 0
    unreadable_count: int = 0
    said: list[str] = field(default_factory=list)


def export_panoramas(
    opened: OpenStudy,
    output: Path | None = None,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Panoramas:
    """Write the current images of each location, and a table of whose they are.

    `location_i/heading_H.jpg` is the view in heading H (degrees from north), as it is on disk where
    that is a JPEG; `location_i/panorama.jpg` has the location's views side by side, clockwise, the
    first from north first. i is the location's number among the rows of `export hdf5`. Beside
    them, `panoramas.csv` has a row for each location: ids, places, dates and attribution. A folder
    appears whole or not at all; what an earlier export of the same images wrote is kept.

    Parameters
    ----------
    opened
        A study whose images are kept.
    output
        A folder; default: `panoramas` in the current one.
    on_progress
        Told how many locations are done, and of how many.

    Raises
    ------
    StudyError
        Where the terms of the images do not let them be passed on, none of them is there, or
        the folder has locations of another study.
    """
    folder = output or DEFAULT
    written = Panoramas(folder)
    plan = plan_rows(opened)
    views = _views(opened, plan, written)
    _refuse_others(folder, opened.study.name)
    for left in folder.glob(".location_*"):
        shutil.rmtree(left)
    rows, names = [], set()
    count = views["row"].n_unique()
    for done, (row, mine) in enumerate(_by_row(views), start=1):
        name = f"location_{row + 1}"
        files = _write_location(
            opened, folder / name, plan.rows.row(row, named=True), mine, written
        )
        if files:
            names.add(name)
            rows.append(_table_row(name, plan.rows.row(row, named=True), mine, files))
            written.incomplete_count += plan.headings_deg is not None and (
                len(files) < plan.slot_count
            )
        if on_progress:
            on_progress(done, count)
    _finish(folder, rows, names, written)
    return written


def _views(opened: OpenStudy, plan: StreetRows, written: Panoramas) -> pl.DataFrame:
    """List the images that may be written and are there, by row and from left to right."""
    slots = pl.concat(
        [
            plan.slots(current_images(opened.read("images", authority)))
            for authority in opened.authorities
        ]
    )
    refused = [name for name, terms in TERMS.items() if not terms.may_store]
    may_not = slots.filter(pl.col("provider").is_in(refused))
    for (provider,), theirs in may_not.group_by("provider", maintain_order=True):
        written.said.append(
            f"Left out: {theirs.height:,} {TERMS[provider].images}. {TERMS[provider].sentence}"
        )
    allowed = slots.filter(~pl.col("provider").is_in(refused))
    is_there = [
        path is not None and (opened.root / path).is_file() for path in allowed["path"].to_list()
    ]
    views = allowed.filter(pl.Series(is_there, dtype=pl.Boolean))
    if gone := allowed.height - views.height:
        written.said.append(f"Left out, since their pixels are not kept: {gone:,} images.")
    if views.is_empty():
        why = " ".join(written.said) or "The study has no images yet; run it first."
        raise StudyError(f"{opened.study.path}: there are no panoramas to write. {why}")
    clockwise = pl.col("heading_deg") % 360
    return views.sort("row", clockwise, "image_id", nulls_last=True)


def _by_row(views: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    for mine in views.partition_by("row", maintain_order=True):
        yield int(mine["row"][0]), mine


def _refuse_others(folder: Path, study: str) -> None:
    """Refuse a folder in which a location lies that is not of this study."""
    for place in folder.glob("location_*"):
        about = _about(place)
        if about is None or about.get("study") != study:
            whose = "something else" if about is None else f"the study {about.get('study')}"
            raise StudyError(f"{place} is of {whose}; name another folder with --output")


def _about(place: Path) -> dict[str, Any] | None:
    """Read what a location's folder says of itself; None where it says nothing."""
    file = place / ABOUT
    if not file.is_file():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _write_location(
    opened: OpenStudy,
    place: Path,
    location: dict[str, Any],
    views: pl.DataFrame,
    written: Panoramas,
) -> dict[str, str]:
    """Write the folder of a location, unless it is there: image_id by name of the file."""
    told = {
        "study": opened.study.name,
        "point_id": location["point_id"],
        "panorama_id": location["panorama_id"],
        "captured_on": str(location["captured_on"]),
        "images": [list(row) for row in views.select("image_id", "sha256", "path").iter_rows()],
    }
    about = _about(place)
    if about is not None and _is_whole(place, about, told):
        files: dict[str, str] = about["files"]
        written.kept_count += 1
    else:
        aside = place.with_name(f".{place.name}.{uuid4().hex}")
        aside.mkdir(parents=True)
        try:
            files = _write_views(opened.root, aside, views)
            if files:
                (aside / ABOUT).write_text(to_json({**told, "files": files}, indent=1))
                if place.exists():
                    shutil.rmtree(place)
                aside.rename(place)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    written.unreadable_count += views.height - len(files)
    written.image_count += len(files)
    written.location_count += bool(files)
    return files


def _is_whole(place: Path, about: dict[str, Any], told: dict[str, Any]) -> bool:
    """Whether a folder has these images of this location, and none was taken out of it."""
    if {key: about.get(key) for key in told} != told or not about.get("files"):
        return False
    return all((place / name).is_file() for name in (*about["files"], STRIP))


def _write_views(root: Path, folder: Path, views: pl.DataFrame) -> dict[str, str]:
    """Write each view and the strip; what cannot be read is left out."""
    files: dict[str, str] = {}
    seen: list[Image.Image] = []
    columns = views.select("image_id", "heading_deg", "path").iter_rows()
    for number, (image_id, heading_deg, path) in enumerate(columns, start=1):
        name = f"view_{number}" if heading_deg is None else f"heading_{heading_deg:g}"
        if f"{name}.jpg" in files:
            name = f"{name}_{number}"
        try:
            view = decode_image((root / path).read_bytes(), upright=True)
        except UNREADABLE:
            continue
        if view.suffix == "jpg":
            shutil.copyfile(root / path, folder / f"{name}.jpg")
        else:
            view.rgb.save(folder / f"{name}.jpg", quality=QUALITY, subsampling=0)
        files[f"{name}.jpg"] = image_id
        seen.append(view.rgb)
    if seen:
        strip = stitched(seen)
        if strip.width > WIDEST_PX:
            strip.thumbnail((WIDEST_PX, strip.height))
        strip.save(folder / STRIP, quality=QUALITY)
    return files


def _table_row(
    name: str, location: dict[str, Any], views: pl.DataFrame, files: dict[str, str]
) -> dict[str, Any]:
    """Say of a location what is in its folder, where and when that was, and whom to name."""
    shown = views.filter(pl.col("image_id").is_in(list(files.values())))
    captured_on = location["captured_on"]
    headings = ["" if one is None else f"{one:g}" for one in shown["heading_deg"]]
    return {
        "location": name,
        "id": location["id"],
        **{key: location[key] for key in ("point_id", "panorama_id")},
        "provider": shown["provider"][0],
        "captured_on": None if captured_on == UNKNOWN_DATE else captured_on,
        **{key: location[key] for key in _PLACE},
        "headings_deg": " ".join(headings),
        "files": " ".join(files),
        "image_ids": " ".join(files.values()),
        "creator": location["creator"],
        "licence": location["licence"] or TERMS[shown["provider"][0]].licence,
        "attribution": credit_of(shown),
    }


_PLACE = (
    *("latitude", "longitude", "panorama_latitude", "panorama_longitude"),
    *("area_code", "authority_code"),
)


def _finish(folder: Path, rows: list[dict[str, Any]], names: set[str], written: Panoramas) -> None:
    """Write the table, take away locations that the study no longer has, and say what was done."""
    if not rows:
        raise StudyError(f"{folder}: none of {written.unreadable_count:,} images can be read")
    with written_aside(folder / TABLE, suffix=".csv") as aside:
        write_csv(pl.DataFrame(rows, infer_schema_length=None), aside, TABLE)
    stale = [place for place in folder.glob("location_*") if place.name not in names]
    for place in stale:
        shutil.rmtree(place)
    for count, what in (
        (written.kept_count, "Locations that were there already: {:,}."),
        (len(stale), "Locations taken away, since the study no longer has them: {:,}."),
        (written.incomplete_count, "Locations that lack a view, whose strip is shorter: {:,}."),
        (written.unreadable_count, "Images left out, since they cannot be read: {:,}."),
    ):
        if count:
            written.said.append(what.format(count))
