"""How the direction of each quality lies to the direction of deprivation, in the vectors' space."""

from typing import Any

import numpy as np
import polars as pl

from streetview_assets.areas.geometry import points_in_metres
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.models.direction.direction import (
    areas_with_value,
    find_direction,
    why_no_direction,
)
from streetview_assets.models.metrics.bootstrap import interval_of

RESAMPLES = 60


def direction_cosines(
    perceived: pl.DataFrame,
    vectors: pl.DataFrame,
    targets: pl.DataFrame,
    areas: pl.DataFrame,
    *,
    more_is: str,
    crs: str,
    level: float,
    seed: int,
) -> list[dict[str, Any]]:
    """Give the cosine of each quality's direction with the direction of deprivation.

    Both are the weights of a ridge on the vectors of the areas that have both (`find_direction`);
    1: what looks like more of the quality looks more deprived.

    Parameters
    ----------
    perceived
        Table ``area_perception`` of one encoder.
    vectors
        Rows of ``area_embeddings`` of that encoder and one statistic.
    targets
        Rows of ``targets`` of one target.
    areas
        Table ``areas``.
    more_is
        Whether a higher value of the target is `worse` or `better`.
    crs
        In metres.
    level
        Of the intervals.
    seed
        Of the weights of areas.

    Returns
    -------
    list of dict
        Rows of ``perception_relations`` without `target` and `encoder`.
    """
    rows = []
    valued = areas_with_value(vectors, targets, areas)
    for quality in perceived["quality"].unique().sort():
        own = perceived.filter(quality=quality).drop_nulls("mean")
        both = valued.join(own.select("area_code", seen="mean"), on="area_code")
        both = both.sort("authority_code", "area_code")
        row = {"quality": quality, "measure": "direction_cosine", "area_count": both.height}
        why = why_no_direction(both)
        if why is None and both["seen"].n_unique() == 1:
            why = "the quality is the same in all areas"
        rows.append(row | ({"note": why} if why else _cosine(both, more_is, crs, level, seed)))
    return rows


def _cosine(both: pl.DataFrame, more_is: str, crs: str, level: float, seed: int) -> dict[str, Any]:
    place_m, inputs = points_in_metres(both, crs), matrix(both["embedding"])
    asked: dict[str, Any] = {"seed": seed, "resamples": RESAMPLES}
    worse = find_direction(inputs, both["value"].to_numpy(), place_m, more_is=more_is, **asked)
    more = find_direction(inputs, both["seen"].to_numpy(), place_m, more_is="worse", **asked)
    value = float(worse.vector @ more.vector)
    drawn = min(len(worse.resampled), len(more.resampled))
    if not drawn:
        return {"value": value, "note": worse.note or more.note}
    cosines = np.sum(worse.resampled[:drawn] * more.resampled[:drawn], axis=1)
    lower, upper = interval_of(cosines, level)
    return {"value": value, "lower": lower, "upper": upper, "interval_level": level}
