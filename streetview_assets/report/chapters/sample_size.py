"""Chapter "The number of images": scores by the images drawn of each kind of scene."""

from typing import Any

import polars as pl

from streetview_assets.metrics import REGRESSION
from streetview_assets.models.evaluations.sample_size import ALL
from streetview_assets.models.evaluations.sample_size_summary import free_and_constant, mean_curves
from streetview_assets.report.cells import NONE, Cell, rounded
from streetview_assets.report.database import Published

MOST_ROWS = 24


def sample_size(published: Published) -> dict[str, Any] | None:
    """Find the curves, areas left free and held constant; None where there are no scores."""
    rows = published.of_encoder("sample_size_scores").filter(target=published.target or "")
    settings = published.study.sample_size
    metric = settings.metric if settings else "r2"
    curves = mean_curves(rows, metric)
    if curves.is_empty():
        return None
    held = [areas for areas in ("free", "constant") if areas in set(curves["areas"])]
    k = published.study.clusters.k
    return {
        "symbol": REGRESSION[metric].symbol,
        "said": free_and_constant(rows, metric) if len(held) == 2 else "",
        "caveats": _caveats(rows),
        "curves": {areas: _by_size(curves.filter(areas=areas), k) for areas in held},
    }


def _caveats(rows: pl.DataFrame) -> list[str]:
    """Say what flatters the scores: parameters that were chosen on what is held out."""
    return rows.drop_nulls("value")["note"].drop_nulls().unique().sort().to_list()


def _by_size(curves: pl.DataFrame, own: int) -> dict[str, Any]:
    """Show each kind of scene, and all images, at every size, of one number of clusters."""
    numbers = curves.filter(pl.col("group_name") != ALL)["k"].unique().sort()
    k = min(numbers, key=lambda one: abs(one - own), default=1)
    shown = curves.filter((pl.col("k") == k) | (pl.col("group_name") == ALL))
    found = {
        (name, size): Cell(rounded(mean), f"± {sd:.2f}")
        for name, size, mean, sd in shown.select("group_name", "sample_size", "mean", "sd").rows()
    }
    sizes = sorted({size for _, size in found})
    names = sorted({name for name, _ in found}, key=lambda name: (name != ALL, len(name), name))
    rows = [
        [
            "all images" if name == ALL else name,
            *(found.get((name, size), Cell(NONE)) for size in sizes),
        ]
        for name in names[:MOST_ROWS]
    ]
    return {"rows": rows, "columns": ["images of", *(f"{size:,}" for size in sizes)], "k": k}
