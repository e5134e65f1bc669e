"""Chart of predicted against observed deciles of areas, one panel a validation."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.figures import INK, new_figure
from streetview_assets.models.ordinal.aggregation import MEAN_CONTINUOUS, to_areas
from streetview_assets.models.ordinal.metrics import count_table, measure_tables, of_common_areas
from streetview_assets.models.ordinal.network import DECILES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = {
    "random": "random folds",
    "blocks": "spatial blocks",
    "authorities": "authorities held out",
    "holdout": "network of another study",
}


def draw_deciles(outputs: pl.DataFrame, *, title: str, credit: str = "") -> "Figure | None":
    """Draw how many areas of each observed decile were predicted in which.

    Parameters
    ----------
    outputs
        Table `ordinal_outputs`. Of networks that were not trained further, and of the areas that
        are scored.
    title
        Names the study and the target.
    credit
        Whom to name at the foot.

    Returns
    -------
    matplotlib.figure.Figure or None
        None where no area has both a prediction and a value.
    """
    known = outputs.drop_nulls("observed")
    panels = [name for name in PANELS if name in set(known["validation"])]
    if not panels:
        return None
    figure = new_figure(4.1 * len(panels) + 0.4, 4.7, credit=credit)
    figure.suptitle(f"{title}: number of areas (framed: predicted as observed)")
    all_axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, validation in zip(all_axes, panels, strict=True):
        scored = of_common_areas(known.filter(validation=validation))
        area = to_areas(scored.filter(share_added=0.0))
        table = count_table(area["observed"].to_numpy(), area[MEAN_CONTINUOUS].to_numpy())
        _add_panel(axes, table, PANELS[validation])
    all_axes[0].set_ylabel("predicted decile, areas held out")
    return figure


def _add_panel(axes: "Axes", table: np.ndarray, name: str) -> None:
    from matplotlib.patches import Rectangle

    kappa = float(measure_tables(table[None])["quadratic_kappa"][0])
    score = f"weighted kappa = {kappa:.2f}" if np.isfinite(kappa) else "kappa not defined"
    upright = table.T
    axes.imshow(upright, cmap="Blues", origin="lower", vmin=0)
    deepest = upright.max()
    for (predicted, observed), count in np.ndenumerate(upright):
        if count:
            ink = "white" if count > 0.55 * deepest else INK
            place = (observed, predicted)
            axes.text(*place, f"{count:.0f}", ha="center", va="center", fontsize=8, color=ink)
    for right in range(DECILES):
        corner = (right - 0.5, right - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=INK, linewidth=0.8))
    ticks = range(DECILES)
    axes.set_xticks(ticks, [str(tick + 1) for tick in ticks])
    axes.set_yticks(ticks, [str(tick + 1) for tick in ticks])
    axes.set_xlabel("observed decile (1: lowest values)")
    axes.set_title(f"{name}\n{score}, {int(table.sum()):,} areas", fontsize=10)
