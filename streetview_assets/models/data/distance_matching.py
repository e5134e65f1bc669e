"""Folds whose held-out areas lie as far from what is learned from as areas to be predicted do.

k-fold nearest neighbour distance matching (Linnenbrink, Milà, Ludwig, Meyer 2024, Geosci. Model
Dev. 17: 5897-5912): clusters of places are dealt out to folds, in the number of clusters whose
distances come closest. Where none do, areas near to some of those held out are not learned from,
as far as each of these needs (NNDM: Milà and others 2022, Methods Ecol. Evol. 13: 1304-1316),
and clusters move from fold to fold, as long as the match gets better.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from streetview_assets.models.data.cluster_folds import Tree, dealt_apart, ways_to_deal
from streetview_assets.models.data.dataset import DistancesToPredict
from streetview_assets.models.data.splits import TooFewGroupsError, beyond_buffer
from streetview_assets.text.counted import counted

MATCHED = 0.1
"""A Wasserstein distance below this share of the mean distance counts as a match."""
LEAST_SHARE = 1 / 3
"""Of the areas, that every fold has to leave to learn from."""
_BUFFERED = 6
_BISECTIONS = 8
_STARTS = 2
_MOST_MOVES, _MOST_MOVED = 800, 400_000
"""Moves of a search, and of areas measured in all of them: of many areas, moves are fewer."""
_RADII = 9
_FEW = 500
"""Up to so many places the distances of all pairs are quicker than trees."""
_NO_NEARER, _NO_MORE = 0.02, 0.02
"""So close to the least share that any folds have, and to the most to learn from, it ends."""


@dataclass(frozen=True)
class MatchedFolds:
    """Folds of areas, and how well their distances match.

    Attributes
    ----------
    fold
        The fold of each area, from 1, shape (n,).
    buffer_m
        Areas so near to this one are not learned from where it is held out, shape (n,).
    distance_m
        From each area, when held out, to the nearest learned from, metres; shape (n,).
    wasserstein_m
        Between these distances and those wanted, metres.
    share
        That distance, by the mean of those wanted.
    learned_share
        Of the areas, in the fold that holds this one out, shape (n,).
    """

    fold: np.ndarray
    buffer_m: np.ndarray
    distance_m: np.ndarray
    wasserstein_m: float
    share: float
    learned_share: np.ndarray


def match_distances(
    place_m: np.ndarray,
    authority_codes: Sequence[str],
    wanted: DistancesToPredict,
    folds: int,
    seed: int,
) -> MatchedFolds:
    """Choose folds, and buffers, whose distances match.

    Of the ways to deal out that match (a Wasserstein distance below a tenth of the mean), the one
    that leaves most to learn from, since what learned from less than all scores too low; without
    any, the one that comes closest.

    Parameters
    ----------
    place_m
        Easting and northing of the areas, metres; shape (n, 2), at least two.
    authority_codes
        Code of each area's authority: whole authorities are one way to deal out.
    wanted
        How far areas to be predicted lie.
    folds
        The most folds.
    seed
        Of what is dealt out by chance.

    Raises
    ------
    TooFewGroupsError
        Where no way leaves a third of the areas to learn from.
    """
    order = np.lexsort((place_m[:, 1], place_m[:, 0]))
    sorted_m, codes = place_m[order], np.array(authority_codes, dtype=str)[order]
    aim, rng = _Aim.of(sorted_m, wanted), np.random.default_rng(seed)
    tree, folds = Tree.of(sorted_m, rng), min(folds, len(place_m))
    dealt = list(ways_to_deal(tree, sorted_m, codes, folds, rng))
    plain = [found for fold in dealt if (found := aim.measured(fold, np.zeros(len(fold))))]
    if not plain:
        raise TooFewGroupsError(
            f"{counted(len(place_m), 'area')} cannot be dealt out so that a third is left to "
            "learn from"
        )
    tried = sorted(plain, key=aim.rank)
    if not aim.is_reached(tried[0], folds):
        tried += [one for found in tried[:_BUFFERED] for one in aim.with_buffers(found)]
        for start in sorted(tried, key=aim.rank)[:_STARTS]:
            tried.append(aim.moved(start, tree, folds, rng))
    best, back = min(tried, key=aim.rank), np.argsort(order)
    return replace(
        best,
        fold=best.fold[back],
        buffer_m=best.buffer_m[back],
        distance_m=best.distance_m[back],
        learned_share=best.learned_share[back],
    )


def nearest_m(places_m: np.ndarray, among_m: np.ndarray) -> np.ndarray:
    """Give the distance from each place to the nearest of others, metres; shape (n,).

    Parameters
    ----------
    places_m, among_m
        Easting and northing, metres; shapes (n, 2) and (m, 2), m at least 1.
    """
    return np.asarray(cKDTree(among_m).query(places_m)[0])


def nearest_others_m(place_m: np.ndarray) -> np.ndarray:
    """Give the distance from each place to the nearest other one, metres; shape (n,).

    Parameters
    ----------
    place_m
        Easting and northing, metres; shape (n, 2). Of a single place, infinity.
    """
    return np.asarray(cKDTree(place_m).query(place_m, k=2)[0][:, 1])


@dataclass(frozen=True)
class _Aim:
    """The distances that folds of these places are to have, as many as places, rising.

    ``apart_m`` has the distances of few places, (n, n): hundreds of folds are measured.
    """

    place_m: np.ndarray
    wanted_m: np.ndarray
    farthest_m: float
    good_enough: float
    apart_m: np.ndarray | None

    @classmethod
    def of(cls, place_m: np.ndarray, wanted: DistancesToPredict) -> "_Aim":
        """Take quantiles; no folds are nearer than each area held out alone."""
        levels = (np.arange(len(place_m)) + 0.5) / len(place_m)
        wanted_m = np.quantile(np.minimum(wanted.distance_m, wanted.farthest_m), levels)
        alone_m = np.sort(np.minimum(nearest_others_m(place_m), wanted.farthest_m))
        mean_m = float(wanted_m.mean())
        least = float(np.maximum(alone_m - wanted_m, 0).mean()) / mean_m if mean_m > 0 else 1.0
        apart_m = cdist(place_m, place_m) if len(place_m) <= _FEW else None
        good_enough = max(MATCHED, least + _NO_NEARER)
        return cls(place_m, wanted_m, wanted.farthest_m, good_enough, apart_m)

    def rank(self, one: MatchedFolds) -> tuple[float, float, float]:
        """Put the closest first; of those that are close enough, who leaves most to learn from."""
        learned = round(float(one.learned_share.mean()), 2)
        return (max(one.share, self.good_enough), -learned, one.share)

    def is_reached(self, one: MatchedFolds, folds: int) -> bool:
        """Say whether folds are close enough, and learn from about all that so many could."""
        most = 1 - 1 / folds - _NO_MORE
        return one.share <= self.good_enough and float(one.learned_share.mean()) >= most

    def measured(
        self, fold: np.ndarray, buffer_m: np.ndarray, known: MatchedFolds | None = None
    ) -> MatchedFolds | None:
        """Measure the distances of folds; None where one leaves too few to learn from.

        A fold that is as it was known to be is not measured again.
        """
        distance_m, learned_share = np.empty(len(fold)), np.empty(len(fold))
        changed = np.ones(len(fold), dtype=bool)
        if known:
            changed = (fold != known.fold) | (buffer_m != known.buffer_m)
        for number in np.unique(fold):
            held_out = fold == number
            if known and not changed[held_out | (known.fold == number)].any():
                distance_m[held_out] = known.distance_m[held_out]
                learned_share[held_out] = known.learned_share[held_out]
                continue
            learning = self._learning(held_out, buffer_m)
            if learning.sum() < max(1, LEAST_SHARE * len(fold)):
                return None
            distance_m[held_out] = self._nearest_m(held_out, learning)
            learned_share[held_out] = learning.mean()
        counted_m = np.sort(np.minimum(distance_m, self.farthest_m))
        apart_m, mean_m = float(np.abs(counted_m - self.wanted_m).mean()), self.wanted_m.mean()
        share = apart_m / float(mean_m) if mean_m > 0 else 0.0
        return MatchedFolds(fold, buffer_m, distance_m, apart_m, share, learned_share)

    def _learning(self, held_out: np.ndarray, buffer_m: np.ndarray) -> np.ndarray:
        if self.apart_m is None:
            return beyond_buffer(self.place_m, held_out, buffer_m)
        around = held_out & (buffer_m > 0)
        near = self.apart_m[around] <= buffer_m[around, None]
        return np.asarray(~(held_out | near.any(axis=0)))

    def _nearest_m(self, held_out: np.ndarray, learning: np.ndarray) -> np.ndarray:
        if self.apart_m is None:
            return nearest_m(self.place_m[held_out], self.place_m[learning])
        return np.asarray(self.apart_m[np.ix_(held_out, learning)].min(axis=1))

    def with_buffers(self, plain: MatchedFolds) -> Iterator[MatchedFolds]:
        """Try buffers about the one that makes the mean distance right, as far as areas last."""
        low, high = 0.0, float(self.wanted_m.max())
        buffer_m = high
        for _ in range(_BISECTIONS):
            found = self.measured(plain.fold, np.full(len(plain.fold), buffer_m))
            too_far = found is None
            if found is not None:
                yield found
                counted_m = np.minimum(found.distance_m, self.farthest_m)
                too_far = counted_m.mean() >= self.wanted_m.mean()
                if buffer_m == high and not too_far:
                    return
            low, high = (low, buffer_m) if too_far else (buffer_m, high)
            buffer_m = (low + high) / 2

    def moved(
        self, start: MatchedFolds, tree: Tree, folds: int, rng: np.random.Generator
    ) -> MatchedFolds:
        """Change clusters of any size as long as the match gets better, or leaves more.

        A cluster moves into one fold, is dealt out to all, or stays; with a buffer or without.
        Once they match, half of the moves are enough.
        """
        best, cuts, apart = start, tree.cuts(folds), dealt_apart(self.place_m, folds)
        radii_m = np.unique(np.quantile(self.wanted_m, np.linspace(0.05, 0.95, _RADII)))
        moves = min(_MOST_MOVES, _MOST_MOVED // len(self.place_m))
        for move in range(moves):
            matches = best.share <= self.good_enough
            if self.is_reached(best, folds) or (matches and move >= moves / 2):
                break
            cluster = cuts[rng.integers(len(cuts))]
            changed = cluster == cluster[rng.integers(len(cluster))]
            into = (best.fold, apart, rng.integers(1, folds + 1))[rng.integers(3)]
            width_m = (best.buffer_m, 0.0, rng.choice(radii_m))[rng.integers(3)]
            fold = np.where(changed, into, best.fold)
            found = self.measured(fold, np.where(changed, width_m, best.buffer_m), best)
            if found and self.rank(found) < self.rank(best):
                best = found
        return best
