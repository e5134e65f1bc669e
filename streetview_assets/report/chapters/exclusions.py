"""Chapter "Pictures set aside": what does not show the street, by the study's rule."""

import polars as pl

from streetview_assets.report.database import Published
from streetview_assets.report.figures import kept_figure
from streetview_assets.report.html import Row, Section, paragraph, table

SHEET = "pictures_set_aside"
MOST_SHEETS = 4


def set_aside_section(published: Published) -> Section | None:
    """Count the pictures that the rule sets aside, and show some; None where there are none."""
    rows = published.of_encoder("pictures_set_aside")
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
            f"{published.authority_names.get(code, code)}: pictures that the rule sets aside.",
            of=code,
            shows_pictures=True,
        )
        for code in rows["authority_code"].unique().sort()[:MOST_SHEETS]
    ]
    return Section(
        "set-aside",
        "Pictures set aside",
        paragraph(f"{rows.height:,} pictures do not show the street, by the study's rule. {told}")
        + table("Pictures set aside, by reason", ("reason", "pictures"), by_reason)
        + "".join(dict.fromkeys(sheets)),
    )
