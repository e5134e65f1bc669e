"""The ordinal network: the images of a point become one number, and that a decile.

All views of a point go through the same layers, and what they give is averaged over the views
that are there; a point may so have any number of them. The one number, h, says how high the point
stands: with p = 1 / (1 + exp(-h)), decile c of K has the binomial probability of c - 1 successes
in K - 1 trials (da Costa and Cardoso 2005, ECML, 690-697; on street images Suel et al. 2019,
Scientific Reports 9: 6229). Neighbouring deciles are so always more alike than distant ones.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln, log_expit

if TYPE_CHECKING:
    import torch

DECILES = 10
VIEW_LAYERS = (512, 256, 128)
POINT_LAYERS = (64,)


def make_network(
    dimension: int,
    seed: int,
    view_layers: tuple[int, ...] = VIEW_LAYERS,
    point_layers: tuple[int, ...] = POINT_LAYERS,
    *,
    batch_normalisation: bool = False,
) -> "torch.nn.ModuleDict":
    """Make an untrained network.

    Parameters
    ----------
    dimension
        Length of a view's vector.
    seed
        Draws the weights; the random numbers of others are left as they are.
    view_layers, point_layers
        Widths of the dense layers that each view goes through, and of those after the mean.
    batch_normalisation
        Whether what each of them gives is normalised by batch before its ReLU (Ioffe and Szegedy
        2015, ICML, 448-456).

    Returns
    -------
    torch.nn.ModuleDict
        Parts `view` and `point`, and the buffers `centre` and `spread`, shape (dimension,), by
        which vectors are standardised.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = torch.nn.ModuleDict(
            {
                "view": _dense((dimension, *view_layers), batch_normalisation),
                "point": torch.nn.Sequential(
                    _dense((view_layers[-1], *point_layers), batch_normalisation),
                    torch.nn.Linear(point_layers[-1], 1),
                ),
            }
        )
    network.register_buffer("centre", torch.zeros(dimension))
    network.register_buffer("spread", torch.ones(dimension))
    return network


def _dense(widths: tuple[int, ...], batch_normalisation: bool) -> "torch.nn.Sequential":
    import torch

    layers: list[torch.nn.Module] = []
    for before, after in pairwise(widths):
        layers.append(torch.nn.Linear(before, after))
        if batch_normalisation:
            layers.append(torch.nn.BatchNorm1d(after))
        layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers)


def scale(network: "torch.nn.ModuleDict", views: "torch.Tensor") -> "torch.Tensor":
    """Standardise vectors by what the network learnt from.

    Parameters
    ----------
    network
        What `make_network` gives.
    views
        Vectors, shape (n, views, dimension).
    """
    scaled: torch.Tensor = (views - network.get_buffer("centre")) / network.get_buffer("spread")
    return scaled


def forward(
    network: "torch.nn.ModuleDict", scaled: "torch.Tensor", present: "torch.Tensor"
) -> "torch.Tensor":
    """Run the network.

    Parameters
    ----------
    network
        What `make_network` gives.
    scaled
        Standardised vectors, shape (n, views, dimension); finite where no view is, too.
    present
        Whether a view is there, shape (n, views), bool; one at least of each point.

    Returns
    -------
    torch.Tensor
        The continuous output h, shape (n,).
    """
    # Only views that are there go through the layers: others would enter the means of a batch.
    point = present.nonzero()[:, 0]
    seen = network["view"](scaled[present])
    sums = seen.new_zeros(len(present), seen.shape[1]).index_add(0, point, seen)
    seen = sums / present.sum(dim=1, keepdim=True)
    output: torch.Tensor = network["point"](seen).squeeze(-1)
    return output


def log_probabilities(continuous: "torch.Tensor", deciles: int = DECILES) -> "torch.Tensor":
    """Give the log of the probability of each decile, shape (n, deciles); never of zero.

    Parameters
    ----------
    continuous
        The network's output h, shape (n,).
    deciles
        How many classes there are.
    """
    import torch

    successes = torch.arange(deciles, dtype=continuous.dtype)
    ways = torch.from_numpy(_log_ways(deciles)).to(continuous.dtype)
    h = continuous.unsqueeze(-1)
    log_p, log_q = torch.nn.functional.logsigmoid(h), torch.nn.functional.logsigmoid(-h)
    return ways + successes * log_p + (deciles - 1 - successes) * log_q


def decile_log_probabilities(continuous: np.ndarray, deciles: int = DECILES) -> np.ndarray:
    """Give the log of the probability of each decile of continuous outputs (n,), in float64.

    Parameters
    ----------
    continuous
        The network's output h, shape (n,).
    deciles
        How many classes there are.

    Returns
    -------
    numpy.ndarray
        Shape (n, deciles), of decile 1 first.
    """
    h = np.asarray(continuous, dtype=np.float64)[..., None]
    successes = np.arange(deciles)
    logs: np.ndarray = (
        _log_ways(deciles) + successes * log_expit(h) + (deciles - 1 - successes) * log_expit(-h)
    )
    return logs


def most_probable_decile(continuous: np.ndarray, deciles: int = DECILES) -> np.ndarray:
    """Give the decile of the highest probability, 1 to `deciles`, int64; of equals the lower.

    Parameters
    ----------
    continuous
        The network's output h, shape (n,).
    deciles
        How many classes there are.
    """
    most: np.ndarray = decile_log_probabilities(continuous, deciles).argmax(axis=-1) + 1
    return most.astype(np.int64)


def _log_ways(deciles: int) -> np.ndarray:
    """Give the log of the number of ways to so many successes, the binomial coefficient."""
    successes = np.arange(deciles)
    ways: np.ndarray = gammaln(deciles) - gammaln(successes + 1) - gammaln(deciles - successes)
    return ways
