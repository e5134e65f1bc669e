"""What a model sees of an area when some of its images are left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streetview_assets.clusters.fit.assign import nearest_centres
from streetview_assets.models.data.features import OF_CLUSTERS, OF_LABELS, by_group
from streetview_assets.pooling.leave_out import (
    dispersion_without_each,
    pooled,
    pooled_groups,
    pooled_less_each,
)
from streetview_assets.pooling.pool import dispersion
from streetview_assets.tables.contract import STATISTICS

_GROUPED = OF_CLUSTERS | OF_LABELS | {"dispersion"}
"""Features that are no statistic of all images."""


@dataclass(frozen=True)
class ImagesOfArea:
    """The images of one area, in the order of their ids.

    Attributes
    ----------
    image_ids
        The images, or the first views of panoramas, (n,).
    vectors
        (n, d), float32.
    same_as
        What shows the same, (n,): of images that are all but the same, the id of one.
    labels
        The label that each is most like, (n,), "" where none is known; empty where the study names
        none.
    """

    image_ids: tuple[str, ...]
    vectors: np.ndarray
    same_as: tuple[str, ...]
    labels: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Give the number of images."""
        return len(self.image_ids)


@dataclass(frozen=True)
class FoundClusters:
    """Clusters as a model found them in the images of the areas that it was fitted to.

    Attributes
    ----------
    centres
        (k, d); (0, d) where there were too few images.
    k
        Number of clusters.
    sampled
        The images that features by clusters are made of; others have no part in them.
    """

    centres: np.ndarray
    k: int
    sampled: frozenset[str]

    def of(self, images: ImagesOfArea) -> np.ndarray:
        """Give the cluster of each image, from 0, (n,); -1 of one that has no part."""
        has_part = np.array([image_id in self.sampled for image_id in images.image_ids])
        if not len(self.centres):
            return np.full(len(images), -1)
        cluster, _ = nearest_centres(images.vectors, self.centres)
        return np.where(has_part, cluster, -1)


@dataclass(frozen=True)
class FeatureMaker:
    """Makes an area's features of its images, as `features.area_features` does of tables.

    Attributes
    ----------
    names
        As in `models.features`.
    statistic
        The one of `pooled`, `pooled_unit`, `by_label` and `by_cluster`.
    labels
        All labels, sorted: columns of `label_shares`.
    seen_labels
        Those that some image of the study is most like, sorted: columns of `by_label`.
    clusters
        Those of the model that sees the features; None where none is made of clusters.
    """

    names: Sequence[str]
    statistic: str
    labels: Sequence[str] = ()
    seen_labels: Sequence[str] = ()
    clusters: FoundClusters | None = None

    def of(self, images: ImagesOfArea, is_kept: np.ndarray) -> np.ndarray:
        """Make the features of some of an area's images, (width,).

        Parameters
        ----------
        images
            Of the area.
        is_kept
            Mask (n,), true at least once.
        """
        return np.concatenate([self._part(name, images, is_kept) for name in self._ordered])

    def of_groups(self, images: ImagesOfArea, groups: np.ndarray) -> np.ndarray:
        """Make the features of many groups of an area's images, (m, width).

        Parameters
        ----------
        images
            Of the area.
        groups
            Mask (m, n), each row true at least once.
        """
        if not self.takes_statistics:
            return np.stack([self.of(images, one) for one in groups])
        found = (
            _scaled(name, pooled_groups(images.vectors, groups, self._statistic(name)))
            for name in self._ordered
        )
        return np.hstack(list(found))

    def less_each(self, images: ImagesOfArea) -> np.ndarray:
        """Make the features less what each of an area's images adds, (n, width).

        Parameters
        ----------
        images
            Of the area, two at least.
        """
        return np.hstack([self._part_less_each(name, images) for name in self._ordered])

    @property
    def takes_statistics(self) -> bool:
        """Whether a model sees statistics of all images and nothing else: groups go at once."""
        return not _GROUPED & set(self.names)

    @property
    def leaves_out(self) -> bool:
        """Whether features less an image are those without it: where means are pooled."""
        return {self._statistic(name) for name in set(self.names) - _GROUPED} <= {"mean"}

    @property
    def adds_up(self) -> bool:
        """Whether what several images add is the sum of what each does; else they go together."""
        kinds = {self._statistic(name) for name in self.names}
        return "mean" not in kinds and not _GROUPED & set(self.names)

    @property
    def _ordered(self) -> list[str]:
        """The features as a model sees them: those of clusters last."""
        return sorted(self.names, key=lambda name: name in OF_CLUSTERS)

    def _part(self, name: str, images: ImagesOfArea, is_kept: np.ndarray) -> np.ndarray:
        vectors = images.vectors[is_kept]
        if name == "dispersion":
            return np.array([dispersion(vectors)])
        if name in OF_CLUSTERS | OF_LABELS:
            group, count = self._groups(name, images)
            made = _shares if name.endswith("_shares") else self._by_group
            return made(vectors, group[is_kept], count)
        return _scaled(name, pooled(vectors, self._statistic(name)))

    def _part_less_each(self, name: str, images: ImagesOfArea) -> np.ndarray:
        if name == "dispersion":
            return dispersion_without_each(images.vectors)[:, None]
        if name in OF_CLUSTERS | OF_LABELS:
            others = ~np.eye(len(images), dtype=bool)
            return np.stack([self._part(name, images, one) for one in others])
        return _scaled(name, pooled_less_each(images.vectors, self._statistic(name)))

    def _groups(self, name: str, images: ImagesOfArea) -> tuple[np.ndarray, int]:
        """Give the group of each image, -1 where it is in none, and how many groups there are."""
        if name in OF_CLUSTERS:
            assert self.clusters is not None, "a model that sees clusters has found some"
            return self.clusters.of(images), self.clusters.k
        labels = self.labels if name == "label_shares" else self.seen_labels
        number = {label: place for place, label in enumerate(labels)}
        return np.array([number.get(label, -1) for label in images.labels]), len(labels)

    def _by_group(self, vectors: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
        there = np.unique(group[group >= 0])
        if not len(there):
            return np.full(count * (vectors.shape[1] + 1), np.nan)
        found = np.stack([pooled(vectors[group == one], self.statistic) for one in there])
        laid = by_group(there, np.zeros(len(there), dtype=np.int64), found, (1, count))
        return np.asarray(laid[0])

    def _statistic(self, name: str) -> str:
        return name if name in STATISTICS else self.statistic


def _shares(vectors: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    there = group[group >= 0]
    if not len(there):
        return np.full(count, np.nan)
    return np.asarray(np.bincount(there, minlength=count) / len(there))


def _scaled(name: str, vectors: np.ndarray) -> np.ndarray:
    """Make `pooled_unit` of unit length."""
    if name != "pooled_unit":
        return vectors
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0))
