"""Choosing parameters, and the candidate, on a training part alone.

The inner folds hold areas out in the way the test part was held out. A trial's score is the
root mean squared error over all inner folds together, which is defined for folds of one area.
"""

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from streetview_assets.models.baselines import Baseline
from streetview_assets.models.candidates import Candidate, Params, Size
from streetview_assets.models.dataset import AreaDataset
from streetview_assets.models.folds import seed_of, smallest_training

if TYPE_CHECKING:
    import optuna

SMALL_AREA_COUNT = 3_000
"""Up to so many areas one thread is faster than many that wait for each other."""


@dataclass(frozen=True)
class Tuned:
    """One model with the parameters that did best on the inner folds."""

    model: Candidate | Baseline
    params: Params
    inner_rmse: float
    inner_predicted: np.ndarray
    trials: list[dict[str, Any]] = field(default_factory=list)
    truncated: bool = False

    def fit(self, data: AreaDataset, seed: int) -> Pipeline:
        """Fit the pipeline to areas."""
        return fitted(self.model.build(self.params, seed), self.model.inputs(data), data.observed)

    def predict(self, pipeline: Pipeline, data: AreaDataset) -> np.ndarray:
        """Predict the areas' values, shape (n,)."""
        return predicted(pipeline, self.model.inputs(data))


@contextmanager
def calm_computing(area_count: int) -> Iterator[None]:
    """Keep numerical libraries to one thread on small data, and skip their checks of input.

    The data were checked when they were assembled.
    """
    limit = 1 if area_count <= SMALL_AREA_COUNT else None
    with (
        threadpool_limits(limit),
        sklearn.config_context(assume_finite=True, skip_parameter_validation=True),
        warnings.catch_warnings(),
    ):
        # PLS on a few areas of one value: it then predicts that value, which is right.
        warnings.filterwarnings("ignore", message="y residual is constant")
        yield


def fitted(pipeline: Pipeline, inputs: np.ndarray, observed: np.ndarray) -> Pipeline:
    """Fit a pipeline, and give it back."""
    pipeline.fit(inputs, observed)
    return pipeline


def predicted(pipeline: Pipeline, inputs: np.ndarray) -> np.ndarray:
    """Predict with a fitted pipeline; shape (n,)."""
    return np.asarray(pipeline.predict(inputs), dtype=np.float64).reshape(-1)


def inner_predictions(
    model: Candidate | Baseline,
    params: Params,
    inputs: np.ndarray,
    observed: np.ndarray,
    fold: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Predict each inner fold by a fit to the others; shape (n,)."""
    result = np.empty(len(observed))
    for held_out in np.unique(fold):
        test = fold == held_out
        pipeline = fitted(model.build(params, seed), inputs[~test], observed[~test])
        result[test] = predicted(pipeline, inputs[test])
    return result


def tune_baseline(baseline: Baseline, data: AreaDataset, fold: np.ndarray, seed: int) -> Tuned:
    """Take the best of a baseline's settings on inner folds."""
    inputs = baseline.inputs(data)
    best: Tuned | None = None
    for params in baseline.settings(_smallest(inputs, fold)):
        guess = inner_predictions(baseline, params, inputs, data.observed, fold, seed)
        rmse = _rmse(data.observed, guess)
        if best is None or rmse < best.inner_rmse:
            best = Tuned(baseline, params, rmse, guess)
    assert best is not None
    return best


def tune_candidates(
    candidates: Sequence[Candidate],
    data: AreaDataset,
    fold: np.ndarray,
    *,
    trials: int,
    seed: int,
    timeout_s: float | None = None,
) -> list[Tuned]:
    """Tune each candidate on inner folds; the trials are dealt out evenly.

    Parameters
    ----------
    candidates
        At least one.
    data
        The training part; nothing else is seen.
    fold
        Inner fold of each of its areas.
    trials
        Over all candidates together; each gets one at least.
    seed
        Of Optuna's sampler and of the models.
    timeout_s
        Over all candidates together; each still gets its first trial. Marks what it cut short.

    Returns
    -------
    list
        One for each candidate, in their order.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    tuned = []
    for place, candidate in enumerate(candidates):
        share = trials // len(candidates) + (place < trials % len(candidates))
        left_s = None if deadline is None else deadline - time.monotonic()
        budget_s = None if left_s is None else left_s / (len(candidates) - place)
        tuned.append(_tune_candidate(candidate, data, fold, max(1, share), seed, budget_s))
    return tuned


def best_of(tuned: Sequence[Tuned]) -> Tuned:
    """Take the candidate with the lowest error on the inner folds; of equals the first."""
    return min(tuned, key=lambda one: one.inner_rmse)


def _tune_candidate(
    candidate: Candidate,
    data: AreaDataset,
    fold: np.ndarray,
    trials: int,
    seed: int,
    budget_s: float | None,
) -> Tuned:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    inputs = candidate.inputs(data)
    size = _smallest(inputs, fold)
    done: list[dict[str, Any]] = []
    best: list[Tuned] = []

    def objective(trial: "optuna.Trial") -> float:
        params = candidate.suggest(trial, size)
        guess = inner_predictions(candidate, params, inputs, data.observed, fold, seed)
        rmse = _rmse(data.observed, guess)
        done.append({"model": candidate.name, "trial": trial.number, "rmse": rmse, **params})
        if not best or rmse < best[-1].inner_rmse:
            best.append(Tuned(candidate, params, rmse, guess))
        return rmse

    sampler = optuna.samplers.TPESampler(seed=seed_of(seed, candidate.name) % 2**31)
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial(candidate.default(size))
    deadline = None if budget_s is None else time.monotonic() + budget_s

    def stop_in_time(study: "optuna.Study", trial: "optuna.trial.FrozenTrial") -> None:
        if deadline is not None and time.monotonic() >= deadline:
            study.stop()

    study.optimize(objective, n_trials=trials, callbacks=[stop_in_time])
    winner = best[-1]
    return Tuned(
        candidate, winner.params, winner.inner_rmse, winner.inner_predicted, done,
        len(done) < trials,
    )  # fmt: skip


def _smallest(inputs: np.ndarray, fold: np.ndarray) -> Size:
    return Size(areas=smallest_training(fold), width=inputs.shape[1])


def _rmse(observed: np.ndarray, guess: np.ndarray) -> float:
    return float(np.sqrt(np.mean((observed - guess) ** 2)))
