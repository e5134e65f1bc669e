"""The figure by which people choose the number of clusters."""

from typing import TYPE_CHECKING

import polars as pl

from streetview_assets.figures import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEANINGS = {
    "inertia": "inertia: squared distances to the centres\n(lower: tighter; look for the bend)",
    "silhouette": "silhouette, -1 to 1\n(higher: better apart)",
}


def draw_elbow(scores: pl.DataFrame, *, k: int, title: str = "", credit: str = "") -> "Figure":
    """Draw inertia and silhouette against the number of clusters.

    Parameters
    ----------
    scores
        The table `cluster_scores`, of one encoder and space.
    k
        The study's number of clusters, marked.
    title
        Whose pictures they are.
    credit
        Whom to name at the foot.
    """
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(8, 3.8, credit=credit)
    figure.suptitle(f"{title}: how many clusters" if title else "how many clusters")
    for axes, (score, meaning), colour in zip(
        figure.subplots(1, 2), MEANINGS.items(), COLOURS, strict=False
    ):
        of_score = scores.filter(pl.col("score") == score).drop_nulls("value").sort("k")
        axes.plot(of_score["k"], of_score["value"], marker="o", color=colour)
        axes.axvline(k, color="#666666", linestyle="--", linewidth=1, label=f"this study: {k}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("clusters")
        axes.set_ylabel(meaning)
        if of_score.is_empty():
            axes.text(0.5, 0.5, "too few pictures", ha="center", transform=axes.transAxes)
        axes.legend(frameon=False)
    return figure
