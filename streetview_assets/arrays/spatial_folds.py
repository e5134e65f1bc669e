"""Folds that hold out places as far away as a model is to be used, as scikit-learn takes them.

Places belong to the splitter, since what a model sees of an area is not where it lies:
``cross_val_predict(model, vectors, y, cv=BlockFolds(place_m, block_km=2))``.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from streetview_assets.arrays.given import places_of
from streetview_assets.models.data.dataset import DistancesToPredict
from streetview_assets.models.data.distance_matching import MatchedFolds, match_distances, nearest_m
from streetview_assets.models.data.splits import beyond_buffer, block_folds

Rows = npt.NDArray[np.int64]


class _PlaceFolds(ABC):
    """What scikit-learn asks of folds, given the fold of each place and a buffer around it."""

    place_m: Any

    @property
    @abstractmethod
    def fold(self) -> Rows:
        """The fold of each place, from 1, shape (n,)."""

    @property
    @abstractmethod
    def buffer_m(self) -> float | npt.NDArray[np.float64]:
        """What lies so near to a place held out is not learned from; one for all, or (n,)."""

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Give the number of folds.

        Parameters
        ----------
        X, y, groups
            Those of scikit-learn, not needed.
        """
        return len(np.unique(self.fold))

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Rows, Rows]]:
        """Give rows to learn from and rows to test, fold by fold.

        Parameters
        ----------
        X
            As many rows as there are places.
        y, groups
            Not needed.
        """
        places = places_of(self.place_m, len(X))
        yield from _splits(places, self.fold, self.buffer_m)


@dataclass(frozen=True)
class BlockFolds(_PlaceFolds):
    """Hold out squares of a grid, and learn from nothing near them.

    Roberts and others (2017), Cross-validation strategies for data with temporal, spatial,
    hierarchical, or phylogenetic structure.

    Parameters
    ----------
    place_m
        Easting and northing, metres; shape (n, 2).
    block_km
        Side of a square; as long as values of neighbours are alike.
    buffer_km
        What lies within so much of an area held out is not learned from.
    folds
        The most folds.
    seed
        Of the order of squares with as many areas.

    Raises
    ------
    ValueError
        Where places are no metres, or all lie in one square.
    """

    place_m: Any = field(repr=False)
    block_km: float
    buffer_km: float = 0.0
    folds: int = 5
    seed: int = 0

    @cached_property
    def fold(self) -> Rows:
        """The fold of each place, from 1, shape (n,)."""
        places = places_of(self.place_m)
        return block_folds(places, self.folds, self.block_km, self.seed)

    @property
    def buffer_m(self) -> float:
        """What lies so near to an area held out is not learned from."""
        return self.buffer_km * 1000


@dataclass(frozen=True)
class DistanceFolds(_PlaceFolds):
    """Hold out areas as far from those learned from as places to be predicted lie from all.

    Nearest-neighbour-distance matching: Milà and others (2022), Linnenbrink and others (2024).

    Parameters
    ----------
    place_m
        Easting and northing, metres; shape (n, 2).
    to_predict_m
        Easting and northing of where it is to be used, metres; shape (m, 2).
    folds
        The most folds.
    seed
        Of what is dealt out by chance.

    Raises
    ------
    ValueError
        Where places are no metres, or no way of dealing out leaves a third to learn from.
    """

    place_m: Any = field(repr=False)
    to_predict_m: Any = field(repr=False)
    folds: int = 5
    seed: int = 0

    @cached_property
    def matched(self) -> MatchedFolds:
        """The folds, how far they hold out, and how well that matches."""
        places = places_of(self.place_m)
        wanted = DistancesToPredict(nearest_m(places_of(self.to_predict_m), places))
        alone = [""] * len(places)
        return match_distances(places, alone, wanted, self.folds, self.seed)

    @property
    def fold(self) -> Rows:
        """The fold of each place, from 1, shape (n,)."""
        return self.matched.fold

    @property
    def buffer_m(self) -> npt.NDArray[np.float64]:
        """What lies so near to each place held out is not learned from, shape (n,)."""
        return self.matched.buffer_m


def _splits(
    places: npt.NDArray[np.float64], fold: Rows, buffer_m: float | npt.NDArray[np.float64]
) -> Iterator[tuple[Rows, Rows]]:
    for number in np.unique(fold):
        held_out = fold == number
        learned = np.flatnonzero(beyond_buffer(places, held_out, buffer_m))
        if not len(learned):
            raise ValueError(
                f"fold {number}: nothing is left to learn from beyond the buffer; a smaller one, "
                "or smaller blocks, would leave some"
            )
        yield learned, np.flatnonzero(held_out)
