"""The ordinal head against scipy, and the network on views that are there and that are not."""

import numpy as np
import pytest
import torch
from scipy.special import expit
from scipy.stats import binom

from streetview_assets.models.ordinal.network import (
    decile_log_probabilities,
    forward,
    log_probabilities,
    make_network,
    most_probable_decile,
)

OUTPUTS = np.concatenate([np.linspace(-30, 30, 241), [-800.0, 800.0]])


@pytest.mark.parametrize("deciles", [10, 4])
def test_probabilities_are_those_of_scipys_binomial_distribution(deciles):
    ours = np.exp(decile_log_probabilities(OUTPUTS, deciles))
    theirs = binom.pmf(np.arange(deciles), deciles - 1, expit(OUTPUTS)[:, None])
    assert np.abs(ours - theirs).max() < 1e-9
    in_torch = log_probabilities(torch.from_numpy(OUTPUTS), deciles).exp().numpy()
    assert np.abs(in_torch - theirs).max() < 1e-9


def test_no_output_is_so_extreme_that_a_probability_is_the_log_of_zero():
    assert np.isfinite(decile_log_probabilities(OUTPUTS)).all()
    h = torch.tensor([-800.0, 800.0], requires_grad=True)
    log_probabilities(h).sum().backward()
    assert torch.isfinite(h.grad).all()


def test_the_most_probable_decile_rises_with_the_output():
    most = most_probable_decile(OUTPUTS[:-2])
    assert (np.diff(most) >= 0).all()
    assert set(most) == set(range(1, 11))


def test_views_that_are_missing_change_nothing_and_their_order_neither():
    network = make_network(6, seed=3)
    rng = np.random.default_rng(0)
    two = torch.from_numpy(rng.normal(size=(5, 2, 6)).astype(np.float32))
    four = torch.cat([two, torch.full((5, 2, 6), 7.0)], dim=1)
    there = torch.tensor([True, True, False, False]).repeat(5, 1)
    alone = forward(network, two, torch.ones(5, 2, dtype=torch.bool))
    assert torch.allclose(forward(network, four, there), alone, atol=1e-6)
    turned = forward(network, four.flip(1), there.flip(1))
    assert torch.allclose(turned, alone, atol=1e-6)
    only_first = there & torch.tensor([True, False, False, False])
    assert not torch.allclose(forward(network, four, only_first), alone, atol=1e-6)


def test_weights_come_from_the_seed_and_leave_other_random_numbers_alone():
    torch.manual_seed(5)
    untouched = torch.rand(1)
    torch.manual_seed(5)
    first, second, other = (make_network(6, seed) for seed in (3, 3, 4))
    assert torch.equal(torch.rand(1), untouched)
    weights = [network["view"][0].weight for network in (first, second, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    widths = [layer.out_features for layer in first["view"] if hasattr(layer, "out_features")]
    assert widths == [512, 256, 128]
