"""The images of a study as folders of panoramas: each view, and the views side by side."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
from PIL import Image

from streetview_assets.embeddings.encoders.image_loading import UNREADABLE
from streetview_assets.errors import StudyError
from streetview_assets.exports.formats import write_csv
from streetview_assets.exports.street_data_rows import StreetRows, plan_rows
from streetview_assets.exports.written import Written
from streetview_assets.image_decoding import decode_image
from streetview_assets.images.current import current_images
from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.images.providers.terms import credit_of, terms_of
from streetview_assets.images.strips import stitched
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.counted import counted
from streetview_assets.text.strict_json import to_json

DEFAULT = Path("panoramas")
TABLE, ABOUT, STRIP = "panoramas.csv", "location.json", "panorama.jpg"
QUALITY = 95
WIDEST_PX = 65_500
"""A JPEG is no wider."""

SENTENCES = {
    "kept": "Locations that were there already: {:,}.",
    "stale": "Locations taken away, since the study no longer has them: {:,}.",
    "incomplete": "Locations that lack a view, whose strip is shorter: {:,}.",
    "unreadable": "Images left out, since they cannot be read: {:,}.",
}
"""What is said of what was counted, where there is any."""


def export_panoramas(
    opened: OpenStudy,
    output: Path | None = None,
    *,
    on_progress: OnProgress = untold,
) -> Written:
    """Write the current images of each location, and a table of whose they are.

    `location_i/heading_H.jpg` is the view in heading H (degrees from north), as it is on disk where
    that is a JPEG; `location_i/panorama.jpg` has the location's views side by side, clockwise, the
    first from north first. i is the location's number among the rows of `export hdf5`, from 0.
    Beside them, `panoramas.csv` has a row for each location: ids, places, dates and attribution.
    A folder appears whole or not at all; what an earlier export of the same images wrote is kept.

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
    plan = plan_rows(opened)
    views, said = _views(opened, plan)
    _refuse_others(folder, opened.study.name)
    for left in folder.glob(".location_*"):
        shutil.rmtree(left)
    rows, counts = [], Counter[str]()
    of_rows = views.partition_by("row", maintain_order=True)
    for done, mine in enumerate(of_rows, start=1):
        location = plan.rows.row(int(mine["row"][0]), named=True)
        place = folder / f"location_{location['row']}"
        files, is_kept = _write_location(opened, place, location, mine)
        counts.update(images=len(files), unreadable=mine.height - len(files), kept=is_kept)
        if files:
            rows.append(_table_row(place.name, location, mine, files))
            is_whole = plan.headings_deg is None or len(files) >= plan.slot_count
            counts["incomplete"] += not is_whole
        on_progress(done, len(of_rows))
    if not rows:
        raise StudyError(f"{folder}: none of {counted(counts['unreadable'], 'image')} can be read")
    with written_aside(folder / TABLE, suffix=".csv") as aside:
        write_csv(pl.DataFrame(rows, infer_schema_length=None), aside, TABLE)
    names = {row["location"] for row in rows}
    stale = [place for place in folder.glob("location_*") if place.name not in names]
    for place in stale:
        shutil.rmtree(place)
    counts["stale"] = len(stale)
    said += [what.format(counts[name]) for name, what in SENTENCES.items() if counts[name]]
    return Written(folder, {"locations": len(rows), "images": counts["images"]}, said)


def _views(opened: OpenStudy, plan: StreetRows) -> tuple[pl.DataFrame, list[str]]:
    """List the images that may be written and are there, by row and from left to right.

    Beside them sentences that say which are left out.
    """
    slots = pl.concat(
        [
            plan.slots(current_images(opened.read("images", authority)))
            for authority in opened.authorities
        ]
    )
    refused = [name for name in slots["provider"].unique() if not terms_of(name).may_store]
    may_not = slots.filter(pl.col("provider").is_in(refused))
    said = [
        f"Left out: {count:,} {terms_of(provider).images}. {terms_of(provider).sentence}"
        for provider, count in may_not.group_by("provider", maintain_order=True).len().iter_rows()
    ]
    allowed = slots.filter(~pl.col("provider").is_in(refused))
    is_there = [
        path is not None and (opened.root / path).is_file() for path in allowed["path"].to_list()
    ]
    views = allowed.filter(pl.Series(is_there, dtype=pl.Boolean))
    if gone := allowed.height - views.height:
        said.append(f"Left out, since their pixels are not kept: {counted(gone, 'image')}.")
    if views.is_empty():
        why = " ".join(said) or "The study has no images yet; run it first."
        raise StudyError(f"{opened.study.path}: there are no panoramas to write. {why}")
    clockwise = pl.col("heading_deg") % 360
    return views.sort("row", clockwise, "image_id", nulls_last=True), said


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
    opened: OpenStudy, place: Path, location: dict[str, Any], views: pl.DataFrame
) -> tuple[dict[str, str], bool]:
    """Write the folder of a location: image_id by name of the file, and whether it was there."""
    told = {
        "study": opened.study.name,
        **{key: location[key] for key in ("point_id", "panorama_id")},
        "captured_on": str(location["captured_on"]),
        "images": [list(row) for row in views.select("image_id", "sha256", "path").iter_rows()],
    }
    about = _about(place)
    if about is not None and {key: about.get(key) for key in told} == told:
        files: dict[str, str] = about.get("files") or {}
        # None was taken out of the folder since.
        if files and all((place / name).is_file() for name in (*files, STRIP)):
            return files, True
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
    return files, False


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
        **{key: location[key] for key in ("id", "point_id", "panorama_id")},
        "provider": shown["provider"][0],
        "captured_on": None if captured_on == UNKNOWN_DATE else captured_on,
        **{key: location[key] for key in _PLACE},
        "headings_deg": " ".join(headings),
        "files": " ".join(files),
        "image_ids": " ".join(files.values()),
        "creator": location["creator"],
        "licence": location["licence"] or terms_of(shown["provider"][0]).licence,
        "attribution": credit_of(shown),
    }


_PLACE = (
    *("latitude", "longitude", "panorama_latitude", "panorama_longitude"),
    *("area_code", "authority_code"),
)
