"""Chart of predicted against observed deciles of areas, one panel a validation."""

import numpy as np
import polars as pl

from streetview_assets.charts import frame_diagonal, heat_map, panels
from streetview_assets.figures import INK, Axes, Figure, lead
from streetview_assets.models.ordinal.aggregation import MEAN_CONTINUOUS, to_areas
from streetview_assets.models.ordinal.network import DECILES
from streetview_assets.models.ordinal.score_rows import count_table, measure_tables, of_common_areas
from streetview_assets.text.counted import counted
from streetview_assets.validations import VALIDATIONS, mild_first

_PANELS = {name: one.symbol for name, one in VALIDATIONS.items()}
_PANELS["holdout"] = "network of another study"


def draw_deciles(outputs: pl.DataFrame, *, title: str, credit: str = "") -> Figure | None:
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
    shown = mild_first(known["validation"])
    if not shown:
        return None
    figure, all_axes = panels(len(shown), (4.1 * len(shown) + 0.4, 4.7), credit=credit, sharey=True)
    figure.suptitle(f"{lead(title)}number of areas (framed: predicted as observed)")
    for axes, validation in zip(all_axes, shown, strict=True):
        scored = of_common_areas(known.filter(validation=validation))
        area = to_areas(scored.filter(share_added=0.0))
        table = count_table(area["observed"].to_numpy(), area[MEAN_CONTINUOUS].to_numpy())
        _add_panel(axes, table, _PANELS[validation])
    all_axes[0].set_ylabel("predicted decile, areas held out")
    return figure


def _add_panel(axes: Axes, table: np.ndarray, name: str) -> None:
    kappa = float(measure_tables(table[None])["quadratic_kappa"][0])
    score = f"weighted kappa = {kappa:.2f}" if np.isfinite(kappa) else "kappa not defined"
    upright = table.T
    deciles = [str(decile + 1) for decile in range(DECILES)]
    heat_map(
        axes,
        upright,
        [[f"{count:.0f}" if count else "" for count in row] for row in upright],
        rows=deciles,
        columns=deciles,
        colours="Blues",
        limits=(0, None),
    )
    axes.invert_yaxis()
    frame_diagonal(axes, DECILES, INK, linewidth=0.8)
    axes.set_xlabel("observed decile (1: lowest values)")
    axes.set_title(f"{name}\n{score}, {counted(int(table.sum()), 'area')}", fontsize=10)
