"""Chapter "Layout": images on a plane, like beside like."""

from typing import Any

import polars as pl

from streetview_assets.clusters.layout.scatter import NAMES, on_a_plane, panel_name
from streetview_assets.report.database import Published


def layout(published: Published) -> dict[str, Any]:
    """Find the layouts of each method and setting, UMAP first, settings by their number."""
    rows = published.of_encoder("image_layouts")
    number = pl.col("setting").str.extract(r" ([\d.]+)$").cast(pl.Float64, strict=False)
    made = (
        rows.group_by("method", "setting")
        .agg(pl.len(), pl.first("z"))
        .sort(pl.col("method") != "umap", "method", number.fill_null(0), "setting")
    )
    # Of each method the setting in the middle is shown.
    planes = (
        on_a_plane(made)
        .group_by("method", maintain_order=True)
        .agg(pl.col("setting").get(pl.len() // 2), (pl.len() - 1).alias("others"))
    )
    return {
        "count": made["len"].max(),
        "made": [(NAMES[method], setting) for method, setting, *_ in made.iter_rows()],
        "planes": [
            (
                f"layout_images_{method}_{setting.replace(' ', '_')}",
                panel_name(method, setting),
                others,
            )
            for method, setting, others in planes.iter_rows()
        ],
    }
