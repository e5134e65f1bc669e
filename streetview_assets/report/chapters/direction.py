"""Chapter "The direction of deprivation": how stable it is, which words and images it shows."""

import polars as pl

from streetview_assets.models.direction.direction import (
    OF_CONTROLS,
    OF_PROMPTS,
    OF_RESAMPLES,
    OF_WORDS,
)
from streetview_assets.report.database import Published
from streetview_assets.report.figures import kept_figure
from streetview_assets.report.html import Row, Section, paragraph, rounded, table
from streetview_assets.report.scores_table import score_cell

KINDS = {OF_WORDS: "label", OF_PROMPTS: "text"}
MOST_ROWS = 24


def direction_section(published: Published) -> Section:
    """Show which way vectors point as areas become more deprived."""
    section = "direction", "The direction of deprivation"
    rows = published.of_encoder("deprivation_direction")
    if rows.is_empty():
        told = published.why_empty("deprivation_direction") or "it has not been looked for yet"
        return Section(*section, paragraph(f"There is no direction: {told}."))
    return Section(*section, _stable(rows) + _words(published, rows) + _ends(published))


def _stable(rows: pl.DataFrame) -> str:
    told = []
    for row in rows.filter(pl.col("kind") == OF_RESAMPLES).iter_rows(named=True):
        told.append(
            f"Over {row['area_count']:,} areas, the direction in which vectors move as "
            f"{row['target']} gets worse: of {row['resample_count']:,} draws of areas anew, the "
            f"directions have a cosine with it of {row['cosine']:.2f} in the median "
            f"({row['interval_level']:.0%} of them {row['lower']:.2f} to {row['upper']:.2f}; 1: it "
            "does not depend on which areas are in)."
        )
    caution = (
        "Association alone: the direction holds whatever goes along with deprivation in these "
        "areas as images show it, light and season included."
    )
    return "".join(map(paragraph, told)) + paragraph(caution, "quiet")


def _words(published: Published, rows: pl.DataFrame) -> str:
    parts = [_table(rows, kind) for kind in KINDS]
    if parts[-1]:
        parts.append(
            kept_figure(
                published,
                "direction_prompts",
                "The texts by group; the band is that of the texts that should say nothing.",
            )
        )
    return "".join(parts) or paragraph("No words are held against it.", "quiet")


def _table(rows: pl.DataFrame, kind: str) -> str:
    """Show the texts of a kind, or those at both ends where they are many."""
    mine = rows.filter(pl.col("kind") == kind).sort("cosine", "name", descending=[True, False])
    if mine.is_empty():
        return ""
    half = MOST_ROWS // 2
    shown = mine if mine.height <= MOST_ROWS else pl.concat([mine.head(half), mine.tail(half)])
    grouped = "prompt_group" in shown.columns and shown["prompt_group"].null_count() < shown.height
    cells: list[Row] = [
        [
            row["name"],
            *([row["prompt_group"]] if grouped else []),
            score_cell({**row, "value": row["cosine"]}),
        ]
        for row in shown.iter_rows(named=True)
    ]
    cut = f" Those at both ends of {mine.height:,}." if mine.height > shown.height else ""
    note = (
        "The most deprived first: the cosine of its text, less the mean of all, with the "
        f"direction, and its interval over draws of areas.{cut}"
    )
    columns = (KINDS[kind], *(["group"] if grouped else []), "cosine")
    return table(f"Each {KINDS[kind]} along the direction", columns, cells, note=note) + _band(
        rows if kind == OF_PROMPTS else rows.clear()
    )


def _band(rows: pl.DataFrame) -> str:
    """Say how far texts go that should say nothing."""
    controls = rows.filter(pl.col("kind") == OF_CONTROLS)
    return "".join(
        paragraph(
            f"Texts that should say nothing ({row['interval_level']:.0%} of them) lie between "
            f"{rounded(row['lower'])} and {rounded(row['upper'])}: within it a text says nothing."
        )
        for row in controls.iter_rows(named=True)
    )


def _ends(published: Published) -> str:
    return kept_figure(
        published,
        "deprivation_direction",
        "Images at both ends of the direction: the least deprived above, the most deprived "
        "below, one of a point.",
        shows_images=True,
    )
