"""Chapter "Excluded images": what does not show the street, by the study's rule."""

from typing import Any

import polars as pl

from streetview_assets.report.database import Published

MOST_SHEETS = 4


def exclusions(published: Published) -> dict[str, Any]:
    """Count the images that the rule excludes."""
    rows = published.of_encoder("image_exclusions")
    of = published.named(rows.select("authority_code").unique().sort("authority_code"))
    return {
        "count": rows.height,
        "dropped": rows["is_dropped"].sum(),
        "by_reason": rows.group_by("reason").agg(pl.len().alias("images")).sort("reason"),
        "sheets": [
            ("image_exclusions", f"{name}: images that the rule excludes.", code)
            for code, name in of.head(MOST_SHEETS).iter_rows()
        ],
    }
