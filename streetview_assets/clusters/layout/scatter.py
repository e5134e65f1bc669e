"""Charts of layouts: a dot for each image, in the colour of its group or of a value."""

from collections.abc import Mapping
from textwrap import fill
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.charts import MOST_LOOKS, REST, dots, look, panels
from streetview_assets.figures import Axes, Figure, lead
from streetview_assets.text.counted import counted

CAUTION = (
    "Who lies beside whom says something; sizes of groups, and distances between them, mean little."
)
NAMES = {"umap": "UMAP", "tsne": "t-SNE", "umap_3d": "UMAP in space"}
PANELS_ACROSS = 3
MOST_NAMED = 14
"""Clusters that are named below a frame of several."""

NARROW = 60
"""Letters of a line above a single panel, which leave room for the legend beside it."""

COLOUR_MAP = "viridis"
LONGEST_NAME = 30


def draw_layout_groups(
    layouts: pl.DataFrame,
    groups: pl.DataFrame,
    *,
    what: str,
    title: str,
    credit: str = "",
    called: Mapping[str, str] = MappingProxyType({}),
) -> Figure:
    """Draw every layout beside the others, each image in the colour of its group.

    Parameters
    ----------
    layouts
        The table `image_layouts`, of one encoder; not empty.
    groups
        image_id, group: a text, numbers as they are written. Images without one are grey.
    what
        What the groups are.
    title
        Whose images they are.
    credit
        Whom to name at the foot.
    called
        What stands in the legend for a group, where it is another text.

    Returns
    -------
    matplotlib.figure.Figure
        Above 24 groups, the smallest are grey together.
    """
    found = layouts.join(groups, on="image_id", how="left", maintain_order="left")
    of_one = found.unique("image_id").drop_nulls("group")
    sizes = of_one["group"].value_counts().sort("count", "group", descending=[True, False])
    most = MOST_LOOKS if sizes.height <= MOST_LOOKS else MOST_LOOKS - 1
    named = sizes.head(most)["group"].to_list()
    figure, frames = _frames(found, what, title, credit)
    in_order = {name: place for place, name in enumerate(sorted(named, key=_by_number))}
    for axes, rows in frames:
        is_named = pl.col("group").is_in(named).fill_null(False)
        _add_dots(axes, rows.filter(~is_named), rows.height, color=REST)
        # The largest first, so that the small lie on top.
        for name in named:
            _add_dots(axes, rows.filter(group=name), rows.height, **look(in_order[name]))
    in_order = {called.get(name, name): place for name, place in in_order.items()}
    sizes = sizes.with_columns(pl.col("group").replace(dict(called)))
    _add_legend(figure, what, in_order, sizes, found["image_id"].n_unique())
    return figure


def draw_layout_numbers(
    layouts: pl.DataFrame, assignments: pl.DataFrame, *, title: str, credit: str = ""
) -> Figure:
    """Draw the first layout once for each number of clusters, each image in its cluster's colour.

    Parameters
    ----------
    layouts, title, credit
        As of `draw_layout_groups`.
    assignments
        The table `cluster_assignments`, of one encoder, method and space; of more than 24 clusters
        colours come again.
    """
    method, setting = layouts.select("method", "setting").row(0)
    places = layouts.filter(method=method, setting=setting)
    numbers = assignments["k"].unique().sort().to_list()
    across = min(PANELS_ACROSS, len(numbers))
    figure, frames = panels(
        len(numbers),
        (0.5 + 3.6 * across, 3.5 * -(-len(numbers) // across) + 0.9),
        across=across,
        title=f"{lead(title)}{counted(places.height, 'image')} by number of clusters, "
        f"{panel_name(method, setting)}\n{CAUTION if across > 1 else fill(CAUTION, NARROW)}",
        credit=credit,
    )
    for axes, k in zip(frames, numbers, strict=True):
        found = places.join(assignments.filter(k=k), on="image_id", how="inner")
        sizes = found["cluster"].value_counts().sort("count", "cluster", descending=[True, False])
        for cluster in sizes["cluster"]:
            _add_dots(axes, found.filter(cluster=cluster), places.height, **look(cluster - 1))
        _as_plane(axes, counted(k, "cluster"))
        if k <= MOST_NAMED:
            _name_clusters(axes, k)
    return figure


def _name_clusters(axes: Axes, k: int) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], linestyle="", markersize=4, label=str(number), **look(number - 1))
        for number in range(1, k + 1)
    ]
    axes.legend(
        handles=marks, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=min(k, 7),
        frameon=False, fontsize=7, handletextpad=0, columnspacing=0.8,
    )  # fmt: skip


