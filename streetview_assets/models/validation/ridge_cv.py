"""Ridge with its penalty chosen by closed form, for comparisons that need very many fits."""

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline

from streetview_assets.models.candidates.base import Candidate, Params, predicted, standardised
from streetview_assets.models.candidates.preprocessing import (
    preparation_of,
    prepared,
    why_unprepared,
)
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import TooFewGroupsError
from streetview_assets.study.models import Models

RIDGE, MEAN = "ridge", "mean"
PENALTIES_PER_FEATURE = np.logspace(-3, 3, 13)
LEAST_FOR_A_PATH = 3


class RidgePath(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Ridge that takes, of thirteen penalties, the one with the least leave-one-out error.

    That error of the training part has a closed form (Allen 1974, Technometrics 16: 125-127), so
    that a fit costs one decomposition and no search.
    """

    def fit(self, inputs: np.ndarray, observed: np.ndarray) -> "RidgePath":
        """Fit to inputs of shape (n, d)."""
        penalties = PENALTIES_PER_FEATURE * inputs.shape[1]
        if len(inputs) < LEAST_FOR_A_PATH:
            penalties = penalties[-1:]
        self.model_ = RidgeCV(alphas=penalties).fit(inputs, observed)
        return self

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Predict values, shape (n,)."""
        return np.asarray(self.model_.predict(inputs)).reshape(-1)


def _build(params: Params, seed: int) -> Pipeline:
    return standardised(model=RidgePath())


PLAIN_RIDGE = Candidate(RIDGE, _build)
"""Ridge that tunes itself, without steps before it."""


def ridge_path(data: AreaDataset, settings: Models) -> Candidate:
    """Give the candidate `ridge` that tunes itself, with the steps that the features need first.

    Parameters
    ----------
    data
        All areas.
    settings
        The chapter `models` of the study file.

    Raises
    ------
    TooFewGroupsError
        Where there are too few images for the clusters that a feature is made of.
    """
    if reason := why_unprepared(data):
        raise TooFewGroupsError(f"ridge {reason}")
    return prepared([PLAIN_RIDGE], preparation_of(data, settings))[0]


def predict_by(
    ridge: Candidate, train: AreaDataset, test: AreaDataset, seed: int
) -> dict[str, np.ndarray]:
    """Predict the test part by ridge and by the mean of the training part; shapes (n,).

    Parameters
    ----------
    ridge
        A candidate that needs no tuning.
    train, test
        Areas to learn from, and to predict.
    seed
        Of the fit, where the model draws anything.
    """
    pipeline = ridge.build({}, seed).fit(ridge.inputs(train), train.observed)
    return {
        RIDGE: predicted(pipeline, ridge.inputs(test)),
        MEAN: np.full(len(test), train.observed.mean()),
    }


def scored_r2(scores: pl.DataFrame) -> pl.DataFrame:
    """Give the rows of a table of scores that are a defined R² of ridge, as charts show it."""
    return scores.filter(metric="r2", model=RIDGE).drop_nulls("value")
