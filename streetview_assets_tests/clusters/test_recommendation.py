from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kneed import KneeLocator

from streetview_assets.clusters.number.internal_indices import score_sweep
from streetview_assets.clusters.number.recommendation import find_elbow, gap_number, recommend
from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.tables.registry import TABLES

RAW: dict[str, int | None] = {"raw": None}


def scored(
    points: np.ndarray,
    ends: tuple[int, int] = (2, 8),
    seed: int = 3,
    spaces: Mapping[str, int | None] = RAW,
) -> pl.DataFrame:
    sample = pl.DataFrame([vector_series("embedding", points)])
    numbers = range(ends[0], ends[1] + 1)
    return score_sweep(sample, numbers=numbers, spaces=spaces, seed=seed, encoder="made-up").scores


def written(
    values: Mapping[str, dict[int, float]] = MappingProxyType({}),
    agreements: Mapping[tuple[str, str], float] = MappingProxyType({}),
    **density: dict[int, float],
) -> pl.DataFrame:
    """Write a table of scores: k-means in the raw vectors, what density says, and who agrees."""
    told = [("kmeans", "raw", score, of) for score, of in {**SOUND, **values}.items()]
    told += [("density", "pca3", score, of) for score, of in {**FOUR, **density}.items()]
    told += [
        (method, space, "density_agreement", {4: agreed})
        for (method, space), agreed in {("kmeans", "raw"): 1.0, **agreements}.items()
    ]
    return TABLES["cluster_scores"].frame(
        [
            {"encoder": "made-up", "method": method, "space": space, "seed": 1}
            | {"k": k, "score": score, "value": value}
            for method, space, score, of_score in told
            for k, value in of_score.items()
        ]
    )


SOUND = {
    "inertia": {2: 100.0, 3: 50.0, 4: 20.0, 5: 18.0, 6: 17.0},
    "silhouette": {2: 0.3, 3: 0.4, 4: 0.6, 5: 0.4, 6: 0.3},
    "calinski_harabasz": {2: 10.0, 3: 20.0, 4: 30.0, 5: 25.0, 6: 20.0},
    "davies_bouldin": {2: 1.0, 3: 0.8, 4: 0.9, 5: 0.9, 6: 1.0},
    "stability_seeds": {2: 0.9, 3: 0.9, 4: 0.99, 5: 0.8, 6: 0.7},
    "stability_halves": {2: 0.9, 3: 0.9, 4: 0.98, 5: 0.8, 6: 0.7},
    "gap": {1: 0.1, 2: 0.1, 3: 0.2, 4: 0.8, 5: 0.79, 6: 0.78},
    "gap_error": {1: 0.02, 2: 0.02, 3: 0.02, 4: 0.02, 5: 0.02, 6: 0.02},
}
FOUR = {
    "share_in_kinds": {4: 0.9},
    "prominence_needed": {1: 1.5},
    "prominence": {2: 4.0, 3: 3.5, 4: 3.0, 5: 0.4},
}


@pytest.mark.parametrize(("dimension", "spread"), [(6, 0.1), (64, 0.05)])
def test_five_made_up_clusters_are_five(dimension: int, spread: float) -> None:
    rng = np.random.default_rng(5)
    directions = unit(rng.normal(size=(5, dimension)))
    kinds = rng.choice(5, 400, p=[0.4, 0.25, 0.15, 0.1, 0.1])
    points = unit(directions[kinds] + rng.normal(scale=spread, size=(400, dimension)))
    spaces = RAW if dimension == 6 else RAW | {"pca50": 50}
    advice = recommend(scored(points, spaces=spaces), "raw")
    assert (advice.k, advice.method, advice.space) == (5, "kmeans", "raw"), advice.sentences
    assert advice.sentences[0].startswith("5 clusters are recommended: 5 kinds hold ")
    assert ("k-means in 50 components to 1.00" in advice.sentences[1]) == (dimension == 64)


def test_a_stretched_cloud_that_parts_the_same_each_time_is_a_continuum() -> None:
    for draw in ("normal", "uniform"):
        long = getattr(np.random.default_rng(2), draw)(size=(200, 3)) * [10, 0.5, 0.5]
        scores = scored(long.astype(np.float32), (2, 4))
        assert scores.filter(score="stability_seeds", k=2)["value"].item() > 0.9
        assert scores.filter(score="silhouette", k=2)["value"].mean() > 0.5
        advice = recommend(scores, "raw")
        assert (advice.k, advice.in_short) == (None, "none, a continuum")


