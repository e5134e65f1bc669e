"""The direction of deprivation on made-up vectors, in which it is known."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import RidgeCV

from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.models.direction import (
    PENALTIES,
    direction_rows,
    find_direction,
    pictures_at_both_ends,
)
from streetview_assets.tables import TABLES, check_contract

TRUE = np.eye(16)[3]
AREAS = 200


def made_up(noise: float = 0.1, count: int = AREAS) -> tuple[np.ndarray, np.ndarray]:
    """Make vectors around one far from the origin, and values that rise along TRUE."""
    rng = np.random.default_rng(1)
    vectors = 3 * np.eye(16)[0] + rng.normal(size=(count, 16)) * 0.3
    return vectors, vectors @ TRUE * 100 + rng.normal(size=count) * 100 * noise


def rows_of(direction, labels=None) -> pl.DataFrame:
    rows = direction_rows(
        direction, labels or {}, target="score", encoder="made-up", interval_level=0.9
    )
    check_contract(TABLES["deprivation_direction"], rows)
    return rows


def test_the_direction_in_which_values_rise_is_found_and_turned_by_what_more_means():
    vectors, values = made_up()
    worse = find_direction(vectors, values, more_is="worse", seed=1, resamples=20)
    assert worse.vector @ TRUE > 0.98
    better = find_direction(vectors, values, more_is="better", seed=1, resamples=20)
    assert better.vector == pytest.approx(-worse.vector, abs=1e-6)


def test_it_is_the_ridge_of_scikit_learn_on_unit_vectors():
    vectors, values = made_up()
    inputs = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    ridge = RidgeCV(alphas=PENALTIES).fit(inputs, (values - values.mean()) / values.std())
    found = find_direction(vectors, values, more_is="worse", seed=1, resamples=2)
    assert found.penalty == ridge.alpha_
    expected = ridge.coef_ / np.linalg.norm(ridge.coef_)
    assert found.vector == pytest.approx(expected, abs=1e-4)


def test_a_signal_is_stable_from_draw_to_draw_and_noise_is_not():
    vectors, values = made_up()
    shuffled = np.random.default_rng(2).permutation(values)
    stable, unstable = (
        rows_of(find_direction(vectors, of, more_is="worse", seed=1, resamples=40))
        for of in (values, shuffled)
    )
    assert stable["lower"].item() > 0.95
    assert unstable["cosine"].item() < 0.85
    assert stable["area_count"].item() == AREAS


def test_words_are_compared_with_their_mean_taken_off():
    found = find_direction(*made_up(), more_is="worse", seed=1, resamples=20)
    apart = 5 * np.eye(16)[9]  # texts lie apart from pictures
    labels = {
        name: unit((apart + side)[None, :])[0]
        for name, side in (("shuttered", TRUE), ("garden", -TRUE), ("cat", np.eye(16)[12]))
    }
    words = rows_of(found, labels).filter(kind="label")
    cosine = dict(words.select("name", "cosine").iter_rows())
    assert cosine["shuttered"] > 0.7 > 0.3 > abs(cosine["cat"])
    assert cosine["garden"] < -0.7
    assert (words["lower"] <= words["cosine"]).all()
    assert (words["cosine"] <= words["upper"]).all()
    assert rows_of(found, {"alone": labels["cat"]}).filter(kind="label").is_empty()


def test_where_all_is_the_same_there_is_no_direction():
    vectors, values = made_up()
    with pytest.raises(ValueError, match="no direction"):
        find_direction(vectors, np.ones(AREAS), more_is="worse", seed=1)
    with pytest.raises(ValueError, match="no direction"):
        find_direction(np.ones((AREAS, 4)), values, more_is="worse", seed=1)


def pictures(count: int, a_point: int = 2) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make pictures that point the more along the second of two axes the higher their number."""
    ids = [f"i{number:03}" for number in range(count)]
    images = pl.DataFrame(
        {"image_id": ids, "point_id": [f"p{number // a_point}" for number in range(count)]}
    )
    angle = np.linspace(0, np.pi / 2, count)
    vectors = np.column_stack((np.cos(angle), np.sin(angle)))
    embeddings = pl.DataFrame({"image_id": ids, "status": ["ok"] * count}).with_columns(
        vector_series("embedding", vectors)
    )
    return images, embeddings


def test_both_ends_are_shown_in_whole_rows_with_one_picture_a_point():
    images, embeddings = pictures(100)
    ends, across = pictures_at_both_ends(images.reverse(), embeddings, np.array([0.0, 1.0]))
    assert (ends.height, across) == (32, 8)
    assert ends["point_id"].is_unique().all()
    assert ends["image_id"].to_list() == sorted(ends["image_id"])
    assert ends["image_id"][0] == "i000"
    assert ends["image_id"][-1] == "i099"
    few, across = pictures_at_both_ends(*pictures(10), np.array([0.0, 1.0]))
    assert (few.height, across) == (4, 2)
    none, _ = pictures_at_both_ends(*pictures(1), np.array([0.0, 1.0]))
    assert none.is_empty()
