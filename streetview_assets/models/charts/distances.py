"""How far areas were held out, beside how far what is to be predicted lies.

Two distributions of nearest-neighbour distances, as `geodist` of the R package CAST draws them
(Meyer and Pebesma 2022, Nature Communications 13: 2208).
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from streetview_assets.charts import bare, panels
from streetview_assets.figures import COLOURS, Figure
from streetview_assets.models.results.validation_facts import TO_PREDICT
from streetview_assets.validations import VALIDATIONS, mild_first

DISTANCES = "distances"
"""Name of the figure."""


def distances_frame(distances: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """Give what the figure shows as rows: `of` and `distance_m`.

    Parameters
    ----------
    distances
        Validation, or `TO_PREDICT`, to distances to the nearest area that is learned from,
        metres; each of shape (n,).
    """
    parts = [pl.DataFrame({"of": name, "distance_m": one}) for name, one in distances.items()]
    return pl.concat([pl.DataFrame(schema={"of": pl.String, "distance_m": pl.Float64}), *parts])


def draw_distances(known: pl.DataFrame, *, title: str, credit: str = "") -> Figure:
    """Draw the share of areas within a distance: to be predicted, and held out by each validation.

    Parameters
    ----------
    known
        What `distances_frame` gives.
    title
        Names the target.
    credit
        Whom to name at the foot.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    distances = {str(name): rows["distance_m"].to_numpy() for (name,), rows in known.group_by("of")}
    figure, (axes,) = panels(1, (6.5, 4.2), credit=credit)
    for number, name in enumerate(mild_first(distances)):
        axes.ecdf(
            distances[name] / 1000,
            color=COLOURS[number],
            linewidth=1.6,
            label=VALIDATIONS[name].symbol,
        )
    axes.ecdf(distances[TO_PREDICT] / 1000, color="black", linewidth=2.4, linestyle=":",
              label=TO_PREDICT)  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("distance to the nearest area that is learned from, km")
    axes.set_ylabel("share of areas within it")
    axes.set_title(title)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    bare(axes)
    return figure
