"""Images on a plane by t-SNE: each beside those that it is most like."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, Literal, NamedTuple

import numpy as np

from streetview_assets.processes.on_progress import OnProgress, untold

REDUCED = 50
"""Numbers that vectors are reduced to before: faster, and with less noise."""

EARLY_ITERATIONS, EARLY_EXAGGERATION = 250, 12.0
MOMENTUM = 0.8
CLASSIC_RATE, CLASSIC_EARLY_MOMENTUM = 200.0, 0.5
"""Of van der Maaten's own code, and of scikit-learn's defaults until 2021."""
EARLY_PATIENCE, PATIENCE, PROGRESS = 50, 100, 0.005
"""Early exaggeration, and the whole, end where so many iterations took less than this share off the
divergence. Of 2,020 images that is after 100 of 250, and 550 of 1,000: as trustworthy as to the
end, and as many neighbours kept."""

LOOK_EVERY = 50
Recipe = Literal["today", "classic"]


class TsneLayout(NamedTuple):
    """Where vectors lie by one setting.

    Attributes
    ----------
    setting
        `perplexity 30`, and the recipe and the start where they are not the first.
    places
        (n, 2), float64.
    kl_divergence
        Of the plane from the vectors, in nats; during early exaggeration, of the exaggerated.
    """

    setting: str
    places: np.ndarray
    kl_divergence: float


def tsne_layouts(
    vectors: np.ndarray,
    *,
    perplexities: Sequence[float],
    learning_rate: float | Literal["auto"],
    iterations: int,
    reduce: Literal["pca", "svd"],
    seed: int,
    recipes: Sequence[Recipe] = ("today",),
    starts: int = 1,
    on_progress: OnProgress = untold,
) -> Iterator[TsneLayout]:
    """Lay vectors out by t-SNE (van der Maaten and Hinton, 2008): each perplexity, recipe, start.

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
        The most, up to 250 of early exaggeration among them.
    reduce
        What takes vectors to 50 numbers before, where they have more.
    seed
        Of the reduction and of the first places; that of a later start is as much higher.
    recipes
        `today`: the first start is at the first two principal components. `classic`: at places by
        chance, with a learning rate of 200 unless one is given, and less momentum at first.
    starts
        How often each setting is begun, beyond the first of `today` by chance.
    on_progress
        Told how many of the iterations of all layouts are done, and of how many.

    Yields
    ------
    TsneLayout
        Named by the setting that was used.
    """
    points = reduced(vectors, reduce, seed).astype(np.float64)
    most = (len(points) - 1) / 3
    used = list(dict.fromkeys(min(float(one), most) for one in perplexities))
    indices, distances = _neighbours(points, min(len(points) - 1, int(3 * max(used))))
    plan = list(product(used, recipes, range(1, starts + 1)))
    for number, (perplexity, recipe, start) in enumerate(plan):

        def told(done: int, number: int = number) -> None:
            on_progress(number * iterations + done, len(plan) * iterations)

        near = max(1, int(3 * perplexity))
        places, kl_divergence = _descend(
            points,
            (indices[:, :near], distances[:, :near]),
            perplexity=perplexity,
            learning_rate=learning_rate,
            recipe=recipe,
            start=start,
            iterations=iterations,
            seed=seed,
            told=told,
        )
        told(iterations)
        yield TsneLayout(_name(perplexity, recipe, start), places, kl_divergence)


def _name(perplexity: float, recipe: Recipe, start: int) -> str:
    parts = [f"perplexity {perplexity:.3g}"]
    parts += [recipe] if recipe != "today" else []
    parts += [f"start {start}"] if start > 1 else []
    return ", ".join(parts)


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
    """Says when so many iterations have brought next to nothing.

    Attributes
    ----------
    patience
        Iterations, a multiple of those between two errors.
    progress
        Share of the error that they have to take off it.
    """

    def __init__(self, patience: int, progress: float) -> None:
        self.patience, self.progress = patience, progress
        self._errors: dict[int, float] = {}

    def lasts(self, iteration: int, error: float) -> bool:
        """Take note of an error, and say whether it was hardly higher so many iterations ago."""
        self._errors[iteration] = error
        before = self._errors.get(iteration - self.patience)
        return before is not None and error > (1 - self.progress) * before


def _descend(
    points: np.ndarray,
    near: tuple[np.ndarray, np.ndarray],
    *,
    perplexity: float,
    learning_rate: float | Literal["auto"],
    recipe: Recipe,
    start: int,
    iterations: int,
    seed: int,
    told: Callable[[int], None],
) -> tuple[np.ndarray, float]:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.initialization import pca, random
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    affinities = PerplexityBasedNN(
        perplexity=perplexity, knn_index=PrecomputedNeighbors(*near), n_jobs=1
    )
    is_classic, drawn_by = recipe == "classic", (seed + start - 1) % 2**32
    by_chance = is_classic or start > 1
    first = (
        random(len(points), random_state=drawn_by) if by_chance else pca(points, random_state=seed)
    )
    places = TSNEEmbedding(first, affinities, n_jobs=1, random_state=drawn_by)
    at_first, afterwards = Stagnation(EARLY_PATIENCE, PROGRESS), Stagnation(PATIENCE, PROGRESS)

    def early(iteration: int, error: float, _: Any) -> bool:
        told(iteration)
        return at_first.lasts(iteration, error)

    def late(iteration: int, error: float, _: Any) -> bool:
        told(EARLY_ITERATIONS + iteration)
        return afterwards.lasts(iteration, error)

    rate = CLASSIC_RATE if is_classic and learning_rate == "auto" else learning_rate
    how = {"learning_rate": rate, "inplace": True, "callbacks_every_iters": LOOK_EVERY}
    places.optimize(
        EARLY_ITERATIONS,
        exaggeration=EARLY_EXAGGERATION,
        momentum=CLASSIC_EARLY_MOMENTUM if is_classic else MOMENTUM,
        callbacks=early,
        **how,
    )
    rest = iterations - EARLY_ITERATIONS
    if rest:
        places.optimize(rest, momentum=MOMENTUM, callbacks=late, **how)
    return np.asarray(places, dtype=np.float64), float(places.kl_divergence)


def _neighbours(points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest others of each point (n, count): their rows, and how far they are."""
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(points)
    # Without an argument no point is its own neighbour.
    distances, indices = model.kneighbors()
    return indices, distances.astype(np.float64)
