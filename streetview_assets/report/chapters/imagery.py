"""Chapter "Imagery": whose images they are, how many, of what age and season."""

from typing import Any

import polars as pl

from streetview_assets.charts import bars
from streetview_assets.figures import COLOURS, Figure, new_figure
from streetview_assets.images.providers.registry import provider_class
from streetview_assets.images.providers.terms import terms_of
from streetview_assets.report.database import Published
from streetview_assets.report.figures import embedded

MONTHS = "JFMAMJJASOND"
MOST_YEARS = 7
"""Named below bars; more would run into each other."""
COUNTED_FOR = {
    "stands_in": "Images count for the area that they were taken in.",
    "looks_at": "Images count for the area that they look at.",
}

COUNTS = """
select
    provider,
    count(*) filter (where status = 'ok' and is_current) as there,
    count(*) filter (where status = 'missing' and is_current) as missing,
    count(*) filter (where status = 'failed' and is_current) as failed,
    count(*) filter (where status = 'ok' and not is_current) as older
from images group by provider order by provider
"""
REASONS = """
select coalesce(error, 'not told') as reason, count(*) as images from images
where status <> 'ok' and is_current group by all order by images desc, reason limit 6
"""
LEFT_OUT = """
select reason, count(*) as files, min(source_path) as example from image_files
where status = 'left_out' group by all order by files desc, reason
"""
MONTHS_CAPTURED = """
select captured_on, count(*) as images from images
where status = 'ok' and is_current group by captured_on order by captured_on
"""
OWNERS = """
select copyright, count(*) as images from images where status = 'ok' and copyright is not null
group by copyright order by images desc, copyright
"""


def imagery(published: Published) -> dict[str, Any]:
    """Find which imagery there is and of what age."""
    counts = published.ask("images", COUNTS).to_dicts()
    return {
        "as_taken": provider_class(published.study.images.provider).as_taken,
        "counts": [[terms_of(provider).images, *of] for provider, *of in map(dict.values, counts)],
        "reasons": published.ask("images", REASONS),
        "files_left_out": published.ask("image_files", LEFT_OUT),
        "quality": published.named(published.table("imagery_quality")),
        "counted_for": COUNTED_FOR[published.study.pooling.area],
        "owners": published.ask("images", OWNERS).rows(),
        **_ages(published.ask("images", MONTHS_CAPTURED), published.credit),
    }


def _ages(months: pl.DataFrame, whom: str) -> dict[str, Any]:
    """Find when images were captured, of how many that is not known, and draw it."""
    if months.is_empty():
        return {"ages": None}
    is_known = pl.col("captured_on").dt.year() > 1
    known = months.filter(is_known)
    if known.is_empty():
        return {"ages": None}
    dates, so_far = known["captured_on"], known["images"].cum_sum()
    return {
        "ages": embedded(_draw_ages(known, whom)),
        "oldest": dates[0],
        "newest": dates[-1],
        "median": dates.filter(so_far * 2 >= so_far[-1])[0],
        "undated": months.filter(~is_known)["images"].sum(),
    }


def _draw_ages(known: pl.DataFrame, credit: str) -> Figure:
    figure = new_figure(7.5, 2.9, credit=credit)
    by_year, by_month = figure.subplots(1, 2)
    year, month = pl.col("captured_on").dt.year(), pl.col("captured_on").dt.month()
    years = known.group_by(year=year).agg(pl.col("images").sum()).sort("year")
    months = known.group_by(month=month).agg(pl.col("images").sum()).sort("month")
    bars(by_year, years["year"], years["images"], COLOURS[0])
    first, last = years["year"][0], years["year"][-1]
    by_year.set_xticks(range(first, last + 1, -(-(last - first + 1) // MOST_YEARS)))
    by_year.set_xlim(first - 0.9, last + 0.9)
    by_year.set_xlabel("year of capture")
    by_year.set_ylabel("images")
    bars(by_month, months["month"], months["images"], COLOURS[2])
    by_month.set_xticks(range(1, 13), list(MONTHS))
    by_month.set_xlim(0.3, 12.7)
    by_month.set_xlabel("month of capture, January to December")
    for axes in (by_year, by_month):
        axes.yaxis.get_major_locator().set_params(integer=True)
    return figure
