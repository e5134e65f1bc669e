"""Whole authorities held out: tuned and trained on the others, tested on this one."""

import numpy as np
import polars as pl

from streetview_assets.models.candidates.baselines import baselines_for
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import Validation, blocks_of, seed_of
from streetview_assets.models.evaluations.selection import no_candidate, too_few
from streetview_assets.models.metrics.morans_i import neighbour_weights
from streetview_assets.models.results.validation_rows import (
    Labels,
    no_score,
    predictions_frame,
    score_rows,
    scores_frame,
)
from streetview_assets.models.validation.nested_cv import (
    Competitors,
    OutOfFold,
    bootstrap_groups,
    competitors_for,
    inner_half_widths,
    predict_all,
    trials_of,
    tune_all,
)
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.study.models import Models
from streetview_assets.tables.registry import TABLES

AUTHORITIES: Validation = "authorities"


def score_held_out(
    train: AreaDataset,
    test: AreaDataset,
    settings: Models,
    *,
    authority_code: str,
    target: str,
    encoder: str,
    features: str,
    seed: int,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Score models on an authority that they never saw, tuning included.

    Inside, authorities are held out too where the others are two or more, else blocks. The
    prediction intervals come from the errors on those inner folds.

    Parameters
    ----------
    train
        Areas of the other authorities (without those that `folds.held_out_together` names), in
        any order. A study of one authority has none, and no use for this function.
    test
        Areas of this authority, in any order.
    settings
        The chapter `models` of the study file.
    authority_code
        Code of the authority that is held out.
    target, encoder, features
        What the rows are labelled with: the columns of that name.
    seed
        Of the tuning and the resamples, beside the codes of the authorities learned from: those
        who learn from the same draw the same.

    Returns
    -------
    tuple of polars.DataFrame
        Tables `held_out_scores` and `held_out_predictions`. With too few areas to
        learn from, or none to test on, no predictions and one row of scores that says so.
    """
    labels = Labels(
        target, encoder, features, settings.interval_level, {"authority_code": authority_code}
    )
    empty = TABLES["held_out_predictions"].frame()
    train, test = train.by_area_code(), test.by_area_code()
    competing = _competing(train, test, settings)
    note = _why_not(train, test, competing)
    if note:
        row = no_score(labels, AUTHORITIES, len(test), note)
        return scores_frame([row], "held_out_scores"), empty
    seed = seed_of(seed, AUTHORITIES, *sorted(set(train.authority_codes)))
    split, half_widths = _train_and_test(competing, train, test, settings, seed)
    weights = neighbour_weights(test.geometry)
    rows = score_rows(
        labels, test, split, half_widths, weights, seed,
        study_values=np.concatenate([train.observed, test.observed]),
    )  # fmt: skip
    return (
        scores_frame(rows, "held_out_scores"),
        predictions_frame(
            labels, test, [split], {AUTHORITIES: half_widths}, "held_out_predictions"
        ),
    )


def _competing(train: AreaDataset, test: AreaDataset, settings: Models) -> Competitors:
    """Let in who can learn from the one and predict the other."""
    learning = competitors_for(train, settings)
    _, without_input = baselines_for(test)
    usable = [one for one in learning.baselines if one.name not in without_input]
    return Competitors(learning.candidates, usable, learning.left_out | without_input)


def _why_not(train: AreaDataset, test: AreaDataset, competing: Competitors) -> str | None:
    if not len(test):
        return "no area of this authority has imagery and a value"
    short = too_few(len(train))
    if short:
        return f"{short} in the other authorities"
    return no_candidate(competing)


def _train_and_test(
    competing: Competitors, train: AreaDataset, test: AreaDataset, settings: Models, seed: int
) -> tuple[OutOfFold, dict[str, np.ndarray]]:
    with fitting_context(len(train)):
        models = tune_all(
            competing, train, settings, AUTHORITIES, seed, timeout_s=settings.timeout_s
        )
        predicted = predict_all(models, train, test, seed)
    split = OutOfFold(
        validation=AUTHORITIES,
        fold=np.ones(len(test), dtype=np.int64),
        group=bootstrap_groups(test, AUTHORITIES, settings.block_km),
        predicted=predicted,
        competing=competing,
        trials=trials_of(models, AUTHORITIES, 1),
        truncated=models.truncated,
        block=blocks_of(test.place_m, settings.block_km),
    )
    return split, inner_half_widths(models, train, len(test), settings.interval_level)
