"""What moves the prediction of an area, as `streetview show` tells it: in words, and on a sheet."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from streetview_assets.cli.command import PlainConsole, table_of
from streetview_assets.cli.show.show_facts import is_published
from streetview_assets.models.explanations.influence_sheet import influence_sheet
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.amounts import amount, change
from streetview_assets.text.counted import counted
from streetview_assets.warehouse.queries import quoted

HEADS = ("moves the prediction", "influence", "left out")


@dataclass(frozen=True)
class ShownInfluences:
    """What is published of an area's prediction.

    Attributes
    ----------
    summary
        Its row of `area_influences`; None where it is not explained.
    images, words
        Its rows of `image_influences` and `word_influences`, those that raise it most first.
    """

    summary: dict[str, Any] | None
    images: pl.DataFrame
    words: pl.DataFrame

    def as_data(self) -> dict[str, Any] | None:
        """Give all of it as plain data; None where the area is not explained."""
        if self.summary is None:
            return None
        return {
            "area": self.summary,
            "images": self.images.to_dicts(),
            "words": self.words.to_dicts(),
        }


def influences_of(opened: OpenStudy, area_code: str) -> ShownInfluences:
    """Read what moves the prediction of an area; nothing where the study does not ask for it.

    Parameters
    ----------
    opened
        The study, published.
    area_code
        Of the area.
    """
    summary, images, words = (
        _rows(opened, name, area_code)
        for name in ("area_influences", "image_influences", "word_influences")
    )
    ordered = (
        one.sort("change", descending=True, nulls_last=True) if one.height else one
        for one in (images, words)
    )
    return ShownInfluences(summary.row(0, named=True) if summary.height else None, *ordered)


def list_influences(console: PlainConsole, found: ShownInfluences) -> None:
    """List the images and the words that move the prediction, or say why none are told."""
    if found.summary is None:
        return
    if found.summary["note"]:
        console.print(f"what moves the prediction: {found.summary['note']}")
    rows = [
        (row["image_id"], change(row["change"]), counted(row["copy_count"], "image"))
        for row in found.images.iter_rows(named=True)
    ]
    rows += [
        (f"like “{row['label']}”", _change(row), counted(row["image_count"], "image"))
        for row in found.words.iter_rows(named=True)
    ]
    if rows:
        console.print(table_of(HEADS, rows))


def draw_influences(
    opened: OpenStudy, found: ShownInfluences, area_code: str, images: pl.DataFrame
) -> list[bytes]:
    """Draw the images that move the prediction; nothing where there are none.

    Parameters
    ----------
    opened, found, area_code
        The study, and what is known of the area.
    images
        Rows of the table `images`, as they are looked at.
    """
    if found.summary is None or found.images.is_empty():
        return []
    said = {area_code: f"predicted {amount(found.summary['predicted'])}"}
    shown = images.filter(status="ok").unique("image_id", keep="first", maintain_order=True)
    title = f"{opened.study.name}, {area_code}"
    return [influence_sheet(found.images, shown, opened.root, areas=said, title=title)]


def _rows(opened: OpenStudy, table: str, area_code: str) -> pl.DataFrame:
    if not is_published(opened, table):
        return pl.DataFrame()
    encoder = quoted(opened.encoder)
    return opened.sql(
        f"select * from {table} where area_code = {quoted(area_code)} and encoder = {encoder}"
    )


def _change(row: dict[str, Any]) -> str:
    return str(row["note"]) if row["change"] is None else change(row["change"])
