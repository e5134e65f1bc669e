from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kneed import KneeLocator

from streetview_assets.clusters.number.internal_indices import score_sweep
from streetview_assets.clusters.number.recommendation import (
    Recommendation,
    find_elbow,
    gap_number,
    recommend,
    whether_it_differs,
)
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


def written(values: dict[str, dict[int, float]]) -> pl.DataFrame:
    key = {"encoder": "made-up", "method": "kmeans", "space": "raw", "seed": 1}
    return TABLES["cluster_scores"].frame(
        [
            {**key, "k": k, "score": score, "value": value}
            for score, of_score in values.items()
            for k, value in of_score.items()
        ]
    )


SOUND = {
    "inertia": {2: 100.0, 3: 50.0, 4: 20.0, 5: 18.0, 6: 17.0},
    "silhouette": {2: 0.3, 3: 0.4, 4: 0.6, 5: 0.4, 6: 0.3},
    "calinski_harabasz": {2: 10.0, 3: 20.0, 4: 30.0, 5: 25.0, 6: 20.0},
    "davies_bouldin": {2: 1.0, 3: 0.8, 4: 0.5, 5: 0.9, 6: 1.0},
    "stability_seeds": {2: 0.9, 3: 0.9, 4: 0.99, 5: 0.8, 6: 0.7},
    "stability_halves": {2: 0.9, 3: 0.9, 4: 0.98, 5: 0.8, 6: 0.7},
    "gap": {1: 0.1, 2: 0.1, 3: 0.2, 4: 0.8, 5: 0.79, 6: 0.78},
    "gap_error": {1: 0.02, 2: 0.02, 3: 0.02, 4: 0.02, 5: 0.02, 6: 0.02},
}


@pytest.mark.parametrize(("dimension", "spread"), [(6, 0.1), (64, 0.05)])
def test_five_made_up_clusters_are_five(dimension: int, spread: float) -> None:
    rng = np.random.default_rng(5)
    directions = unit(rng.normal(size=(5, dimension)))
    kinds = rng.choice(5, 400, p=[0.4, 0.25, 0.15, 0.1, 0.1])
    points = unit(directions[kinds] + rng.normal(scale=spread, size=(400, dimension)))
    spaces = RAW if dimension == 6 else RAW | {"pca50": 50}
    scores = scored(points, spaces=spaces)
    for space in spaces:
        advice = recommend(scores.filter(space=space))
        assert advice.k == 5, advice.sentences
        assert advice.sentences[0].startswith("5 clusters are recommended: ")


@pytest.mark.parametrize("dimension", [6, 64])
def test_one_gaussian_cloud_is_a_continuum(dimension: int) -> None:
    cloud = np.random.default_rng(8).normal(size=(300, dimension))
    spaces = RAW if dimension == 6 else RAW | {"pca50": 50}
    scores = scored(unit(cloud + 3), (2, 6), spaces=spaces)
    for space in spaces:
        advice = recommend(scores.filter(space=space))
        assert advice.k is None
        assert "continuum" in advice.sentences[0]
        assert any("Points without structure" in sentence for sentence in advice.sentences)


def test_a_stretched_cloud_that_parts_the_same_each_time_is_a_continuum_too() -> None:
    for draw in ("normal", "uniform"):
        long = getattr(np.random.default_rng(2), draw)(size=(200, 3)) * [10, 0.5, 0.5]
        scores = scored(long.astype(np.float32), (2, 4))
        assert scores.filter(score="stability_seeds", k=2)["value"].item() > 0.9
        assert scores.filter(score="silhouette", k=2)["value"].mean() > 0.5
        assert recommend(scores).k is None


def test_reasons_are_given_in_words() -> None:
    assert recommend(written(SOUND)).sentences == (
        "4 clusters are recommended: the elbow of the inertia, the silhouette, Calinski-Harabasz, "
        "Davies-Bouldin and the gap statistic name 4.",
        "They are clearly apart: their silhouette is 0.60.",
        "They come back: fits from other seeds agree to 0.99 and fits to halves to 0.98 "
        "(adjusted Rand).",
    )


def test_who_names_another_number_is_told() -> None:
    told = recommend(written({**SOUND, "davies_bouldin": {3: 0.2, 4: 0.5}})).sentences[0]
    assert told.endswith("and the gap statistic name 4; Davies-Bouldin 3.")


def test_one_doubt_is_told_and_two_are_too_many() -> None:
    low = {**SOUND, "silhouette": {2: 0.1, 3: 0.1, 4: 0.2}}
    one = recommend(written(low))
    assert one.k == 4
    assert "hardly apart: the best silhouette, at 4 clusters, is 0.20" in one.sentences[-1]
    two = recommend(written({**low, "stability_halves": {4: 0.3}}))
    assert two.k is None
    assert any("do not come back: of 4, fits" in sentence for sentence in two.sentences)
    rising = recommend(written({**low, "gap": {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4, 5: 0.5, 6: 0.6}}))
    assert rising.k is None
    assert any("still widens at 6" in sentence for sentence in rising.sentences)


def test_the_gap_alone_can_say_that_there_are_none() -> None:
    near = {**SOUND, "gap": {1: 0.5, 2: 0.4, 3: 0.3, 4: 0.51}}
    assert recommend(written({**near, "gap_error": {4: 0.001}})).k == 4
    assert recommend(written({**near, "gap_error": {4: 0.02}})).k is None
    assert gap_number({}, {}) is None


def test_nothing_to_compare_is_said() -> None:
    for scores in (written({}), scored(np.ones((30, 4)) / 2, (2, 3))):
        advice = recommend(scores)
        assert advice.k is None
        assert advice.sentences[0].startswith("There are too few images")


def test_whether_the_other_space_says_otherwise_is_told() -> None:
    five, six = Recommendation(5, ("",)), Recommendation(6, ("",))
    none = Recommendation(None, ("",))
    assert whether_it_differs(five, five, "raw") == (
        "Of the raw vectors the advice is the same: 5 clusters too."
    )
    assert whether_it_differs(none, none, "pca50") == (
        "Of 50 components the advice is the same: no number."
    )
    assert whether_it_differs(five, six, "pca50") == (
        "Of 50 components 6 clusters would be recommended."
    )
    assert whether_it_differs(five, none, "raw") == (
        "Of the raw vectors no number of clusters would be recommended."
    )


@given(st.lists(st.floats(0.01, 1e6), min_size=3, max_size=30, unique=True))
def test_the_elbow_is_that_of_kneed(values: list[float]) -> None:
    values = sorted(values, reverse=True)
    numbers = list(range(2, 2 + len(values)))
    own = KneeLocator(numbers, values, curve="convex", direction="decreasing").elbow
    assert find_elbow(dict(zip(numbers, values, strict=True))) == own


def test_no_elbow_in_two_numbers_or_a_level_line() -> None:
    assert find_elbow({2: 3.0, 3: 1.0}) is None
    assert find_elbow({2: 3.0, 3: 3.0, 4: 3.0}) is None
