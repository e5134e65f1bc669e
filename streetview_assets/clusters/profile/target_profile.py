"""How shares of clusters, or of labels, go with the targets of areas.

Neighbours resemble each other: intervals and p-values are those of as many independent areas as
would be as uncertain. With hundreds of clusters and targets some go together by chance: p-values
are told for their number, too.
"""

from typing import Any

import numpy as np
import polars as pl

from streetview_assets.clusters.profile.effective_size import effective_sizes
from streetview_assets.clusters.profile.join_counts import on_the_sphere

INTERVAL_LEVEL = 0.95
LEAST_AREAS = 4
"""Below these, or as few independent ones, the interval is not defined."""

EARTH_RADIUS_M = 6_371_009

EVERY = "all"
"""The group of all areas alike, with which clusters are compared."""


def target_profile(
    shares: pl.DataFrame, targets: pl.DataFrame, areas: pl.DataFrame
) -> list[dict[str, Any]]:
    """Describe each target where a group's share is large, and how it rises with that share.

    Parameters
    ----------
    shares
        area_code, group_name, share: every area by every group.
    targets
        The table `targets`, of all authorities.
    areas
        The table `areas`, which says where an area is.

    Returns
    -------
    list of dict
        Rows of the table `cluster_profile` without the columns that name the fit: by group and
        target `spearman`, and mean, median and quartiles of the target over the areas weighted by
        their share of the group. With the group `all` every area counts the same.
    """
    groups = shares["group_name"].unique().sort().to_list()
    placed = areas.select("area_code", "longitude", "latitude").unique("area_code")
    wide = shares.pivot("group_name", index="area_code", values="share").join(
        placed, on="area_code"
    )
    rows: list[dict[str, Any]] = []
    for target in targets["target"].unique().sort():
        values = targets.filter(target=target).drop_nulls("value").select("area_code", "value")
        both = wide.join(values, on="area_code", how="inner").sort("area_code")
        value = both["value"].to_numpy()
        columns = both.select(pl.col(groups).fill_null(0.0)).to_numpy()
        place_m = EARTH_RADIUS_M * on_the_sphere(
            both["longitude"].to_numpy(), both["latitude"].to_numpy()
        )
        tested = spearman(columns, value, place_m)
        for index, group in enumerate(groups):
            key = {"group_name": group, "subject": target}
            rows.append({**key, "measure": "spearman", **tested[index]})
            rows += _weighted(key, value, columns[:, index])
        rows += _weighted({"group_name": EVERY, "subject": target}, value, np.ones(len(value)))
    return rows


def spearman(columns: np.ndarray, values: np.ndarray, place_m: np.ndarray) -> list[dict[str, Any]]:
    """Correlate the ranks of each column (n, k) with those of values (n,).

    Parameters
    ----------
    columns
        (n, k), such as shares of clusters.
    values
        Of a target, (n,).
    place_m
        Where the areas are, metres, (n, 2) or (n, 3).

    Returns
    -------
    list of dict
        For each column `value`, `independent_areas` (how many independent areas are as
        uncertain: m), its p-value (two-sided, Student's t with m - 2 degrees of freedom), an
        interval by Fisher's z with the standard error of Bonett and Wright (2000, Psychometrika
        65: 23-28), and `unit_count`, the areas; or a note why there is none.
    """
    from scipy.stats import rankdata

    count = len(values)
    if count < LEAST_AREAS:
        note = f"too few areas with images and a value: {count}, at least {LEAST_AREAS} needed"
        return [_none(count, note) for _ in range(columns.shape[1])]
    if np.ptp(values) == 0:
        return [_none(count, "the target is the same in every area")] * columns.shape[1]
    ranks, of_values = rankdata(columns, axis=0), rankdata(values)
    independent = effective_sizes(ranks, of_values, place_m)
    found = []
    for column, size in zip(ranks.T, independent, strict=True):
        if np.ptp(column) == 0:
            found.append(_none(count, "the share is the same in every area"))
            continue
        r = float(np.clip(_centred(column) @ _centred(of_values), -1, 1))
        found.append({"value": r, "unit_count": count} | _tested(r, min(float(size), count)))
    return found


def _tested(r: float, independent: float) -> dict[str, Any]:
    """Test a rank correlation of so many independent areas."""
    from scipy.stats import norm
    from scipy.stats import t as student

    if independent < LEAST_AREAS:
        note = f"no test: as uncertain as {independent:.0f} independent areas"
        return {"independent_areas": independent, "note": note}
    with np.errstate(divide="ignore"):
        t = np.abs(r) * np.sqrt((independent - 2) / np.float64(1 - r * r))
        z = np.arctanh(r)
    reach = norm.ppf((1 + INTERVAL_LEVEL) / 2) * np.sqrt((1 + r * r / 2) / (independent - 3))
    return {
        "lower": float(np.tanh(z - reach)),
        "upper": float(np.tanh(z + reach)),
        "interval_level": INTERVAL_LEVEL,
        "p_value": float(2 * student.sf(t, independent - 2)),
        "independent_areas": independent,
    }


def weighted_summary(values: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """Give mean, median and quartiles of values (n,) with weights (n,), of which one is above 0.

    A quantile is the smallest value at which so much of the weight is reached.

    Parameters
    ----------
    values
        (n,).
    weights
        (n,), none negative.
    """
    quartiles = np.quantile(values, [0.25, 0.5, 0.75], weights=weights, method="inverted_cdf")
    return {
        "target_mean": float(np.average(values, weights=weights)),
        "target_lower_quartile": float(quartiles[0]),
        "target_median": float(quartiles[1]),
        "target_upper_quartile": float(quartiles[2]),
    }


def _weighted(key: dict[str, Any], values: np.ndarray, weights: np.ndarray) -> list[dict[str, Any]]:
    count = int(np.count_nonzero(weights))
    if not count:
        return []
    summary = weighted_summary(values, weights)
    return [
        {**key, "measure": measure, "value": value, "unit_count": count}
        for measure, value in summary.items()
    ]


def _centred(ranks: np.ndarray) -> np.ndarray:
    centred = ranks - ranks.mean()
    scaled: np.ndarray = centred / np.linalg.norm(centred)
    return scaled


def _none(count: int, note: str) -> dict[str, Any]:
    return {"value": None, "unit_count": count, "note": note}
