"""Choosing parameters, and the candidate, on a training part alone.

The inner folds hold areas out in the way the test part was held out. A trial's score is the
root mean squared error over all inner folds together, which is defined for folds of one area.
"""

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
from sklearn.pipeline import Pipeline

from streetview_assets.models.candidates.base import Candidate, Params, Size, fits_of, predicted
from streetview_assets.models.candidates.baselines import Baseline
from streetview_assets.models.candidates.place_process import PlaceProcess
from streetview_assets.models.candidates.published_recipe import cheapest_first, own_score
from streetview_assets.models.candidates.stack import blend_weights, cross_blend, stack_params
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import Split, seed_of
from streetview_assets.models.validation.fold_fits import (
    SMALL_AREA_COUNT,
    fold_fits,
    inner_predictions,
)
from streetview_assets.models.validation.pruner import (
    give_up_if_hopeless,
    least_rmse,
    pruner_for,
    report_folds,
    squared_error,
)
from streetview_assets.processes.threads import limit_threads

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class Tuned:
    """One model with the parameters that did best on the inner folds.

    A trial that did not go through every inner fold has no error: `inf`.

    Attributes
    ----------
    model, params
        What it is, and its parameters.
    inner_rmse
        Root mean squared error over all inner folds together, in units of the target.
    inner_predicted
        Predictions out of the inner folds, shape (n,).
    trials
        Every trial, with its parameters and its error.
    truncated
        Whether a budget in seconds cut the search short.
    """

    model: Candidate | Baseline
    params: Params
    inner_rmse: float
    inner_predicted: np.ndarray
    trials: list[dict[str, Any]] = field(default_factory=list)
    truncated: bool = False

    def fit(self, data: AreaDataset, seed: int) -> Pipeline:
        """Fit the pipeline to areas.

        Parameters
        ----------
        data
            Areas to learn from.
        seed
            Of the fit, where the model draws anything.
        """
        return self.model.build(self.params, seed).fit(self.model.inputs(data), data.observed)

    def predict(self, pipeline: Pipeline, data: AreaDataset) -> np.ndarray:
        """Predict the areas' values, shape (n,).

        Parameters
        ----------
        pipeline
            What `fit` gives.
        data
            Areas to predict.
        """
        return predicted(pipeline, self.model.inputs(data))

    def influence(
        self, pipeline: Pipeline, data: AreaDataset, errors: np.ndarray
    ) -> np.ndarray | None:
        """Say how much each area learned from had to do with errors; see `PlaceProcess`.

        Parameters
        ----------
        pipeline
            What `fit` gives.
        data
            The areas predicted.
        errors
            Observed minus predicted, of these, (m,), units of the target.

        Returns
        -------
        numpy.ndarray or None
            Shape (n,); None of another kind of model.
        """
        process, inputs = pipeline[-1], self.model.inputs(data)
        if not isinstance(process, PlaceProcess):
            return None
        seen = pipeline[:-1].transform(inputs) if len(pipeline) > 1 else inputs
        return process.influence(seen, errors)


@contextmanager
def fitting_context(area_count: int) -> Iterator[None]:
    """Keep numerical libraries to one thread on small data, and skip their checks of input.

    The data were checked when they were assembled.
    """
    limit = 1 if area_count <= SMALL_AREA_COUNT else None
    with (
        limit_threads(limit),
        sklearn.config_context(assume_finite=True, skip_parameter_validation=True),
        warnings.catch_warnings(),
    ):
        # PLS on a few areas of one value: it then predicts that value, which is right.
        warnings.filterwarnings("ignore", message="y residual is constant")
        yield


