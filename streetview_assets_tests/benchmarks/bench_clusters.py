"""How long the clusters of 75,586 images take, and in how much memory.

Made-up vectors of 512 numbers in 1,695 areas, the size of a published study: the fit of seven
clusters, the sweep from 2 to 20 with three seeds in both spaces, and the contact sheets of every
number. Beside them, in the same run, what anybody would write with scikit-learn, with as many
starts of k-means. Each in a process of its own, on one thread, in seconds of the processor.
"""

import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from streetview_assets.clusters.fit.kmeans import STARTS, fit_clusters
from streetview_assets.clusters.number.internal_indices import score_sweep
from streetview_assets.clusters.profile.members_sheet import sweep_sheets
from streetview_assets.embeddings.vectors import matrix, unit, vector_series
from streetview_assets.processes.threads import limit_threads

IMAGES, AREAS, DIMENSION = 75_586, 1_695, 512
KINDS, FILES = 5, 400
NUMBERS, SEEDS, SPACES = range(2, 21), 3, {"raw": None, "pca50": 50}
PLAIN_NUMBERS = (2, 11, 20)
"""Numbers of clusters that the plain way is timed on; the others take what lies between."""

EQUAL_STARTS = STARTS + 1
"""As many as ours begins at in the sweep: at random, and at the centres of Ward's tree."""

PLAIN_STARTS = 10
"""Of seven clusters of all images; ours tries 20 on a part of them."""

SILHOUETTE_ON = 5_000
MOST_SECONDS, MOST_GB = 15 * 60, 8
Way = Callable[[Path], str]


def plain_fit(folder: Path) -> str:
    """Fit seven clusters, beginning anew ten times."""
    from sklearn.cluster import KMeans

    model = KMeans(7, n_init=PLAIN_STARTS, random_state=42).fit(_vectors(folder))
    return f"inertia {model.inertia_:,.0f}"


def our_fit(folder: Path) -> str:
    """Fit seven clusters as `cluster_model` does."""
    sample = pl.read_parquet(folder / "sample.parquet")
    fitted = fit_clusters(sample, k=7, pca=None, seed=42, encoder="made-up", space="raw")
    centres, vectors = matrix(fitted.centres["centre"]), _vectors(folder)
    squared = 1 + np.square(centres).sum(axis=1) - 2 * vectors @ centres.T
    return f"inertia {squared.min(axis=1).sum():,.0f}"


def plain_sweep(folder: Path) -> str:
    """Fit some numbers of clusters to all images and score them; tell what all would take."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score

    vectors, seconds = _vectors(folder), 0.0
    for components in SPACES.values():
        points = vectors if components is None else PCA(components).fit_transform(vectors)
        took = []
        for k in PLAIN_NUMBERS:
            began = time.process_time()
            labels = KMeans(k, n_init=EQUAL_STARTS, random_state=42).fit_predict(points)
            silhouette_score(points, labels, sample_size=SILHOUETTE_ON, random_state=42)
            calinski_harabasz_score(points, labels)
            davies_bouldin_score(points, labels)
            took.append(time.process_time() - began)
        seconds += SEEDS * float(np.interp(NUMBERS, PLAIN_NUMBERS, took).sum())
    return f"{seconds:,.0f} s for all numbers and seeds, from k = {PLAIN_NUMBERS}, one seed"


def our_sweep(folder: Path) -> str:
    """Sweep as `cluster_scores` does."""
    sample = pl.read_parquet(folder / "sample.parquet")
    sweep = score_sweep(
        sample, numbers=NUMBERS, spaces=SPACES, seed=42, seeds=SEEDS, encoder="made-up"
    )
    sweep.centres.write_parquet(folder / "centres.parquet")
    return f"{sweep.scores.height} scores"


def our_sheets(folder: Path) -> str:
    """Lay out central and random members for every number of clusters."""
    sheets = sweep_sheets(
        pl.read_parquet(folder / "sample.parquet"),
        pl.read_parquet(folder / "centres.parquet").filter(space="raw"),
        pl.read_parquet(folder / "images.parquet"),
        folder,
        numbers=NUMBERS,
        title="made-up",
        seed=42,
    )
    return f"{sum(1 for _ in sheets)} sheets"


def test_clusters(tmp_path: Path) -> None:
    """Print the table, and hold ours to its limits."""
    write_images(tmp_path)
    print(f"\n{IMAGES:,} vectors of {DIMENSION}")
    for way in (plain_fit, our_fit, plain_sweep, our_sweep, our_sheets):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            seconds, most_gb, said = alone.submit(run, way, tmp_path).result()
        print(f"{way.__name__:>12}: {seconds:7.1f} s, at most {most_gb:.2f} GB; {said}", flush=True)
        if way.__name__.startswith("our"):
            assert seconds < MOST_SECONDS
            assert most_gb < MOST_GB


def write_images(folder: Path) -> None:
    """Write unit vectors around five directions, and images of which many share a file."""
    rng = np.random.default_rng(1)
    kind = rng.integers(0, KINDS, IMAGES)
    directions = rng.normal(size=(KINDS, DIMENSION)).astype(np.float32)
    vectors = unit(
        directions[kind] + 3 * rng.standard_normal((IMAGES, DIMENSION), dtype=np.float32)
    )
    ids = [f"{row:09}" for row in range(IMAGES)]
    pl.DataFrame({"image_id": ids}).with_columns(
        vector_series("embedding", vectors), authority_code=pl.lit("E0")
    ).write_parquet(folder / "sample.parquet")
    for number in range(FILES):
        noise = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((640, 640)).save(folder / f"{number}.jpg")
    images = pl.DataFrame(
        {
            "image_id": ids,
            "path": [f"{row % FILES}.jpg" for row in range(IMAGES)],
            "area_code": [f"E{row % AREAS:04}" for row in range(IMAGES)],
        }
    ).with_columns(provider=pl.lit("folder"), copyright=pl.lit(None, dtype=pl.String))
    images.write_parquet(folder / "images.parquet")


def run(way: Way, folder: Path) -> tuple[float, float, str]:
    """Go one way on one thread: seconds of the processor, the most memory ever, what it found."""
    began = time.process_time()
    with limit_threads():
        said = way(folder)
    seconds = time.process_time() - began
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, said


def _vectors(folder: Path) -> np.ndarray:
    return matrix(pl.read_parquet(folder / "sample.parquet")["embedding"])
