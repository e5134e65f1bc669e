"""Charts of layouts: a dot for each image, in the colour of its group or of a value."""

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.clusters.profile.map import MARKERS, REST
from streetview_assets.figures import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CAUTION = (
    "Who lies beside whom says something; sizes of groups, and distances between them, mean little."
)
NAMES = {"umap": "UMAP", "tsne": "t-SNE"}
PANELS_ACROSS = 3
NARROW = 60
"""Letters of a line above a single panel, which leave room for the legend beside it."""

COLOUR_MAP = "viridis"
LONGEST_NAME = 30


def draw_layout_groups(
    layouts: pl.DataFrame, groups: pl.DataFrame, *, what: str, title: str, credit: str = ""
) -> "Figure":
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

    Returns
    -------
    matplotlib.figure.Figure
        Above 24 groups, the smallest are grey together.
    """
    found = layouts.join(groups, on="image_id", how="left", maintain_order="left")
    of_one = found.unique("image_id").drop_nulls("group")
    sizes = of_one["group"].value_counts().sort("count", "group", descending=[True, False])
    most = len(COLOURS) * len(MARKERS)
    named = sizes.head(most if sizes.height <= most else most - 1)["group"].to_list()
    figure, panels = _panels(found, what, title, credit)
    in_order = {name: place for place, name in enumerate(sorted(named, key=_by_number))}
    for axes, panel in panels:
        size = _dot_size(panel.height)
        _dots(axes, panel.filter(~pl.col("group").is_in(named).fill_null(False)), size, REST, "o")
        # The largest first, so that the small lie on top.
        for name in named:
            place = in_order[name]
            colour = COLOURS[place % len(COLOURS)]
            marker = MARKERS[place // len(COLOURS) % len(MARKERS)]
            _dots(axes, panel.filter(group=name), size, colour, marker)
    _add_legend(figure, what, in_order, sizes, found["image_id"].n_unique())
    return figure


def draw_layout_values(
    layouts: pl.DataFrame, values: pl.DataFrame, *, what: str, title: str, credit: str = ""
) -> "Figure":
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
    figure, panels = _panels(found, what, title, credit)
    low, high = np.quantile(known.to_numpy(), [0.02, 0.98]) if len(known) else (0.0, 1.0)
    drawn = None
    for axes, panel in panels:
        size = _dot_size(panel.height)
        _dots(axes, panel.filter(pl.col("value").is_null()), size, REST, "o")
        there = panel.drop_nulls("value")
        drawn = axes.scatter(
            there["x"], there["y"], c=there["value"], s=size, cmap=COLOUR_MAP, vmin=low, vmax=high,
            linewidths=0,
        )  # fmt: skip
    if drawn is not None:
        figure.colorbar(drawn, ax=figure.axes, label=what, shrink=0.6, aspect=30, extend="both")
    return figure


def panel_name(method: str, setting: str) -> str:
    """Name a layout for a person."""
    return f"{NAMES[method]}, {setting}"


def _panels(
    found: pl.DataFrame, what: str, title: str, credit: str
) -> tuple["Figure", list[tuple["Axes", pl.DataFrame]]]:
    """Make a frame for each layout, in the order of the rows."""
    keys = found.select("method", "setting").unique(maintain_order=True).rows()
    across = 2 if len(keys) == 4 else min(PANELS_ACROSS, len(keys))
    down = -(-len(keys) // across)
    figure = new_figure(max(7.0, 4.2 * across + 1.8), 4.3 * down + 1.1, credit=credit)
    count = found["image_id"].n_unique()
    caution = CAUTION if across > 1 else fill(CAUTION, NARROW)
    figure.suptitle(f"{title}: {count:,} images by {what}\n{caution}", fontsize=10)
    grid = list(figure.subplots(down, across, squeeze=False).flat)
    panels = []
    for axes, key in zip(grid, keys, strict=False):
        axes.set_title(panel_name(*key), fontsize=10)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xticks([])
        axes.set_yticks([])
        panels.append((axes, found.filter(method=key[0], setting=key[1])))
    for axes in grid[len(keys) :]:
        axes.remove()
    return figure, panels


def _dots(axes: "Axes", rows: pl.DataFrame, size: float, colour: str, marker: str) -> None:
    axes.scatter(rows["x"], rows["y"], s=size, color=colour, marker=marker, linewidths=0)


def _dot_size(count: int) -> float:
    return float(np.clip(12_000 / max(count, 1), 0.6, 22))


def _add_legend(
    figure: "Figure", what: str, in_order: dict[str, int], sizes: pl.DataFrame, count: int
) -> None:
    from matplotlib.lines import Line2D

    handles = []
    of_group = dict(sizes.select("group", "count").iter_rows())
    for name, place in in_order.items():
        handles.append(
            Line2D(
                [], [], linestyle="", color=COLOURS[place % len(COLOURS)],
                marker=MARKERS[place // len(COLOURS) % len(MARKERS)],
                label=f"{_short(name)} ({of_group[name] / count:.0%})",
            )
        )  # fmt: skip
    unnamed = count - sum(of_group[name] for name in in_order)
    if unnamed:
        few = len(of_group) - len(in_order)
        label = f"{few} others and none" if few else "none"
        label = f"{label} ({unnamed / count:.0%})"
        handles.append(Line2D([], [], linestyle="", color=REST, marker="o", label=label))
    figure.legend(handles=handles, title=what, loc="outside right upper", frameon=False, fontsize=8)


def _by_number(name: str) -> tuple[bool, float, str]:
    return (False, float(name), "") if name.isdigit() else (True, 0.0, name)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
