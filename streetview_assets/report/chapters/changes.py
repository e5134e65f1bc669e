"""Chapter "Change over time": points with two captures, and where they changed most."""

from statistics import median

import polars as pl

from streetview_assets.clusters.change.changes import NO_PAIRS, median_cosine_elsewhere
from streetview_assets.report.database import Published
from streetview_assets.report.figures import kept_figure
from streetview_assets.report.html import (
    Cell,
    Row,
    Section,
    heading,
    number,
    paragraph,
    percent,
    table,
)

MOST_CHANGED = 10
MOST_MAPS = 6
MOST_COMPARED = 40
"""Authorities whose vectors are read, to say how alike images of different points are."""
DIGITS = 3


def changes_section(published: Published) -> Section:
    """Say how much images of a place differ from those before, beside those of other places."""
    section = "changes", "Change over time"
    changes = published.of_encoder("capture_changes")
    if changes.is_empty():
        told = published.why_empty("capture_changes") or NO_PAIRS
        return Section(*section, paragraph(f"Nothing can be said of change: {told}."))
    codes = _most_first(changes)
    elsewhere = {code: _elsewhere(published, changes, code) for code in codes[:MOST_COMPARED]}
    return Section(
        *section,
        _said(changes, [cosine for cosine in elsewhere.values() if cosine is not None])
        + _by_authority(published, changes, elsewhere)
        + _most_changed(published)
        + _maps(published, codes),
    )


def _most_first(changes: pl.DataFrame) -> list[str]:
    """Name the authorities with changes, those with the most points first."""
    counted = changes.group_by("authority_code").agg(pl.col("point_id").n_unique().alias("points"))
    ordered = counted.sort("points", "authority_code", descending=[True, False])
    return ordered["authority_code"].to_list()


def _elsewhere(published: Published, changes: pl.DataFrame, code: str) -> float | None:
    """Measure images of different points; None where their vectors are not beside the page."""
    mine = changes.filter(pl.col("authority_code") == code)
    vectors = published.opened.vectors(code)
    there = vectors.filter(pl.col("status") == "ok").select("image_id")
    if mine.join(there, left_on="to_image_id", right_on="image_id", how="anti").height:
        return None
    return median_cosine_elsewhere(mine, vectors)


def _said(changes: pl.DataFrame, elsewhere: list[float]) -> str:
    points = changes["point_id"].n_unique()
    cosine = changes.select(pl.median("cosine")).item()
    between = changes.select(((pl.col("to_on") - pl.col("from_on")).dt.total_days()).median())
    years = between.item() / 365.25
    beside = (
        f"; of images of different points in one direction it is {median(elsewhere):.{DIGITS}f}"
        if elsewhere
        else ""
    )
    return paragraph(
        f"{points:,} points have images of two captures or more, in the median {years:.1f} years "
        f"apart. The cosine of an image and the one before it, of the same place and direction, "
        f"is {cosine:.{DIGITS}f} in the median{beside}."
    ) + paragraph(
        "Cameras, seasons, weather and traffic change as well as streets do: a low cosine says "
        "that images differ, not why.",
        "quiet",
    )


def _by_authority(
    published: Published, changes: pl.DataFrame, elsewhere: dict[str, float | None]
) -> str:
    rows: list[Row] = []
    by_code = changes.sort("authority_code").group_by("authority_code", maintain_order=True)
    for (code,), mine in by_code:
        moved = mine.select((pl.col("from_cluster") != pl.col("to_cluster")).mean()).item()
        first, last = mine.select(pl.min("from_on"), pl.max("to_on")).row(0)
        rows.append(
            [
                published.authority_names.get(str(code), str(code)),
                mine["point_id"].n_unique(),
                mine.height,
                f"{first:%Y} to {last:%Y}",
                number(mine.select(pl.median("cosine")).item(), DIGITS),
                number(elsewhere.get(str(code)), DIGITS),
                percent(moved),
            ]
        )
    columns = (
        "authority", "points", "pairs of images", "captured", "median cosine",
        "of different points", "changed cluster",
    )  # fmt: skip
    note = "Cosine of each image with the one before it; beside it that of different points."
    return table("Change by authority", columns, rows, note=note)


def _most_changed(published: Published) -> str:
    areas = published.ask(
        "area_changes",
        "select area_name, area_code, year, point_count, pair_count, median_cosine, "
        "changed_cluster_share, median_years_between from area_changes "
        f"order by median_cosine, area_code, year limit {MOST_CHANGED}",
    )
    if areas.is_empty():
        return ""
    rows: list[Row] = [
        [
            f"{name} ({code})" if name != code else code,
            Cell(str(year)),
            points,
            pairs,
            number(cosine, DIGITS),
            percent(moved),
            number(years, 1),
        ]
        for name, code, year, points, pairs, cosine, moved, years in areas.iter_rows()
    ]
    columns = (
        "area", "year", "points", "pairs", "median cosine", "changed cluster", "years between",
    )  # fmt: skip
    note = "An area in the year of the newer capture; few pairs make an extreme value likely."
    return table(f"The {len(rows)} that changed most", columns, rows, note=note)


def _maps(published: Published, codes: list[str]) -> str:
    shown = []
    for code in codes:
        name = published.authority_names.get(code, code)
        told = (
            f"{name}: each point with two captures or more, darker where its images changed more."
        )
        if drawn := kept_figure(published, "capture_changes", told, of=code):
            shown.append(drawn)
        if len(shown) == MOST_MAPS:
            break
    if not shown:
        return ""
    left_out = len(codes) - len(shown)
    rest = (
        f"{left_out:,} more {'authority has' if left_out == 1 else 'authorities have'} no map here."
    )
    return heading("Where it changed") + "".join(shown) + (paragraph(rest) if left_out else "")
