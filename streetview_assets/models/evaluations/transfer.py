"""How well a model of one authority predicts another, alone and with some of its areas added.

Each authority is learned from by itself and tested on each other one; then a share of the other
one's areas joins the training part and leaves the test. An authority on itself, by spatial
blocks, is what these scores are measured against.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.metrics import measure, why_undefined
from streetview_assets.models.candidates.registry import Candidate
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import (
    MOST_AUTHORITY_FOLDS,
    TooFewGroupsError,
    group_folds,
    outer_folds,
    seed_of,
)
from streetview_assets.models.validation.nested_cv import LEAST_AREAS, learned_from
from streetview_assets.models.validation.ridge_cv import RIDGE, predict_by, ridge_path
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.study.models import Models
from streetview_assets.tables.registry import TABLES

TABLE = "transfer_scores"
METRICS = ("r2", "spearman", "rmse")
REPEATS = 3
"""Draws of the areas that are added: one draw of a single area says little."""

Row = dict[str, Any]


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
    data: AreaDataset,
    settings: Models,
    *,
    target: str,
    encoder: str,
    features: str,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Train on every authority, test on every other, with shares of the other one added.

    Parameters
    ----------
    data
        Areas with imagery and a value, in any order.
    settings
        The chapter `models` of the study file; the shares are `transfer.shares`.
    target, encoder, features
        What the rows are labelled with.
    seed
        Of the folds within an authority and of the draws of shares.
    on_progress
        Called with pairs done and in total.

    Returns
    -------
    polars.DataFrame
        Table `transfer_scores`: for each ordered pair ridge and the mean of the training part,
        and each authority on itself by spatial blocks. A pair that cannot be scored is one row
        that says why. Empty where `why_no_transfer` gives a reason.
    """
    labels: Row = {"target": target, "encoder": encoder, "features": features}
    data = data.by_area_code()
    if why_no_transfer(data):
        return TABLES[TABLE].frame()
    ridge, left_out = ridge_path(data, settings)
    groups = _groups_of(data, seed)
    pairs = list(product(groups, groups))
    rows: list[Row] = []
    with fitting_context(len(data)):
        for done, (train, test) in enumerate(pairs, start=1):
            rows += _pair_rows(train, test, ridge, left_out, settings, seed)
            if on_progress:
                on_progress(done, len(pairs))
    return TABLES[TABLE].frame([labels | row for row in rows]).sort(TABLES[TABLE].key)


def added_count(share: float, area_count: int) -> int:
    """Count the areas that a share of an authority comes to: of a share above nought at least one.

    One area that is left is not counted in: there has to be something to test.
    """
    if share == 0:
        return 0
    return min(max(1, math.floor(share * area_count + 0.5)), area_count - 1)


def _groups_of(data: AreaDataset, seed: int) -> list[_Group]:
    codes = np.array(data.authority_codes, dtype=str)
    names = np.unique(codes)
    if len(names) <= MOST_AUTHORITY_FOLDS:
        return [_Group(str(name), data.take(codes == name)) for name in names]
    fold = group_folds(codes, MOST_AUTHORITY_FOLDS, seed_of(seed, "transfer", "groups"))
    groups = []
    for number in np.unique(fold):
        name = f"group {number:02}"
        members = ", ".join(np.unique(codes[fold == number]))
        groups.append(_Group(name, data.take(fold == number), f"{name}: {members}"))
    return groups


def _pair_rows(
    train: _Group,
    test: _Group,
    ridge: Candidate | None,
    left_out: str | None,
    settings: Models,
    seed: int,
) -> Iterator[Row]:
    if ridge is None:
        yield _no_row(train, test, f"ridge {left_out}")
    elif len(train.data) < LEAST_AREAS:
        count = f"{len(train.data)} of {train.name}, at least {LEAST_AREAS} needed"
        yield _no_row(train, test, f"too few areas to learn from: {count}")
    elif train.name == test.name:
        yield from _diagonal_rows(train, ridge, settings, seed)
    elif len(test.data) < 2:
        yield _no_row(train, test, f"too few areas to test on: {len(test.data)} of {test.name}")
    else:
        for share in settings.transfer.shares:
            for repeat in range(1, 1 + (REPEATS if share else 1)):
                yield from _off_diagonal_rows(train, test, ridge, share, repeat, seed)


