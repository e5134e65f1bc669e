"""Giving up trials that cannot win, after each inner fold.

What is reported of a trial is the error it would end with if it made none on the folds to come:
squared errors only add up, so that a trial above the best so far has lost. Giving it up never
changes which trial wins. Where a fit is costly, a trial that does worse than the median of the
earlier ones on the same folds is given up too.
"""

from typing import TYPE_CHECKING

import numpy as np

from streetview_assets.models.candidates.base import Candidate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import optuna

TRIALS_BEFORE_A_MEDIAN = 3
FOLDS_BEFORE_A_MEDIAN = 2


def squared_error(observed: np.ndarray, guess: np.ndarray, test: np.ndarray) -> float:
    """Sum the squared errors on one inner fold.

    Parameters
    ----------
    observed, guess
        Values and predictions, (n,).
    test
        Mask of the fold, (n,).
    """
    return float(np.sum((observed[test] - guess[test]) ** 2))


def least_rmse(observed: np.ndarray, guess: np.ndarray, folds: "Sequence[np.ndarray]") -> float:
    """Give the error over all areas if there were none but on these folds.

    Parameters
    ----------
    observed, guess
        Values and predictions, (n,).
    folds
        Masks of the inner folds that are done, each (n,).
    """
    squares = sum(squared_error(observed, guess, test) for test in folds)
    return float(np.sqrt(squares / len(observed)))


def report_folds(
    trial: "optuna.Trial", observed: np.ndarray, guess: np.ndarray, order: "Sequence[np.ndarray]"
) -> None:
    """Report a trial that went through all folds, for others to be held against.

    Parameters
    ----------
    trial
        Of Optuna.
    observed, guess
        Values and predictions out of all inner folds, (n,).
    order
        Masks of the inner folds, the hardest first.
    """
    for step in range(1, len(order)):
        trial.report(least_rmse(observed, guess, order[:step]), step)


def give_up_if_hopeless(
    trial: "optuna.Trial", observed: np.ndarray, guess: np.ndarray, done: "Sequence[np.ndarray]"
) -> bool:
    """Report the folds done so far, and end the trial where it has no hope; else say that it has.

    Parameters
    ----------
    trial
        Of Optuna.
    observed, guess
        Values and predictions, (n,).
    done
        Masks of the inner folds that are done, each (n,).

    Raises
    ------
    optuna.TrialPruned
        Caught by Optuna.
    """
    import optuna

    trial.report(least_rmse(observed, guess, done), len(done))
    if trial.should_prune():
        raise optuna.TrialPruned
    return False


def pruner_for(candidate: Candidate) -> "optuna.pruners.BasePruner":
    """Choose how trials of a candidate are given up."""
    import optuna

    median = optuna.pruners.MedianPruner(
        n_startup_trials=TRIALS_BEFORE_A_MEDIAN, n_warmup_steps=FOLDS_BEFORE_A_MEDIAN
    )

    class Hopeless(optuna.pruners.BasePruner):
        def prune(self, study: "optuna.Study", trial: "optuna.trial.FrozenTrial") -> bool:
            finished = [
                one.value
                for one in study.get_trials(
                    deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,)
                )
                if one.value is not None
            ]
            least = trial.intermediate_values[max(trial.intermediate_values)]
            if finished and least > min(finished):
                return True
            return candidate.is_costly and median.prune(study, trial)

    return Hopeless()
