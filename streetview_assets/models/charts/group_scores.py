"""Charts of models of groups: group by group, and every target by every group."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from streetview_assets.charts import LOWEST_SCORE, ZERO_LINE, dots, grid_of, intervals, panels
from streetview_assets.figures import COLOURS, INK, Axes, Figure, lead, over
from streetview_assets.metrics import REGRESSION, Metric, measure
from streetview_assets.models.charts.heatmap import r2_heat_map, r2_text
from streetview_assets.models.evaluations.models_by_group import (
    ALL,
    ALL_IMAGES,
    COMMON,
    OWN,
    fitted_model,
)
from streetview_assets.text.counted import counted
from streetview_assets.text.visible_text import shortened
from streetview_assets.validations import VALIDATIONS, mild_first

AREA_SETS = {COMMON: "areas that all groups have", OWN: "all areas of the group"}
FOUR = ("r2", "nrmse", "mae", "spearman")
"""The scores of the figure of four; RMSE is NRMSE times the spread of the areas' values."""
IN_WORDS = {
    "ridge": "ridge",
    "tuned": "the best candidate, tuned in each fold",
    "published": "the published recipe",
}
MOST_GROUPS = 24
"""Of more groups, those with the most images are drawn, and the title says so."""

_HEIGHT = 0.36


def draw_group_scores(scores: pl.DataFrame, *, title: str, credit: str = "") -> Figure:
    """Draw R² of each group's model as bars with intervals, on the common and on its own areas.

    Parameters
    ----------
    scores
        Table `group_model_scores` of one target and one grouping, with at least one score.
    title
        Names the study and the target.
    credit
        Whom to name at the foot.
    """
    scores, some = _largest(scores)
    model = fitted_model(scores)
    r2 = scores.filter(pl.col("value").is_not_null(), metric="r2")
    names = in_order(scores)
    shown = mild_first(r2["validation"])
    figure, all_axes = panels(
        len(shown), (4.4 * len(shown) + 3, 2.1 + 0.52 * len(names)), credit=credit,
        sharex=True, sharey=True,
    )  # fmt: skip
    for axes, validation in zip(all_axes, shown, strict=True):
        mine = r2.filter(validation=validation)
        for number, area_set in enumerate(AREA_SETS):
            rows = mine.filter(area_set=area_set)
            _add_bars(axes, rows, names, number, model)
        axes.axvline(0, color=ZERO_LINE, linewidth=0.8)
        axes.set_title(VALIDATIONS[validation].symbol, fontsize=10)
        axes.set_xlabel(f"R² of {IN_WORDS[model]}, pooled over held-out areas")
    figure.suptitle(f"{title}{some}")
    _name_groups(figure, all_axes[0], r2, names, model)
    return figure


def draw_group_metrics(scores: pl.DataFrame, *, title: str, credit: str = "") -> Figure:
    """Draw R², NRMSE, MAE and Spearman's ρ of each group's model, as bars with intervals.

    Parameters
    ----------
    scores
        Table `group_model_scores` of one target, one grouping and one validation, with at least
        one score.
    title
        Names the study and the target.
    credit
        Whom to name at the foot.
    """
    scores, some = _largest(scores)
    model, names = fitted_model(scores), in_order(scores)
    valued = scores.filter(pl.col("value").is_not_null())
    size_in = (2.9 * len(FOUR) + 3, 2.1 + 0.52 * len(names))
    figure, all_axes = panels(len(FOUR), size_in, credit=credit, sharey=True)
    for axes, metric in zip(all_axes, (REGRESSION[name] for name in FOUR), strict=True):
        mine = valued.filter(metric=metric.name)
        for number, area_set in enumerate(AREA_SETS):
            _add_bars(axes, mine.filter(area_set=area_set), names, number, model, metric)
        axes.axvline(0, color=ZERO_LINE, linewidth=0.8)
        axes.set_xlabel(metric.symbol)
    shown = VALIDATIONS[scores["validation"][0]].symbol
    figure.suptitle(f"{title}{some}\n{IN_WORDS[model]}, held out by {shown}", fontsize=11)
    _name_groups(figure, all_axes[0], valued.filter(metric="r2"), names, model)
    return figure


def _name_groups(
    figure: Figure, axes: Axes, r2: pl.DataFrame, names: list[str], model: str
) -> None:
    axes.set_yticks(range(len(names)), _with_areas(r2, names, model))
    axes.set_ylim(len(names) - 0.4, -0.6)
    handles, labels = axes.get_legend_handles_labels()
    kept = dict(zip(labels, handles, strict=True))
    figure.legend(kept.values(), kept.keys(), loc="outside right upper", frameon=False, fontsize=8)


def draw_group_matrix(
    scores: pl.DataFrame, *, called: Mapping[str, str], title: str, credit: str = ""
) -> Figure:
    """Draw R² of every target (rows) by every group (columns), under spatial blocks.

    Parameters
    ----------
    scores
        Table `group_model_scores` of one grouping.
    called
        What people call each target, in the order in which they are drawn.
    title
        Names the study.
    credit
        Whom to name at the foot.
    """
    scores, some = _largest(scores)
    targets, model = list(called), fitted_model(scores)
    r2 = scores.filter(metric="r2", model=model, validation="blocks")
    names = in_order(scores)
    wide = 0.72 * len(names)
    size_in = (2 * wide + 4.6, max(3.4, 2.4 + 0.42 * len(targets)))
    figure, all_axes = panels(2, size_in, credit=credit, sharey=True)
    for axes, area_set in zip(all_axes, AREA_SETS, strict=True):
        mine = r2.filter(area_set=area_set)
        r2_heat_map(
            axes,
            grid_of(mine.select("target", "group_name", "value"), targets, names),
            rows=list(called.values()),
            columns=[shortened(name) for name in names],
            slanted_deg=45,
            with_bar=area_set == OWN,
        )
        axes.set_title(f"on {AREA_SETS[area_set]}", fontsize=10)
    figure.suptitle(
        f"{over((title + some).lstrip(', '))}R² of {IN_WORDS[model]}, held out by spatial blocks",
        fontsize=11,
    )
    return figure


