"""What is known of one image or one area, and one sheet that shows it."""

from dataclasses import dataclass
from typing import Any

import polars as pl
import typer
from rich.box import SIMPLE_HEAD

from streetview_assets.cli.command import PlainConsole, table_of, write_shown
from streetview_assets.cli.show.show_facts import Shown, facts_of, is_published
from streetview_assets.cli.show.show_influences import (
    ShownInfluences,
    draw_influences,
    influences_of,
    list_influences,
)
from streetview_assets.cli.show.show_sheet import draw_image, draw_sheet
from streetview_assets.embeddings.looked_at import named_by
from streetview_assets.embeddings.similarity.neighbour_sheets import draw_images, neighbours_sheet
from streetview_assets.errors import StudyError
from streetview_assets.images.contact_sheet import contact_sheet
from streetview_assets.images.current import current_images
from streetview_assets.images.providers.terms import credit_of, may_show_sample
from streetview_assets.images.thumbnails import shown_files, what_is_gone
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.counted import counted
from streetview_assets.text.safe_name import safe_name
from streetview_assets.text.strict_json import to_json
from streetview_assets.warehouse.queries import quoted

PERCEIVED = {f"perceived{end}" for end in ("", "_lower", "_upper", "_image_count")}
LEFT_OUT = {"geometry", "sha256"} | PERCEIVED
TILE_PX, VIEW_PX = 150, 132
OF_AN_AREA = 3
"""Images of an area that are shown beside their look-alikes."""


@dataclass(frozen=True)
class Found:
    """An image or an area, and what is published of it.

    Attributes
    ----------
    identifier
        An image_id or an area_code.
    image
        Its row of `images`; None of an area.
    mine
        Rows of `images`: the image, or all of the area.
    images, looked_at
        The table `images`, and of it what is looked at.
    seen_as
        The image_id by which tables name what the image is looked at as; None of an area.
    shown
        What is known of it.
    influences
        What moves the prediction of the area; nothing of an image.
    """

    identifier: str
    image: dict[str, Any] | None
    mine: pl.DataFrame
    images: pl.DataFrame
    looked_at: pl.DataFrame
    seen_as: str | None
    shown: Shown
    influences: ShownInfluences

    @property
    def facts(self) -> dict[str, Any]:
        """What is told of it by name, where it is known."""
        known = {**((self.shown.profile if self.image is None else self.image) or {})}
        facts = {**known, **self.shown.said}
        return {
            name: value
            for name, value in facts.items()
            if name not in LEFT_OUT and value is not None
        }

    def as_data(self) -> dict[str, Any]:
        """Give all of it as plain data."""
        kind = "area" if self.image is None else "image"
        told = {"identifier": self.identifier, "kind": kind, "facts": self.facts}
        return told | ({"influences": self.influences.as_data()} if kind == "area" else {})


def find(opened: OpenStudy, identifier: str) -> Found:
    """Find an image or an area in the published database.

    Parameters
    ----------
    opened
        The study, published.
    identifier
        An image_id or an area_code.

    Raises
    ------
    StudyError
        Where the published database knows neither an image nor an area of that name.
    """
    images, areas = opened.table("images"), opened.table("area_profile")
    mine = images.filter(
        (pl.col("image_id") == identifier) | (pl.col("area_code") == identifier).fill_null(False)
    )
    is_area = not areas.filter(area_code=identifier).is_empty()
    if mine.is_empty() and not is_area:
        raise StudyError(
            f"{identifier!r} is neither an image_id nor an area_code of {opened.study.name}; "
            'find one: streetview sql "select image_id, area_code from images limit 5"'
        )
    image = None if is_area else mine.row(0, named=True)
    looked_at = opened.looked_at(images)
    seen_as = None if image is None else _seen_as(opened, image, looked_at)
    shown = facts_of(opened, identifier, image, areas, seen_as=seen_as)
    moved_by = influences_of(opened, identifier if is_area else "")
    return Found(identifier, image, mine, images, looked_at, seen_as, shown, moved_by)


def say_identifier(opened: OpenStudy, identifier: str) -> None:
    """Say what is known of an image or an area as JSON; see `find`."""
    typer.echo(to_json(find(opened, identifier).as_data(), indent=2, default=str))


