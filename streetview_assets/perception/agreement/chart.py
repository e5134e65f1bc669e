"""Chart of scores as a share of the ceiling that people's own disagreement sets."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.charts import ZERO_LINE, bare, intervals, panels
from streetview_assets.figures import COLOURS
from streetview_assets.text.visible_text import in_one_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 40
LONGEST_NAME = 40


def draw_ceiling_shares(scores: pl.DataFrame, *, title: str, credit: str = "") -> "Figure":
    """Draw R² as a share of the ceiling, with its interval, a line a quality and group.

    Parameters
    ----------
    scores
        Rows of ``perception_scores`` with metric `ceiling_share` of the model `chosen` under one
        validation, at least one of them defined; of more than forty the first by name are drawn.
    title
        Names the study.
    credit
        Whom to name at the foot.
    """
    known = scores.drop_nulls("value").sort("quality", pl.col("group_name") != "all", "group_name")
    shown = known.head(MOST_ROWS)
    size_in = (7.0, 1.4 + 0.28 * shown.height)
    figure, (axes,) = panels(1, size_in, title=title, credit=credit)
    places = -np.arange(shown.height)
    everybody = shown["group_name"] == "all"
    colours = [COLOURS[0] if whole else COLOURS[1] for whole in everybody]
    intervals(axes, places, shown["lower"], shown["upper"], color="#777777")
    axes.scatter(shown["value"], places, c=colours, zorder=3)
    axes.set_yticks(
        places,
        [
            in_one_line(f"{quality}, {group}")[:LONGEST_NAME].replace("$", r"\$")
            for quality, group in shown.select("quality", "group_name").iter_rows()
        ],
        fontsize=8,
    )
    for share in (0, 1):
        axes.axvline(share, color=ZERO_LINE, linewidth=0.8)
    axes.set_xlabel("R² as a share of the ceiling (1: as good as people's agreement allows)")
    bare(axes)
    return figure
