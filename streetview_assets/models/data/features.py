"""What a model sees of an area, by the names that stand in the study file.

Whatever has to be learnt from several areas is left open here: gaps stay gaps, and clusters are
found in `fold_clusters`; `preparation` puts both inside the fold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.embeddings.vectors import matrix
from streetview_assets.errors import StudyError
from streetview_assets.tables.contract import STATISTICS

OF_CLUSTERS = frozenset({"cluster_shares", "by_cluster"})
"""Made of clusters, which are found anew in the training part of every fold."""
OF_LABELS = frozenset({"label_shares", "by_label"})
"""Made of the study's labels."""
WITH_GAPS = OF_CLUSTERS | OF_LABELS
"""Those of which an area can lack something: it has no image of a group, or none at all."""


@dataclass(frozen=True)
class AreaFeatures:
    """What is known of areas before anything is learnt.

    Attributes
    ----------
    area_codes
        The areas, sorted.
    values
        Shape (n, d); NaN where an area has no images of a group.
    """

    area_codes: list[str]
    values: np.ndarray


def features_label(names: Sequence[str], statistic: str, components: int | None) -> str:
    """Name features as in the column `features`, as in `pooled_median+dispersion/pca20`.

    Parameters
    ----------
    names
        Features of `models.features`, in their order.
    statistic
        How vectors of images became one of an area.
    components
        Principal components that they are reduced to; None: not reduced.
    """
    said = "+".join(f"pooled_{statistic}" if name == "pooled" else name for name in names)
    return said if components is None else f"{said}/pca{components}"


def area_features(
    names: Sequence[str],
    area_embeddings: pl.DataFrame,
    *,
    statistic: str,
    encoder: str,
    label_shares: pl.DataFrame | None = None,
    label_embeddings: pl.DataFrame | None = None,
) -> AreaFeatures:
    """Put the named features of every area with a vector side by side.

    Parameters
    ----------
    names
        As in `models.features`; those of clusters have no columns here.
    area_embeddings
        Its table; an area in it has every statistic.
    statistic
        The one of `pooled`, `pooled_unit`, `dispersion` and `by_label`.
    encoder
        Slug of the encoder.
    label_shares
        Its table, for `label_shares`: a column a label, by name.
    label_embeddings
        Rows of the table `area_group_embeddings`, for `by_label`: a vector a label, by name, and
        then, for each label, 1 where the area has an image of it and 0 where it has none.

    Raises
    ------
    StudyError
        Where there are no labels to make a named feature of.
    """
    own = area_embeddings.filter(encoder=encoder)
    codes = own.filter(statistic=statistic)["area_code"].unique().sort()
    if codes.is_empty():
        return AreaFeatures([], np.empty((0, 0)))
    parts: list[np.ndarray] = []
    for name in names:
        if name == "label_shares":
            parts.append(_shares(codes, _needed(name, label_shares), encoder))
        elif name == "by_label":
            parts.append(_vectors_by_group(codes, _needed(name, label_embeddings), statistic))
        elif name not in OF_CLUSTERS:
            parts.append(_of_area(name, codes, own, statistic))
    values = np.hstack(parts) if parts else np.empty((len(codes), 0))
    return AreaFeatures(codes.to_list(), values)


def by_group(groups: np.ndarray, areas: np.ndarray, vectors: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:  # fmt: skip
    """Lay out vectors of groups (m, d) as one row an area, and say which groups it has.

    Parameters
    ----------
    groups, areas
        Number of the group and row of the area of each vector, shape (m,).
    vectors
        Of the groups, (m, d).
    shape
        How many areas, and how many groups.

    Returns
    -------
    np.ndarray
        (areas, groups × d + groups): the vectors, NaN where the area lacks the group, then 1 for
        each group that it has and 0 for the others.
    """
    area_count, group_count = shape
    laid = np.full((area_count, group_count, vectors.shape[1]), np.nan)
    has = np.zeros((area_count, group_count))
    laid[areas, groups] = vectors
    has[areas, groups] = 1.0
    return np.hstack([laid.reshape(area_count, -1), has])


def _of_area(name: str, codes: pl.Series, own: pl.DataFrame, statistic: str) -> np.ndarray:
    wanted = name if name in STATISTICS else statistic
    mine = own.filter(statistic=wanted)
    rows = codes.to_frame().join(mine, on="area_code", maintain_order="left")
    if name == "dispersion":
        return rows["dispersion"].cast(pl.Float64).fill_null(float("nan")).to_numpy()[:, None]
    vectors = np.asarray(matrix(rows["embedding"]), dtype=np.float64)
    if name == "pooled_unit":
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0))
    return vectors


def _shares(codes: pl.Series, shares: pl.DataFrame, encoder: str) -> np.ndarray:
    own = shares.filter(encoder=encoder)
    labels = own["label"].unique().sort()
    wide = np.full((len(codes), len(labels)), np.nan)
    areas, groups, found = _places(own.rename({"label": "group_name"}), codes, labels)
    wide[areas, groups] = found["share"].to_numpy()
    return wide


def _vectors_by_group(codes: pl.Series, vectors: pl.DataFrame, statistic: str) -> np.ndarray:
    own = vectors.filter(grouping="label", statistic=statistic)
    labels = own["group_name"].unique().sort()
    areas, groups, found = _places(own, codes, labels)
    pooled = matrix(found["embedding"]).astype(np.float64)
    return by_group(groups, areas, pooled, (len(codes), len(labels)))


def _places(
    rows: pl.DataFrame, codes: pl.Series, names: pl.Series
) -> tuple[np.ndarray, np.ndarray, pl.DataFrame]:
    """Find the row of the area and the number of the group of each row whose area is wanted."""
    found = rows.join(codes.to_frame().with_row_index("_area"), on="area_code").join(
        names.alias("group_name").to_frame().with_row_index("_group"), on="group_name"
    )
    return found["_area"].to_numpy(), found["_group"].to_numpy(), found


def _needed(name: str, table: pl.DataFrame | None) -> pl.DataFrame:
    if table is None or table.is_empty():
        raise StudyError(
            f"models.features: {name} is made of labels, and no image has one; add `labels:` "
            "to the study file, with an encoder that reads words, or leave the feature out"
        )
    return table
