"""How long 100,000 images' vectors take to be pooled, and in how much memory.

Beside it, in the same run, the loop that anybody would write: group by area, and numpy's median,
mean, max, min and the length of the mean of each group. Each way reads the files of an authority,
pools it and goes on to the next, in a process of its own.
"""

import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from streetview_assets.embeddings.panoramas import mean_of_views, views_of_panoramas
from streetview_assets.embeddings.vectors import matrix, unit, vector_series
from streetview_assets.pooling.pool import pool_areas

AUTHORITIES, IMAGES, AREAS, DIMENSION = 5, 100_000, 4_000, 512
VIEWS = 4
MOST_SECONDS, MOST_GB = 60, 4
ENCODER = "made-up"

Way = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]


def plain_loop(images: pl.DataFrame, embeddings: pl.DataFrame) -> pl.DataFrame:
    """Pool by a loop over the groups of polars."""
    rows = []
    joined = embeddings.join(images.select("image_id", "area_code"), on="image_id").sort("image_id")
    for (area,), group in joined.group_by("area_code"):
        vectors = np.array(group["embedding"].to_list(), dtype=np.float32)
        spread = 1 - float(np.linalg.norm(vectors.astype(np.float64).mean(axis=0)))
        for name in ("median", "mean", "max", "min"):
            pooled = getattr(np, name)(vectors, axis=0)
            rows.append((area, name, len(vectors), pooled.tolist(), spread))
    schema = {
        **{"area_code": pl.String, "statistic": pl.String, "image_count": pl.Int64},
        **{"embedding": pl.List(pl.Float32), "dispersion": pl.Float64},
    }
    return pl.DataFrame(rows, schema=schema, orient="row").sort("area_code", "statistic")


def ours(images: pl.DataFrame, embeddings: pl.DataFrame) -> pl.DataFrame:
    """Pool as `area_embeddings` does, image by image."""
    return pool_areas(images, embeddings, encoder=ENCODER)


def ours_by_panorama(images: pl.DataFrame, embeddings: pl.DataFrame) -> pl.DataFrame:
    """Take the mean of each panorama's views first."""
    views = views_of_panoramas(images, embeddings, encoder=ENCODER)
    return pool_areas(images, mean_of_views(views, encoder=ENCODER), encoder=ENCODER)


def test_pooling(tmp_path: Path) -> None:
    """Print the table, and hold ours to its limits and to what the loop gives."""
    for number in range(AUTHORITIES):
        write_authority(tmp_path / f"E{number}", number)
    print(f"\n{IMAGES:,} vectors of {DIMENSION}: {AREAS:,} areas of {AUTHORITIES} authorities")
    for way in (plain_loop, ours, ours_by_panorama):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            seconds, most_gb = alone.submit(run, way, tmp_path).result()
        print(f"{way.__name__:>18}: {seconds:6.2f} s, at most {most_gb:.2f} GB")
        assert way is plain_loop or (seconds < MOST_SECONDS and most_gb < MOST_GB)
    expected, found = (
        pl.read_parquet(tmp_path / f"{way}.parquet") for way in ("plain_loop", "ours")
    )
    key = ["area_code", "statistic", "image_count"]
    assert found.select(key).equals(expected.select(key))
    assert np.abs(matrix(found["embedding"]) - matrix(expected["embedding"])).max() < 1e-6
    assert found["dispersion"].to_numpy() == pytest.approx(expected["dispersion"], abs=1e-6)


def write_authority(folder: Path, number: int) -> None:
    """Write images around a direction for each area, their panoramas and their vectors."""
    count, areas = IMAGES // AUTHORITIES, AREAS // AUTHORITIES
    rng = np.random.default_rng(number)
    area = np.repeat(rng.integers(0, areas, count // VIEWS), VIEWS)
    directions = rng.normal(size=(areas, DIMENSION)).astype(np.float32)
    vectors = unit(directions[area] + rng.normal(size=(count, DIMENSION)).astype(np.float32))
    images = pl.DataFrame(
        {
            "image_id": rng.permutation([f"{number}{row:09}" for row in range(count)]),
            "area_code": [f"E{number}{one:04}" for one in area],
            "panorama_id": [f"{number}-{row // VIEWS}" for row in range(count)],
            "heading_deg": [90.0 * (row % VIEWS) for row in range(count)],
        }
    ).with_columns(
        authority_code=pl.lit(f"E{number}"),
        captured_on=date(2020, 5, 1),
        path=pl.lit("kept nowhere"),
        status=pl.lit("ok"),
        is_current=True,
    )
    embeddings = images.select("authority_code", "image_id", "status").with_columns(
        vector_series("embedding", vectors),
        encoder=pl.lit(ENCODER),
        error=pl.lit(None, dtype=pl.String),
    )
    folder.mkdir()
    images.sort("image_id").write_parquet(folder / "images.parquet")
    embeddings.sort("image_id").write_parquet(folder / "image_embeddings.parquet")


def run(way: Way, folder: Path) -> tuple[float, float]:
    """Pool every authority; give the seconds, and the most memory that this process ever had."""
    began = time.perf_counter()
    pooled = [
        way(
            pl.read_parquet(one / "images.parquet"),
            pl.read_parquet(one / "image_embeddings.parquet"),
        )
        for one in sorted(folder.glob("E*"))
    ]
    pl.concat(pooled).write_parquet(folder / f"{way.__name__}.parquet")
    seconds = time.perf_counter() - began
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
