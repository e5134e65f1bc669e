"""Chapter "Change over time": points with two captures, and where they changed most."""

from typing import Any

import polars as pl

from streetview_assets.clusters.change.changes import NO_PAIRS
from streetview_assets.report.chapters.predictions import AREA
from streetview_assets.report.database import Published

MOST_CHANGED = """
select * from area_changes order by median_cosine, area_code, year limit 10
"""


def changes(published: Published) -> dict[str, Any]:
    """Find how much images of a place differ from those before, beside those of other places."""
    changes = published.of_encoder("capture_changes")
    if changes.is_empty():
        return {"why": published.why_empty("capture_changes") or NO_PAIRS}
    days = (pl.col("to_on") - pl.col("from_on")).dt.total_days()
    by_authority = changes.group_by("authority_code").agg(
        pl.col("point_id").n_unique().alias("points"),
        pl.len().alias("pairs"),
        pl.format("{} to {}", pl.min("from_on").dt.year(), pl.max("to_on").dt.year()).alias("span"),
        pl.median("cosine"),
        pl.first("cosine_elsewhere"),
        (pl.col("from_cluster") != pl.col("to_cluster")).mean().alias("moved"),
    )
    most_changed = published.ask("area_changes", MOST_CHANGED)
    most_first = by_authority.sort("points", "authority_code", descending=[True, False])
    return {
        "why": "",
        "point_count": changes["point_id"].n_unique(),
        "years": changes.select(days.median()).item() / 365.25,
        "cosine": changes["cosine"].median(),
        "elsewhere": by_authority["cosine_elsewhere"].median(),
        "by_authority": published.named(by_authority.sort("authority_code")),
        "most_changed": most_changed.with_columns(area=AREA, year=pl.col("year").cast(pl.String))
        if most_changed.height
        else [],
        "mapped": published.named(most_first).select("authority_code", "authority").rows(),
    }
