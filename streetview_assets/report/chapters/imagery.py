"""Chapter "Imagery": whose images they are, how many, of what age and season."""

from typing import TYPE_CHECKING

import polars as pl

from streetview_assets.figures import COLOURS, new_figure
from streetview_assets.images.providers.registry import provider_class
from streetview_assets.images.providers.terms import terms_of
from streetview_assets.report.database import Published
from streetview_assets.report.html import (
    Cell,
    Section,
    chart,
    listed,
    minus,
    number,
    paragraph,
    percent,
    table,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MONTHS = "JFMAMJJASOND"
OWNERS_SHOWN = 8


def imagery_section(published: Published) -> Section:
    """Say which imagery there is and of what age."""
    counts = _counts(published)
    if counts.is_empty():
        why = "There are no images yet: none was looked for, or none was found."
        return Section("imagery", "Imagery", paragraph(why) + _left_out(published))
    return Section(
        "imagery",
        "Imagery",
        _providers(published, counts) + _ages(published) + _quality(published) + _owners(published),
    )


def _counts(published: Published) -> pl.DataFrame:
    return published.ask(
        "images",
        """
        select
            provider,
            count(*) filter (where status = 'ok' and is_current) as there,
            count(*) filter (where status = 'missing' and is_current) as missing,
            count(*) filter (where status = 'failed' and is_current) as failed,
            count(*) filter (where status = 'ok' and not is_current) as older
        from images group by provider order by provider
        """,
    )


def _providers(published: Published, counts: pl.DataFrame) -> str:
    settings = published.study.images
    headings = ", ".join(f"{heading:g}°" for heading in settings.headings_deg)
    opening = provider_class(settings.provider).as_taken or (
        f"At each place with imagery, views towards {headings} are taken, "
        f"{settings.fov_deg:g}° wide and {settings.size_px[0]} × {settings.size_px[1]} px."
    )
    rows = [
        [terms_of(provider).images, there, missing, failed, older]
        for provider, there, missing, failed, older in counts.iter_rows()
    ]
    columns = ("imagery", "there", "missing at the provider", "failed", "older captures kept")
    warning = (
        paragraph(
            "These images are drawn by a program. They show no real place, and nothing on this "
            "page says anything about any real place.",
            "warning",
        )
        if published.study.is_synthetic
        else ""
    )
    counted = table("Images", columns, rows)
    return warning + paragraph(opening) + counted + _reasons(published) + _left_out(published)


def _reasons(published: Published) -> str:
    reasons = published.ask(
        "images",
        "select coalesce(error, 'not told') as reason, count(*) as images from images "
        "where status <> 'ok' and is_current group by all order by images desc, reason limit 6",
    )
    if reasons.is_empty():
        return ""
    rows = [list(row) for row in reasons.iter_rows()]
    return table("Why images are not there", ("reason", "images"), rows)


def _left_out(published: Published) -> str:
    """Say which files of one's own images are not among the images."""
    reasons = published.ask(
        "image_files",
        "select reason, count(*) as files, min(source_path) as example from image_files "
        "where status = 'left_out' group by all order by files desc, reason",
    )
    if reasons.is_empty():
        return ""
    rows = [list(row) for row in reasons.iter_rows()]
    return table("Image files that are left out", ("reason", "files", "one of them"), rows)


def _ages(published: Published) -> str:
    months = published.ask(
        "images",
        """
        select captured_on, count(*) as images from images
        where status = 'ok' and is_current group by captured_on order by captured_on
        """,
    )
    known = months.filter(pl.col("captured_on").dt.year() > 1)
    unknown = sum(months["images"]) - sum(known["images"])
    if known.is_empty():
        return paragraph("No capture date is known, so that nothing can be said of their age.")
    oldest, newest = known["captured_on"][0], known["captured_on"][-1]
    running = known.with_columns(pl.col("images").cum_sum().alias("so_far"))
    median = running.filter(pl.col("so_far") * 2 >= running["so_far"].max())["captured_on"][0]
    told = (
        f"Captured {oldest:%B %Y} to {newest:%B %Y}, the median image in {median:%B %Y}"
        if oldest != newest
        else f"All captured in {newest:%B %Y}"
    )
    undated = f"; of {unknown:,} images the date is not known" if unknown else ""
    if published.study.is_synthetic:
        undated += " (made-up dates, as the images are)"
    return chart(
        _draw_ages(known, published.credit),
        f"Two bar charts of images by year and by calendar month of capture. {told}.",
        f"{told}{undated}.",
    )


def _draw_ages(known: pl.DataFrame, credit: str) -> "Figure":
    figure = new_figure(7.5, 2.9, credit=credit)
    by_year, by_month = figure.subplots(1, 2, sharey=False)
    dated = known.with_columns(
        year=pl.col("captured_on").dt.year(), month=pl.col("captured_on").dt.month()
    )
    years = dated.group_by("year").agg(pl.col("images").sum()).sort("year")
    months = dated.group_by("month").agg(pl.col("images").sum()).sort("month")
    by_year.bar(years["year"].to_list(), years["images"].to_list(), color=COLOURS[0])
    first, last = years["year"][0], years["year"][-1]
    step = max(1, (last - first) // 6)
    by_year.set_xticks(range(first, last + 1, step))
    by_year.set_xlim(first - 0.9, last + 0.9)
    by_year.set_xlabel("year of capture")
    by_year.set_ylabel("images")
    by_month.bar(months["month"].to_list(), months["images"].to_list(), color=COLOURS[2])
    by_month.set_xticks(range(1, 13), list(MONTHS))
    by_month.set_xlim(0.3, 12.7)
    by_month.set_xlabel("month of capture, January to December")
    for axes in (by_year, by_month):
        axes.spines[["top", "right"]].set_visible(False)
        axes.yaxis.get_major_locator().set_params(integer=True)
    return figure


def _quality(published: Published) -> str:
    quality = published.table("imagery_quality")
    if quality.is_empty():
        return ""
    rows = []
    for row in quality.iter_rows(named=True):
        median = row["captured_median_on"]
        span = row["span_years"]
        rows.append(
            [
                published.authority_names.get(row["authority_code"], row["authority_code"]),
                row["image_count"],
                Cell(f"{median:%Y-%m}" if median else minus("–")),
                number(row["age_years"], 1),
                number(span, 1),
                percent(row["leaf_on_share"]),
                percent(row["third_party_share"]),
                percent(row["dark_share"]),
                percent(row["blurred_share"]),
                percent(row["duplicate_share"]),
            ]
        )
    columns = (
        "authority", "images", "median capture", "years old", "years between", "leaves on",
        "uploaded by others", "dark", "blurred", "repeated",
    )  # fmt: skip
    note = (
        "Age from the median capture to the newest look-up; years between captures without the "
        "oldest and newest twentieth; shares of the images, leaves on by the month of capture."
    )
    return table("Quality of the images", columns, rows, note=note)


def _owners(published: Published) -> str:
    owners = published.ask(
        "images",
        "select copyright, count(*) as images from images where status = 'ok' "
        "and copyright is not null group by copyright order by images desc, copyright",
    )
    if owners.is_empty():
        return ""
    shown = [f"{owner}: {count:,} images" for owner, count in owners.head(OWNERS_SHOWN).iter_rows()]
    rest = owners.height - len(shown)
    more = [f"and {rest:,} more, named in full under Attribution"] if rest > 0 else []
    return paragraph("Whom the images name:") + listed(shown + more)
