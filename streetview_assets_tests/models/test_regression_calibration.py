"""Vectors shrunk towards those around: variances that were put in, kriging done by hand, gaps."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from streetview_assets.models.data.regression_calibration import (
    VectorVariances,
    kriging_weights,
    vector_variances,
    without_gaps,
)
from streetview_assets_tests.simulations.fields import centres, gaussian_fields

TRUE = VectorVariances(smooth=1.0, range_m=3_000.0, own=0.25, of_image=2.0)


def measured(count, seed=1, width=40, most_images=12):
    """Vectors of so many images, and what those of very many would be."""
    rng = np.random.default_rng(seed)
    place_m, counts = centres(count, seed), rng.integers(1, most_images + 1, count)
    smooth = gaussian_fields(place_m, TRUE.range_m, width, rng).T
    latent = smooth + 0.5 * rng.normal(size=smooth.shape)
    error = np.sqrt(TRUE.of_image / counts)[:, None] * rng.normal(size=smooth.shape)
    return place_m, counts, latent, latent + error


def test_the_variances_are_those_that_were_put_in():
    place_m, counts, _, vectors = measured(400)
    found = vector_variances(vectors * 7, counts, place_m)
    of_all = found.smooth + found.own
    assert found.of_image / of_all == pytest.approx(2.0 / 1.25, rel=0.15)
    assert found.own / of_all == pytest.approx(0.25 / 1.25, abs=0.08)
    assert 2_000 < found.range_m < 4_500


def test_where_all_areas_have_as_many_images_their_vectors_stay():
    place_m, counts, latent, _ = measured(100)
    counts[:] = 5
    found = vector_variances(latent, counts, place_m)
    assert found.of_image == 0
    weights = kriging_weights(found, counts, place_m, place_m, np.arange(100), with_own=True)
    assert weights.diagonal() == pytest.approx(1, abs=1e-6)


def test_the_weights_are_those_of_ordinary_kriging_with_errors_of_their_own():
    place_m, counts, *_ = measured(20)
    among = np.exp(-3 * cdist(place_m, place_m) / TRUE.range_m)
    whole = np.ones((21, 21))
    whole[:20, :20] = among + np.diag(TRUE.own + TRUE.of_image / counts)
    whole[20, 20] = 0
    shared = np.vstack([among + TRUE.own * np.eye(20), np.ones(20)])
    known = np.linalg.solve(whole, shared)[:20].T
    own = np.arange(20)
    found = kriging_weights(TRUE, counts, place_m, place_m, own, with_own=True)
    assert found.toarray() == pytest.approx(known, abs=1e-6)
    without = kriging_weights(TRUE, counts, place_m, place_m, own, with_own=False)
    assert without.diagonal() == pytest.approx(0)
    assert without.sum(axis=1) == pytest.approx(np.ones((20, 1)))


def test_vectors_of_one_image_come_nearer_to_the_truth_and_those_of_many_stay():
    place_m, counts, latent, vectors = measured(400, most_images=60)
    counts[:40] = 1
    rng = np.random.default_rng(9)
    vectors[:40] = latent[:40] + np.sqrt(2) * rng.normal(size=(40, 40))
    found = vector_variances(vectors, counts, place_m)
    own = np.arange(400)
    made = kriging_weights(found, counts, place_m, place_m, own, with_own=True) @ vectors
    error, before = (np.square(one - latent).mean(axis=1) for one in (made, vectors))
    assert error[:40].mean() < 0.35 * before[:40].mean()
    many = counts > 40
    assert error[many].mean() < 1.05 * before[many].mean()


def test_a_place_without_images_has_what_is_around_it():
    place_m, counts, latent, vectors = measured(300)
    known = np.arange(300) % 5 > 0
    about, none = (counts[known], place_m[known]), np.full(60, -1)
    weights = kriging_weights(TRUE, *about, place_m[~known], none, with_own=True)
    made, far = weights @ vectors[known], vectors[known].mean(axis=0)
    assert np.mean((made - latent[~known]) ** 2) < 0.7 * np.mean((far - latent[~known]) ** 2)


def test_gaps_are_filled_by_the_mean_and_an_empty_column_stays():
    filled = without_gaps(np.array([[1.0, np.nan, np.nan], [3.0, 4.0, np.nan]]))
    assert filled[:, :2].tolist() == [[1.0, 4.0], [3.0, 4.0]]
    assert np.isnan(filled[:, 2]).all()
