"""A heat map: how the share of each cluster, and of each label, goes with each target."""

import numpy as np
import polars as pl

from streetview_assets.charts import grid_of, heat_map
from streetview_assets.clusters.profile.profile import BY_LABEL
from streetview_assets.figures import Figure, new_figure

MOST_ROWS = 40
CERTAIN = 0.05


def draw_spearman(profile: pl.DataFrame, *, title: str, credit: str = "") -> Figure:
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
    key = pl.concat_str("method", "group_name", separator=" ")
    keys = rows.select(key).to_series().to_list()
    value, p_value = (
        grid_of(found.select(key, "subject", name), keys, targets)
        for name in ("value", "p_value_corrected")
    )
    figure = new_figure(max(5.0, 2.8 + 1.1 * len(targets)), 1.9 + 0.34 * len(keys), credit=credit)
    axes = figure.subplots()
    heat_map(
        axes,
        value,
        [["none" if np.isnan(cell) else f"{cell:+.2f}" for cell in row] for row in value],
        rows=rows["name"].to_list(),
        columns=targets,
        colours="PuOr_r",
        limits=(-1, 1),
        slanted_deg=25,
        bar="Spearman's rank correlation",
        bold=p_value <= CERTAIN,
    )
    few = f", {MOST_ROWS} of {groups.height}" if groups.height > MOST_ROWS else ""
    counts = found["unit_count"].to_list()
    areas = " to ".join(f"{count:,}" for count in sorted({min(counts), max(counts)}))
    axes.set_title(
        f"{title}: share of an area's images against targets{few}\n"
        f"Spearman over {areas} areas; bold: p up to {CERTAIN:g}, near areas taken as alike\n"
        "and for as many tests as there are clusters, or labels, and targets",
        fontsize=9,
    )
    return figure
