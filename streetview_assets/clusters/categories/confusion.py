"""A heat map: which of the images' categories are taken for which."""

import numpy as np
import polars as pl

from streetview_assets.charts import grid_of, heat_map
from streetview_assets.figures import Figure, lead, new_figure
from streetview_assets.text.visible_text import shortened

MOST_CATEGORIES = 24


def draw_confusion(scores: pl.DataFrame, *, title: str, credit: str = "") -> Figure:
    """Draw how many images of each category got which, with shares of the row.

    Parameters
    ----------
    scores
        The table `category_scores`, of one encoder; not empty. Above 24 categories, those with the
        most images are drawn.
    title
        Whose images they are.
    credit
        Whom to name at the foot.
    """
    cells = scores.filter(measure="confusion")
    sizes = (
        cells.group_by("category")
        .agg(pl.col("value").sum())
        .sort("value", "category", descending=[True, False])
    )
    shown = sizes.head(MOST_CATEGORIES)
    names = shown["category"].to_list()
    pairs = cells.select("category", "predicted_category", "value")
    counts = np.nan_to_num(grid_of(pairs, names, names))
    shares = counts / shown["value"].to_numpy()[:, None]
    texts = [
        [f"{count:,.0f}\n{share:.0%}" for count, share in zip(*row, strict=True)]
        for row in zip(counts, shares, strict=True)
    ]
    figure = new_figure(
        max(6.2, 3.2 + 0.78 * len(names)), max(3.6, 2.5 + 0.5 * len(names)), credit=credit
    )
    axes = figure.subplots()
    heat_map(
        axes,
        shares,
        texts,
        rows=[f"{shortened(name)} ({size:,.0f})" for name, size in shown.iter_rows()],
        columns=[shortened(name) for name in names],
        colours="Blues",
        limits=(0, 1),
        slanted_deg=30,
        bar="share of the category's images",
    )
    axes.set_xlabel("predicted, by a model of other areas")
    axes.set_ylabel("category (images)")
    figure.suptitle(f"{lead(title)}{_whole(scores)}{_few(sizes.height)}", fontsize=10)
    return figure


def _whole(scores: pl.DataFrame) -> str:
    found = dict(scores.filter(category="").select("measure", "value").iter_rows())
    return (
        f"categories told from vectors\naccuracy {found['accuracy']:.0%}, balanced "
        f"{found['balanced_accuracy']:.0%}; always naming the largest gives "
        f"{found['largest_share']:.0%}"
    )


def _few(count: int) -> str:
    return f"\n(the {MOST_CATEGORIES} largest of {count})" if count > MOST_CATEGORIES else ""
