"""Clusters that feed a model: found in the images of the areas that it is fitted to, no others.

The tables of the stage `clusters` are of all images of the study, the held-out ones among them.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, TransformerMixin

from streetview_assets.clusters.fit.assign import nearest_centres
from streetview_assets.clusters.fit.kmeans import fit_clusters
from streetview_assets.clusters.fit.sample import draw_sample
from streetview_assets.embeddings.vectors import matrix, vector_series
from streetview_assets.models.data.features import by_group
from streetview_assets.pooling.pool_groups import pool_groups
from streetview_assets.study.clusters import Clusters
from streetview_assets.study.fields import Statistic
from streetview_assets.text.counted import counted

MOST_IMAGES_OF_A_FIT = 20_000
"""Clusters are found in so many images at most, as many of every area as far as it has them:
there is a fit for every fold, inside and outside."""
FITS_KEPT = 12
"""All settings that a search tries share the clusters of a fold."""


@dataclass(frozen=True, eq=False)
class AreaImages:
    """Images of areas, with what is to be made of their clusters.

    Attributes
    ----------
    area_codes
        The areas, sorted; one that is not among them has no image.
    area
        Row of each image's area, shape (p,).
    vectors
        Unit vectors, shape (p, d), float32.
    turn
        Which image of its area it is by lot, from 1, shape (p,).
    k, pca, seed
        As of the stage `clusters`.
    statistic
        How the vectors of an area's images of a cluster become one.
    names
        The features that are made: `cluster_shares`, `by_cluster`.
    image_ids
        Of the images, (p,).
    """

    area_codes: tuple[str, ...]
    area: np.ndarray
    vectors: np.ndarray
    turn: np.ndarray
    k: int
    pca: int | None
    seed: int
    statistic: Statistic
    names: tuple[str, ...]
    image_ids: tuple[str, ...] = ()
    _kept: "OrderedDict[bytes, np.ndarray]" = field(default_factory=OrderedDict, repr=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> "AreaImages":
        """Stay one: scikit-learn copies the parameters of every step that it clones."""
        return self

    @property
    def width(self) -> int:
        """Columns of the features."""
        each = {"cluster_shares": self.k, "by_cluster": self.k * (self.vectors.shape[1] + 1)}
        return sum(each[name] for name in self.names)

    def rows_of(self, area_codes: list[str]) -> np.ndarray:
        """Find the rows of areas, shape (n, 1); -1 for one without images."""
        place = {code: row for row, code in enumerate(self.area_codes)}
        return np.array([place.get(code, -1) for code in area_codes], dtype=np.float64)[:, None]

    def too_few(self, area_codes: list[str]) -> str | None:
        """Say why the images of areas are too few to be clustered, half of them held out."""
        count = int(np.isin(self.area, self.rows_of(area_codes)).sum())
        needed = 2 * max(self.k, self.pca or 0)
        if count >= needed:
            return None
        return f"{counted(count, 'image')}, {needed} are needed for clusters in every fold"

    def features(self, fitted_to: np.ndarray) -> np.ndarray:
        """Make the features of every area by clusters of some areas' images.

        Parameters
        ----------
        fitted_to
            Rows of the areas in whose images clusters are found.

        Returns
        -------
        np.ndarray
            (number of `area_codes` + 1, width); the last row, of an area without images, is NaN,
            and so is all where the images are too few for the clusters.
        """
        rows = np.unique(fitted_to[fitted_to >= 0]).astype(np.int64)
        key = rows.tobytes()
        if key not in self._kept:
            self._kept[key] = self._made(rows)
            while len(self._kept) > FITS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _made(self, rows: np.ndarray) -> np.ndarray:
        result = np.full((len(self.area_codes) + 1, self.width), np.nan)
        centres = self.centres(rows)
        if not len(centres) or not len(self.area_codes):
            return result
        cluster, _ = nearest_centres(self.vectors, centres)
        shape = (len(self.area_codes), self.k)
        parts = {
            "cluster_shares": lambda: self._shares(cluster),
            "by_cluster": lambda: self._vectors(cluster, shape),
        }
        result[:-1] = np.hstack([parts[name]() for name in self.names])
        return result

    def centres(self, rows: np.ndarray) -> np.ndarray:
        """Find the centres of clusters of some areas' images; the same each time.

        Parameters
        ----------
        rows
            Of the areas in whose images they are found.

        Returns
        -------
        numpy.ndarray
            (k, d), the largest cluster first; none in too few images.
        """
        own = np.flatnonzero(np.isin(self.area, rows))
        if len(own) > MOST_IMAGES_OF_A_FIT:
            own = np.sort(own[np.argsort(self.turn[own], kind="stable")][:MOST_IMAGES_OF_A_FIT])
        sample = pl.DataFrame({"embedding": vector_series("embedding", self.vectors[own])})
        found = fit_clusters(
            sample, k=self.k, pca=self.pca, seed=self.seed, encoder="", space=""
        ).centres
        return matrix(found["centre"])

    def _shares(self, cluster: np.ndarray) -> np.ndarray:
        counts = np.zeros((len(self.area_codes), self.k))
        np.add.at(counts, (self.area, cluster), 1.0)
        return np.asarray(counts / counts.sum(axis=1, keepdims=True))

    def _vectors(self, cluster: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        groups, _, pooled = pool_groups(self.vectors, self.area * self.k + cluster, self.statistic)
        return by_group(groups % self.k, groups // self.k, pooled, shape)


class ClusterFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Step of a pipeline: puts an area's features by clusters in place of its last column.

    The last column is the area's row in `images`; clusters are found in the images of the
    areas that the step is fitted to.
    """

    def __init__(self, images: AreaImages) -> None:
        self.images = images

    def fit(self, inputs: np.ndarray, observed: np.ndarray | None = None) -> "ClusterFeatures":
        """Find the clusters; `inputs` of shape (n, d + 1)."""
        self.features_ = self.images.features(inputs[:, -1])
        return self

    def transform(self, inputs: np.ndarray) -> np.ndarray:
        """Give the first d columns and the features by clusters, shape (n, d + width)."""
        return np.hstack([inputs[:, :-1], self.features_[inputs[:, -1].astype(np.int64)]])


