"""A heat map: how the share of each cluster, and of each label, goes with each target."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.clusters.profile.profile import BY_LABEL
from streetview_assets.clusters.profile.target_profile import INTERVAL_LEVEL
from streetview_assets.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 40
COLOUR_MAP = "PuOr_r"
"""Two hues that the colour-blind can tell apart, white between."""


def draw_spearman(profile: pl.DataFrame, *, title: str, credit: str = "") -> "Figure":
    """Draw Spearman's rank correlation of shares with targets, numbers in the cells.

    Parameters
    ----------
    profile
        The table `cluster_profile`, of one fit, with rows of `spearman`.
    title
        Whose images they are.
    credit
        Whom to name at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        A row for each cluster, then for each label; above 40 those that go with a target most.
    """
    found = profile.filter(measure="spearman").with_columns(
        pl.when(method=BY_LABEL)
        .then("group_name")
        .otherwise(pl.format("cluster {}", "group_name"))
        .alias("name"),
        (pl.col("method") == BY_LABEL).alias("is_label"),
        pl.col("group_name").cast(pl.Int64, strict=False).alias("number"),
        pl.col("value").abs().max().over("method", "group_name").fill_null(-1).alias("most"),
    )
    groups = found.unique(["method", "group_name"], maintain_order=True)
    strongest = groups.sort("most", "name", descending=[True, False]).head(MOST_ROWS)
    rows = strongest.sort("is_label", "number", "name", nulls_last=True)
    targets = found["subject"].unique().sort().to_list()
    cells = {
        (method, name, target): (value, lower, upper)
        for method, name, target, value, lower, upper in found.select(
            "method", "group_name", "subject", "value", "lower", "upper"
        ).iter_rows()
    }
    keys = rows.select("method", "group_name").rows()
    numbers = np.array(
        [[_number(cells.get((*key, target))) for target in targets] for key in keys], dtype=float
    )
    figure = new_figure(max(5.0, 2.8 + 1.1 * len(targets)), 1.9 + 0.34 * len(keys), credit=credit)
    axes = figure.subplots()
    drawn = axes.imshow(numbers, cmap=COLOUR_MAP, vmin=-1, vmax=1, aspect="auto")
    for row, key in enumerate(keys):
        for column, target in enumerate(targets):
            text, style = _text(cells.get((*key, target)))
            light = abs(numbers[row, column]) > 0.65
            axes.text(
                column, row, text, ha="center", va="center", fontsize=9, fontweight=style,
                color="white" if light else "black",
            )  # fmt: skip
    axes.set_xticks(range(len(targets)), targets, rotation=25, ha="right")
    axes.set_yticks(range(len(keys)), rows["name"].to_list())
    few = f", {MOST_ROWS} of {groups.height}" if groups.height > MOST_ROWS else ""
    counts = found["unit_count"].to_list()
    areas = " to ".join(f"{count:,}" for count in sorted({min(counts), max(counts)}))
    axes.set_title(
        f"{title}: share of an area's images against targets{few}\n"
        f"Spearman over {areas} areas; bold where the {INTERVAL_LEVEL:.0%} interval leaves out 0,\n"
        "areas taken as independent, which neighbours are not",
        fontsize=9,
    )
    figure.colorbar(drawn, ax=axes, label="Spearman's rank correlation", shrink=0.9)
    return figure


def _number(cell: tuple[float | None, ...] | None) -> float:
    return np.nan if cell is None or cell[0] is None else cell[0]


def _text(cell: tuple[float | None, ...] | None) -> tuple[str, str]:
    if cell is None or cell[0] is None:
        return "none", "normal"
    value, lower, upper = cell
    clear = lower is not None and upper is not None and (lower > 0 or upper < 0)
    return f"{value:+.2f}", "bold" if clear else "normal"
