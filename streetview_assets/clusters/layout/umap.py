"""Images on a plane, or in space, by UMAP: near each other where their vectors are alike."""

from contextlib import suppress
from functools import cache

import numpy as np

from streetview_assets.embeddings.similarity.exact_search import nearest
from streetview_assets.processes.on_progress import OnProgress, untold

LEAST_FOR_SPECTRAL = 20
"""Below, the start by eigenvectors is not defined, and chance starts."""

ALL_PAIRS_BELOW = 4096
"""Below, the library itself compares all pairs; above it would search by trees."""


def umap_layout(
    vectors: np.ndarray,
    *,
    neighbours: int,
    min_dist: float,
    seed: int,
    dimensions: int = 2,
    on_progress: OnProgress = untold,
) -> tuple[str, np.ndarray]:
    """Lay vectors out by UMAP (McInnes, Healy and Melville, 2018), by cosine.

    Neighbours are found exactly. A seed makes the rest run on one thread: what several do in turn
    is not the same twice.

    Parameters
    ----------
    vectors
        (n, d), float32, of unit length; three rows at least.
    neighbours
        Vectors by whose nearness each finds its place, itself among them; all where there are
        fewer others.
    min_dist
        How near to each other vectors may be put.
    seed
        Of the first places and of the moves.
    dimensions
        2: on a plane; 3: in space.
    on_progress
        Told how far the search for neighbours is.

    Returns
    -------
    str
        The setting that was used: `neighbours 30`.
    np.ndarray
        (n, dimensions), float64.
    """
    import warnings

    from umap import UMAP

    from streetview_assets.processes.threads import limit_threads

    _keep_what_is_compiled()
    count = len(vectors)
    used = min(neighbours, count - 1)
    known: tuple[np.ndarray | None, ...] = (None, None, None)
    if count >= ALL_PAIRS_BELOW:
        known = (*_neighbours(vectors, used, on_progress), None)
    model = UMAP(
        n_neighbors=used,
        n_components=dimensions,
        min_dist=min_dist,
        metric="cosine",
        init="spectral" if count >= LEAST_FOR_SPECTRAL else "random",
        random_state=seed,
        n_jobs=1,
        precomputed_knn=known,
    )
    with warnings.catch_warnings(), limit_threads():
        # Groups without a link between them are a fact of the data, not a fault; and no image
        # is to be placed later, for which the library would miss its own search.
        warnings.filterwarnings("ignore", module="umap")
        warnings.filterwarnings("ignore", module="sklearn")
        places = model.fit_transform(vectors)
    return f"neighbours {used}", np.asarray(places, dtype=np.float64)


@cache
def _keep_what_is_compiled() -> None:
    """Let Numba keep on disk what it compiles of the library: that takes longer than a layout."""
    from umap import layouts, umap_, utils

    compiled = (
        utils.fast_knn_indices,
        umap_.smooth_knn_dist,
        umap_.compute_membership_strengths,
        layouts._nb_optimize_layout_euclidean_single_epoch,
    )
    # Where neither the library's folder nor the user's can be written, each process compiles.
    with suppress(RuntimeError):
        for function in compiled:
            function.enable_caching()


def _neighbours(
    vectors: np.ndarray, count: int, on_progress: OnProgress
) -> tuple[np.ndarray, np.ndarray]:
    """Find rows and cosine distances of the nearest, each vector itself the first of its own."""
    others, cosines = nearest(vectors, count - 1, on_progress=on_progress)
    itself = np.arange(len(vectors))[:, None]
    distances = np.hstack([np.zeros((len(vectors), 1)), (1 - cosines).clip(min=0)])
    return np.hstack([itself, others]), distances.astype(np.float32)
