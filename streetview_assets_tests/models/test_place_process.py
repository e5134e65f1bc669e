"""Kriging at several ranges: as good as the textbook's, and images beside it where they tell."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from streetview_assets.models.candidates import place_process
from streetview_assets.models.candidates.baselines import PLACE_AND_IMAGES
from streetview_assets.models.candidates.place_process import PlaceProcess, estimated, images_alone
from streetview_assets.models.kriging import full_scale
from streetview_assets.models.validation.competitors import competitors_for
from streetview_assets.models.validation.inner_folds import inner_splits
from streetview_assets.models.validation.tuning import tune_baseline
from streetview_assets.study.models import Models
from streetview_assets_tests.simulations.fields import (
    centres,
    dataset,
    gaussian_field,
    mixed,
    shown_by_images,
)

COUNT = 225


@pytest.fixture(scope="module")
def place_m():
    return centres(COUNT, seed=3)


@pytest.fixture(scope="module")
def held_out():
    return np.random.default_rng(1).permutation(COUNT) < COUNT // 4


def r2(observed, predicted):
    return 1 - np.mean((observed - predicted) ** 2) / np.var(observed)


def held_out_r2(inputs, observed, held_out):
    fitted = PlaceProcess().fit(inputs[~held_out], observed[~held_out])
    return r2(observed[held_out], fitted.predict(inputs[held_out]))


def test_a_field_is_predicted_as_well_as_by_kriging_with_its_own_covariance():
    rng, place_m = np.random.default_rng(4), centres(400, seed=3)
    observed = mixed([(0.8, gaussian_field(place_m, 6_000, rng)), (0.2, rng.normal(size=400))])
    held_out = rng.permutation(400) < 100
    textbook = GaussianProcessRegressor(
        ConstantKernel(0.8, "fixed") * Matern(2_000, "fixed", nu=0.5) + WhiteKernel(0.2, "fixed"),
        normalize_y=True,
    ).fit(place_m[~held_out], observed[~held_out])
    known = r2(observed[held_out], textbook.predict(place_m[held_out]))
    assert held_out_r2(place_m, observed, held_out) > known - 0.03
    assert known > 0.4, "there is something to predict"


def test_images_add_what_they_show_and_features_of_coordinates_nothing(place_m, held_out):
    rng = np.random.default_rng(5)
    signal = rng.normal(size=(COUNT, 2))
    shares = [(0.5, gaussian_field(place_m, 4_000, rng)), (0.35, signal.sum(axis=1))]
    observed = mixed([*shares, (0.15, rng.normal(size=COUNT))])
    images = shown_by_images(signal, 64, rng)
    waves = np.cos(place_m @ rng.normal(size=(2, 64)) / 3_000 + rng.uniform(0, 6.3, 64))
    alone = held_out_r2(place_m, observed, held_out)
    assert held_out_r2(np.hstack([place_m, images]), observed, held_out) > alone + 0.2
    assert held_out_r2(np.hstack([place_m, waves]), observed, held_out) < alone + 0.03


def test_without_any_relation_the_mean_is_predicted(place_m, held_out):
    observed = np.random.default_rng(6).normal(size=COUNT)
    predicted = PlaceProcess().fit(place_m[~held_out], observed[~held_out])
    assert np.ptp(predicted.predict(place_m[held_out])) < 0.5


def test_features_far_from_all_that_were_seen_count_as_the_nearest_seen(place_m):
    rng = np.random.default_rng(7)
    inputs = np.hstack([place_m, rng.normal(size=(COUNT, 3))])
    observed = inputs[:, 2] + rng.normal(size=COUNT) / 3
    fitted = PlaceProcess().fit(inputs, observed)
    strange = inputs[:1] + np.array([0, 0, 1e6, -1e6, 1e6])
    assert np.abs(fitted.predict(strange)).max() < 3 * np.abs(observed).max()


@pytest.fixture(scope="module")
def many():
    """Inputs of 600 areas, values, which are held out, and variances with a part of every kind."""
    rng, place_m = np.random.default_rng(8), centres(600, seed=3)
    signal = rng.normal(size=(600, 3))
    told = [(0.3, signal.sum(axis=1)), (0.2, np.cos(2 * signal[:, 0]))]
    shares = [(0.4, gaussian_field(place_m, 4_000, rng)), *told, (0.1, rng.normal(size=600))]
    inputs = np.hstack([place_m, shown_by_images(signal, 20, rng)])
    held_out = rng.permutation(600) < 150
    observed = mixed(shares)
    found = estimated(inputs[~held_out], observed[~held_out], 0)
    every = (0.1, 0.2, 0, 0, 0, 0.1, 0, 0.4, 0.2, 0.1, 0.1)
    return inputs, observed, held_out, {**found, "variances": every}


def predicted_as_many(many, monkeypatch, **sizes):
    """Predict as if 100 areas were many, with the sizes of `full_scale` given."""
    inputs, observed, held_out, settings = many
    with monkeypatch.context() as patch:
        patch.setattr(place_process, "MANY_AREAS", 100)
        for name, size in sizes.items():
            patch.setattr(full_scale, name, size)
        fitted = PlaceProcess(**settings).fit(inputs[~held_out], observed[~held_out])
        return fitted.predict(inputs[held_out])


def test_many_areas_are_predicted_as_all_at_once_would_predict_them(many, monkeypatch):
    inputs, observed, held_out, settings = many
    exact = PlaceProcess(**settings).fit(inputs[~held_out], observed[~held_out])
    known = exact.predict(inputs[held_out])
    whole = {"LANDMARKS": 600, "MOST_OF_A_BLOCK": 600, "AROUND": 600}
    assert np.allclose(predicted_as_many(many, monkeypatch, **whole), known, atol=1e-4)
    sizes = {"LANDMARKS": 150, "MOST_OF_A_BLOCK": 100, "AROUND": 60}
    piece_by_piece = predicted_as_many(many, monkeypatch, **sizes)
    off = np.sqrt(np.mean((piece_by_piece - known) ** 2))
    assert 0 < off < 0.15 * observed.std()
    of_both = [r2(observed[held_out], one) for one in (known, piece_by_piece)]
    assert of_both[0] > 0.5
    assert abs(of_both[0] - of_both[1]) < 0.03


def test_what_many_areas_tell_of_images_is_not_forgotten_far_from_them(many, monkeypatch):
    inputs, observed, held_out, settings = many
    (alone, *_) = place_process.images_alone(settings)
    exact = PlaceProcess(**alone).fit(inputs[~held_out], observed[~held_out])
    of_many = predicted_as_many((inputs, observed, held_out, alone), monkeypatch)
    assert np.allclose(of_many, exact.predict(inputs[held_out]))


def test_the_likelihood_of_many_areas_sees_compact_groups_of_them():
    place_m = centres(900, seed=1)
    chosen = place_process._compact_groups(place_m, 300, seed=2)
    assert 300 <= len(chosen) < 420
    assert np.array_equal(chosen, place_process._compact_groups(place_m, 300, seed=2))


def test_far_from_all_that_was_learned_from_images_alone_tell_what_place_hides_nearby():
    rng, place_m = np.random.default_rng(8), centres(256, seed=3)
    field = gaussian_field(place_m, 3_000, rng, kind="gaussian")
    observed = field + 0.1 * rng.normal(size=256)
    shown = (field + 0.6 * rng.normal(size=256))[:, None]
    data = dataset(place_m, shown_by_images(shown, 20, rng), observed)
    settings = Models(block_km=3, buffer_km=2, candidates=("ridge",))
    rivals = competitors_for(data, settings).baselines
    (both,) = (one for one in rivals if one.name == PLACE_AND_IMAGES)
    near, far = (
        tune_baseline(both, data, inner_splits(data, validation, settings, 1), 1)
        for validation in ("random", "blocks")
    )
    of_place = slice(0, 2 * place_process.RANGES - 1)
    assert near.inner_rmse < 0.3
    assert sum(near.params["variances"][of_place]) > 0.5
    assert far.inner_rmse < 0.7, "place beside images comes to 1.07"
    assert sum(far.params["variances"][of_place]) == 0


def told(inputs, observed, held_out, errors, **variances):
    """Give errors times predictions of what is held out, which learn from what is observed."""
    fitted = PlaceProcess(**variances).fit(inputs[~held_out], observed)
    return errors @ fitted.predict(inputs[held_out]), fitted


def test_influence_is_how_predictions_follow_the_values_that_were_learned_from(place_m, held_out):
    rng = np.random.default_rng(11)
    signal = rng.normal(size=(COUNT, 2))
    inputs = np.hstack([place_m, shown_by_images(signal, 20, rng)])
    field = gaussian_field(place_m, 4_000, rng)
    observed = field + signal @ [0.7, 0.7] + 0.5 * rng.normal(size=COUNT)
    learned, errors = observed[~held_out], rng.normal(size=held_out.sum())
    found = estimated(inputs[~held_out], learned, 0)

    def slope(along, **variances):
        ends = [told(inputs, learned + far * along, held_out, errors, **variances)[0]
                for far in (0.05, -0.05)]  # fmt: skip
        return (ends[0] - ends[1]) / 0.1

    ways = rng.normal(size=(6, len(learned)))
    alone = images_alone(found)[1]
    _, fitted = told(inputs, learned, held_out, errors, **alone)
    by_images = fitted.influence(inputs[held_out], errors)
    assert ways @ by_images == pytest.approx([slope(way, **alone) for way in ways], rel=1e-6)

    _, fitted = told(inputs, learned, held_out, errors, **found)
    whole = ways @ fitted.influence(inputs[held_out], errors)
    anew, kept = ([slope(way, **how) for way in ways] for how in ({}, found))
    assert np.std(anew - whole) < 0.7 * np.std(np.subtract(anew, kept)), "variances follow too"
