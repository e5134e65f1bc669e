"""What is known of one image or one area, with a sheet of its pictures."""

from pathlib import Path

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from streetview_assets.embeddings.look_alikes import neighbours_sheet
from streetview_assets.errors import StudyError
from streetview_assets.images.contact_sheet import contact_sheet
from streetview_assets.images.terms import credit_of, may_show_sample
from streetview_assets.images.thumbnails import shown_file, what_is_gone
from streetview_assets.lake.atomic import written_aside
from streetview_assets.lake.open_study import OpenStudy

LEFT_OUT = {"geometry", "sha256"}


def show_identifier(opened: OpenStudy, identifier: str) -> None:
    """Show an image or an area: its facts in the terminal, its pictures as a sheet in a file.

    Raises
    ------
    StudyError
        Where the published database knows neither an image nor an area of that name.
    """
    images = opened.table("images")
    mine = images.filter(
        (pl.col("image_id") == identifier) | (pl.col("area_code") == identifier).fill_null(False)
    )
    profile = opened.table("area_profile").filter(area_code=identifier)
    if mine.is_empty() and profile.is_empty():
        raise StudyError(
            f"{identifier!r} is neither an image_id nor an area_code of {opened.study.name}; "
            'find one: streetview sql "select image_id, area_code from images limit 5"'
        )
    facts = profile if profile.height else mine
    console = Console()
    table = Table("", identifier, show_header=True)
    for name, value in facts.row(0, named=True).items():
        if name not in LEFT_OUT and value is not None:
            table.add_row(name, f"{value:.6g}" if isinstance(value, float) else str(value))
    console.print(table)
    there = mine.filter(status="ok")
    if there.height:
        _show_pictures(console, opened, identifier, there)
    if profile.is_empty():
        _show_neighbours(console, opened, identifier, images)


def _show_pictures(
    console: Console, opened: OpenStudy, identifier: str, images: pl.DataFrame
) -> None:
    """Name the sheet, whose pictures are on it, and how many of them are there no more."""
    files = [
        shown_file(opened.root, image_id, path)
        for image_id, path in images.select("image_id", "path").iter_rows()
    ]
    if not may_show_sample(opened.study.images):
        console.print("pictures: no sheet, since the provider's terms let no copy of them stay")
    elif any(files):
        console.print(f"pictures: {_sheet(opened, identifier, images)}", soft_wrap=True)
        console.print(credit_of(images), soft_wrap=True)
    if gone := what_is_gone(files):
        why = "" if opened.study.images.keeps_pictures else ": images.keep_images is false"
        console.print(f"{len(files)} pictures{gone}{why}", soft_wrap=True)


def _show_neighbours(
    console: Console, opened: OpenStudy, image_id: str, images: pl.DataFrame
) -> None:
    """List the pictures that look most like one, with a sheet of them."""
    if opened.sql("select 1 from duckdb_tables() where table_name = 'neighbours'").is_empty():
        return  # published before there were neighbours
    quoted = image_id.replace("'", "''")
    found = opened.sql(f"select * from neighbours where image_id = '{quoted}' order by rank")
    if found.is_empty():
        return
    shown = images.filter(status="ok").sort("authority_code").unique("image_id", keep="first")
    table = Table("looks like", "similarity", "distance", "area", box=SIMPLE_HEAD)
    where = found.join(shown, left_on="neighbour_id", right_on="image_id", how="left")
    columns = ("neighbour_id", "similarity", "distance_m", "area_code", "is_near_duplicate")
    for neighbour_id, similarity, apart_m, area, is_same in where.select(columns).iter_rows():
        apart = "" if apart_m is None else f"{apart_m:,.0f} m"
        note = " (near-duplicate)" if is_same else ""
        table.add_row(f"{neighbour_id}{note}", f"{similarity:.3f}", apart, area or "")
    console.print(table)
    if may_show_sample(opened.study.images):
        sheet = neighbours_sheet(
            found, shown, opened.root, image_ids=[image_id], title=opened.study.name
        )
        path = _write(opened, f"{image_id}-neighbours", sheet)
        console.print(f"pictures that look like it: {path}", soft_wrap=True)


def _sheet(opened: OpenStudy, identifier: str, images: pl.DataFrame) -> Path:
    single = images.height == 1
    sheet = contact_sheet(
        images,
        opened.root,
        columns=1 if single else 4,
        size_px=480 if single else 200,
        seed=opened.study.seed,
        title=identifier,
    )
    return _write(opened, identifier, sheet)


def _write(opened: OpenStudy, name: str, sheet: bytes) -> Path:
    path = opened.root / "figures" / "shown" / f"{name}.png"
    with written_aside(path) as aside:
        aside.write_bytes(sheet)
    return path