def _as_plane(axes: Axes, name: str) -> None:
    """Name a frame, and take its numbers away, which mean nothing."""
    axes.set_title(name, fontsize=10)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticks([])
    axes.set_yticks([])


def draw_layout_values(
    layouts: pl.DataFrame, values: pl.DataFrame, *, what: str, title: str, credit: str = ""
) -> Figure:
    """Draw every layout beside the others, each image in the colour of a value.

    Parameters
    ----------
    layouts, title, credit
        As of `draw_layout_groups`.
    values
        image_id, value. Images without one are grey, behind the others.
    what
        What the values are.
    """
    found = layouts.join(values, on="image_id", how="left", maintain_order="left")
    known = found["value"].drop_nulls()
    figure, frames = _frames(found, what, title, credit)
    low, high = np.quantile(known.to_numpy(), [0.02, 0.98]) if len(known) else (0.0, 1.0)
    drawn = None
    for axes, rows in frames:
        _add_dots(axes, rows.filter(pl.col("value").is_null()), rows.height, color=REST)
        there = rows.drop_nulls("value")
        drawn = _add_dots(
            axes, there, rows.height, c=there["value"], cmap=COLOUR_MAP, vmin=low, vmax=high
        )
    if drawn is not None:
        figure.colorbar(drawn, ax=figure.axes, label=what, shrink=0.6, aspect=30, extend="both")
    return figure


def on_a_plane(layouts: pl.DataFrame) -> pl.DataFrame:
    """Leave out layouts in space, which no flat chart shows as they are."""
    return layouts.filter(pl.col("z").is_null())


def panel_name(method: str, setting: str) -> str:
    """Name a layout for a person."""
    return f"{NAMES[method]}, {setting}"


def _frames(
    found: pl.DataFrame, what: str, title: str, credit: str
) -> tuple[Figure, list[tuple[Axes, pl.DataFrame]]]:
    """Make a frame for each layout, in the order of the rows."""
    keys = found.select("method", "setting").unique(maintain_order=True).rows()
    across = 2 if len(keys) == 4 else min(PANELS_ACROSS, len(keys))
    caution = CAUTION if across > 1 else fill(CAUTION, NARROW)
    figure, all_axes = panels(
        len(keys),
        (max(7.0, 4.2 * across + 1.8), 4.3 * -(-len(keys) // across) + 1.1),
        across=across,
        title=f"{lead(title)}{counted(found['image_id'].n_unique(), 'image')} by {what}\n{caution}",
        credit=credit,
    )
    for axes, key in zip(all_axes, keys, strict=True):
        _as_plane(axes, panel_name(*key))
    rows = [found.filter(method=method, setting=setting) for method, setting in keys]
    return figure, list(zip(all_axes, rows, strict=True))


def _add_dots(axes: Axes, rows: pl.DataFrame, of: int, **style: Any) -> Any:
    """Draw images, smaller where there are more of them in the frame."""
    size = float(np.clip(12_000 / max(of, 1), 0.6, 22))
    return dots(axes, rows.select("x", "y").to_numpy(), size, **style)


def _add_legend(
    figure: Figure, what: str, in_order: dict[str, int], sizes: pl.DataFrame, count: int
) -> None:
    from matplotlib.lines import Line2D

    of_group = dict(sizes.select("group", "count").iter_rows())
    entries = [
        (f"{_short(name)} ({of_group[name] / count:.0%})", look(place))
        for name, place in in_order.items()
    ]
    if unnamed := count - sum(of_group[name] for name in in_order):
        few = len(of_group) - len(in_order)
        label = f"{counted(few, 'other')} and none" if few else "none"
        entries.append((f"{label} ({unnamed / count:.0%})", {"color": REST, "marker": "o"}))
    handles = [Line2D([], [], linestyle="", label=label, **style) for label, style in entries]
    figure.legend(
        handles=handles, title=what, loc="outside right center", frameon=False, fontsize=8
    )


def _by_number(name: str) -> tuple[bool, float, str]:
    return (False, float(name), "") if name.isdigit() else (True, 0.0, name)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