def _off_diagonal_rows(
    train: _Group, test: _Group, ridge: Candidate, share: float, repeat: int, seed: int
) -> list[Row]:
    # The order hangs on the tested authority alone: every other one gets the same areas, and a
    # larger share holds the smaller ones.
    drawn_by = seed_of(seed, "transfer", test.name, repeat)
    order = np.random.default_rng(drawn_by).permutation(len(test.data))
    count = added_count(share, len(test.data))
    added, left = test.data.take(np.sort(order[:count])), test.data.take(np.sort(order[count:]))
    learned = _together(train.data, added)
    return _score_rows(
        train, test, share, repeat, left.observed, predict_by(ridge, learned, left, seed),
        len(learned),
    )  # fmt: skip


def _diagonal_rows(group: _Group, ridge: Candidate, settings: Models, seed: int) -> list[Row]:
    data = group.data
    drawn_by = seed_of(seed, "transfer", "blocks", group.name)
    try:
        fold = outer_folds(data, "blocks", settings.folds, settings.block_km, drawn_by)
        held_out = [fold == number for number in np.unique(fold)]
        learning = [learned_from(data, out, "blocks", settings) for out in held_out]
    except TooFewGroupsError as error:
        return [_no_row(group, group, f"no score: {error}")]
    predicted: dict[str, np.ndarray] = {}
    for out, inside in zip(held_out, learning, strict=True):
        for model, values in predict_by(ridge, data.take(inside), data.take(out), seed).items():
            predicted.setdefault(model, np.empty(len(data)))[out] = values
    smallest = min(int(inside.sum()) for inside in learning)
    return _score_rows(group, group, 0.0, 1, data.observed, predicted, smallest)


def _together(train: AreaDataset, added: AreaDataset) -> AreaDataset:
    """Put the rows of two sets of areas one under the other, as far as ridge sees them."""
    return AreaDataset(
        area_codes=train.area_codes + added.area_codes,
        authority_codes=train.authority_codes + added.authority_codes,
        vectors=np.concatenate([train.vectors, added.vectors]),
        observed=np.concatenate([train.observed, added.observed]),
        place_m=np.concatenate([train.place_m, added.place_m]),
        image_counts=np.concatenate([train.image_counts, added.image_counts]),
        mean_colour=np.concatenate([train.mean_colour, added.mean_colour]),
        geometry=train.geometry + added.geometry,
        images=train.images,
    )


def _score_rows(
    train: _Group,
    test: _Group,
    share: float,
    repeat: int,
    observed: np.ndarray,
    predicted: dict[str, np.ndarray],
    train_count: int,
) -> list[Row]:
    groups = "; ".join(dict.fromkeys(group.note for group in (train, test) if group.note))
    rows = []
    for model, values in predicted.items():
        scores = measure(observed, values)
        for metric in METRICS:
            why = None if scores[metric] is not None else why_undefined(observed, values)
            rows.append(
                _key(train, test, model, share, repeat, metric)
                | {
                    "value": scores[metric],
                    "train_count": train_count,
                    "area_count": len(observed),
                    "note": why or groups or None,
                }
            )
    return rows


def _no_row(train: _Group, test: _Group, why: str) -> Row:
    return _key(train, test, RIDGE, 0.0, 1, "r2") | {
        "value": None,
        "train_count": len(train.data),
        "area_count": len(test.data),
        "note": why,
    }


def _key(train: _Group, test: _Group, model: str, share: float, repeat: int, metric: str) -> Row:
    return {
        "model": model,
        "train_authority": train.name,
        "test_authority": test.name,
        "share_added": share,
        "repeat": repeat,
        "metric": metric,
    }
