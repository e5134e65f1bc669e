"""How well each number of clusters fits: how tight, how far apart, how sure to come back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from streetview_assets.clusters.fit.assign import nearest_centres
from streetview_assets.clusters.fit.kmeans import (
    METHOD,
    centres_frame,
    fit_kmeans,
    largest_first,
    without_convergence_warnings,
)
from streetview_assets.clusters.fit.projection import Projection, fit_projection
from streetview_assets.clusters.fit.ward import WardTree, first_centres, ward_tree
from streetview_assets.clusters.number.density_evidence import agreement_with, density_evidence
from streetview_assets.clusters.number.density_modes import Kinds, find_kinds
from streetview_assets.clusters.number.gap_statistic import gap, references
from streetview_assets.clusters.number.silhouette import mean_silhouette
from streetview_assets.clusters.number.stability import between_halves, between_seeds
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.processes.threads import limit_threads, side_by_side
from streetview_assets.tables.registry import TABLES

SILHOUETTE_ON = 5_000
"""The silhouette needs every pair of images: one subsample, the same for every k."""

FITTED_ON = 10_000
"""Fits are made on so many images at most, drawn by the seed of the fit, then hold for all."""

SKETCH_OF = 2_000
SKETCH_IN = 20
"""Halves, and points without structure, are compared in a sketch: so many images at most, in so
many of their principal components, where a fit takes milliseconds."""

SKETCH_STARTS = 2
WITHOUT_STRUCTURE_FROM = 1
"""The gap statistic alone has a value for one cluster, which is none."""

BY_SEED = ("inertia", "silhouette", "calinski_harabasz", "davies_bouldin")
BY_NUMBER = ("stability_seeds", "stability_halves", "gap", "gap_error", "density_agreement")


@dataclass(frozen=True)
class Sweep:
    """What trying several numbers of clusters gave.

    Attributes
    ----------
    scores
        The table `cluster_scores`.
    centres
        The table `sweep_centres`.
    """

    scores: pl.DataFrame
    centres: pl.DataFrame


@dataclass(frozen=True)
class _Images:
    """What every number of clusters is tried on.

    Attributes
    ----------
    projection, points
        The space of the clusters, and all images in it, (n, p).
    subsample, distances
        Rows for the silhouette, and how far they are from each other.
    sketch, without_structure
        A few images in a few components, and points like them without structure.
    """

    projection: Projection
    points: np.ndarray
    subsample: np.ndarray
    distances: np.ndarray
    sketch: np.ndarray
    without_structure: list[np.ndarray]


@dataclass(frozen=True)
class _Fit:
    """One fit: the label of each image, the centres (k, p) and the inertia of all images."""

    labels: np.ndarray
    centres: np.ndarray
    inertia: float


@dataclass(frozen=True)
class _Scored:
    """What one number of clusters gave: scores, with the seed of each, and the first fit."""

    told: list[tuple[int, dict[str, float | None]]]
    first: _Fit | None


def score_sweep(
    sample: pl.DataFrame,
    *,
    numbers: Sequence[int],
    spaces: Mapping[str, int | None],
    seed: int,
    encoder: str,
    seeds: int = 3,
    on_progress: OnProgress = untold,
) -> Sweep:
    """Score each number of clusters of a sweep, in each of several spaces.

    Parameters
    ----------
    sample
        A column `embedding` of unit vectors, sorted by image_id. Of more than 10,000 images
        each fit is made on 10,000, drawn by the seed of the fit; its centres, and the scores by
        seed, are then those of all.
    numbers
        Numbers of clusters, in rising order.
    spaces
        By name, the principal components; None: the raw vectors. See `spaces_of_sweep`.
    seed
        Of the first fit, of its sample, and of what the gap is held against.
    encoder
        Slug of the encoder: the column of that name.
    seeds
        Fits of each number of clusters: from `seed`, `seed` + 1 and so on.
    on_progress
        Told how many numbers of clusters are done, over all spaces, and of how many.

    Returns
    -------
    Sweep
        Scores by seed, of fits that begin at random centres and at Ward's tree of that seed's own
        sample: `inertia`, the sum of squared distances to the centres; `silhouette` (Rousseeuw,
        1987; Euclidean) of a subsample of at most 5,000 images, the same throughout;
        `calinski_harabasz` (1974); `davies_bouldin` (1979). In the rows of the first seed:
        `stability_seeds` and `stability_halves` (see `stability`), `gap` with `gap_error` (see
        `gap`), for one cluster too, and `density_agreement`, the adjusted Rand index with the kinds
        that density keeps apart (see `find_kinds`); beside them what `density_evidence` gives. The
        value is null where there are too few images, or too few that differ. Centres are those of
        the first seed, taken back to the space of the raw vectors; where a cluster is empty, or
        there are too few images, there are none of that number.
    """
    vectors = matrix(sample["embedding"])
    all_seeds = [(seed + more) % 2**32 for more in range(seeds)]
    with limit_threads(), without_convergence_warnings():
        trees = {of_seed: ward_tree(vectors, of_seed) for of_seed in all_seeds}
        kinds = find_kinds(vectors, seed)
        rows = [
            {"encoder": encoder, "seed": seed, **told}
            for told in density_evidence(kinds, vectors, seed)
        ]
        centres = [TABLES["sweep_centres"].frame()]
        for place, (space, pca) in enumerate(spaces.items()):
            key = {"encoder": encoder, "method": METHOD, "space": space}
            few = len(vectors) <= max(numbers[0], (pca or 1) - 1)
            images = None if few else _prepared(vectors, pca, seed)
            gap_of_one = _gap(images, WITHOUT_STRUCTURE_FROM, seed)
            rows += _rows({**key, "k": WITHOUT_STRUCTURE_FROM, "seed": seed}, gap_of_one)
            score = partial(_scored, images, seeds=all_seeds, trees=trees, kinds=kinds)
            for done, (k, found) in enumerate(
                zip(numbers, side_by_side(score, numbers), strict=True), start=1
            ):
                for of_seed, told in found.told:
                    rows += _rows({**key, "k": k, "seed": of_seed}, told)
                if images and found.first:
                    centres.append(_centres(images, found.first, encoder, space))
                on_progress(place * len(numbers) + done, len(spaces) * len(numbers))
    return Sweep(TABLES["cluster_scores"].frame(rows), pl.concat(centres))


def _scored(
    images: _Images | None,
    k: int,
    *,
    seeds: list[int],
    trees: Mapping[int, WardTree | None],
    kinds: Kinds | None,
) -> _Scored:
    """Fit so many clusters from each seed, and score the fits."""
    fits = {seed: _fit(images, k, seed, trees[seed]) for seed in seeds}
    told = [(seed, _indices(images, found)) for seed, found in fits.items()]
    labels = [found.labels for found in fits.values() if found]
    told.append((seeds[0], _comparisons(images, k, seeds, labels, kinds)))
    return _Scored(told, fits[seeds[0]])


def _rows(key: dict[str, object], values: dict[str, float | None]) -> list[dict[str, object]]:
    return [{**key, "score": score, "value": value} for score, value in values.items()]


def _prepared(vectors: np.ndarray, pca: int | None, seed: int) -> _Images:
    projection = fit_projection(vectors, pca, seed)
    points = projection.down(vectors)
    rng = np.random.default_rng(seed)
    size = min(SILHOUETTE_ON, len(points))
    subsample = np.sort(rng.choice(len(points), size, replace=False))
    few = points[np.sort(rng.choice(len(points), min(SKETCH_OF, len(points)), replace=False))]
    components = min(SKETCH_IN, *few.shape)
    differ = bool(np.ptp(few, axis=0).any())
    sketch = fit_projection(few, components, seed).down(few) if differ else few
    return _Images(
        projection,
        points,
        subsample,
        _distances(points[subsample]),
        sketch,
        references(sketch, seed=seed),
    )


def _fit(images: _Images | None, k: int, seed: int, tree: WardTree | None) -> _Fit | None:
    if images is None or k >= len(images.points):
        return None
    points, first = images.points, first_centres(tree, k, images.projection)
    if len(points) <= FITTED_ON or k >= FITTED_ON:
        return _Fit(*fit_kmeans(points, k=k, seed=seed, first=first))
    drawn = np.random.default_rng(seed).choice(len(points), FITTED_ON, replace=False)
    _, centres, _ = fit_kmeans(points[np.sort(drawn)], k=k, seed=seed, first=first)
    labels, distance = nearest_centres(points, centres)
    return _Fit(labels, centres, float(np.square(distance).sum()))


def _centres(images: _Images, found: _Fit, encoder: str, space: str) -> pl.DataFrame:
    sizes = np.bincount(found.labels, minlength=len(found.centres))
    if (sizes == 0).any():
        return TABLES["sweep_centres"].frame()
    order = largest_first(found.labels, sizes)
    raised = images.projection.up(found.centres[order])
    return centres_frame(raised, sizes[order], encoder=encoder, space=space)


def _indices(images: _Images | None, found: _Fit | None) -> dict[str, float | None]:
    """Score one fit."""
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

    if images is None or found is None:
        return dict.fromkeys(BY_SEED)
    labels = found.labels
    values: dict[str, float | None] = {**dict.fromkeys(BY_SEED), "inertia": found.inertia}
    of_subsample = labels[images.subsample]
    if _can_be_compared(of_subsample):
        values["silhouette"] = mean_silhouette(images.distances, of_subsample)
    if _can_be_compared(labels):
        values["calinski_harabasz"] = float(calinski_harabasz_score(images.points, labels))
        values["davies_bouldin"] = float(davies_bouldin_score(images.points, labels))
    return values


def _comparisons(
    images: _Images | None,
    k: int,
    seeds: list[int],
    labels: list[np.ndarray],
    kinds: Kinds | None,
) -> dict[str, float | None]:
    """Score a number of clusters by what several fits have in common."""
    if images is None or not labels or not all(map(_can_be_compared, labels)):
        return dict.fromkeys(BY_NUMBER)
    return {
        "stability_seeds": between_seeds(labels),
        "stability_halves": between_halves(images.sketch, k=k, seeds=seeds, starts=SKETCH_STARTS),
        **_gap(images, k, seeds[0]),
        "density_agreement": agreement_with(kinds, labels[0]),
    }


def _gap(images: _Images | None, k: int, seed: int) -> dict[str, float | None]:
    if images is None:
        return dict.fromkeys(("gap", "gap_error"))
    value, error = gap(
        images.sketch, images.without_structure, k=k, seed=seed, starts=SKETCH_STARTS
    )
    return {"gap": value, "gap_error": error}


def _can_be_compared(labels: np.ndarray) -> bool:
    return 2 <= len(np.unique(labels)) < len(labels)


def _distances(points: np.ndarray) -> np.ndarray:
    from sklearn.metrics import pairwise_distances

    distances: np.ndarray = pairwise_distances(points)
    np.fill_diagonal(distances, 0)
    return distances