def test_reasons_are_given_in_words() -> None:
    assert recommend(written(), "raw").sentences == (
        "4 clusters are recommended: 4 kinds hold 90% of the images, and between any two of them "
        "density falls to 5% of the lesser or below.",
        "With these kinds agree fits of 4: k-means in the raw vectors to 1.00 (adjusted Rand).",
        "Of the indices the elbow of the inertia, the silhouette, Calinski-Harabasz and the gap "
        "statistic name 4, too.",
        "Others: Davies-Bouldin 3.",
        "They are clearly apart: their silhouette is 0.60.",
        "They come back: fits from other seeds agree to 0.99 and fits to halves to 0.98 "
        "(adjusted Rand).",
    )


def test_the_fit_to_take_is_the_first_that_has_the_kinds() -> None:
    poor, raw, by_density = 0.6, ("kmeans", "raw"), ("hdbscan", "pca50")
    for agreements, taken in (
        ({raw: 0.96}, raw),
        ({raw: poor, ("kmeans", "pca50"): 0.97, by_density: 1.0}, ("kmeans", "pca50")),
        ({raw: poor, ("kmeans", "pca50"): poor, by_density: 0.97}, by_density),
        ({raw: poor, by_density: poor}, ("", "")),
    ):
        advice = recommend(written(agreements=agreements), "raw")
        assert (advice.k, advice.method, advice.space) == (4, *taken)
    assert "None of them has the kinds as they are" in advice.sentences[2]


def test_a_continuum_is_one_whatever_the_indices_name() -> None:
    one = {"share_in_kinds": {1: 1.0}, "prominence": {2: 0.7}}
    continuum = recommend(written(**one), "raw")
    assert (continuum.k, continuum.in_short) == (None, "none, a continuum")
    assert "falls to no less than 50% of the lesser" in continuum.sentences[1]
    assert "lets it fall to 22%" in continuum.sentences[1]
    assert "the silhouette 4" in continuum.sentences[2]
    spots = recommend(written(**one | {"prominence": {2: 4.0}}), "raw")
    assert "most images lie between them" in spots.sentences[1]


@pytest.mark.parametrize("kinds", [6, 20])
def test_the_end_of_the_sweep_is_never_the_answer(kinds: int) -> None:
    advice = recommend(written(share_in_kinds={kinds: 0.9}), "raw")
    assert (advice.k, advice.in_short) == (None, "6 or more")
    assert "at its end or beyond" in advice.sentences[0]
    assert "widen `clusters.sweep`" in advice.sentences[0]


def test_a_number_that_was_not_tried_is_named_as_such() -> None:
    advice = recommend(written({"inertia": {3: 50.0, 5: 18.0, 6: 17.0}}), "raw")
    assert advice.k == 4
    assert advice.sentences[1] == "The sweep did not try so many: that is between its steps."


def test_the_gap_names_the_least_within_two_errors_of_the_widest() -> None:
    assert gap_number({1: 0.5, 2: 0.4, 4: 0.51}, {4: 0.001}) == 4
    assert gap_number({1: 0.5, 2: 0.4, 4: 0.51}, {4: 0.02}) == 1
    assert gap_number({}, {}) is None


def test_nothing_to_compare_is_said() -> None:
    nothing = TABLES["cluster_scores"].frame()
    for scores in (nothing, scored(np.ones((30, 4)) / 2, (2, 3))):
        advice = recommend(scores, "raw")
        assert (advice.k, advice.in_short) == (None, "none, too few images")
        assert advice.sentences[0].startswith("There are too few images")


@given(st.lists(st.floats(0.01, 1e6), min_size=3, max_size=30, unique=True))
def test_the_elbow_is_that_of_kneed(values: list[float]) -> None:
    values = sorted(values, reverse=True)
    numbers = list(range(2, 2 + len(values)))
    own = KneeLocator(numbers, values, curve="convex", direction="decreasing").elbow
    assert find_elbow(dict(zip(numbers, values, strict=True))) == own


def test_no_elbow_in_two_numbers_or_a_level_line() -> None:
    assert find_elbow({2: 3.0, 3: 1.0}) is None
    assert find_elbow({2: 3.0, 3: 3.0, 4: 3.0}) is None
