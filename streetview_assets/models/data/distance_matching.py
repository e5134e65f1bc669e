"""Folds whose held-out areas lie as far from what is learned from as areas to be predicted do.

k-fold nearest neighbour distance matching (Linnenbrink, Milà, Ludwig, Meyer 2024, Geosci. Model
Dev. 17: 5897-5912): clusters of places are dealt out to folds, in the number of clusters whose
distances come closest. Where no clusters reach the distance, areas near to those held out are
not learned from (NNDM: Milà and others 2022, Methods Ecol. Evol. 13: 1304-1316).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial import cKDTree
from scipy.stats import wasserstein_distance

from streetview_assets.models.data.dataset import DistancesToPredict
from streetview_assets.models.data.splits import TooFewGroupsError

MATCHED = 0.1
"""A Wasserstein distance below this share of the mean distance counts as a match."""
LEAST_SHARE = 1 / 3
"""Of the areas, that every fold has to leave to learn from."""
MOST_OF_A_TREE = 4_000
"""A tree needs the distances of all pairs."""
_CLUSTER_COUNTS = 9
_SHARES_WHOLE = (0.25, 0.5, 0.75, 1.0)
_BUFFERED = 6
_BISECTIONS = 8
_MOVES = 150


@dataclass(frozen=True)
class MatchedFolds:
    """Folds of areas, and how well their distances match.

    Attributes
    ----------
    fold
        The fold of each area, from 1, shape (n,).
    buffer_m
        Areas so near to one held out are not learned from.
    distance_m
        From each area, when held out, to the nearest learned from, metres; shape (n,).
    wasserstein_m
        Between these distances and those wanted, metres.
    share
        That distance, by the mean of those wanted.
    learned_share
        Of the areas, in the fold that learns from fewest.
    """

    fold: np.ndarray
    buffer_m: float
    distance_m: np.ndarray
    wasserstein_m: float
    share: float
    learned_share: float


def match_distances(
    place_m: np.ndarray,
    authority_codes: Sequence[str],
    wanted: DistancesToPredict,
    folds: int,
    seed: int,
) -> MatchedFolds:
    """Choose folds, and a buffer, whose distances match.

    Of the ways to deal out that match (a Wasserstein distance below a tenth of the mean), the one
    that leaves most to learn from; without any, the one that comes closest.

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
    wanted_m = np.minimum(wanted.distance_m, wanted.farthest_m)
    aim = _Aim(sorted_m, wanted_m, wanted.farthest_m)
    rng = np.random.default_rng(seed)
    tree = _Tree.of(sorted_m, rng)
    dealt = list(_ways_to_deal(tree, codes, min(folds, len(place_m)), rng))
    plain = [found for fold in dealt if (found := aim.measured(fold, 0.0))]
    if not plain:
        raise TooFewGroupsError(
            f"{len(place_m)} areas cannot be dealt out so that a third is left to learn from"
        )
    tried = sorted(plain, key=_rank)
    if tried[0].share >= MATCHED:
        tried += [one for found in tried[:_BUFFERED] for one in aim.with_buffers(found)]
        tried.append(aim.moved(min(tried, key=_rank), tree, rng))
    best, back = min(tried, key=_rank), np.argsort(order)
    return replace(best, fold=best.fold[back], distance_m=best.distance_m[back])


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


def _rank(one: MatchedFolds) -> tuple[float, float, float]:
    unmatched = one.share if one.share >= MATCHED else 0.0
    return (max(unmatched, 0.0), -round(one.learned_share, 1), one.share)


@dataclass(frozen=True)
class _Tree:
    """Ward's tree of places; of very many, of some, with each other one beside its nearest."""

    links: np.ndarray
    nearest: np.ndarray

    @classmethod
    def of(cls, place_m: np.ndarray, rng: np.random.Generator) -> "_Tree":
        some_m = place_m
        if len(place_m) > MOST_OF_A_TREE:
            drawn = rng.choice(len(place_m), MOST_OF_A_TREE, replace=False)
            some_m = place_m[np.sort(drawn)]
        nearest = np.asarray(cKDTree(some_m).query(place_m)[1])
        if len(some_m) == len(place_m):
            nearest = np.arange(len(place_m))
        return cls(linkage(some_m, "ward"), nearest)

    def cut(self, clusters: int) -> np.ndarray:
        """Give the cluster of each place, from 0, in at most so many clusters."""
        found: np.ndarray = fcluster(self.links, clusters, "maxclust")[self.nearest] - 1
        return found

    def order(self) -> np.ndarray:
        """Order the places so that neighbours follow each other."""
        return np.argsort(np.argsort(leaves_list(self.links))[self.nearest], kind="stable")


