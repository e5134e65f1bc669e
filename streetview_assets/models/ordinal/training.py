"""Training of the ordinal network, on the processor and always to the same result."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.ordinal.network import (
    decile_log_probabilities,
    forward,
    log_probabilities,
    make_network,
    scale,
)
from streetview_assets.models.ordinal.point_dataset import OrdinalPoints
from streetview_assets.models.ordinal.splits import validation_part
from streetview_assets.processes.threads import limit_threads
from streetview_assets.study.models import Ordinal

if TYPE_CHECKING:
    import torch

POINTS_AT_ONCE = 4_096


@dataclass(frozen=True)
class Trained:
    """A trained network, and how its training went.

    Attributes
    ----------
    epochs
        Epochs of the state that was kept, 0 where none was better than the first.
    validation_loss
        Mean negative log probability on the part set aside, one an epoch; empty without one.
    """

    network: "torch.nn.ModuleDict"
    epochs: int
    validation_loss: tuple[float, ...]


def train(points: OrdinalPoints, groups: np.ndarray, settings: Ordinal, seed: int) -> Trained:
    """Train a network, and keep the state of the epoch that did best on a part set aside.

    Batches hold as many points of each decile as of any other. Noise is added to what the network
    learns from alone, never to what it is judged by.

    Parameters
    ----------
    points
        Points with a decile, in any order.
    groups
        What is set aside whole (areas, or blocks of them), shape (n,).
    settings
        The study's part `ordinal`.
    seed
        Of the part set aside, of the first weights, and of batches and noise.
    """
    share, aside_seed = settings.validation_share, seed_of(seed, "aside")
    aside = validation_part(groups, points.decile, share, aside_seed)
    learning, judging = points.take(~aside), points.take(aside)
    network = make_network(
        points.views.shape[2],
        seed_of(seed, "weights"),
        batch_normalisation=settings.batch_normalisation,
    )
    with limit_threads():
        _fit_scale(network, learning)
        rng = np.random.default_rng(seed_of(seed, "batches"))
        best, best_epoch, losses = copy.deepcopy(network.state_dict()), 0, list[float]()
        optimiser = _optimiser(network, settings.learning_rate, settings)
        lowest = np.inf
        for epoch in range(1, settings.epochs + 1):
            _run_epoch(network, optimiser, learning, settings, rng)
            if not len(judging):
                best, best_epoch = copy.deepcopy(network.state_dict()), epoch
                continue
            losses.append(mean_loss(network, judging))
            if losses[-1] < lowest:
                lowest, best, best_epoch = losses[-1], copy.deepcopy(network.state_dict()), epoch
            elif epoch - best_epoch >= settings.patience:
                break
        network.load_state_dict(best)
        network.requires_grad_(False)
    return Trained(network, best_epoch, tuple(losses))


def fine_tune(
    network: "torch.nn.ModuleDict", points: OrdinalPoints, settings: Ordinal, seed: int
) -> "torch.nn.ModuleDict":
    """Train a copy of a network further on a few points, for a set number of epochs.

    The few are too few to set some of them aside; a tenth of the learning rate keeps the network
    near to what it knew. Vectors stay standardised as it knew them.

    Parameters
    ----------
    network
        A trained network; it stays as it is.
    points
        The few, with a decile.
    settings
        The part `ordinal` of the study file.
    seed
        Of batches and noise.
    """
    with limit_threads():
        tuned = copy.deepcopy(network).requires_grad_(True)
        rng = np.random.default_rng(seed_of(seed, "fine-tuning"))
        optimiser = _optimiser(tuned, settings.learning_rate / 10, settings)
        for _ in range(settings.fine_tune_epochs):
            _run_epoch(tuned, optimiser, points, settings, rng)
        tuned.requires_grad_(False)
    return tuned


def continuous_output(
    network: "torch.nn.ModuleDict", views: np.ndarray, present: np.ndarray
) -> np.ndarray:
    """Run a trained network.

    Parameters
    ----------
    network
        What `train` or `fine_tune` gives.
    views
        Vectors, shape (n, views, dimension); what stands where no view is does not matter.
    present
        Whether a view is there, shape (n, views); one at least of each point.

    Returns
    -------
    numpy.ndarray
        The continuous output h, shape (n,), float64.
    """
    import torch

    pieces = [np.empty(0)]
    network.eval()
    with limit_threads(), torch.inference_mode():
        for start in range(0, len(views), POINTS_AT_ONCE):
            some, there = _tensors(views, present, slice(start, start + POINTS_AT_ONCE))
            h = forward(network, scale(network, some), there)
            pieces.append(h.numpy().astype(np.float64))
    return np.concatenate(pieces)


def mean_loss(network: "torch.nn.ModuleDict", points: OrdinalPoints) -> float:
    """Give the mean negative log probability of the observed deciles, each decile weighing alike.

    Batches hold deciles in equal numbers, so that what training is judged by does, too.

    Parameters
    ----------
    network
        A trained network.
    points
        Points with a decile.
    """
    h = continuous_output(network, points.views, points.present)
    own = -decile_log_probabilities(h)[np.arange(len(points)), points.decile - 1]
    there, member = np.unique(points.decile, return_inverse=True)
    return float(np.mean(np.bincount(member, own) / np.bincount(member, minlength=len(there))))


def balanced_batches(
    deciles: np.ndarray, batch_size: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Deal out one epoch in batches that hold as many points of each decile as of any other.

    A decile of few points gives them again and again; of one with many, some wait for another
    epoch. An epoch has as many points as there are, rounded up to whole batches.

    Parameters
    ----------
    deciles
        Decile of each point, 1 to 10; shape (n,).
    batch_size
        Points of a batch, about.
    rng
        What the epoch is dealt by; the next epoch goes on with it.

    Yields
    ------
    numpy.ndarray
        Rows of a batch: `batch_size` of them, rounded down to a multiple of the number of deciles
        that are there, one of each at least.
    """
    there = np.unique(deciles)
    each = max(1, batch_size // len(there))
    batch_count = -(-len(deciles) // (each * len(there)))
    dealt = []
    for decile in there:
        rows = np.flatnonzero(deciles == decile)
        rounds = -(-batch_count * each // len(rows))
        shuffled = np.concatenate([rng.permutation(rows) for _ in range(rounds)])
        dealt.append(shuffled[: batch_count * each].reshape(batch_count, each))
    for batch in range(batch_count):
        yield np.concatenate([rows[batch] for rows in dealt])


def _run_epoch(
    network: "torch.nn.ModuleDict",
    optimiser: "torch.optim.Optimizer",
    points: OrdinalPoints,
    settings: Ordinal,
    rng: np.random.Generator,
) -> None:
    import torch

    network.train()
    for rows in balanced_batches(points.decile, settings.batch_size, rng):
        views, present = _tensors(points.views, points.present, rows)
        noise = rng.standard_normal(tuple(views.shape), dtype=np.float32)
        scaled = scale(network, views) + torch.from_numpy(noise) * settings.noise
        optimiser.zero_grad()
        logs = log_probabilities(forward(network, scaled, present))
        loss = torch.nn.functional.nll_loss(logs, torch.from_numpy(points.decile[rows] - 1))
        loss.backward()
        optimiser.step()


def _fit_scale(network: "torch.nn.ModuleDict", points: OrdinalPoints) -> None:
    import torch

    seen = points.views[points.present].astype(np.float64)
    spread = seen.std(axis=0)
    centre = torch.from_numpy(seen.mean(axis=0).astype(np.float32))
    # A dimension that never varies says nothing, and would be divided by zero.
    usable = np.where(spread > 1e-9, spread, 1).astype(np.float32)
    network.get_buffer("centre").copy_(centre)
    network.get_buffer("spread").copy_(torch.from_numpy(usable))


def _tensors(
    views: np.ndarray, present: np.ndarray, rows: np.ndarray | slice
) -> tuple["torch.Tensor", "torch.Tensor"]:
    import torch

    there = np.ascontiguousarray(present[rows])
    # A number that is no number would spoil the mean even where its weight is zero.
    seen = np.where(there[..., None], views[rows], 0).astype(np.float32)
    return torch.from_numpy(seen), torch.from_numpy(there)


def _optimiser(
    network: "torch.nn.ModuleDict", learning_rate: float, settings: Ordinal
) -> "torch.optim.Optimizer":
    import torch

    return torch.optim.Adam(
        network.parameters(), lr=learning_rate, weight_decay=settings.weight_decay
    )
