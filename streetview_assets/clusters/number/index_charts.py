"""The figure by which people choose the number of clusters: every index beside the others."""

from typing import Any, Literal

import numpy as np
import polars as pl

from streetview_assets.charts import panels
from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.number.recommendation import Recommendation, find_elbow
from streetview_assets.figures import COLOURS, Axes, Figure, lead

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

LINES: dict[str, tuple[str, Literal["-", ":"]]] = {
    "stability_seeds": ("between seeds", "-"),
    "stability_halves": ("between halves", ":"),
}
SHADE = "#666666"
OF_SPACES = (COLOURS[0], COLOURS[5])
MARKERS = ("o", "^")
_WITH_DOTS, _WITH_TRIANGLES = zip(OF_SPACES, MARKERS, strict=True)


def draw_elbow(
    scores: pl.DataFrame,
    *,
    k: int,
    space: str = "raw",
    advice: Recommendation,
    title: str = "",
    credit: str = "",
) -> Figure:
    """Draw each score against the number of clusters, as small multiples.

    Parameters
    ----------
    scores
        The table `cluster_scores`, of one encoder, of which k-means is drawn, in one space or
        two. Lines are means over seeds, dots single seeds, bars the standard errors of the gap.
    k
        The study's number of clusters, marked.
    space
        The study's own.
    advice
        What `recommend` gives; its number is marked.
    title
        Whose images they are.
    credit
        Whom to name at the foot.
    """
    scores = scores.filter(method=METHOD)
    figure, frames = panels(len(PANELS), (11, 6.2), across=3, credit=credit)
    heading = f"{lead(title)}how many clusters" if title else "how many clusters"
    figure.suptitle(heading, x=0.01, horizontalalignment="left")
    others = scores.filter(pl.col("space") != space)["space"].unique().sort().to_list()
    drawn_as = list(zip((space, *others), OF_SPACES, MARKERS, strict=False))
    for axes, (drawn, (name, meaning)) in zip(frames, PANELS.items(), strict=True):
        for score in drawn:
            for of_space, colour, marker in reversed(drawn_as):
                _draw_score(axes, scores.filter(space=of_space), score, colour, marker)
        if not any(np.size(line.get_xdata()) for line in axes.lines):
            axes.text(0.5, 0.5, "too few images", ha="center", transform=axes.transAxes)
        _mark(axes, k, advice.k)
        _frame(axes, name, meaning, with_legend=len(drawn) > 1)
    _explain_marks(figure, k, advice, drawn_as)
    return figure


def draw_silhouette_and_inertia(
    scores: pl.DataFrame, *, title: str = "", credit: str = ""
) -> Figure:
    """Draw the silhouette on the left axis and the inertia on the right, means over seeds.

    Parameters
    ----------
    scores
        The table `cluster_scores`, of one encoder, of k-means in one space, with values.
    title
        Whose images they are.
    credit
        Whom to name at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        The largest silhouette and the bend of the inertia (see `find_elbow`) are marked.
    """
    figure, (left,) = panels(1, (8, 4.6), credit=credit)
    right = left.twinx()
    both = (
        (left, "silhouette", "silhouette (higher: better apart)", *_WITH_DOTS),
        (right, "inertia", "inertia (squared distances to the centres)", *_WITH_TRIANGLES),
    )
    found: dict[str, pl.DataFrame] = {}
    for axes, score, label, colour, marker in both:
        _draw_score(axes, scores, score, colour, marker)
        axes.set_ylabel(label, color=colour)
        axes.tick_params(axis="y", colors=colour)
        found[score] = means_of(scores, score)
    told = []
    if (silhouette := found["silhouette"]).height:
        best = silhouette.sort("value", "k", descending=[True, False])["k"][0]
        left.axvline(best, color=OF_SPACES[0], linestyle=":", linewidth=1)
        told.append(f"largest silhouette: {best}")
    bend = find_elbow(dict(found["inertia"].iter_rows()))
    if bend is not None:
        right.axvline(bend, color=OF_SPACES[1], linestyle="--", linewidth=1)
        told.append(f"bend of the inertia (Kneedle): {bend}")
    left.set_xlabel("clusters")
    left.xaxis.set_major_locator(_whole_numbers())
    heading = f"{lead(title)}" if title else ""
    left.set_title(f"{heading}silhouette and inertia\n{'; '.join(told)}", fontsize=10)
    return figure


def _whole_numbers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True)


def means_of(scores: pl.DataFrame, score: str) -> pl.DataFrame:
    """Take the mean of a score over seeds: k, value, by k.

    Parameters
    ----------
    scores
        The table `cluster_scores`, of one method and space.
    score
        As in the column of that name.
    """
    there = scores.filter(score=score).drop_nulls("value")
    return there.group_by("k").agg(pl.col("value").mean()).sort("k")


def _draw_score(axes: Axes, scores: pl.DataFrame, score: str, colour: str, marker: str) -> None:
    there = scores.filter(score=score).drop_nulls("value").sort("k", "seed")
    means = means_of(scores, score)
    _, style = LINES.get(score, ("", "-"))
    axes.plot(
        means["k"], means["value"], marker=marker, markersize=4, linestyle=style, color=colour
    )
    if there.height > means.height:
        axes.plot(there["k"], there["value"], linestyle="", marker=".", color=colour, alpha=0.5)
    if score == "gap":
        errors = means.join(scores.filter(score="gap_error"), on="k").sort("k")
        axes.errorbar(
            errors["k"], errors["value"], yerr=errors["value_right"], fmt="none", ecolor=colour
        )


def _mark(axes: Axes, k: int, recommended: int | None) -> None:
    axes.axvline(k, color=SHADE, linestyle="--", linewidth=1)
    if recommended is not None:
        axes.axvline(recommended, color=COLOURS[1], linewidth=7, alpha=0.35, zorder=0)


def _frame(axes: Axes, name: str, meaning: str, *, with_legend: bool) -> None:
    from matplotlib.lines import Line2D

    axes.set_title(name, fontsize=10)
    axes.set_xlabel("clusters", fontsize=8)
    axes.set_ylabel(meaning, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_locator(_whole_numbers())
    if with_legend:
        styles = [
            Line2D([], [], color=SHADE, linestyle=style, label=label)
            for label, style in LINES.values()
        ]
        axes.legend(handles=styles, frameon=False, fontsize=8)


def _explain_marks(
    figure: Figure,
    k: int,
    recommended: Recommendation,
    drawn_as: list[tuple[str, str, str]],
) -> None:
    from matplotlib.lines import Line2D

    study = Line2D([], [], color=SHADE, linestyle="--", linewidth=1, label=f"this study: {k}")
    label = f"recommended: {recommended.in_short}"
    advice = Line2D([], [], linestyle="", label=label)
    if recommended.k is not None:
        advice = Line2D([], [], color=COLOURS[1], linewidth=7, alpha=0.35, label=label)
    own = drawn_as[0][0] if len(drawn_as) > 1 else ""
    spaces = [
        Line2D([], [], color=colour, marker=marker, markersize=4, label=_legend_name(space, own))
        for space, colour, marker in drawn_as[: 2 if own else 0]
    ]
    figure.legend(
        handles=[*spaces, study, advice],
        loc="outside upper right",
        ncols=2,
        frameon=False,
        fontsize=8,
    )


def _legend_name(space: str, own: str) -> str:
    return f"{in_words(space)} (this study)" if space == own else in_words(space)


def in_words(space: str) -> str:
    """Name a space for a person."""
    return "raw vectors" if space == "raw" else f"{space.removeprefix('pca')} components"
