"""A map of the points of all authorities, coloured by their main cluster."""

from collections.abc import Mapping

import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.map import PHONE_IN, add_scale_bar
from streetview_assets.charts import MOST_LOOKS, REST, dots, look, panels
from streetview_assets.clusters.names.cluster_names import NO_NAMES, cluster_label
from streetview_assets.figures import Axes, Figure, lead
from streetview_assets.text.counted import counted

OUTLINE = "#cccccc"
METRES_A_DEGREE = 111_195.0
LEAST_WIDTH_M = 200.0
SCALE_BAR_UP_TO_M = 1_000_000.0
"""Beyond, a degree of longitude differs too much over the map for a bar to be true."""


def draw_cluster_map(
    points: pl.DataFrame,
    areas: pl.DataFrame,
    *,
    k: int,
    title: str,
    credit: str = "",
    names: Mapping[int, str] = NO_NAMES,
    narrow: bool = False,
) -> Figure:
    """Draw points in the colours of their main clusters, over the outlines of areas around them.

    Parameters
    ----------
    points
        What `point_clusters` gives; not empty.
    areas
        The table `areas`; may be empty.
    k
        Number of clusters. Above 24, the smallest by points are drawn in grey together.
    title
        Whose images they are.
    credit
        Whom to name at the foot.
    names
        Of clusters that have one.
    narrow
        As wide as a phone, with the legend below.
    """
    size_in = (PHONE_IN, PHONE_IN + 1.2 + 0.1 * min(k, MOST_LOOKS)) if narrow else (8.5, 6.5)
    figure, (axes,) = panels(1, size_in, credit=credit)
    # Metres east and north of the middle: points may lie anywhere, in no one grid's zone.
    middle = points.select(
        *((pl.col(name).min() + pl.col(name).max()) / 2 for name in ("longitude", "latitude"))
    ).row(0)
    scale = METRES_A_DEGREE * np.array([np.cos(np.radians(middle[1])), 1.0])
    places = (points.select("longitude", "latitude").to_numpy() - middle) * scale
    low, high = places.min(axis=0), places.max(axis=0)
    margin = np.maximum(0.04 * (high - low).max(), LEAST_WIDTH_M / 2)
    low, high = low - margin, high + margin
    _add_outlines(axes, areas, low / scale + middle, high / scale + middle, (middle, scale))
    shown = _add_points(axes, places, points["cluster"], k, names)
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1] - margin, high[1])
    if high[0] - low[0] < SCALE_BAR_UP_TO_M:
        add_scale_bar(axes, low[0], low[1], high[0], high[1])
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(
        f"{lead(title)}the main cluster of each of {counted(points.height, 'point')}\n"
        f"({shown}; in brackets the share of the points)",
        fontsize=10,
    )
    legend = (
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2, frameon=False, fontsize=8
        )
        if narrow
        else figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    )
    for handle in legend.legend_handles:
        if handle is not None and hasattr(handle, "set_sizes"):
            handle.set_sizes([36])
    return figure


def _add_points(
    axes: Axes, places: np.ndarray, clusters: pl.Series, k: int, names: Mapping[int, str]
) -> str:
    """Draw clusters, the largest first, so that the small lie on top; say how many are named."""
    of_point = clusters.to_numpy()
    sizes = np.bincount(of_point, minlength=k + 1)[1:]
    most = k if k <= MOST_LOOKS else MOST_LOOKS - 1
    named = np.sort(np.argsort(-sizes, kind="stable")[:most]) + 1
    size = float(np.clip(60_000 / len(places), 1.5, 30))
    rest = ~np.isin(of_point, named)
    if rest.any():
        label = f"{counted(k - len(named), 'other')} ({rest.mean():.0%})"
        dots(axes, places[rest], size, color=REST, label=label)
    for place, cluster in enumerate(named.tolist()):
        own = places[of_point == cluster]
        # By number, so that maps of several studies agree; by place where numbers run too high.
        dots(
            axes, own, size, **look(cluster - 1 if k <= MOST_LOOKS else place),
            edgecolors="#444444", linewidths=0.3 if size > 8 else 0, zorder=3,
            label=f"{cluster_label(cluster, names)} ({len(own) / len(places):.0%})",
        )  # fmt: skip
    return (
        f"all {counted(k, 'cluster')}"
        if k <= MOST_LOOKS
        else f"the {len(named)} largest of {counted(k, 'cluster')}"
    )


def _add_outlines(
    axes: Axes,
    areas: pl.DataFrame,
    low: np.ndarray,
    high: np.ndarray,
    projection: tuple[tuple[float, ...], np.ndarray],
) -> None:
    """Draw the outlines of areas that reach into a box of degrees."""
    from matplotlib.collections import LineCollection

    if areas.is_empty():
        return
    shapes = shapely.from_wkb(np.array(areas["geometry"].to_list(), dtype=object))
    near = shapes[shapely.intersects(shapely.envelope(shapes), shapely.box(*low, *high))]
    middle, scale = projection
    rings = shapely.get_rings(shapely.get_parts(near))
    axes.add_collection(
        LineCollection(
            [(shapely.get_coordinates(ring) - middle) * scale for ring in rings],
            colors=OUTLINE,
            linewidths=float(np.clip(12 / np.sqrt(max(len(near), 1)), 0.1, 0.8)),
        )
    )
