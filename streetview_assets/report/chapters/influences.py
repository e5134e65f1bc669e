"""Chapter "What moves a prediction": how far an area's images move it, which ones, which words."""

from typing import Any

import polars as pl

from streetview_assets.report.database import Published


def influences(published: Published) -> dict[str, Any]:
    """Find how far images move the predictions of their areas, and what words go with it."""
    areas = published.of_encoder("area_influences")
    both = areas.drop_nulls(["top_tenth_change", "random_tenth_change"])
    farthest, by_lot = (both[f"{name}_tenth_change"].mean() for name in ("top", "random"))
    return {
        "count": areas.height,
        "single": areas["note"].count(),
        "of_final_fit": areas["validation"].null_count(),
        "pooling": published.study.pooling.statistic,
        "farthest": farthest,
        "by_lot": by_lot,
        "words": _words(published.of_encoder("word_influences")),
    }


def _words(rows: pl.DataFrame) -> pl.DataFrame:
    """Give by label the areas, the images and the mean influence, those that raise first."""
    change = pl.col("change")
    found = rows.drop_nulls("change").group_by("label")
    told = found.agg(
        areas=pl.len(),
        images=pl.col("image_count").sum(),
        change=change.mean(),
        raises=(change > 0).mean(),
    )
    return told.sort("change", "label", descending=[True, False])
