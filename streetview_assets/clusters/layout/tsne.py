"""Images on a plane by t-SNE: each beside those that it is most like."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from streetview_assets.processes.on_progress import OnProgress, untold

REDUCED = 50
"""Numbers that vectors are reduced to before: faster, and with less noise."""

EARLY_ITERATIONS, EARLY_EXAGGERATION = 250, 12.0
MOMENTUM = 0.8
PATIENCE = 300
"""Iterations without progress after which it stops."""

LOOK_EVERY = 50


def tsne_layouts(
    vectors: np.ndarray,
    *,
    perplexities: Sequence[float],
    learning_rate: float | Literal["auto"],
    iterations: int,
    reduce: Literal["pca", "svd"],
    seed: int,
    on_progress: OnProgress = untold,
) -> Iterator[tuple[str, np.ndarray]]:
    """Lay vectors out by t-SNE (van der Maaten and Hinton, 2008), once for each perplexity.

    The neighbours are found once, exactly, for all perplexities. Up to 10,000 vectors repel each
    other by the tree of Barnes and Hut, above by interpolation (Linderman et al., 2019), on one
    thread, so that the same input gives the same places.

    Parameters
    ----------
    vectors
        (n, d), float32; five rows at least.
    perplexities
        Above a third of the other vectors a perplexity is not defined; it is lowered to that.
    learning_rate
        `auto`: n divided by the exaggeration (Belkina et al., 2019).
    iterations
        The most, the 250 of early exaggeration among them.
    reduce
        What takes vectors to 50 numbers before, where they have more.
    seed
        Of the reduction and of the first places.
    on_progress
        Told how many of the iterations of all perplexities are done, and of how many.

    Yields
    ------
    str
        The setting that was used: `perplexity 30`.
    np.ndarray
        (n, 2), float64.
    """
    points = reduced(vectors, reduce, seed).astype(np.float64)
    most = (len(points) - 1) / 3
    used = list(dict.fromkeys(min(float(one), most) for one in perplexities))
    indices, distances = _neighbours(points, min(len(points) - 1, int(3 * max(used))))
    for number, perplexity in enumerate(used):

        def told(done: int, number: int = number) -> None:
            on_progress(number * iterations + done, len(used) * iterations)

        near = max(1, int(3 * perplexity))
        places = _descend(
            points,
            (indices[:, :near], distances[:, :near]),
            perplexity=perplexity,
            learning_rate=learning_rate,
            iterations=iterations,
            seed=seed,
            told=told,
        )
        told(iterations)
        yield f"perplexity {perplexity:.3g}", places


def reduced(vectors: np.ndarray, how: Literal["pca", "svd"], seed: int) -> np.ndarray:
    """Reduce vectors (n, d) to 50 numbers each, by principal components or by truncated SVD.

    Parameters
    ----------
    vectors
        (n, d); where n or d is 50 or less they stay as they are.
    how
        Principal components (centred), or truncated SVD (not centred).
    seed
        Of the randomised solver.
    """
    from sklearn.decomposition import PCA, TruncatedSVD

    from streetview_assets.processes.threads import limit_threads

    if min(vectors.shape) <= REDUCED:
        return vectors
    model = (PCA if how == "pca" else TruncatedSVD)(REDUCED, random_state=seed)
    with limit_threads():
        points: np.ndarray = model.fit_transform(vectors)
    return points


class Stagnation:
    """Says when so many iterations have brought nothing.

    Attributes
    ----------
    patience
        Iterations.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self._best, self._best_at = np.inf, 0

    def lasts(self, iteration: int, error: float) -> bool:
        """Take note of an error, and say whether the last progress is too long ago."""
        if error < self._best:
            self._best, self._best_at = error, iteration
        return iteration - self._best_at >= self.patience


def _descend(
    points: np.ndarray,
    near: tuple[np.ndarray, np.ndarray],
    *,
    perplexity: float,
    learning_rate: float | Literal["auto"],
    iterations: int,
    seed: int,
    told: Callable[[int], None],
) -> np.ndarray:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.initialization import pca
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    affinities = PerplexityBasedNN(
        perplexity=perplexity, knn_index=PrecomputedNeighbors(*near), n_jobs=1
    )
    places = TSNEEmbedding(pca(points, random_state=seed), affinities, n_jobs=1, random_state=seed)
    stagnation = Stagnation(PATIENCE)

    def early(iteration: int, error: float, _: Any) -> bool:
        told(iteration)
        return False

    def late(iteration: int, error: float, _: Any) -> bool:
        told(EARLY_ITERATIONS + iteration)
        return stagnation.lasts(iteration, error)

    how = {"momentum": MOMENTUM, "learning_rate": learning_rate, "inplace": True}
    places.optimize(
        EARLY_ITERATIONS,
        exaggeration=EARLY_EXAGGERATION,
        callbacks=early,
        callbacks_every_iters=LOOK_EVERY,
        **how,
    )
    rest = iterations - EARLY_ITERATIONS
    if rest:
        places.optimize(rest, callbacks=late, callbacks_every_iters=LOOK_EVERY, **how)
    return np.asarray(places, dtype=np.float64)


def _neighbours(points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest others of each point (n, count): their rows, and how far they are."""
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(points)
    # Without an argument no point is its own neighbour.
    distances, indices = model.kneighbors()
    return indices, distances.astype(np.float64)
