"""How long the stages take whose time grows with the number of images: `make bench`.

No limits are held here: the figures depend on the machine, and are for comparing two versions.
"""

import time

import numpy as np
import polars as pl
import pytest
from PIL import Image

from streetview_assets.clusters.fit.assign import nearest_centres
from streetview_assets.embeddings.encoders.colour_texture import describe
from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.pooling.pool import pool_by

DIMENSION = 512


@pytest.fixture
def told(request):
    """Time a block and say how many things it did in a second."""

    def tell(things: str, count: int, work) -> None:
        began = time.perf_counter()
        work()
        seconds = time.perf_counter() - began
        rate = f"{count / seconds:,.0f}/s"
        print(f"\n{request.node.name}: {count:,} {things} in {seconds:.2f} s, {rate}")

    return tell


def vectors(count: int) -> np.ndarray:
    return unit(np.random.default_rng(1).normal(size=(count, DIMENSION)).astype(np.float32))


def test_describe_images(told):
    pixels = np.random.default_rng(1).integers(0, 256, (320, 320, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    told("images", 200, lambda: [describe(image) for _ in range(200)])


def test_pool_areas(told):
    count, areas = 100_000, 1_000
    frame = pl.DataFrame(
        {
            "area_code": [f"E{index % areas:08d}" for index in range(count)],
            "image_id": [f"{index:08d}" for index in range(count)],
        }
    ).with_columns(vector_series("embedding", vectors(count)), image_count=pl.lit(1, pl.Int64))
    told("vectors", count, lambda: pool_by(frame, ["area_code"]))


def test_assign_clusters(told):
    all_vectors, centres = vectors(100_000), vectors(20)
    told("vectors", len(all_vectors), lambda: nearest_centres(all_vectors, centres))
