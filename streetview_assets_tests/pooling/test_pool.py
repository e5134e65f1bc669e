from datetime import date
from fractions import Fraction
from math import sqrt

import numpy as np
import polars as pl
import pytest

from streetview_assets.embeddings.vectors import matrix, vector_series
from streetview_assets.images.providers.synthetic.provider import SyntheticProvider
from streetview_assets.images.views import wanted_images
from streetview_assets.pooling.pool import dispersion, pool_areas
from streetview_assets.study.images import Images
from streetview_assets.tables.registry import TABLES, check_contract


def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Seven images of two areas: one without a vector, one without an area."""
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


def test_areas_have_four_statistics_of_their_own_images() -> None:
    images, embeddings = tables()
    pooled = pool_areas(images, embeddings, encoder="made-up")
    check_contract(TABLES["area_embeddings"], pooled)
    assert pooled.height == 8
    of_a = pooled.filter(area_code="A", statistic="median")
    expected = np.median(matrix(embeddings["embedding"].gather([0, 1, 3])), axis=0)
    assert matrix(of_a["embedding"])[0].tolist() == expected.tolist()
    counts = pooled.filter(statistic="mean").select("area_code", "image_count").rows()
    assert counts == [("A", 3), ("B", 2)]


def test_how_unlike_the_vectors_of_an_area_are_is_told_beside_every_statistic() -> None:
    images, embeddings = tables()
    of_b = pool_areas(images, embeddings, encoder="made-up").filter(area_code="B")
    own = matrix(embeddings["embedding"].gather([2, 5])).astype(float)
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    expected = 1 - np.linalg.norm(own.mean(axis=0))
    assert of_b["dispersion"].to_list() == pytest.approx([expected] * 4, abs=1e-12)


@pytest.mark.parametrize(
    ("vectors", "expected"),
    [
        ([[0.6, 0.8]], 0),
        ([[0.6, 0.8]] * 7, 0),
        ([[3, 4], [0.6, 0.8]], 0),
        ([[1, 0], [0, 1]], 1 - sqrt(2) / 2),
        ([[1, 0], [-1, 0]], 1),
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], 1 - sqrt(3) / 3),
    ],
)
def test_dispersion_is_one_minus_the_length_of_the_mean_direction(vectors, expected) -> None:
    assert dispersion(np.array(vectors)) == pytest.approx(expected, abs=1e-15)


def test_dispersion_keeps_its_digits_where_vectors_are_all_but_alike() -> None:
    turned = Fraction(1, 10**6)  # the tangent of a quarter of the angle between the two
    cosine = (1 - turned**2) / (1 + turned**2)
    sine = 2 * turned / (1 + turned**2)
    pair = np.array([[float(cosine), float(sine)], [float(cosine), -float(sine)]])
    assert dispersion(pair) == pytest.approx(float(1 - cosine), rel=1e-9, abs=0)


def test_a_panorama_that_points_of_two_areas_share_counts_once() -> None:
    wishes = Images(provider="synthetic")
    provider = SyntheticProvider(wishes, 1, {})
    points = pl.DataFrame({"point_id": ["far", "near", "other"], "area_code": ["A", "B", "A"]})
    panoramas = points.select(
        "point_id",
        provider=pl.lit("synthetic"),
        panorama_id=pl.Series(["shared", "shared", "alone"]),
        captured_on=pl.lit(date(2020, 5, 1)),
        status=pl.lit("ok"),
        distance_m=pl.Series([30.0, 5.0, 1.0]),
        copyright=pl.lit(None, pl.String),
        is_current=pl.lit(True),
    )
    images = wanted_images(provider, panoramas, points, wishes).with_columns(
        status=pl.lit("ok"), is_current=True
    )
    embeddings = images.select("image_id").with_columns(
        vector_series("embedding", np.eye(8)),
        authority_code=pl.lit("E1"),
        encoder=pl.lit("e"),
        status=pl.lit("ok"),
    )
    pooled = pool_areas(images, embeddings, encoder="e").filter(statistic="mean")
    assert pooled.select("area_code", "image_count").rows() == [("A", 4), ("B", 4)]
    assert matrix(pooled["embedding"]).sum(axis=0) == pytest.approx(np.full(8, 1 / 4))


def test_panoramas_are_pooled_each_once_and_their_images_counted() -> None:
    images = pl.DataFrame(
        [
            ("p1", "A", True),
            ("p2", "A", True),
            ("q1", "A", True),
            ("failed", "A", True),
            ("r1", "B", True),
            ("older", "A", False),
            ("nowhere", None, True),
        ],
        schema=["image_id", "area_code", "is_current"],
        orient="row",
    ).with_columns(status=pl.lit("ok"))
    names = ["p1", "q1", "r1", "failed", "older", "nowhere"]
    panoramas = pl.DataFrame({"image_id": names}).with_columns(
        vector_series("embedding", np.eye(6)),
        authority_code=pl.lit("E1"),
        encoder=pl.lit("e"),
        image_count=pl.Series([4, 2, 1, 1, 4, 1]),
        status=pl.when(pl.col("image_id") == "failed")
        .then(pl.lit("failed"))
        .otherwise(pl.lit("ok")),
    )
    pooled = pool_areas(images, panoramas, encoder="e")
    check_contract(TABLES["area_embeddings"], pooled)
    assert pool_areas(images.reverse(), panoramas.reverse(), encoder="e").equals(pooled)
    means = pooled.filter(statistic="mean")
    assert means.select("area_code", "image_count").rows() == [("A", 6), ("B", 1)]
    assert matrix(means["embedding"]).tolist() == [[0.5, 0.5, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]]
    assert means["dispersion"].to_list() == pytest.approx([1 - sqrt(2) / 2, 0])
    assert pool_areas(images, panoramas, encoder="another").is_empty()


def test_images_of_older_captures_are_not_pooled() -> None:
    images, embeddings = tables()
    without = pool_areas(images.filter(pl.col("image_id") != "i3"), embeddings, encoder="made-up")
    older = images.with_columns(is_current=pl.col("image_id") != "i3")
    assert pool_areas(older, embeddings, encoder="made-up").equals(without)


def test_the_order_of_the_tables_does_not_matter_to_the_last_digit() -> None:
    rng = np.random.default_rng(2)
    names = [f"i{number:03}" for number in range(300)]
    images = pl.DataFrame({"image_id": names, "area_code": ["A", "B", "C"] * 100}).with_columns(
        status=pl.lit("ok"), is_current=True
    )
    embeddings = images.select("image_id", "status").with_columns(
        vector_series("embedding", rng.normal(size=(300, 5))),
        authority_code=pl.lit("E1"),
        encoder=pl.lit("e"),
    )
    pooled = pool_areas(images, embeddings, encoder="e")
    shuffled = embeddings.sample(fraction=1, shuffle=True, seed=1)
    assert pool_areas(images.reverse(), shuffled, encoder="e").equals(pooled)


@pytest.mark.parametrize("encoder", ["another", "made-up"])
def test_no_vectors_give_an_empty_table(encoder: str) -> None:
    images, embeddings = tables()
    if encoder == "made-up":
        images = images.clear()
    pooled = pool_areas(images, embeddings, encoder=encoder)
    check_contract(TABLES["area_embeddings"], pooled)
    assert pooled.is_empty()
