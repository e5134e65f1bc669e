"""Ways to deal areas out to folds: alone, in clusters of neighbours, and both beside each other.

The clusters are those of Ward's tree of the places.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial import cKDTree

from streetview_assets.models.data.splits import MANY_AREAS

_CLUSTER_COUNTS = 9
_SHARES_WHOLE = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Tree:
    """Ward's tree of places; of very many, of some, with each other one beside its nearest.

    Attributes
    ----------
    links
        As `scipy.cluster.hierarchy.linkage` gives them.
    nearest
        The place in the tree that stands for each place, shape (n,).
    """

    links: np.ndarray
    nearest: np.ndarray

    @classmethod
    def of(cls, place_m: np.ndarray, rng: np.random.Generator) -> "Tree":
        """Build the tree.

        Parameters
        ----------
        place_m
            Easting and northing, metres; shape (n, 2), at least two.
        rng
            Draws places, where there are very many.
        """
        some_m = place_m
        if len(place_m) > MANY_AREAS:
            drawn = rng.choice(len(place_m), MANY_AREAS, replace=False)
            some_m = place_m[np.sort(drawn)]
        nearest = np.asarray(cKDTree(some_m).query(place_m)[1])
        if len(some_m) == len(place_m):
            nearest = np.arange(len(place_m))
        return cls(linkage(some_m, "ward"), nearest)

    def cut(self, clusters: int) -> np.ndarray:
        """Give the cluster of each place, from 0, in at most so many clusters.

        Parameters
        ----------
        clusters
            The most.
        """
        found: np.ndarray = fcluster(self.links, clusters, "maxclust")[self.nearest] - 1
        return found

    def cuts(self, folds: int) -> list[np.ndarray]:
        """Cut the tree at several heights, from one cluster a fold to pairs of places.

        Parameters
        ----------
        folds
            The least number of clusters.
        """
        most = max(folds, len(self.nearest) / 2)
        counts = np.unique(np.geomspace(folds, most, _CLUSTER_COUNTS).round())
        return [self.cut(int(clusters)) for clusters in counts]

    def order(self) -> np.ndarray:
        """Order the places so that neighbours follow each other."""
        return np.argsort(np.argsort(leaves_list(self.links))[self.nearest], kind="stable")


def ways_to_deal(
    tree: Tree, place_m: np.ndarray, codes: np.ndarray, folds: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Deal out single areas, clusters, clusters beside single areas, and authorities.

    Neighbours apart, or by chance; clusters beside single areas give short and long distances.

    Parameters
    ----------
    tree
        Of the places.
    place_m
        Easting and northing, metres; shape (n, 2).
    codes
        Authority of each, shape (n,).
    folds
        The most folds.
    rng
        Of what is dealt out by chance.
    """
    count, order = len(codes), tree.order()
    single = np.arange(count)
    yield dealt_apart(place_m, folds)
    yield _dealt_along(single, order, folds)
    yield rng.permutation(single % folds) + 1
    authority = np.unique(codes, return_inverse=True)[1]
    groups = [authority] if authority.max() > 0 else []
    for cluster in tree.cuts(folds):
        drawn = rng.permutation(cluster.max() + 1)
        for whole in _SHARES_WHOLE if cluster.max() > 0 else ():
            kept = np.isin(cluster, drawn[: round(whole * len(drawn))])
            named = np.where(kept, cluster, count + single)
            groups.append(np.unique(named, return_inverse=True)[1])
    for group in groups:
        yield _dealt_along(group, order, folds)
        yield _dealt_by_size(group, folds, rng)
    for few in range(2, folds):
        for group in groups[:1] + [tree.cut(few * clusters) for clusters in (1, 2, 4)]:
            yield _dealt_by_size(group, few, rng)


def dealt_apart(place_m: np.ndarray, folds: int) -> np.ndarray:
    """Deal each area to another fold than its nearest: it is as near as if held out alone.

    Whose nearest is nearer goes first, so that an area's own nearest has its fold already, or
    they are each other's nearest: two folds are enough, and they fill evenly.

    Parameters
    ----------
    place_m
        Easting and northing, metres; shape (n, 2).
    folds
        At least two.

    Returns
    -------
    numpy.ndarray
        The fold of each area, from 1; shape (n,).
    """
    distance_m, found = cKDTree(place_m).query(place_m, k=2)
    # Of areas in one place either may be found first.
    nearest = np.where(found[:, 1] == np.arange(len(place_m)), found[:, 0], found[:, 1])
    fold, filled = np.full(len(place_m), -1), np.zeros(folds)
    for one in np.argsort(distance_m[:, 1], kind="stable"):
        taken = fold[nearest[one]]
        fold[one] = min((other for other in range(folds) if other != taken), key=filled.__getitem__)
        filled[fold[one]] += 1
    return fold + 1


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
