"""From the points of an area to its decile, by several rules."""

import numpy as np
import polars as pl

from streetview_assets.areas.standing import deciles as cut_into_tenths
from streetview_assets.models.ordinal.network import most_probable_decile

MEAN_CONTINUOUS = "mean_continuous"
RULES = (MEAN_CONTINUOUS, "mean_decile", "median_decile", "majority", "cut_points", "cut_areas")
"""The first is the rule that results are told by; the others stand beside it for comparison."""


def to_areas(points: pl.DataFrame) -> pl.DataFrame:
    """Make one decile of an area's points, by every rule.

    - `mean_continuous`: the most probable decile at the mean of the continuous outputs.
    - `mean_decile`, `median_decile`, `majority`: of the deciles predicted at the points; of
      several deciles that are most often, their mean.
    - `cut_points`: all points' continuous outputs cut into tenths, and the mean of these.
    - `cut_areas`: the areas' mean continuous outputs cut into tenths.

    The last two force about a tenth of what they are given into each decile, which hides a model
    that is wrong of all of it, and need outputs of one scale. What is no whole decile is rounded,
    halves to the even one.

    Parameters
    ----------
    points
        Columns `area_code`, `continuous`, `decile` (predicted) and `observed`.

    Returns
    -------
    polars.DataFrame
        By area: `area_code`, `observed`, `point_count`, and for each of `RULES` a column of
        predicted deciles, int64.
    """
    tenths = cut_into_tenths(points["continuous"]).alias("tenth")
    area = (
        # Sorted first: a sum of floats depends on its order.
        points.with_columns(tenths)
        .sort("area_code", "continuous", "decile")
        .group_by("area_code", maintain_order=True)
        .agg(
            observed=pl.col("observed").first(),
            point_count=pl.len().cast(pl.Int64),
            continuous=pl.col("continuous").mean(),
            mean_decile=pl.col("decile").mean(),
            median_decile=pl.col("decile").median(),
            majority=pl.col("decile").mode().mean(),
            cut_points=pl.col("tenth").mean(),
        )
    )
    predicted = {
        MEAN_CONTINUOUS: most_probable_decile(area["continuous"].to_numpy()),
        "cut_areas": cut_into_tenths(area["continuous"]).cast(pl.Int64).to_numpy(),
        **{
            rule: np.rint(area[rule].to_numpy()).astype(np.int64)
            for rule in ("mean_decile", "median_decile", "majority", "cut_points")
        },
    }
    return area.select("area_code", "observed", "point_count").with_columns(
        pl.Series(rule, predicted[rule], dtype=pl.Int64) for rule in RULES
    )
