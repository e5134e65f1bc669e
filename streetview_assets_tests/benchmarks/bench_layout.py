"""How long UMAP and t-SNE take, and in how much memory.

Beside ours, in the same run, the plain call of the libraries on the same vectors: `umap.UMAP`, and
PCA to 50 before `openTSNE.TSNE`, each with the same seed and one thread. Ours finds neighbours
exactly, theirs nearly; of each is told how many of a vector's neighbours lie near it on the plane.
scikit-learn's t-SNE is tried where it is asked for; it takes many times as long. Each way runs in
a process of its own.

Sizes come from the environment: `BENCH_LAYOUT=10000x2048,75586x512`, default 60000x2048;
`BENCH_LAYOUT_WAYS=ours_umap,plain_umap,ours_tsne,plain_tsne,scikit_learn_tsne`.
"""

import os
import resource
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from streetview_assets.clusters.layout.tsne import tsne_layouts
from streetview_assets.clusters.layout.umap import umap_layout
from streetview_assets.embeddings.similarity.exact_search import nearest_of
from streetview_assets.embeddings.vectors import unit

SIZES = os.environ.get("BENCH_LAYOUT", "60000x2048")
WAYS = os.environ.get("BENCH_LAYOUT_WAYS", "plain_umap,ours_umap,plain_tsne,ours_tsne")
KINDS, WAYS_TO_DIFFER = 50, 10
MOST_GB = 8
NEIGHBOURS, MIN_DIST, PERPLEXITY, ITERATIONS, SEED = 30, 0.1, 30, 1000, 1


def made_up(count: int, dimension: int) -> np.ndarray:
    """Make unit vectors of fifty kinds that differ in ten ways, with noise, piece by piece."""
    rng = np.random.default_rng(SEED)
    kinds = 3 * rng.normal(size=(KINDS, WAYS_TO_DIFFER))
    directions = rng.normal(size=(WAYS_TO_DIFFER, dimension)).astype(np.float32)
    vectors = np.empty((count, dimension), dtype=np.float32)
    for start in range(0, count, 5_000):
        rows = min(5_000, count - start)
        scenes = kinds[rng.integers(0, KINDS, rows)] + rng.normal(size=(rows, WAYS_TO_DIFFER))
        noise = rng.normal(size=(rows, dimension)).astype(np.float32)
        vectors[start : start + rows] = unit(scenes.astype(np.float32) @ directions + noise)
    return vectors


def ours_umap(vectors: np.ndarray) -> np.ndarray:
    """Lay out as `image_layout` does."""
    return umap_layout(vectors, neighbours=NEIGHBOURS, min_dist=MIN_DIST, seed=SEED)[1]


def plain_umap(vectors: np.ndarray) -> np.ndarray:
    """Call the library."""
    from umap import UMAP

    model = UMAP(
        n_neighbors=NEIGHBOURS, min_dist=MIN_DIST, metric="cosine", random_state=SEED, n_jobs=1
    )
    return np.asarray(model.fit_transform(vectors), dtype=np.float64)


def ours_tsne(vectors: np.ndarray) -> np.ndarray:
    """Lay out as `image_layout` does."""
    ((_, places, _),) = tsne_layouts(
        vectors,
        perplexities=(PERPLEXITY,),
        learning_rate="auto",
        iterations=ITERATIONS,
        reduce="pca",
        seed=SEED,
    )
    return places


def plain_tsne(vectors: np.ndarray) -> np.ndarray:
    """Call the libraries: principal components, then openTSNE with its own neighbours."""
    from openTSNE import TSNE
    from sklearn.decomposition import PCA

    points = PCA(50, random_state=SEED).fit_transform(vectors)
    model = TSNE(perplexity=PERPLEXITY, n_iter=ITERATIONS - 250, random_state=SEED, n_jobs=1)
    return np.asarray(model.fit(points))


def scikit_learn_tsne(vectors: np.ndarray) -> np.ndarray:
    """Call scikit-learn for both."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    points = PCA(50, random_state=SEED).fit_transform(vectors)
    model = TSNE(perplexity=PERPLEXITY, max_iter=ITERATIONS, random_state=SEED)
    return np.asarray(model.fit_transform(points))


def run(way: Callable[[np.ndarray], np.ndarray], count: int, dimension: int) -> tuple:
    """Lay out; give places, seconds, those of processors, the most memory, neighbours kept."""
    warnings.simplefilter("ignore")
    vectors = made_up(count, dimension)
    began, began_cpu = time.perf_counter(), time.process_time()
    places = way(vectors)
    seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    most_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return places, seconds, cpu, most_gb, neighbours_kept(vectors, places)


def neighbours_kept(vectors: np.ndarray, places: np.ndarray) -> float:
    """Give the share of the 30 nearest of some vectors that are among their 30 on the plane."""
    from sklearn.neighbors import NearestNeighbors

    rows = np.random.default_rng(SEED).choice(len(vectors), 500, replace=False)
    near = nearest_of(vectors, rows, NEIGHBOURS)[0]
    # The nearest on the plane is the vector itself.
    model = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(places)
    on_plane = model.kneighbors(places[rows], return_distance=False)[:, 1:]
    both = [len(set(one) & set(two)) for one, two in zip(near, on_plane, strict=True)]
    return float(np.mean(both)) / NEIGHBOURS


@pytest.mark.parametrize("size", SIZES.split(","))
def test_layouts(size: str) -> None:
    """Print the table, and hold ours to its memory and to the library's places."""
    count, dimension = map(int, size.split("x"))
    print(f"\n{count:,} vectors of {dimension}")
    found = {}
    for name in WAYS.split(","):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            found[name] = alone.submit(run, globals()[name], count, dimension).result()
        places, seconds, cpu, most_gb, kept = found[name]
        assert np.isfinite(places).all()
        assert not name.startswith("ours") or most_gb < MOST_GB
        said = f"{seconds:7.1f} s ({cpu:.0f} of processors), at most {most_gb:.2f} GB"
        print(f"{name:>18}: {said}, {kept:.1%} of neighbours kept", flush=True)
    for method in ("umap", "tsne"):
        plain, ours = found.get(f"plain_{method}"), found.get(f"ours_{method}")
        if plain and ours:
            print(f"{method}: {ours[1] / plain[1]:.2f} of the library's time")
            assert ours[-1] > 0.9 * plain[-1]
