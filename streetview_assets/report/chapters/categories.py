"""Chapter "Categories": how well vectors tell the categories that the images came with."""

from typing import Any

import polars as pl

from streetview_assets.report.cells import Cell, crossed
from streetview_assets.report.database import Published

MOST_CATEGORIES = 30
"""Rows of a table of categories; a confusion of more cannot be read."""


def categories(published: Published) -> dict[str, Any] | None:
    """Find the scores of a classifier on the vectors; None where nothing was scored."""
    rows = published.of_encoder("category_scores").drop_nulls("value")
    if rows.is_empty():
        return None
    named = rows.filter(pl.col("category") != "", predicted_category="")
    recall = pl.col("image_count").filter(measure="recall").first()
    of_measure = [
        pl.col("value").filter(measure=measure).first().alias(measure)
        for measure in ("precision", "recall", "f1")
    ]
    by_category = named.group_by("category").agg(recall.alias("count"), *of_measure)
    ordered = by_category.sort("count", "category", descending=[True, False])
    return {
        "whole": {row["measure"]: row for row in rows.filter(category="").to_dicts()},
        "by_category": ordered.drop_nulls("count").head(MOST_CATEGORIES),
        "confusion": _confusion(rows.filter(measure="confusion")),
    }


def _confusion(pairs: pl.DataFrame) -> dict[str, Any] | None:
    count = crossed(pairs.select("category", "predicted_category", "value"))
    names = sorted({name for pair in count for name in pair})
    if not 0 < len(names) <= MOST_CATEGORIES:
        return None
    rows = [[own, *(Cell(f"{count.get((own, to), 0):,.0f}") for to in names)] for own in names]
    return {"columns": ["category", *names], "rows": rows}