def show_identifier(opened: OpenStudy, identifier: str) -> None:
    """Show an image or an area: its facts in the terminal, and a sheet in a file.

    The sheet has its images, what is known of it, its clusters, the prediction of its area, and
    the images that look most like it; of an area, those of a few of its images, drawn by seed, and
    the images that move its prediction most, where the study asks for these.

    Raises
    ------
    StudyError
        Where the published database knows neither an image nor an area of that name.
    """
    found = find(opened, identifier)
    image, images, looked_at = found.image, found.images, found.looked_at
    console = PlainConsole()
    rows = [(name, _told(value)) for name, value in found.facts.items()]
    console.print(table_of(("", identifier), rows))
    list_influences(console, found.influences)
    there = found.mine.filter(status="ok")
    of_area = looked_at.join(current_images(there), on="image_id", how="semi")
    ids = draw_images(of_area, seed=opened.study.seed, count=OF_AN_AREA)
    neighbours = _neighbours(opened, ids if found.seen_as is None else [found.seen_as])
    if image is not None and neighbours.height:
        _list_neighbours(console, neighbours, images)
    sheet = _images(console, opened, identifier, there)
    below = []
    if sheet is not None and image is not None:
        below += _other_views(opened, image, images)
    if sheet is not None:
        below += draw_influences(opened, found.influences, identifier, looked_at)
    if sheet is not None and neighbours.height:
        below.append(_look_alikes(opened, neighbours, looked_at))
    path = write_shown(opened, safe_name(identifier), draw_sheet(found.shown, sheet, below))
    console.say(f"sheet: {path}")


def _seen_as(opened: OpenStudy, image: dict[str, Any], looked_at: pl.DataFrame) -> str:
    """Find the name of what an image is looked at as: its own, or that of its panorama."""
    one = {name: image[name] for name in named_by(opened.study.encoder.views)}
    found = looked_at.filter(**one)["image_id"]
    return str(found[0] if len(found) else image["image_id"])


def _images(
    console: PlainConsole, opened: OpenStudy, identifier: str, images: pl.DataFrame
) -> bytes | None:
    """Draw the images, and say whose they are and how many of them are there no more."""
    files = [
        shown_files(opened.root, image_id, path)
        for image_id, path in images.select("image_id", "path").iter_rows()
    ]
    sheet = None
    if images.height and not may_show_sample(opened.study.images):
        console.print("images: none shown, since the provider's terms let no copy of them stay")
    elif there := [file for shown in files for file in shown if file]:
        whose = credit_of(images)
        if len(files) == 1:
            sheet = draw_image(there[0], whose)
        else:
            sheet = contact_sheet(
                images,
                opened.root,
                columns=4,
                size_px=TILE_PX,
                seed=opened.study.seed,
                title=identifier,
            )
        console.say(whose)
    if gone := what_is_gone(files):
        why = "" if opened.study.images.keeps_images else ": images.keep_images is false"
        console.say(f"{counted(len(files), 'image')}{gone}{why}")
    return sheet


def _other_views(opened: OpenStudy, image: dict[str, Any], images: pl.DataFrame) -> list[bytes]:
    """Draw all images of the same point, in the order of their headings."""
    mine = current_images(images).filter(
        authority_code=image["authority_code"], point_id=image["point_id"]
    )
    if mine.height < 2:
        return []
    ordered = mine.sort("heading_deg", "image_id", nulls_last=True)
    title = f"{opened.study.name}: images of its point"
    return [contact_sheet(ordered, opened.root, size_px=VIEW_PX, seed=None, title=title)]


def _neighbours(opened: OpenStudy, image_ids: list[str]) -> pl.DataFrame:
    """Read the images that look most like some; none where none are published."""
    if not image_ids or not is_published(opened, "neighbours"):
        return pl.DataFrame()
    named = ", ".join(quoted(image_id) for image_id in image_ids)
    return opened.sql(
        f"select * from neighbours where image_id in ({named}) order by image_id, rank"
    )


def _list_neighbours(console: PlainConsole, found: pl.DataFrame, images: pl.DataFrame) -> None:
    """List the images that look most like one."""
    known = _known(images)
    where = found.join(known, left_on="neighbour_id", right_on="image_id", how="left").sort("rank")
    columns = ("neighbour_id", "similarity", "distance_m", "area_code", "is_near_duplicate")
    rows = [
        (
            f"{neighbour_id}{' (near-duplicate)' * is_same}",
            f"{similarity:.3f}",
            "" if apart_m is None else f"{apart_m:,.0f} m",
            area or "",
        )
        for neighbour_id, similarity, apart_m, area, is_same in where.select(columns).iter_rows()
    ]
    heads = ("looks like", "similarity", "distance", "area")
    console.print(table_of(heads, rows, box=SIMPLE_HEAD))


def _look_alikes(opened: OpenStudy, found: pl.DataFrame, images: pl.DataFrame) -> bytes:
    """Draw images, each beside those that look most like it."""
    ids, name = found["image_id"].unique(maintain_order=True).to_list(), opened.study.name
    return neighbours_sheet(found, _known(images), opened.root, image_ids=ids, title=name)


def _known(images: pl.DataFrame) -> pl.DataFrame:
    return images.filter(status="ok").sort("authority_code").unique("image_id", keep="first")


def _told(value: object) -> str:
    """Write a value for people: numbers without the digits that mean nothing, in dicts too."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_told(one)}" for name, one in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)
