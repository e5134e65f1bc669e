"""How much better the model gets with more areas to learn from."""

import numpy as np
import polars as pl

from streetview_assets.metrics import REGRESSION
from streetview_assets.models.candidates.base import Candidate
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import LEAST_TO_LEARN_FROM, TooFewGroupsError, seed_of
from streetview_assets.models.results.rows import Row, metric_rows, scores_frame
from streetview_assets.models.results.validation_rows import no_score
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.out_of_fold import Fold, folds_of, out_of_fold
from streetview_assets.models.validation.plan import planned
from streetview_assets.models.validation.ridge_cv import RIDGE, predict_by, ridge_path
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.validations import Validation

TABLE = "learning_curve"
METRICS = {name: REGRESSION[name] for name in ("r2", "spearman", "rmse")}
VALIDATIONS: tuple[Validation, ...] = ("random", "blocks")
SIZES = 5
REPEATS = 5
_SMALLEST_SHARE = 1 / 16


def learn_by_size(
    data: AreaDataset, scoring: Scoring, on_progress: OnProgress = untold
) -> pl.DataFrame:
    """Score ridge and the mean when they learn from few areas, from more, from all.

    The folds that are held out stay the same, those of the model selection; of each training
    part so many areas are drawn, and a larger draw holds the smaller ones of its repeat.

    Parameters
    ----------
    data
        Areas with imagery and a value, in any order.
    scoring
        How they are scored. A draw of one validation, fold and repeat has a seed of its own.
    on_progress
        Called with draws done and in total.

    Returns
    -------
    polars.DataFrame
        Table `learning_curve`, pooled out of fold; a validation that these areas do not allow is
        one row that says why.
    """
    data = data.by_area_code()
    scoring, rows = planned(data, scoring), list[Row]()
    with fitting_context(len(data)):
        for place, validation in enumerate(VALIDATIONS):
            try:
                ridge = ridge_path(data, scoring.settings)
                folds = folds_of(data, validation, scoring.settings, scoring.seed)
            except TooFewGroupsError as error:
                row = no_score(scoring, validation, len(data), f"no score: {error}", RIDGE)
                rows.append(row | {"train_count": 0})
                continue
            for repeat in range(1, REPEATS + 1):
                rows += _repeat_rows(data, ridge, validation, folds, repeat, scoring)
                on_progress(place * REPEATS + repeat, len(VALIDATIONS) * REPEATS)
    return scores_frame(rows, TABLE)


def training_sizes(most: int) -> list[int]:
    """Give five sizes of a training part, each a like multiple of the one before.

    Fewer where so few areas have no five; the last is the largest that every fold can give.
    """
    least = min(most, max(LEAST_TO_LEARN_FROM, round(most * _SMALLEST_SHARE)))
    return sorted({round(size) for size in np.geomspace(least, most, SIZES)})


def _repeat_rows(
    data: AreaDataset,
    ridge: Candidate,
    validation: Validation,
    folds: list[Fold],
    repeat: int,
    scoring: Scoring,
) -> list[Row]:
    sizes = training_sizes(min(int(fold.learning.sum()) for fold in folds))

    def predict(
        train: AreaDataset, test: AreaDataset, fold: Fold
    ) -> dict[tuple[int, str], np.ndarray]:
        drawn_by = seed_of(scoring.seed, "learning curve", validation, fold.number, repeat)
        order = np.random.default_rng(drawn_by).permutation(len(train))
        return {
            (size, model): values
            for size in sizes
            for model, values in predict_by(
                ridge, train.take(np.sort(order[:size])), test, scoring.seed
            ).items()
        }

    _, predicted = out_of_fold(data, folds, predict)
    return [
        row
        for (size, model), values in predicted.items()
        for row in metric_rows(
            scoring.about(model, validation, repeat=repeat, train_count=size),
            data.observed,
            values,
            METRICS,
        )
    ]