def area_images(
    image_embeddings: pl.DataFrame,
    images: pl.DataFrame,
    *,
    clusters: Clusters,
    encoder: str,
    statistic: Statistic,
    names: tuple[str, ...],
    seed: int,
) -> AreaImages:
    """Gather the images of areas, at most `clusters.fit_on`, as many of each as far as it has.

    Parameters
    ----------
    image_embeddings, images
        The tables; images without an area or a vector, and those that are not current, have no
        part in it.
    clusters
        The part `clusters` of the study file: how many, in which components, found on how many
        images.
    encoder
        Slug of the encoder whose vectors count.
    statistic
        How the vectors of an area's images of one cluster become one.
    names
        Features to make, of `cluster_shares` and `by_cluster`.
    seed
        Of the draw, and of the clusters that are found later, inside each fold.
    """
    placed = images.filter(pl.col("area_code").is_not_null())
    own = image_embeddings.filter(encoder=encoder)
    drawn = draw_sample(own, placed, fit_on=clusters.fit_on, seed=seed)
    codes = drawn["area_code"].unique().sort()
    rows = drawn.join(
        codes.to_frame().with_row_index("_row"), on="area_code", maintain_order="left"
    ).with_columns(pl.Series("_lot", np.random.default_rng(seed).random(drawn.height)))
    turn = rows.select(pl.col("_lot").rank("ordinal").over("area_code")).to_series()
    return AreaImages(
        area_codes=tuple(codes.to_list()),
        area=rows["_row"].to_numpy().astype(np.int64),
        vectors=matrix(rows["embedding"]),
        turn=turn.to_numpy(),
        k=clusters.k,
        pca=clusters.pca,
        seed=seed,
        statistic=statistic,
        names=names,
        image_ids=tuple(rows["image_id"]),
    )
