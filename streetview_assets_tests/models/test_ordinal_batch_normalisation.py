"""Batch normalisation in the ordinal network: what enters the means, what is kept, what is used."""

import numpy as np
import pytest
import torch

from streetview_assets.models.ordinal.network import forward, make_network
from streetview_assets.models.ordinal.persistence import NetworkFacts, load_network, save_network
from streetview_assets.models.ordinal.point_dataset import OrdinalPoints
from streetview_assets.models.ordinal.training import (
    balanced_batches,
    continuous_output,
    fine_tune,
    train,
)
from streetview_assets.study.models import Ordinal

PUBLISHED = {"epochs": 6, "batch_size": 10, "batch_normalisation": True, "noise": 0.05}
SETTINGS = Ordinal(**PUBLISHED, learning_rate=1e-3, patience=6, fine_tune_epochs=2)
COUNT, VIEWS, WIDTH = 120, 4, 8


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(1)
    area = np.arange(COUNT) // 2
    decile = rng.permutation(np.arange(60) % 10 + 1)[area]
    views = (decile[:, None, None] - 5.5) * rng.normal(size=WIDTH)
    views = (views + rng.normal(size=(COUNT, VIEWS, WIDTH))).astype(np.float32)
    present = rng.uniform(size=(COUNT, VIEWS)) < 0.7
    present[:, 0] = True
    codes = np.array([f"A{number:03}" for number in area])
    ids = np.array([f"P{number:03}" for number in range(COUNT)])
    place_m = np.zeros((COUNT, 2))
    return OrdinalPoints(ids, codes, np.full(COUNT, "E"), views, present, decile, place_m)


@pytest.fixture(scope="module")
def trained(points):
    return train(points, points.area_codes, SETTINGS, seed=2).network


def test_it_is_pytorchs_own_behind_each_dense_layer(trained, points):
    """The published layers written out: dense, normalised, ReLU; the mean of views; 64; one."""
    kinds = [type(layer).__name__ for layer in trained["view"]]
    assert kinds == ["Linear", "BatchNorm1d", "ReLU"] * 3
    state = trained.state_dict()

    def layers(part, count, x):
        for number in range(count):
            x = x @ state[f"{part}.{3 * number}.weight"].T + state[f"{part}.{3 * number}.bias"]
            of = {
                name: state[f"{part}.{3 * number + 1}.{name}"]
                for name in ("running_mean", "running_var", "weight", "bias")
            }
            x = (x - of["running_mean"]) / torch.sqrt(of["running_var"] + 1e-5)
            x = torch.relu(x * of["weight"] + of["bias"])
        return x

    x = torch.from_numpy((points.views - state["centre"].numpy()) / state["spread"].numpy())
    there = torch.from_numpy(points.present)
    seen = layers("view", 3, x) * there[..., None]
    point = layers("point.0", 1, seen.sum(dim=1) / there.sum(dim=1, keepdim=True))
    expected = (point @ state["point.1.weight"].T + state["point.1.bias"]).squeeze(-1)
    found = continuous_output(trained, points.views, points.present)
    assert np.abs(found - expected.numpy()).max() < 1e-4


def test_views_that_are_not_there_enter_no_mean(points):
    network = make_network(WIDTH, 1, (6,), (4,), batch_normalisation=True).train()
    other = points.views.copy()
    other[~points.present] = 1e6
    there = torch.from_numpy(points.present)
    first = forward(network, torch.from_numpy(points.views), there)
    assert torch.equal(first, forward(network, torch.from_numpy(other), there))


def test_the_published_batches_hold_one_location_of_each_decile(points):
    batches = list(balanced_batches(points.decile, 10, np.random.default_rng(1)))
    assert all(sorted(points.decile[rows]) == list(range(1, 11)) for rows in batches)


def test_it_learns_is_kept_and_is_trained_further(trained, points, tmp_path):
    found = continuous_output(trained, points.views, points.present)
    assert np.corrcoef(found, points.decile)[0, 1] > 0.8
    facts = NetworkFacts("s", "t", "better", "e", WIDTH, (), weights={}, batch_normalisation=True)
    save_network(tmp_path, trained, facts)
    kept, told = load_network(tmp_path)
    assert told == facts
    assert np.array_equal(continuous_output(kept, points.views, points.present), found)
    # What a point is given hangs on no other point that is asked about with it.
    alone = continuous_output(kept, points.views[:1], points.present[:1])
    assert alone[0] == pytest.approx(found[0], abs=1e-5)
    tuned = fine_tune(kept, points.take(points.decile == 3), SETTINGS, seed=1)
    assert not np.array_equal(continuous_output(tuned, points.views, points.present), found)
    assert np.array_equal(continuous_output(kept, points.views, points.present), found)
