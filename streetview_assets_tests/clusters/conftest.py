import numpy as np
import polars as pl
import pytest

from streetview_assets.embeddings.vectors import unit, vector_series


def scenes(count: int, kinds: int = 3, dimension: int = 8, seed: int = 1) -> np.ndarray:
    """Make unit vectors around so many directions, the first with the most images."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(kinds, dimension))
    shares = np.arange(kinds, 0, -1) / sum(range(kinds + 1))
    kind = rng.choice(kinds, count, p=shares)
    return unit(directions[kind] + rng.normal(scale=0.1, size=(count, dimension)))


def made_tables(
    vectors: np.ndarray, areas: list[str | None], encoder: str = "made-up"
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make `images` (as far as clusters read it) and `image_embeddings` of vectors and areas."""
    names = [f"i{number:05}" for number in range(len(vectors))]
    images = pl.DataFrame(
        {"image_id": names, "area_code": pl.Series(areas, dtype=pl.String)}
    ).with_columns(path=pl.col("image_id") + ".jpg", status=pl.lit("ok"), is_current=True)
    embeddings = pl.DataFrame({"image_id": names}).select(
        pl.lit("E1").alias("authority_code"),
        "image_id",
        pl.lit(encoder).alias("encoder"),
        pl.lit("ok").alias("status"),
        vector_series("embedding", vectors),
        pl.lit(None, dtype=pl.String).alias("error"),
    )
    return images, embeddings


@pytest.fixture(scope="session")
def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give 300 images of three kinds, in areas A to E and a few in none."""
    rng = np.random.default_rng(7)
    areas = rng.choice(["A", "B", "C", "D", "E", None], 300, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
    return made_tables(scenes(300), areas.tolist())
