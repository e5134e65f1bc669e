"""The figure by which people choose the number of clusters: every index beside the others."""

from typing import TYPE_CHECKING

import polars as pl

from streetview_assets.figures import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = {
    ("inertia",): ("inertia", "squared distances to the centres\n(look for the bend)"),
    ("silhouette",): ("silhouette", "-1 to 1\n(higher: better apart)"),
    ("calinski_harabasz",): ("Calinski-Harabasz", "(higher: better apart)"),
    ("davies_bouldin",): ("Davies-Bouldin", "(lower: better apart)"),
    ("stability_seeds", "stability_halves"): (
        "stability",
        "adjusted Rand\n(1: the same clusters, 0: by chance)",
    ),
    ("gap",): ("gap", "over points without structure\n(look for the first high one)"),
}
"""The scores of each panel, its name and how to read it."""

LINES = {"stability_seeds": "between seeds", "stability_halves": "between halves"}
SHADE = "#666666"


def draw_elbow(
    scores: pl.DataFrame,
    *,
    k: int,
    recommended: int | None = None,
    title: str = "",
    credit: str = "",
) -> "Figure":
    """Draw each score against the number of clusters, as small multiples.

    Parameters
    ----------
    scores
        The table `cluster_scores`, of one encoder and space. Lines are means over seeds, dots
        single seeds, bars the standard errors of the gap.
    k
        The study's number of clusters, marked.
    recommended
        The number that `recommend` gives, marked; None: there is none.
    title
        Whose pictures they are.
    credit
        Whom to name at the foot.
    """
    figure = new_figure(11, 6, credit=credit)
    figure.suptitle(f"{title}: how many clusters" if title else "how many clusters")
    panels = figure.subplots(2, 3).flat
    for axes, (drawn, (name, meaning)) in zip(panels, PANELS.items(), strict=True):
        for score, colour in zip(drawn, COLOURS, strict=False):
            _draw_score(axes, scores, score, colour)
        _mark(axes, k, recommended)
        _frame(axes, name, meaning, with_legend=len(drawn) > 1)
    _explain_marks(figure, k, recommended, is_told=scores["value"].is_not_null().any())
    return figure


def _draw_score(axes: "Axes", scores: pl.DataFrame, score: str, colour: str) -> None:
    there = scores.filter(pl.col("score") == score).drop_nulls("value").sort("k", "seed")
    means = there.group_by("k").agg(pl.col("value").mean()).sort("k")
    label = LINES.get(score)
    axes.plot(means["k"], means["value"], marker="o", markersize=4, color=colour, label=label)
    if there.height > means.height:
        axes.plot(there["k"], there["value"], linestyle="", marker=".", color=colour, alpha=0.5)
    if score == "gap":
        errors = means.join(scores.filter(pl.col("score") == "gap_error"), on="k").sort("k")
        axes.errorbar(
            errors["k"], errors["value"], yerr=errors["value_right"], fmt="none", ecolor=colour
        )
    if means.is_empty():
        axes.text(0.5, 0.5, "too few pictures", ha="center", transform=axes.transAxes)


def _mark(axes: "Axes", k: int, recommended: int | None) -> None:
    axes.axvline(k, color=SHADE, linestyle="--", linewidth=1)
    if recommended is not None:
        axes.axvline(recommended, color=COLOURS[1], linewidth=7, alpha=0.35, zorder=0)


def _frame(axes: "Axes", name: str, meaning: str, *, with_legend: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(name, fontsize=10)
    axes.set_xlabel("clusters", fontsize=8)
    axes.set_ylabel(meaning, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if with_legend:
        axes.legend(frameon=False, fontsize=8)


def _explain_marks(figure: "Figure", k: int, recommended: int | None, *, is_told: bool) -> None:
    from matplotlib.lines import Line2D

    study = Line2D([], [], color=SHADE, linestyle="--", linewidth=1, label=f"this study: {k}")
    label = "recommended: none, a continuum" if is_told else "recommended: none, too few pictures"
    advice = Line2D([], [], linestyle="", label=label)
    if recommended is not None:
        label = f"recommended: {recommended}"
        advice = Line2D([], [], color=COLOURS[1], linewidth=7, alpha=0.35, label=label)
    figure.legend(
        handles=[study, advice], loc="outside upper right", ncols=2, frameon=False, fontsize=8
    )