def draw_group_predictions(predictions: pl.DataFrame, *, title: str, credit: str = "") -> Figure:
    """Draw held-out predictions against observed values, a frame a group.

    Parameters
    ----------
    predictions
        group_name, observed and predicted of one grouping; not empty.
    title
        Names the target.
    credit
        Whom to name at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        On the dashed line both are the same; the dotted one is the mean of the observed. Of more
        than 24 groups those with the most areas.
    """
    sizes = predictions["group_name"].value_counts()
    largest = sizes.sort("count", "group_name", descending=[True, False]).head(MOST_GROUPS)
    names = in_order(predictions.join(largest, on="group_name", how="semi"))[1:]
    across = min(len(names), 4)
    size_in = (0.7 + 2.6 * across, 1.2 + 2.6 * -(-len(names) // across))
    some = (
        f", {len(names)} of {counted(sizes.height, 'group')}" if sizes.height > len(names) else ""
    )
    figure, frames = panels(
        len(names), size_in, across=across, credit=credit, sharex=True, sharey=True,
        title=f"{lead(title)}by the images of each group alone{some}\n"
        "held out by spatial blocks",
    )  # fmt: skip
    ends = predictions.select(low=pl.min("observed"), high=pl.max("observed")).row(0)
    for axes, name in zip(frames, names, strict=True):
        own = predictions.filter(group_name=name).select("observed", "predicted").to_numpy()
        dots(axes, own, float(np.clip(400 / np.sqrt(len(own)), 3, 25)), color=COLOURS[0], alpha=0.6)
        axes.plot(ends, ends, color=INK, linewidth=1, linestyle="--")
        axes.axhline(own[:, 0].mean(), color=INK, linewidth=1, linestyle=":")
        r2 = measure(own[:, 0], own[:, 1])["r2"]
        score = "not defined" if r2 is None else f"= {r2_text(r2)}"
        axes.set_title(f"{shortened(name)}: R² {score}, {counted(len(own), 'area')}", fontsize=9)
    figure.supylabel("predicted", fontsize=9)
    for axes in frames[-across:]:
        axes.set_xlabel("observed", fontsize=9)
        axes.tick_params(labelbottom=True)
    return figure


def _largest(scores: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    sizes = scores.filter(pl.col("group_name") != ALL).group_by("group_name")
    largest = sizes.agg(pl.col("image_count").max()).sort(
        "image_count", "group_name", descending=[True, False]
    )
    if largest.height <= MOST_GROUPS:
        return scores, ""
    kept = [ALL, *largest["group_name"].head(MOST_GROUPS)]
    some = f", the {MOST_GROUPS} of {counted(largest.height, 'group')} with the most images"
    return scores.filter(pl.col("group_name").is_in(kept)), some


def in_order(scores: pl.DataFrame) -> list[str]:
    """Name the groups in order: all images, then clusters by number, or labels by name."""
    names = set(scores["group_name"]) - {ALL}
    return [ALL, *sorted(names, key=lambda name: (len(name) if _is_numbered(name) else 0, name))]


def _is_numbered(name: str) -> bool:
    return name.startswith("cluster ") and name.removeprefix("cluster ").isdigit()


def _add_bars(
    axes: Axes,
    rows: pl.DataFrame,
    names: list[str],
    number: int,
    model: str,
    metric: Metric = REGRESSION["r2"],
) -> None:
    """Draw the bars of one set of areas, and diamonds for all images of the same areas."""
    lowest = max(LOWEST_SCORE, metric.axis[0])
    height = {name: place + (number - 0.5) * _HEIGHT for place, name in enumerate(names)}
    own = rows.filter(model=model)
    places = [height[name] for name in own["group_name"]]
    label = list(AREA_SETS.values())[number]
    colour = COLOURS[number]
    axes.barh(places, own["value"].clip(lowest), height=_HEIGHT * 0.9, color=colour, label=label)
    intervals(axes, places, own["lower"], own["upper"], lowest=lowest, color=INK, linewidth=1.2)
    whole = rows.filter(model=model + ALL_IMAGES)
    axes.scatter(
        whole["value"].clip(lowest),
        [height[name] for name in whole["group_name"]],
        marker="D", s=24, color="white", edgecolor=INK, zorder=4,
        label="all images of the same areas",
    )  # fmt: skip


def _with_areas(r2: pl.DataFrame, names: list[str], model: str) -> list[str]:
    """Put the number of areas below each name: the common ones, then its own."""
    by_group = r2.filter(model=model).group_by("group_name", "area_set")
    counts = {
        (name, area_set): count
        for name, area_set, count in by_group.agg(pl.col("area_count").max()).iter_rows()
    }
    return [f"{shortened(name)}\n{_told(name, counts)}" for name in names]


def _told(name: str, counts: dict[tuple[str, str], int]) -> str:
    shared, own = counts.get((name, COMMON)), counts.get((name, OWN))
    if own is None:
        return "not scored"
    return f"{shared:,} | {counted(own, 'area')}" if shared is not None else counted(own, "area")
