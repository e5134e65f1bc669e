"""Maps of what people see in areas: the mean of each quality, and how wide its interval is."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from streetview_assets.areas.geometry import metric_crs, to_geoframe
from streetview_assets.areas.map import PHONE_IN
from streetview_assets.charts import panels
from streetview_assets.text.visible_text import in_one_line

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.figure import Figure

MOST_QUALITIES = 4
LONGEST_NAME = 40
NOTHING = "#dddddd"


def draw_perception_maps(
    perceived: pl.DataFrame,
    areas: pl.DataFrame,
    *,
    title: str,
    credit: str = "",
    narrow: bool = False,
) -> "Figure":
    """Draw areas by the mean of each quality, above, and by the width of its interval, below.

    Parameters
    ----------
    perceived
        Rows of ``area_perception``, at least one with a mean; of more than four qualities those
        with the most areas are drawn.
    areas
        Table ``areas``.
    title
        Names the study.
    credit
        Whom to name at the foot.
    narrow
        One above the other, as wide as a phone.
    """
    shown = to_geoframe(areas.unique("area_code").select("area_code", "geometry"))
    outlines = shown.to_crs(metric_crs(None, shown.geometry))
    known = perceived.drop_nulls("mean")
    counts = known.group_by("quality").len().sort("len", "quality", descending=[True, False])
    qualities = sorted(counts["quality"].head(MOST_QUALITIES).to_list())
    across, size_in = len(qualities), (3.4 * len(qualities) + 0.6, 6.8)
    if narrow:
        across, size_in = 1, (PHONE_IN, 0.8 * PHONE_IN * 2 * len(qualities) + 0.4)
    figure, frames = panels(2 * len(qualities), size_in, across=across, title=title, credit=credit)
    for place, quality in enumerate(qualities):
        own = known.filter(quality=quality)
        name = in_one_line(quality)[:LONGEST_NAME].replace("$", r"\$")
        _add(frames[place], outlines, own, pl.col("mean"), f"{name}: mean", "viridis")
        width = pl.col("upper") - pl.col("lower")
        below = frames[len(qualities) + place]
        _add(below, outlines, own, width, f"{name}: width of the interval", "magma_r")
    return figure


def _add(
    axes: Any,
    outlines: "gpd.GeoDataFrame",
    own: pl.DataFrame,
    value: pl.Expr,
    name: str,
    colours: str,
) -> None:
    values = dict(own.select("area_code", value.alias("value")).drop_nulls().iter_rows())
    shown = outlines.assign(value=[values.get(code, np.nan) for code in outlines["area_code"]])
    missing = {"color": NOTHING, "edgecolor": "white", "linewidth": 0.3}
    if values:
        shown.plot(
            "value", ax=axes, cmap=colours, legend=True, missing_kwds=missing,
            edgecolor="white", linewidth=0.3, legend_kwds={"shrink": 0.7},
        )  # fmt: skip
    else:
        shown.plot(ax=axes, **missing)
    axes.set_axis_off()
    axes.set_title(name, fontsize=9)
