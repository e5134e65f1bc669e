import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from streetview_assets.embeddings.vectors import matrix, vector_series
from streetview_assets.pooling.pool import pool, pool_areas
from streetview_assets.tables import TABLES, check_contract

NUMPY = {"median": np.median, "mean": np.mean, "max": np.max, "min": np.min}
numbers = st.floats(-1, 1, width=32)


@pytest.mark.parametrize("statistic", list(NUMPY))
def test_each_group_is_pooled_as_numpy_does(statistic: str) -> None:
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(200, 6)).astype(np.float32)
    groups = rng.choice(np.array(["E01", "E02", "E03", "W01"]), 200)
    keys, counts, pooled = pool(vectors, groups, statistic)
    assert keys.tolist() == ["E01", "E02", "E03", "W01"]
    assert counts.sum() == 200
    assert pooled.dtype == np.float32
    for key, row in zip(keys, pooled, strict=True):
        own = vectors[groups == key].astype(np.float64)
        assert row == pytest.approx(NUMPY[statistic](own, axis=0), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    vectors=st.integers(1, 12).flatmap(lambda n: arrays(np.float32, (n, 3), elements=numbers)),
    seed=st.integers(0, 10_000),
    statistic=st.sampled_from(list(NUMPY)),
)
def test_the_order_of_rows_does_not_matter(vectors: np.ndarray, seed: int, statistic: str) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 4, len(vectors))
    order = rng.permutation(len(vectors))
    keys, counts, pooled = pool(vectors, groups, statistic)
    again = pool(vectors[order], groups[order], statistic)
    assert np.array_equal(again[0], keys)
    assert np.array_equal(again[1], counts)
    assert again[2] == pytest.approx(pooled, abs=1e-7)
    assert (pooled <= vectors.max(axis=0) + 1e-6).all()
    assert (pooled >= vectors.min(axis=0) - 1e-6).all()


def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Seven pictures of two areas: one without a vector, one without an area."""
    rng = np.random.default_rng(8)
    names = [f"i{number}" for number in range(7)]
    images = pl.DataFrame(
        {"image_id": names, "area_code": ["A", "A", "B", "A", "B", "B", None]}
    ).with_columns(status=pl.lit("ok"), is_current=True)
    vectors = vector_series("embedding", rng.normal(size=(7, 4)))
    embeddings = pl.DataFrame(
        {
            "authority_code": ["E1"] * 7,
            "image_id": names,
            "encoder": ["made-up"] * 7,
            "status": ["ok"] * 4 + ["failed"] + ["ok"] * 2,
        }
    ).with_columns(vectors)
    return images, embeddings.with_columns(
        pl.when(pl.col("status") == "ok").then("embedding").alias("embedding"),
        error=pl.lit(None, dtype=pl.String),
    )


def test_areas_have_four_statistics_of_their_own_pictures() -> None:
    images, embeddings = tables()
    pooled = pool_areas(images, embeddings, encoder="made-up")
    check_contract(TABLES["area_embeddings"], pooled)
    assert pooled.height == 8
    of_a = pooled.filter(area_code="A", statistic="median")
    expected = np.median(matrix(embeddings["embedding"].gather([0, 1, 3])), axis=0)
    assert matrix(of_a["embedding"])[0].tolist() == expected.tolist()
    counts = pooled.filter(statistic="mean").select("area_code", "image_count").rows()
    assert counts == [("A", 3), ("B", 2)]


def test_pictures_of_older_captures_are_not_pooled() -> None:
    images, embeddings = tables()
    without = pool_areas(images.filter(pl.col("image_id") != "i3"), embeddings, encoder="made-up")
    older = images.with_columns(is_current=pl.col("image_id") != "i3")
    assert pool_areas(older, embeddings, encoder="made-up").equals(without)


def test_the_order_of_the_tables_does_not_matter() -> None:
    images, embeddings = tables()
    pooled = pool_areas(images, embeddings, encoder="made-up")
    again = pool_areas(images.reverse(), embeddings.reverse(), encoder="made-up")
    assert again.equals(pooled)


@pytest.mark.parametrize("encoder", ["another", "made-up"])
def test_no_vectors_give_an_empty_table(encoder: str) -> None:
    images, embeddings = tables()
    if encoder == "made-up":
        images = images.clear()
    pooled = pool_areas(images, embeddings, encoder=encoder)
    check_contract(TABLES["area_embeddings"], pooled)
    assert pooled.is_empty()


def test_an_unknown_statistic_is_refused() -> None:
    with pytest.raises(ValueError, match="no such statistic: mode"):
        pool(np.ones((2, 2)), np.array([1, 2]), "mode")