def _ways_to_deal(
    tree: _Tree, codes: np.ndarray, folds: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Deal out single areas, clusters, clusters beside single areas, and authorities.

    Neighbours apart, or by chance; clusters beside single areas give short and long distances.
    """
    count, order = len(codes), tree.order()
    single = np.arange(count)
    yield _dealt_along(single, order, folds)
    yield rng.permutation(single % folds) + 1
    authority = np.unique(codes, return_inverse=True)[1]
    groups = [authority] if authority.max() > 0 else []
    for clusters in np.unique(np.geomspace(folds, max(folds, count / 2), _CLUSTER_COUNTS).round()):
        cluster = tree.cut(int(clusters))
        drawn = rng.permutation(cluster.max() + 1)
        for whole in _SHARES_WHOLE if cluster.max() > 0 else ():
            kept = np.isin(cluster, drawn[: round(whole * len(drawn))])
            named = np.where(kept, cluster, count + single)
            groups.append(np.unique(named, return_inverse=True)[1])
    for group in groups:
        yield _dealt_along(group, order, folds)
        yield _dealt_by_size(group, folds, rng)


def _dealt_along(group: np.ndarray, order: np.ndarray, folds: int) -> np.ndarray:
    """Deal groups out in turns along an order of places, so that neighbours are not together."""
    _, first = np.unique(group[order], return_index=True)
    turn = np.argsort(np.argsort(first))
    dealt: np.ndarray = turn[group] % folds + 1
    return dealt


def _dealt_by_size(group: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Deal groups out to folds of about equal size, the largest first, equals by chance."""
    sizes = np.bincount(group)
    drawn = rng.permutation(len(sizes))
    filled = np.zeros(min(folds, len(sizes)), dtype=np.int64)
    fold = np.empty(len(sizes), dtype=np.int64)
    for one in drawn[np.argsort(-sizes[drawn], kind="stable")]:
        fold[one] = np.argmin(filled)
        filled[fold[one]] += sizes[one]
    dealt: np.ndarray = fold[group] + 1
    return dealt


@dataclass(frozen=True)
class _Aim:
    """The distances that folds of these places are to have."""

    place_m: np.ndarray
    wanted_m: np.ndarray
    farthest_m: float

    def measured(self, fold: np.ndarray, buffer_m: float) -> MatchedFolds | None:
        """Measure the distances of folds; None where one leaves too few to learn from."""
        place_m = self.place_m
        distance_m, fewest = np.empty(len(fold)), len(fold)
        for number in np.unique(fold):
            held_out = fold == number
            others_m = place_m[~held_out]
            if len(others_m) and buffer_m:
                others_m = others_m[nearest_m(others_m, place_m[held_out]) > buffer_m]
            fewest = min(fewest, len(others_m))
            if fewest < max(1, LEAST_SHARE * len(fold)):
                return None
            distance_m[held_out] = nearest_m(place_m[held_out], others_m)
        counted_m = np.minimum(distance_m, self.farthest_m)
        apart_m = float(wasserstein_distance(counted_m, self.wanted_m))
        mean_m = float(self.wanted_m.mean())
        share = apart_m / mean_m if mean_m > 0 else 0.0
        return MatchedFolds(fold, buffer_m, distance_m, apart_m, share, fewest / len(fold))

    def with_buffers(self, plain: MatchedFolds) -> Iterator[MatchedFolds]:
        """Try buffers about the one that makes the mean distance right, as far as areas last."""
        low, high = 0.0, float(self.wanted_m.max())
        buffer_m = high
        for _ in range(_BISECTIONS):
            found = self.measured(plain.fold, buffer_m)
            too_far = found is None
            if found is not None:
                yield found
                counted_m = np.minimum(found.distance_m, self.farthest_m)
                too_far = counted_m.mean() >= self.wanted_m.mean()
                if buffer_m == high and not too_far:
                    return
            low, high = (low, buffer_m) if too_far else (buffer_m, high)
            buffer_m = (low + high) / 2

    def moved(self, start: MatchedFolds, tree: _Tree, rng: np.random.Generator) -> MatchedFolds:
        """Move clusters of any size from fold to fold as long as the match gets better."""
        best, count, folds = start, len(start.fold), int(start.fold.max())
        sizes = np.geomspace(folds * 2, max(folds * 2, count / 2), _CLUSTER_COUNTS).round()
        cuts = [tree.cut(int(clusters)) for clusters in np.unique(sizes)]
        for _ in range(_MOVES):
            if best.share < MATCHED:
                break
            cluster = cuts[rng.integers(len(cuts))]
            moved = cluster == rng.integers(cluster.max() + 1)
            fold = np.where(moved, rng.integers(1, folds + 1), best.fold)
            if len(np.unique(fold)) < folds:
                continue
            found = self.measured(fold, best.buffer_m)
            if found and found.share < best.share:
                best = found
        return best
