"""How well a model of one authority predicts another, alone and with some of its areas added.

Each authority is learned from by itself and tested on each other one; then a share of the other
one's areas joins the training part and leaves the test. An authority on itself, by spatial
blocks, is what these scores are measured against.
"""

import math
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import product

import numpy as np
import polars as pl

from streetview_assets.metrics import REGRESSION
from streetview_assets.models.candidates.base import Candidate
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import (
    MOST_AUTHORITY_FOLDS,
    TooFewGroupsError,
    authority_folds,
    outer_folds,
    seed_of,
)
from streetview_assets.models.results.rows import Row, metric_rows, score_row, scores_frame
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.out_of_fold import buffer_m, numbered_folds, out_of_fold
from streetview_assets.models.validation.plan import planned
from streetview_assets.models.validation.ridge_cv import RIDGE, predict_by, ridge_path
from streetview_assets.models.validation.tuned_models import LEAST_AREAS
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.processes.on_progress import OnProgress, steps, untold
from streetview_assets.tables.registry import TABLES

TABLE = "transfer_scores"
METRICS = {name: REGRESSION[name] for name in ("r2", "spearman", "rmse")}
REPEATS = 3
"""Draws of the areas that are added: one draw of a single area says little."""


@dataclass(frozen=True)
class _Group:
    """An authority, or where there are too many a group of them."""

    name: str
    data: AreaDataset
    note: str | None = None


def why_no_transfer(data: AreaDataset) -> str | None:
    """Say why nothing can be carried over from one authority to another, where it cannot."""
    count = len(set(data.authority_codes))
    if count < 2:
        return f"areas of {count} authority, so that no other can be predicted from it"
    if all(len(group.data) < LEAST_AREAS for group in _groups_of(data, seed=0)):
        return f"too few areas: no authority has {LEAST_AREAS}"
    return None


def score_transfer(
    data: AreaDataset, scoring: Scoring, on_progress: OnProgress = untold
) -> pl.DataFrame:
    """Train on every authority, test on every other, with shares of the other one added.

    Parameters
    ----------
    data
        Areas with imagery and a value, in any order.
    scoring
        How they are scored; the shares are `transfer.shares` of its settings. The seed is that
        of the folds within an authority and of the draws of shares.
    on_progress
        Called with pairs done and in total.

    Returns
    -------
    polars.DataFrame
        Table `transfer_scores`: for each ordered pair ridge and the mean of the training part,
        and each authority on itself by spatial blocks. A pair that cannot be scored is one row
        that says why. Empty where `why_no_transfer` gives a reason.
    """
    data = data.by_area_code()
    if why_no_transfer(data):
        return TABLES[TABLE].frame()
    rows: list[Row] = []
    groups = _groups_of(data, scoring.seed)
    ridge = cache(partial(ridge_path, data, scoring.settings))
    with fitting_context(len(data)):
        for train, test in steps(list(product(groups, groups)), on_progress):
            about = scoring.about(
                RIDGE, "", train_authority=train.name, test_authority=test.name, share_added=0.0
            )
            try:
                rows += _pair_rows(train, test, ridge(), scoring, about)
            except TooFewGroupsError as error:
                about["train_count"] = len(train.data)
                rows.append(score_row(about, "r2", None, len(test.data), note=str(error)))
    return scores_frame(rows, TABLE)


def added_count(share: float, area_count: int) -> int:
    """Count the areas that a share of an authority comes to: of a share above nought at least one.

    One area that is left is not counted in: there has to be something to test.
    """
    if share == 0:
        return 0
    return min(max(1, math.floor(share * area_count + 0.5)), area_count - 1)


def _groups_of(data: AreaDataset, seed: int) -> list[_Group]:
    codes = np.array(data.authority_codes, dtype=str)
    fold = authority_folds(data.authority_codes, seed_of(seed, "transfer", "groups"))
    groups = []
    for number in np.unique(fold):
        members = np.unique(codes[fold == number])
        alone = len(np.unique(codes)) <= MOST_AUTHORITY_FOLDS
        name = str(members[0]) if alone else f"group {number:02}"
        note = None if alone else f"{name}: {', '.join(members)}"
        groups.append(_Group(name, data.take(fold == number), note))
    return groups


def _pair_rows(
    train: _Group, test: _Group, ridge: Candidate, scoring: Scoring, about: Row
) -> list[Row]:
    if len(train.data) < LEAST_AREAS:
        count = f"{len(train.data)} of {train.name}, at least {LEAST_AREAS} needed"
        raise TooFewGroupsError(f"too few areas to learn from: {count}")
    if train.name == test.name:
        return _diagonal_rows(train, ridge, scoring, about)
    if len(test.data) < 2:
        raise TooFewGroupsError(f"too few areas to test on: {len(test.data)} of {test.name}")
    notes = dict.fromkeys(group.note for group in (train, test) if group.note)
    about = about | {"note": "; ".join(notes) or None}
    return [
        row
        for share in scoring.settings.transfer.shares
        for repeat in range(1, 1 + (REPEATS if share else 1))
        for row in _off_diagonal_rows(
            train.data, test, ridge, about | {"share_added": share, "repeat": repeat}, scoring.seed
        )
    ]


def _off_diagonal_rows(
    train: AreaDataset, test: _Group, ridge: Candidate, about: Row, seed: int
) -> list[Row]:
    # The order hangs on the tested authority alone: every other one gets the same areas, and a
    # larger share holds the smaller ones.
    drawn_by = seed_of(seed, "transfer", test.name, about["repeat"])
    order = np.random.default_rng(drawn_by).permutation(len(test.data))
    count = added_count(about["share_added"], len(test.data))
    added, left = test.data.take(np.sort(order[:count])), test.data.take(np.sort(order[count:]))
    learned = _together(train, added)
    return _score_rows(left.observed, predict_by(ridge, learned, left, seed), len(learned), about)


def _diagonal_rows(group: _Group, ridge: Candidate, scoring: Scoring, about: Row) -> list[Row]:
    data, settings = group.data, planned(group.data, scoring).settings
    drawn_by = seed_of(scoring.seed, "transfer", "blocks", group.name)
    try:
        number = outer_folds(data, "blocks", settings.folds, settings.block_side_km, drawn_by)
        folds = numbered_folds(data, number, "blocks", scoring.seed, buffer_m("blocks", settings))
    except TooFewGroupsError as error:
        raise TooFewGroupsError(f"no score: {error}") from error
    _, predicted = out_of_fold(
        data, folds, lambda train, test, _: predict_by(ridge, train, test, scoring.seed)
    )
    smallest = min(int(fold.learning.sum()) for fold in folds)
    return _score_rows(data.observed, predicted, smallest, about | {"note": group.note})


def _together(train: AreaDataset, added: AreaDataset) -> AreaDataset:
    """Put the rows of two sets of areas one under the other, as far as ridge sees them."""
    return replace(
        train,
        area_codes=train.area_codes + added.area_codes,
        vectors=np.concatenate([train.vectors, added.vectors]),
        observed=np.concatenate([train.observed, added.observed]),
    )


def _score_rows(
    observed: np.ndarray, predicted: dict[str, np.ndarray], train_count: int, about: Row
) -> list[Row]:
    about = about | {"train_count": train_count}
    return [
        row
        for model, values in predicted.items()
        for row in metric_rows(
            about | {"model": model}, observed, values, METRICS, note=about["note"]
        )
    ]
