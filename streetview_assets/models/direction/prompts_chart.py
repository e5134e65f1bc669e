"""A chart of the texts that a direction points to, group by group, beside what says nothing."""

from typing import Any

import numpy as np
import polars as pl

from streetview_assets.charts import bare, intervals, panels
from streetview_assets.embeddings.zero_shot.prompt_bank import CONTROL
from streetview_assets.figures import COLOURS, INK, Axes, Figure, over
from streetview_assets.models.direction.direction import OF_CONTROLS, OF_PROMPTS

ROWS_IN_A_COLUMN = 40
"""Above it a second column begins: a hundred texts below each other fit no screen."""

ROW_IN = 0.17
_BAND = "#d9d9d9"
_GREY = "#777777"


def draw_prompts(rows: pl.DataFrame, *, title: str, credit: str = "") -> Figure:
    """Draw the cosine of each text with the direction, its interval, and the band of controls.

    Groups stand from the most deprived to the least by the mean of their texts, controls last;
    texts within a group likewise. What lies outside the band of the controls with its whole
    interval is drawn in colour.

    Parameters
    ----------
    rows
        Table `deprivation_direction` of one target, with prompts.
    title
        Names the study and the target.
    credit
        Whom to name at the foot.
    """
    texts = rows.filter(kind=OF_PROMPTS)
    band = _band_of(rows)
    columns = _in_columns(_in_order(texts))
    most = max(len(column) for column in columns)
    size_in = (5.2 * len(columns), 1.9 + ROW_IN * most)
    figure, all_axes = panels(len(columns), size_in, credit=credit, sharex=True)
    for axes, column in zip(all_axes, columns, strict=True):
        _add_texts(axes, column, band)
        axes.set_ylim(most - 0.4, -0.6)
        axes.set_xlabel("cosine with the direction, most deprived to the right", fontsize=8)
    level = texts["interval_level"][0]
    said = f"whiskers: {level:.0%} intervals, areas weighted at random, near ones alike"
    if band:
        said += (
            "\ngrey band: the middle 90% of the controls; a text says something, and is drawn in "
            "colour, where its whole interval lies outside"
        )
    figure.suptitle(f"{over(title)}{said}", fontsize=10)
    return figure


def outside_band(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the texts whose whole interval lies outside the band of the controls, highest first."""
    return rows.filter(pl.col("says_something")).sort("cosine", descending=True)


def _colour(text: dict[str, Any]) -> str:
    if not text["says_something"]:
        return _GREY
    return COLOURS[5] if text["cosine"] > 0 else COLOURS[0]


def _band_of(rows: pl.DataFrame) -> tuple[float, float] | None:
    """Give the band within which a text says nothing; None where there are no controls."""
    band = rows.filter(kind=OF_CONTROLS)
    return None if band.is_empty() else (band["lower"].item(), band["upper"].item())


def _in_order(texts: pl.DataFrame) -> list[pl.DataFrame]:
    """Give one frame a group, the most deprived first, controls last."""
    means = (
        texts.group_by("prompt_group")
        .agg(pl.col("cosine").mean())
        .sort(
            pl.col("prompt_group") == CONTROL,
            "cosine",
            "prompt_group",
            descending=[False, True, False],
        )
    )
    ordered = texts.sort("cosine", "name", descending=[True, False])
    return [ordered.filter(prompt_group=group) for group in means["prompt_group"]]


def _in_columns(groups: list[pl.DataFrame]) -> list[list[dict[str, Any]]]:
    """Lay groups below each other, each under its name, in columns about as long."""
    total = sum(len(group) + 1 for group in groups)
    wanted = -(-total // -(-total // ROWS_IN_A_COLUMN))
    columns: list[list[dict[str, Any]]] = [[]]
    for group in groups:
        # A group goes where more than half of it has room.
        if columns[-1] and len(columns[-1]) + (len(group) + 1) / 2 > wanted:
            columns.append([])
        columns[-1].append({"heading": group["prompt_group"][0]})
        columns[-1] += group.to_dicts()
    return columns


def _add_texts(axes: Axes, column: list[dict[str, Any]], band: tuple[float, float] | None) -> None:
    if band:
        axes.axvspan(*band, color=_BAND, linewidth=0, zorder=0)
    axes.axvline(0, color=_GREY, linewidth=0.8, zorder=1)
    texts = [(place, text) for place, text in enumerate(column) if "heading" not in text]
    places = [place for place, _ in texts]
    cosine, lower, upper = (
        [np.nan if text[key] is None else text[key] for _, text in texts]
        for key in ("cosine", "lower", "upper")
    )
    colours = [_colour(text) for _, text in texts]
    intervals(axes, places, lower, upper, colors=colours, linewidth=1, zorder=2)
    axes.scatter(cosine, places, c=colours, s=16, zorder=3)
    names = [str(text.get("heading", text.get("name"))) for text in column]
    axes.set_yticks(range(len(column)), names, fontsize=7)
    for label, text in zip(axes.get_yticklabels(), column, strict=True):
        label.set_color(INK)
        if "heading" in text:
            label.set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=7)
    bare(axes, "top", "right", "left")
