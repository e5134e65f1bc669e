"""What is known of the images of a study as the CSV that PixPlot takes as metadata."""

import html
import re
import shlex
from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.exports.formats import write_csv
from streetview_assets.exports.viewers.image_rows import image_rows
from streetview_assets.exports.written import Written
from streetview_assets.images.providers.registry import provider_class
from streetview_assets.images.providers.terms import terms_of
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.counted import counted

DEFAULT = Path("pixplot_metadata.csv")
PLACE = ("lat", "lng")
COLUMNS = (
    *("filename", "category", "tags", "description", "permalink", "year", "label"),
    *PLACE,
)
LONGEST_TAG = 60
_NO_FILE_NAME = re.compile(r"[\x00-\x1f/\\|]+")
_PANORAMA_ID = re.compile(r"[\w-]+", re.ASCII)


def export_pixplot_metadata(opened: OpenStudy, output: Path | None = None) -> Written:
    """Write a row an image that is on disk, in PixPlot's columns, and the command to plot them.

    `filename` is the image's file; `category` its own category, else its cluster; `tags` category,
    cluster, authority and area; `description` the name that one's own image had, area, target, date
    and whom to name, written so that the viewer, which takes it for HTML in URL encoding, shows it
    as text. `label` stays empty: PixPlot would lay images out by it, and not by how they look.
    `lat` and `lng` are left out where a place is missing, since PixPlot ends at an empty one.

    Parameters
    ----------
    opened
        A study that is published, with images kept.
    output
        Default: `pixplot_metadata.csv` in the current folder.

    Raises
    ------
    StudyError
        Where nothing is published yet, or no image is kept on disk.
    """
    path = output or DEFAULT
    rows, facts = image_rows(opened)
    files, panoramas = facts.images["path"], facts.images["panorama_id"]
    is_there = [file is not None and (opened.root / file).is_file() for file in files]
    if not any(is_there):
        raise StudyError(
            f"{opened.study.path}: PixPlot reads images, and none of {rows.height:,} is kept on "
            "disk (`images.keep_images`)"
        )
    kept = rows.with_columns(file=files, panorama_id=panoramas).filter(pl.Series(is_there))
    table = pl.DataFrame(
        [_row(row) for row in kept.iter_rows(named=True)],
        schema={name: pl.Float64 if name in PLACE else pl.String for name in COLUMNS},
    )
    said = []
    if table.height < rows.height:
        said.append(
            f"Left out, since they are not on disk: {counted(rows.height - table.height, 'image')}."
        )
    if unplaced := table.filter(pl.any_horizontal(pl.col(PLACE).is_null())).height:
        said.append(
            f"Without lat and lng, since {counted(unplaced, 'image has', 'images have')} no place."
        )
        table = table.drop(PLACE)
    with written_aside(path, suffix=path.suffix) as aside:
        write_csv(table, aside, "pixplot_metadata")
    for name in kept["provider"].unique().sort():
        if not terms_of(name).may_store:
            said.append(f"A plot holds the images: keep it to yourself. {terms_of(name).sentence}")
    images = shlex.quote(str(opened.root / "images" / "**" / "*.*"))
    said.append(f"To plot them: pixplot --images {images} --metadata {shlex.quote(str(path))}")
    return Written(path, {"images": table.height}, said)


def _row(image: dict[str, Any]) -> dict[str, Any]:
    """Tell of an image in PixPlot's words."""
    cluster = image["cluster"] and f"cluster {image['cluster']}"
    tags = (image["category"], cluster, image["authority"], image["area_name"])
    named = [_tag(text) for text in tags if text]
    captured_on = image["captured_on"]
    return {
        "filename": Path(image["file"]).name,
        "category": image["category"] or cluster or "",
        "tags": "|".join(dict.fromkeys(tag for tag in named if tag)),
        "description": html.escape(_description(image)).replace("%", "%25"),
        "permalink": _permalink(image["provider"], image["panorama_id"]),
        "year": "" if captured_on is None else str(captured_on.year),
        "label": "",
        "lat": image["latitude"],
        "lng": image["longitude"],
    }


def _tag(text: str) -> str:
    """Make a text a tag: PixPlot parts tags at `|` and names a file by each."""
    return _NO_FILE_NAME.sub(" ", text).strip()[:LONGEST_TAG].strip()


def _description(image: dict[str, Any]) -> str:
    """Say in a line where and when an image is from, what its area is like, and whose it is."""
    told = [image["source_path"], image["area_name"], image["authority"]]
    for name in ("observed", "predicted"):
        if image[name] is not None:
            told.append(f"{image['target']} {name} {image[name]:.4g}")
    if image["captured_on"] is not None:
        told.append(f"{image['captured_on']:%Y-%m}")
    if image["heading_deg"] is not None:
        told.append(f"heading {image['heading_deg']:g}°")
    told.append(image["copyright"])
    return ", ".join(str(one) for one in told if one)


def _permalink(provider: str, panorama_id: str) -> str:
    """Give the address at which the provider shows a panorama; empty where it has none."""
    page = provider_class(provider).page
    return page.format(panorama_id) if _PANORAMA_ID.fullmatch(panorama_id) else ""
