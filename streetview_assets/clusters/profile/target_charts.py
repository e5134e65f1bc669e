"""Clusters against targets: how shares go with them, and what kind of area each is at home in."""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from streetview_assets.charts import grid_of, heat_map, panels, signed_text
from streetview_assets.clusters.names.cluster_names import NO_NAMES, cluster_label
from streetview_assets.clusters.profile.profile import BY_LABEL
from streetview_assets.clusters.profile.target_profile import EVERY
from streetview_assets.figures import COLOURS, Axes, Figure, lead, new_figure
from streetview_assets.text.counted import counted

MOST_TARGETS, MOST_ROWS = 4, 40
QUARTILES = ("target_lower_quartile", "target_median", "target_upper_quartile")
CERTAIN = 0.05
BINS, HISTOGRAMS_ACROSS = 20, 3


def draw_spearman(
    profile: pl.DataFrame,
    *,
    title: str,
    credit: str = "",
    names: Mapping[int, str] = NO_NAMES,
    called: Callable[[str], str] = str,
) -> Figure:
    """Draw Spearman's rank correlation of shares with targets, numbers in the cells.

    Parameters
    ----------
    profile
        The table `cluster_profile`, of one fit, with rows of `spearman`.
    title
        Whose images they are.
    credit
        Whom to name at the foot.
    names
        Of clusters that have one.
    called
        Says what people call a target.

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
        pl.when(pl.col("method") != BY_LABEL)
        .then(pl.col("group_name").cast(pl.Int64, strict=False))
        .alias("number"),
        pl.col("value").abs().max().over("method", "group_name").fill_null(-1).alias("most"),
    )
    groups = found.unique(["method", "group_name"], maintain_order=True)
    strongest = groups.sort("most", "name", descending=[True, False]).head(MOST_ROWS)
    rows = strongest.sort("is_label", "number", "name", nulls_last=True)
    targets = found["subject"].unique().sort().to_list()
    key = pl.concat_str("method", "group_name", separator=" ")
    keys = rows.select(key).to_series().to_list()
    value, p_value = (
        grid_of(found.select(key, "subject", name), keys, targets)
        for name in ("value", "p_value_corrected")
    )
    figure = new_figure(max(5.5, 2.8 + 1.3 * len(targets)), 2.9 + 0.34 * len(keys), credit=credit)
    axes = figure.subplots()
    heat_map(
        axes,
        value,
        [[signed_text(cell) for cell in row] for row in value],
        rows=[
            name if number is None else cluster_label(number, names)
            for name, number in rows.select("name", "number").iter_rows()
        ],
        columns=[called(target) for target in targets],
        colours="PuOr_r",
        limits=(-1, 1),
        slanted_deg=25,
        bar="Spearman's rank correlation",
        bold=p_value <= CERTAIN,
    )
    few = f", {MOST_ROWS} of {groups.height}" if groups.height > MOST_ROWS else ""
    counts = found["unit_count"].to_list()
    least, most = min(counts), max(counts)
    areas = ("" if least == most else f"{least:,} to ") + counted(most, "area")
    figure.suptitle(
        f"{lead(title)}share of an area's images against targets{few}\nSpearman over "
        f"{areas}; bold: p up to {CERTAIN:g}, near areas taken as alike\nand for "
        "as many tests as there are clusters, or labels, and targets",
        fontsize=9,
    )
    return figure


def draw_target_profile(
    profile: pl.DataFrame,
    *,
    title: str,
    credit: str = "",
    names: Mapping[int, str] = NO_NAMES,
    called: Callable[[str], str] = str,
) -> Figure:
    """Draw the middle half of each target over areas, weighted by each cluster's share in them.

    Parameters
    ----------
    profile
        The table `cluster_profile`, of one fit, with rows of `target_median`.
    title
        Whose images they are.
    credit
        Whom to name at the foot.
    names
        Of clusters that have one.
    called
        Says what people call a target.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each of the first four targets, a row for each cluster, of more than 40 the
        first; behind them the middle half of all areas alike.
    """
    wide = profile.filter(pl.col("method") != BY_LABEL, pl.col("measure").is_in(QUARTILES)).pivot(
        "measure", index=["subject", "group_name"], values="value"
    )
    targets = wide["subject"].unique().sort().to_list()
    shown = targets[:MOST_TARGETS]
    numbers = (
        wide.filter(pl.col("group_name") != EVERY)["group_name"].cast(pl.Int64).unique().sort()
    )
    rows = [str(number) for number in numbers.head(MOST_ROWS)]
    size_in = (3.2 + 2.6 * len(shown), 1.9 + 0.3 * len(rows))
    figure, frames = panels(len(shown), size_in, credit=credit, sharey=True)
    for axes, target in zip(frames, shown, strict=True):
        _draw_target(axes, wide.filter(subject=target), rows)
        axes.set_xlabel(called(target))
    frames[0].set_yticks(range(len(rows)), [cluster_label(int(row), names) for row in rows])
    frames[0].set_ylim(len(rows) - 0.5, -0.5)
    few = (
        f", the first {len(rows)} of {counted(len(numbers), 'cluster')}"
        if len(numbers) > len(rows)
        else ""
    )
    more = (
        f"; {counted(len(targets) - len(shown), 'more target')} in the table"
        if targets[len(shown) :]
        else ""
    )
    figure.suptitle(
        f"{lead(title)}in what kind of area each cluster is at home{few}\n"
        "bar: middle half of areas, by the cluster's share in them; dot: median; grey: all areas"
        f"{more}",
        fontsize=9,
    )
    return figure


def draw_target_histograms(
    values: pl.DataFrame, *, what: str, title: str, credit: str = ""
) -> Figure:
    """Draw how many images of each cluster lie in areas of which value of a target.

    Parameters
    ----------
    values
        A row an image: cluster, value (of the target in its area). Not empty.
    what
        Name of the target.
    title
        Whose images they are.
    credit
        Whom to name at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        A frame a cluster, of more than 40 the first; 20 bins over the range of all images, whose
        own histogram, scaled to the cluster's count, is the line behind.
    """
    clusters = values["cluster"].unique().sort()
    shown = clusters.head(MOST_ROWS).to_list()
    across = min(HISTOGRAMS_ACROSS, len(shown))
    size_in = (0.8 + 2.7 * across, 1.5 + 2.0 * -(-len(shown) // across))
    few = f", the first {len(shown)} of {len(clusters)}" if len(clusters) > len(shown) else ""
    figure, frames = panels(
        len(shown), size_in, across=across, credit=credit, sharex=True,
        title=f"{lead(title)}{what} of the areas that each cluster's images are in{few}\n"
        "line: all images, scaled to as many",
    )  # fmt: skip
    counts, edges = np.histogram(values["value"].to_numpy(), bins=BINS)
    for axes, cluster in zip(frames, shown, strict=True):
        own = values.filter(cluster=cluster)["value"].to_numpy()
        axes.hist(own, bins=edges.tolist(), color=COLOURS[0])
        axes.stairs(counts * len(own) / values.height, edges, color="#333333", linewidth=1)
        axes.set_title(f"cluster {cluster}: {counted(len(own), 'image')}", fontsize=9)
        axes.tick_params(labelsize=8)
    for axes in frames[-across:]:
        axes.set_xlabel(what, fontsize=8)
        axes.tick_params(labelbottom=True)
    for axes in frames[::across]:
        axes.set_ylabel("images", fontsize=8)
    return figure


def _draw_target(axes: Axes, of_target: pl.DataFrame, names: list[str]) -> None:
    low, middle, high = of_target.filter(group_name=EVERY).select(QUARTILES).row(0)
    axes.axvspan(low, high, color="#dddddd", zorder=0)
    axes.axvline(middle, color="#888888", linewidth=1, zorder=1)
    found = {name: ends for name, *ends in of_target.select("group_name", *QUARTILES).iter_rows()}
    for row, name in enumerate(names):
        if name in found:
            low, middle, high = found[name]
            axes.plot([low, high], [row, row], color=COLOURS[0], linewidth=5, solid_capstyle="butt")
            axes.plot(middle, row, marker="o", markersize=7, color=COLOURS[1], markeredgecolor="w")
