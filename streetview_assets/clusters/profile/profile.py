"""What each cluster is: how large, how tight, where it lies, what it goes with, in what words."""

from typing import Any

import numpy as np
import polars as pl

from streetview_assets.clusters.profile.join_counts import join_counts, nearest_joins
from streetview_assets.clusters.profile.target_profile import EVERY, target_profile
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.tables.registry import TABLES

BY_LABEL, BY_TEXT = "labels", "words"
"""Method and space of rows about labels."""

_FIT = ("encoder", "method", "space", "k")


def cluster_profile(
    assignments: pl.DataFrame,
    centres: pl.DataFrame,
    points: pl.DataFrame,
    *,
    cluster_shares: pl.DataFrame,
    label_shares: pl.DataFrame,
    label_scores: pl.DataFrame,
    targets: pl.DataFrame,
    areas: pl.DataFrame,
    seed: int,
) -> pl.DataFrame:
    """Measure each cluster of one fit, and each label, in the long form.

    Parameters
    ----------
    assignments, centres
        The tables `cluster_assignments` and `cluster_centres`, of one encoder, method, space and
        k; neither is empty.
    points
        What `point_clusters` gives of these.
    cluster_shares, label_shares, label_scores, targets, areas
        The tables of that name, `cluster_shares` of that fit; each may be empty, in which case
        its measures are left out.
    seed
        Of the permutations of the join counts.

    Returns
    -------
    pl.DataFrame
        The table `cluster_profile`, sorted by its key.
    """
    fit = dict(zip(_FIT, centres.select(_FIT).row(0), strict=True))
    k = int(fit["k"])
    rows = [
        *_sizes(assignments, centres, k),
        *_shares_within(assignments, k, "share_of_authority"),
        *_points_by_authority(points, k),
        *_joins(points, k, seed),
        *_words(assignments, label_scores),
        *_targets(cluster_shares, pl.col("cluster").cast(pl.String), targets, areas),
    ]
    of_labels = {
        **fit,
        "method": BY_LABEL,
        "space": BY_TEXT,
        "k": label_shares["label"].n_unique(),
    }
    labelled = _targets(label_shares, pl.col("label"), targets, areas)
    table = TABLES["cluster_profile"]
    filled = [
        *({**fit, "subject": "", **row} for row in _corrected(rows)),
        # What is of all areas stands with the clusters.
        *({**of_labels, **row} for row in _corrected(labelled) if row["group_name"] != EVERY),
    ]
    return table.frame([{name: row.get(name) for name in table.schema} for row in filled]).sort(
        table.key
    )


def cosine_distances(assignments: pl.DataFrame, centres: pl.DataFrame) -> pl.DataFrame:
    """Add each image's cosine distance to its centre, from the Euclidean one of unit vectors.

    Parameters
    ----------
    assignments
        The table `cluster_assignments`.
    centres
        The table `cluster_centres`.

    Returns
    -------
    pl.DataFrame
        `assignments` with a column `cosine_distance`, null where a centre is the zero vector.
    """
    length = np.linalg.norm(matrix(centres["centre"]).astype(np.float64), axis=1)
    lengths = centres.select("cluster", pl.Series("_length", length))
    cosine = (1 + pl.col("_length") ** 2 - pl.col("distance") ** 2) / (2 * pl.col("_length"))
    distance = pl.when(pl.col("_length") > 0).then(1 - cosine).clip(0, 2)
    return assignments.join(lengths, on="cluster", how="left", maintain_order="left").select(
        *assignments.columns, distance.alias("cosine_distance")
    )


def _sizes(assignments: pl.DataFrame, centres: pl.DataFrame, k: int) -> list[dict[str, Any]]:
    distances = cosine_distances(assignments, centres)
    rows = []
    for cluster in range(1, k + 1):
        own = distances.filter(cluster=cluster)
        key = {"group_name": str(cluster), "unit_count": own.height}
        rows.append({**key, "measure": "share", "value": own.height / assignments.height})
        median = own["cosine_distance"].median()
        note = None if own.height else "no image is in the cluster"
        rows.append({**key, "measure": "cosine_distance_median", "value": median, "note": note})
    return rows


