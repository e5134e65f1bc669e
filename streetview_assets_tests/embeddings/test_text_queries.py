from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.embeddings.zero_shot import label_scores as words
from streetview_assets.embeddings.zero_shot.label_scores import (
    label_scores,
    label_vectors,
    most_alike,
    prompts_of,
)
from streetview_assets.embeddings.zero_shot.prompt_bank import scene_classes
from streetview_assets.tables.registry import TABLES, check_contract


def embeddings_of(vectors: np.ndarray, ids: Sequence[str] | None = None) -> pl.DataFrame:
    names = ids or [f"i{number:05}" for number in range(len(vectors))]
    return pl.DataFrame({"image_id": names}).select(
        pl.lit("E1").alias("authority_code"),
        "image_id",
        pl.lit("clip").alias("encoder"),
        pl.lit("ok").alias("status"),
        vector_series("embedding", vectors),
        pl.lit(None, dtype=pl.String).alias("error"),
    )


def drawn(count: int, dimension: int = 6, seed: int = 1) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, dimension)))


def test_a_label_is_the_mean_of_its_prompts_under_each_template() -> None:
    seen: list[str] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        seen.extend(texts)
        return unit(np.array([[len(text), text.count("a"), 1.0] for text in texts]))

    prompts = {"shop": ("a shop", "{odd} %s"), "field": ("a shop",)}
    vectors = label_vectors(prompts, ("a photo of {}", "{} at night"), encode)
    assert sorted(set(seen)) == sorted(seen)
    texts = ["a photo of a shop", "a shop at night", "a photo of {odd} %s", "{odd} %s at night"]
    assert set(seen) == set(texts)
    rows = np.array([[len(text), text.count("a"), 1.0] for text in texts])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    mean = rows.mean(axis=0)
    assert vectors["shop"] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    mean = rows[:2].mean(axis=0)
    assert vectors["field"] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_scores_are_cosines_and_their_softmax_at_the_models_temperature(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(words, "BLOCK", 7)
    vectors, of_labels = drawn(20), drawn(3, seed=2)
    labels = dict(zip(["shop", "car", "field"], of_labels, strict=True))
    embeddings = embeddings_of(vectors)
    failed = embeddings.head(1).with_columns(
        image_id=pl.lit("broken"),
        status=pl.lit("failed"),
        embedding=pl.lit(None, dtype=pl.List(pl.Float32)),
    )
    shuffled = pl.concat([embeddings, failed]).sample(fraction=1, shuffle=True, seed=1)
    scores = label_scores(shuffled, labels, temperature=33.0)
    check_contract(TABLES["label_scores"], scores)
    assert scores.sort(TABLES["label_scores"].key).equals(scores)
    in_order = np.stack([labels[name] for name in ("car", "field", "shop")])
    cosines = vectors.astype(np.float64) @ in_order.T.astype(np.float64)
    table = scores["similarity"].to_numpy().reshape(20, 3)
    assert scores["label"].to_list()[:3] == ["car", "field", "shop"]
    assert np.abs(table - cosines).max() < 1e-8
    expected = softmax(33.0 * cosines, axis=1)
    assert np.abs(scores["probability"].to_numpy().reshape(20, 3) - expected).max() < 1e-6
    best = scores.filter("is_best")["label"].to_list()
    assert best == [("car", "field", "shop")[index] for index in cosines.argmax(axis=1)]


def test_of_equal_labels_the_first_by_name_is_the_best() -> None:
    same = drawn(1)[0]
    scores = label_scores(embeddings_of(drawn(9, seed=5)), {"b": same, "a": same}, temperature=9)
    assert scores.filter("is_best")["label"].to_list() == ["a"] * 9
    assert scores["probability"].to_list() == [0.5] * 18


def test_a_high_temperature_overflows_nothing() -> None:
    vectors = np.eye(2, dtype=np.float32)
    labels = {"a": vectors[0], "b": -vectors[0]}
    scores = label_scores(embeddings_of(vectors), labels, temperature=1e4)
    assert scores["probability"].to_list() == [1.0, 0.0, 0.5, 0.5]


def test_no_vectors_give_an_empty_table() -> None:
    scores = label_scores(embeddings_of(drawn(1)).head(0), {"a": drawn(1)[0]}, temperature=9)
    check_contract(TABLES["label_scores"], scores)
    assert scores.is_empty()


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 12), seed=st.integers(0, 99))
def test_the_images_most_like_a_vector_are_those_of_a_full_sort(count: int, seed: int) -> None:
    vectors, wanted = drawn(10, seed=seed), drawn(1, seed=seed + 1)[0]
    found = most_alike(embeddings_of(vectors).reverse(), wanted, count)
    cosines = vectors @ wanted
    assert found["image_id"].to_list() == [f"i{i:05}" for i in np.argsort(-cosines)[:count]]
    assert found["similarity"].to_numpy() == pytest.approx(np.sort(cosines)[::-1][:count], abs=1e-6)


def test_equal_images_come_in_the_order_of_their_ids() -> None:
    vectors = np.repeat(drawn(1), 3, axis=0)
    found = most_alike(embeddings_of(vectors, ["b", "c", "a"]), drawn(1, seed=3)[0], 2)
    assert found["image_id"].to_list() == ["a", "b"]
    assert most_alike(embeddings_of(vectors).head(0), vectors[0], 2).is_empty()


def test_the_ready_made_set_has_ten_classes_of_ten_different_prompts() -> None:
    prompts = prompts_of("scene_classes")
    assert prompts == scene_classes()
    assert len(prompts) == 10
    assert {len(set(of_label)) for of_label in prompts.values()} == {10}
    assert len({text for of_label in prompts.values() for text in of_label}) == 100
    assert prompts_of({"shop": ["a shop"]}) == {"shop": ("a shop",)}
