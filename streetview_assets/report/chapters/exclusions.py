"""Chapter "Excluded images": what does not show the street, by the study's rule."""

import polars as pl

from streetview_assets.report.database import Published
from streetview_assets.report.figures import kept_figure
from streetview_assets.report.html import Row, Section, paragraph, table

SHEET = "image_exclusions"
MOST_SHEETS = 4


def exclusions_section(published: Published) -> Section | None:
    """Count the images that the rule sets aside, and show some; None where there are none."""
    rows = published.of_encoder("image_exclusions")
    if rows.is_empty():
        return None
    counted = rows.group_by("reason").agg(pl.len().alias("count")).sort("reason")
    dropped = rows["is_dropped"].sum()
    told = (
        "They take no part in pooling, clusters and models."
        if dropped == rows.height
        else "They are listed only, and take part in all that follows."
        if not dropped
        else f"{dropped:,} of them take no part in pooling, clusters and models."
    )
    by_reason: list[Row] = [list(row) for row in counted.iter_rows()]
    sheets = [
        kept_figure(
            published,
            SHEET,
            f"{published.authority_names.get(code, code)}: images that the rule excludes.",
            of=code,
            shows_images=True,
        )
        for code in rows["authority_code"].unique().sort()[:MOST_SHEETS]
    ]
    return Section(
        "exclusions",
        "Excluded images",
        paragraph(f"{rows.height:,} images do not show the street, by the study's rule. {told}")
        + table("Excluded images, by reason", ("reason", "images"), by_reason)
        + "".join(dict.fromkeys(sheets)),
    )