def _points_by_authority(points: pl.DataFrame, k: int) -> list[dict[str, Any]]:
    rows = _shares_within(points, k, "share_of_points")
    of_authority: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        of_authority.setdefault(row["subject"], []).append(row)
    # Of equals the lower number: rows come in the order of clusters.
    most = [max(mine, key=lambda row: row["value"]) for mine in of_authority.values()]
    return [*rows, *(row | {"measure": "share_of_points_in_main"} for row in most)]


def _shares_within(members: pl.DataFrame, k: int, measure: str) -> list[dict[str, Any]]:
    """Say how the members of each authority spread over the clusters."""
    rows = []
    for (code,), mine in members.sort("authority_code").group_by(
        "authority_code", maintain_order=True
    ):
        counts = np.bincount(mine["cluster"].to_numpy(), minlength=k + 1)[1:].tolist()
        rows += [
            {
                "group_name": str(cluster),
                "measure": measure,
                "subject": code,
                "value": count / mine.height,
                "unit_count": count,
            }
            for cluster, count in enumerate(counts, start=1)
        ]
    return rows


def _joins(points: pl.DataFrame, k: int, seed: int) -> list[dict[str, Any]]:
    clusters = points["cluster"].to_numpy()
    joins = nearest_joins(points["longitude"].to_numpy(), points["latitude"].to_numpy())
    if not len(joins):
        return []
    tested = join_counts(clusters, joins, k=k, seed=seed)
    sizes = [*np.bincount(clusters, minlength=k + 1)[1:].tolist(), points.height]
    rows: list[dict[str, Any]] = []
    for index, size in enumerate(sizes):
        key = {"group_name": str(index + 1) if index < k else EVERY, "unit_count": size}
        few = size < 2
        note = "fewer than two points are mainly of the cluster" if few else None
        for measure, value, p_value in (
            ("join_count", float(tested.counts[index]), float(tested.p_values[index])),
            ("join_count_expected", float(tested.expected[index]), None),
        ):
            shown = {"value": None} if few else {"value": value, "p_value": p_value}
            rows.append({**key, "measure": measure, **shown, "note": note})
    return rows


def _words(assignments: pl.DataFrame, label_scores: pl.DataFrame) -> list[dict[str, Any]]:
    scored = label_scores.join(assignments.select("image_id", "cluster"), on="image_id")
    # By image, so that a mean rounds the same in any order of rows.
    ordered = scored.sort("label", "image_id")
    mean = [pl.col("probability").mean().alias("value"), pl.len().alias("unit_count")]
    of_clusters = ordered.group_by("cluster", "label", maintain_order=True).agg(mean)
    of_all = ordered.group_by("label", maintain_order=True).agg(mean)
    named = pl.concat(
        [
            of_clusters.with_columns(pl.col("cluster").cast(pl.String)),
            of_all.select(pl.lit(EVERY).alias("cluster"), "label", "value", "unit_count"),
        ]
    )
    return [
        {**row, "measure": "label_probability"}
        for row in named.rename({"cluster": "group_name", "label": "subject"}).iter_rows(named=True)
    ]


def _targets(
    shares: pl.DataFrame, group: pl.Expr, targets: pl.DataFrame, areas: pl.DataFrame
) -> list[dict[str, Any]]:
    if shares.is_empty() or targets.is_empty():
        return []
    return target_profile(
        shares.select("area_code", group.alias("group_name"), "share"),
        targets,
        areas,
    )


def _corrected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell p-values for their number: those of a measure over all groups and targets together."""
    from scipy.stats import false_discovery_control

    tested: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row.get("p_value") is not None and (row["measure"], row["group_name"]) != (
            "join_count",
            EVERY,
        ):
            tested.setdefault(row["measure"], []).append(row)
    for mine in tested.values():
        corrected = false_discovery_control([row["p_value"] for row in mine])
        for row, p_value in zip(mine, corrected, strict=True):
            row["p_value_corrected"] = float(p_value)
    return rows