def calibrated_predictions(
    best: Tuned, train: AreaDataset, splits: Sequence[Split], seed: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Predict each inner fold by a model of calibrated vectors, by those around and with its own.

    Parameters
    ----------
    best, train, splits, seed
        The candidate with its parameters, the training part, its inner folds, and of the fit.

    Returns
    -------
    tuple or None
        By the vectors around, and by the calibrated ones, each (n,); None without these.
    """
    if train.around is None or train.calibrated is None:
        return None
    model, made = best.model, np.empty((2, len(train)))
    around, own = (
        model.inputs(replace(train, vectors=seen)) for seen in (train.around, train.calibrated)
    )
    for one in splits:
        tested = np.vstack([around[one.held_out], own[one.held_out]])
        learned = own[one.learning], train.observed[one.learning]
        made[:, one.held_out] = fits_of(model, *learned, tested, seed)(best.params).reshape(2, -1)
    return made[0], made[1]


def tune_baseline(
    baseline: Baseline, data: AreaDataset, splits: Sequence[Split], seed: int
) -> Tuned:
    """Take the best of a baseline's settings on inner folds; one that has lost is not finished.

    The first gives way to one that is clearly better, as the baseline says.

    Parameters
    ----------
    baseline
        With its few settings.
    data
        The training part.
    splits
        The inner folds.
    seed
        Of the fit, where the model draws anything.
    """
    inputs, observed = baseline.inputs(data), data.observed
    best, most = None, np.inf
    tried = (
        baseline.estimate(inputs, observed, seed)
        if baseline.estimate
        else baseline.settings(_smallest(inputs, splits))
    )
    folds = fold_fits(baseline, inputs, observed, splits, seed)
    for params in tried:
        lost = partial(_is_above, observed, most * (1 + 1e-9))
        guess = inner_predictions(folds, params, lost)
        if guess is not None and (rmse := _rmse(observed, guess)) < most:
            most = rmse if best else rmse * (1 - baseline.clearly)
            best = Tuned(baseline, params, rmse, guess)
    assert best is not None
    return best


def _is_above(
    observed: np.ndarray, most_rmse: float, guess: np.ndarray, done: Sequence[np.ndarray]
) -> bool:
    """Say whether the error is above a bound, whatever follows."""
    return least_rmse(observed, guess, done) > most_rmse


def tune_candidates(
    candidates: Sequence[Candidate],
    data: AreaDataset,
    splits: Sequence[Split],
    *,
    trials: int,
    seed: int,
    timeout_s: float | None = None,
) -> list[Tuned]:
    """Tune each candidate on inner folds; the trials are dealt out evenly.

    The cheap ones go first, so that a budget in seconds leaves the rest to the costly ones. A
    recipe tries all of its own grid; a stack is made of the others and takes no trials.

    Parameters
    ----------
    candidates
        At least one that is no stack.
    data
        The training part; nothing else is seen.
    splits
        The inner folds, each with what is learned from.
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
    shares = _shares(candidates, trials)
    alone = sorted((one for one in candidates if not one.stacks), key=lambda one: one.cost_s)
    tuned: dict[str, Tuned] = {}
    for place, candidate in enumerate(alone):
        left_s = None if deadline is None else deadline - time.monotonic()
        budget_s = None if left_s is None else left_s / (len(alone) - place)
        tuned[candidate.name] = (
            _search_grid(candidate, data, splits, seed, budget_s)
            if candidate.grid
            else _tune_candidate(candidate, data, splits, shares[candidate.name], seed, budget_s)
        )
    members = [tuned[one.name] for one in candidates if not one.stacks]
    for candidate in candidates:
        if candidate.stacks:
            tuned[candidate.name] = _stack(candidate, members, data, splits)
    return [tuned[candidate.name] for candidate in candidates]


def best_of(tuned: Sequence[Tuned]) -> Tuned:
    """Take the candidate with the lowest error on the inner folds; of equals the first."""
    return min(tuned, key=lambda one: one.inner_rmse)


def _shares(candidates: Sequence[Candidate], trials: int) -> dict[str, int]:
    drawing = [one.name for one in candidates if not one.stacks and not one.grid]
    return {
        name: max(1, trials // len(drawing) + (place < trials % len(drawing)))
        for place, name in enumerate(drawing)
    }


def _tune_candidate(
    candidate: Candidate,
    data: AreaDataset,
    splits: Sequence[Split],
    trials: int,
    seed: int,
    budget_s: float | None,
) -> Tuned:
    import optuna

    # Of a trial that fails it warns with a traceback, though the error is raised: also of a signal
    # that asks for the end, where a library made an error of its own of it.
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    inputs, observed = candidate.inputs(data), data.observed
    order = fold_fits(candidate, inputs, observed, splits, seed)
    size = _smallest(inputs, splits)
    deadline = None if budget_s is None else time.monotonic() + budget_s
    done: list[dict[str, Any]] = []
    best: list[Tuned] = []

    def objective(trial: "optuna.Trial") -> float:
        params = candidate.suggest(trial, size)
        row = {"model": candidate.name, "trial": trial.number, "rmse": np.inf, "pruned": True}
        done.append(row | params)
        # Of the first trial the others learn which fold is the hardest, and are held against it.
        lost = partial(give_up_if_hopeless, trial, observed) if best else None
        guess = inner_predictions(order, params, lost)
        assert guess is not None, "a trial that gives up raises"
        if not best:
            order.sort(key=lambda fold: -squared_error(observed, guess, fold.held_out))
            report_folds(trial, observed, guess, [fold.held_out for fold in order])
        rmse = _rmse(observed, guess)
        done[-1] |= {"rmse": rmse, "pruned": False}
        if not best or rmse < best[-1].inner_rmse:
            best.append(Tuned(candidate, params, rmse, guess))
        return rmse

    def stop_in_time(study: "optuna.Study", trial: "optuna.trial.FrozenTrial") -> None:
        if deadline is not None and time.monotonic() >= deadline:
            study.stop()

    sampler = optuna.samplers.TPESampler(seed=seed_of(seed, candidate.name) % 2**31)
    study = optuna.create_study(sampler=sampler, pruner=pruner_for(candidate))
    study.enqueue_trial(candidate.default(size))
    study.optimize(objective, n_trials=trials, callbacks=[stop_in_time])
    return replace(best[-1], trials=done, truncated=len(done) < trials)


def _search_grid(
    candidate: Candidate,
    data: AreaDataset,
    splits: Sequence[Split],
    seed: int,
    budget_s: float | None,
) -> Tuned:
    """Choose from a recipe's grid by its own folds, then measure the choice on the inner ones."""
    deadline = None if budget_s is None else time.monotonic() + budget_s
    inputs = candidate.inputs(data)
    score: dict[int, float] = {}
    for place in cheapest_first(candidate.grid):
        if score and deadline is not None and time.monotonic() >= deadline:
            break
        pipeline = candidate.build(candidate.grid[place], seed)
        score[place] = own_score(pipeline, inputs, data.observed)
    chosen = max(sorted(score), key=lambda place: score[place])
    params = candidate.grid[chosen]
    folds = fold_fits(candidate, inputs, data.observed, splits, seed)
    guess = inner_predictions(folds, params)
    assert guess is not None, "nothing stops it"
    rmse = _rmse(data.observed, guess)
    done = [
        {
            "model": candidate.name,
            "trial": place,
            "rmse": rmse if place == chosen else np.inf,
            "pruned": False,
            "own_r2": r2,
            **candidate.grid[place],
        }
        for place, r2 in sorted(score.items())
    ]
    return Tuned(candidate, params, rmse, guess, done, len(score) < len(candidate.grid))


def _stack(
    candidate: Candidate, members: Sequence[Tuned], data: AreaDataset, splits: Sequence[Split]
) -> Tuned:
    held_out = np.column_stack([member.inner_predicted for member in members])
    params = stack_params(
        [member.model.name for member in members],
        [member.params for member in members],
        blend_weights(held_out, data.observed),
    )
    guess = cross_blend(held_out, data.observed, [split.held_out for split in splits])
    rmse = _rmse(data.observed, guess)
    row = {"model": candidate.name, "trial": 0, "rmse": rmse, "pruned": False, **params}
    return Tuned(candidate, params, rmse, guess, [row], any(one.truncated for one in members))


def _smallest(inputs: np.ndarray, splits: Sequence[Split]) -> Size:
    return Size(areas=min(int(one.learning.sum()) for one in splits), width=inputs.shape[1])


def _rmse(observed: np.ndarray, guess: np.ndarray) -> float:
    return float(np.sqrt(np.mean((observed - guess) ** 2)))
