"""How long the search for look-alikes takes, and in how much memory.

100,000 made-up vectors of 512 numbers, scattered around 2,000 directions as images are around
kinds of scenes; beside them scikit-learn on a part, and the index with its recall.
"""

import threading
import time

import numpy as np
import polars as pl
import psutil
from sklearn.neighbors import NearestNeighbors

from streetview_assets.embeddings.similarity.approximate_search import nearest_by_index, recall
from streetview_assets.embeddings.similarity.exact_search import nearest
from streetview_assets.embeddings.similarity.neighbours import find_neighbours, gather_images
from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.tables.registry import TABLES

COUNT, DIMENSION, KINDS = 100_000, 512, 2_000
PART = 5_000
NEIGHBOURS = 8


def made_up(count: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    kinds = rng.normal(size=(KINDS, DIMENSION)).astype(np.float32)
    mine = kinds[rng.integers(0, KINDS, count)]
    return unit(mine + rng.normal(size=(count, DIMENSION)).astype(np.float32))


def measured(work) -> tuple[object, float, float]:
    """Give the result, the seconds, and the most memory of this process meanwhile in GB."""
    process, done, most = psutil.Process(), threading.Event(), [0]

    def watch() -> None:
        while not done.wait(0.02):
            most[0] = max(most[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    return result, seconds, most[0] / 1e9


def tables(vectors: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    names = [f"{number:08d}" for number in range(len(vectors))]
    points = [f"p{number // 4}" for number in range(len(vectors))]
    images = pl.DataFrame({"image_id": names, "point_id": points}).with_columns(
        authority_code=pl.lit("E1"),
        panorama_id="point_id",
        status=pl.lit("ok"),
        is_current=True,
        perceptual_hash=pl.lit("00000000ffffffff"),
        red_sd=0.2,
    )
    missing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in TABLES["images"].schema.items()
        if name not in images.columns
    ]
    places = pl.DataFrame({"point_id": sorted(set(points))}).with_columns(
        longitude=pl.int_range(pl.len()) * 1e-5, latitude=53.8
    )
    embeddings = pl.DataFrame({"image_id": names}).with_columns(
        vector_series("embedding", vectors), status=pl.lit("ok")
    )
    return images.with_columns(missing), embeddings, places


def told(name: str, count: int, seconds: float, gigabytes: float, more: str = "") -> None:
    print(f"\n{name}: {count:,} vectors in {seconds:.1f} s, at most {gigabytes:.2f} GB{more}")


def test_neighbours() -> None:
    vectors = made_up(COUNT)
    found, seconds, gigabytes = measured(lambda: nearest(vectors, NEIGHBOURS))
    told("exact search", COUNT, seconds, gigabytes)

    fitted = NearestNeighbors(n_neighbors=NEIGHBOURS + 1, metric="cosine", algorithm="brute")
    fitted.fit(vectors)
    (distances, _), seconds, gigabytes = measured(lambda: fitted.kneighbors(vectors[:PART]))
    more = f"; {seconds / PART * COUNT:.0f} s for all, at this pace"
    told("scikit-learn, brute, of all for a part", PART, seconds, gigabytes, more)
    assert np.abs(1 - distances[:, 1:] - found[1][:PART]).max() < 1e-5

    by_index, seconds, gigabytes = measured(lambda: nearest_by_index(vectors, NEIGHBOURS))
    share = recall(vectors, by_index[1], seed=1)
    whole = (by_index[1] >= found[1][:, -1:]).mean()
    more = f"; recall {share:.4f} on the sample, {whole:.4f} on all"
    told("index", COUNT, seconds, gigabytes, more)


def test_neighbours_of_tables() -> None:
    parts = [tables(made_up(COUNT))]

    def work():
        return find_neighbours(gather_images(parts), encoder="e", count=NEIGHBOURS, seed=1)

    made, seconds, gigabytes = measured(work)
    told("the table, from tables", COUNT, seconds, gigabytes)
    assert made.table.height == COUNT * NEIGHBOURS
