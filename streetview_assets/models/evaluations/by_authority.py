"""Models by authority: of all others, tested on this one; of this one alone, tested by blocks."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import polars as pl

from streetview_assets.models.candidates.baselines import baselines_for
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.evaluations.selection import (
    BLOCKS,
    no_candidate,
    too_few,
    validated_rows,
    why_no_model,
)
from streetview_assets.models.metrics.conformal import LEAST_OF_AN_AUTHORITY
from streetview_assets.models.metrics.morans_i import neighbour_weights
from streetview_assets.models.results.rows import Row, scores_frame
from streetview_assets.models.results.validation_rows import no_score, predictions_frame, score_rows
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.competitors import Competitors, competitors_for
from streetview_assets.models.validation.nested_cv import OutOfFold, cross_validate
from streetview_assets.models.validation.out_of_fold import Fold
from streetview_assets.models.validation.plan import planned
from streetview_assets.processes.on_progress import OnProgress, counter, untold
from streetview_assets.study.models import Models
from streetview_assets.validations import AUTHORITIES

SCORES, PREDICTIONS = "held_out_scores", "held_out_predictions"
NO_AREA = "no area of this authority has imagery and a value"


HeldOutTogether = tuple[Scoring, OutOfFold] | str
"""Authorities predicted by models of others, with the scoring's own seed and blocks; or why not."""


def score_held_out(
    data: AreaDataset,
    scoring: Scoring,
    held_out_with: Collection[str] = (),
    predicted: HeldOutTogether | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Score models on an authority that they never saw, tuning included.

    Inside, authorities are held out too where the others are two or more, else blocks. The
    prediction intervals come from the errors on those inner folds.

    Parameters
    ----------
    data
        Areas of all authorities with imagery and a value, in any order.
    scoring
        How they are scored, with the code of the authority that is held out. The seed is taken
        beside the codes of the authorities learned from: those who learn from the same draw the
        same.
    held_out_with
        Authorities that are not learned from either, as `splits.held_out_together` names them.
    predicted
        What `predict_together` gives of all of these; default: found here.

    Returns
    -------
    tuple of polars.DataFrame
        Tables `held_out_scores` and `held_out_predictions`. With too few areas to
        learn from, or none to test on, no predictions and one row of scores that says so.
    """
    data, code = data.by_area_code(), scoring.authority_code or ""
    codes = np.array(data.authority_codes, dtype=str)
    held_out = codes == code
    made = predicted or predict_together(data, scoring, {code, *held_out_with})
    if not held_out.any():
        made = NO_AREA
    if isinstance(made, str):
        row = no_score(scoring, AUTHORITIES, int(held_out.sum()), made)
        return scores_frame([row], SCORES), predictions_frame(scoring, [], PREDICTIONS)
    scoring, split = replace(made[0], authority_code=code), _of_authority(made[1], code)
    learning = ~np.isin(codes, [code, *held_out_with])
    weights = neighbour_weights(split.areas.geometry)
    rows = score_rows(scoring, split, weights, data.observed[learning | held_out])
    if no_wider := _why_no_wider(codes[learning]):
        rows = [row | _noting(row, no_wider) for row in rows]
    return scores_frame(rows, SCORES), predictions_frame(scoring, [split], PREDICTIONS)


def predict_together(
    data: AreaDataset, scoring: Scoring, held_out_together: Collection[str]
) -> HeldOutTogether:
    """Predict authorities by models of all others, once for all that learn from the same.

    Parameters
    ----------
    data
        Areas of all authorities with imagery and a value, in any order.
    scoring
        How models are scored.
    held_out_together
        Codes of the authorities, as `splits.held_out_together` names them.
    """
    data = data.by_area_code()
    held_out = np.isin(data.authority_codes, list(held_out_together))
    return predict_held_out(data, scoring, held_out, ~held_out)


def _of_authority(split: OutOfFold, code: str) -> OutOfFold:
    """Keep the areas of one of the authorities that were held out."""
    mine = np.array(split.areas.authority_codes, dtype=str) == code
    ends = (split.predicted, split.lower, split.upper)
    predicted, lower, upper = ({name: one[mine] for name, one in end.items()} for end in ends)
    return replace(
        split,
        areas=split.areas.take(mine),
        fold=split.fold[mine],
        predicted=predicted,
        lower=lower,
        upper=upper,
        block=split.block[mine],
        distance_m=split.distance_m[mine],
        learned_share=split.learned_share[mine],
    )


def predict_held_out(
    data: AreaDataset, scoring: Scoring, held_out: np.ndarray, learning: np.ndarray
) -> HeldOutTogether:
    """Predict authorities by models tuned and trained on others, authorities held out inside.

    Parameters
    ----------
    data
        Rows sorted by area.
    scoring
        How models are scored; its seed is taken beside the authorities learned from.
    held_out, learning
        Masks of the areas that are predicted, and learned from; (n,).

    Returns
    -------
    tuple or str
        The scoring with its own seed and blocks, and the predictions; or why there are none.
    """
    codes = np.array(data.authority_codes, dtype=str)
    competing = _competing(data.take(learning), data.take(held_out), scoring.settings)
    if note := _why_not(learning, held_out, competing):
        return note
    seed = seed_of(scoring.seed, AUTHORITIES, *np.unique(codes[learning]))
    scoring = planned(data.take(learning), replace(scoring, seed=seed))
    split = cross_validate(
        competing, data, scoring.settings, AUTHORITIES, seed,
        folds=[Fold(1, held_out, learning, seed)], timeout_s=scoring.settings.timeout_s,
    )  # fmt: skip
    return scoring, split


def _competing(train: AreaDataset, test: AreaDataset, settings: Models) -> Competitors:
    """Let in who can learn from the one and predict the other."""
    learning = competitors_for(train, settings)
    _, without_input = baselines_for(test)
    usable = [one for one in learning.baselines if one.name not in without_input]
    left_out = learning.left_out | without_input
    return replace(learning, baselines=usable, left_out=left_out)


def _why_no_wider(learned_codes: np.ndarray) -> str | None:
    """Say why intervals are no wider than those of authorities learned from, where they are not."""
    _, sizes = np.unique(learned_codes, return_counts=True)
    if (sizes >= LEAST_OF_AN_AUTHORITY).sum() > 1:
        return None
    return (
        "as wide as inside the towns learned from: how much wider an unseen one asks for takes two "
        f"or more of {LEAST_OF_AN_AUTHORITY} areas"
    )


def _noting(row: Row, note: str) -> Row:
    unsaid = row["metric"] == "coverage" and row["value"] is not None and row["note"] is None
    return {"note": note} if unsaid else {}


def _why_not(learning: np.ndarray, held_out: np.ndarray, competing: Competitors) -> str | None:
    if not held_out.any():
        return NO_AREA
    if short := too_few(int(learning.sum())):
        return f"{short} in the other authorities"
    return no_candidate(competing)


def score_authority_alone(
    data: AreaDataset, scoring: Scoring, on_progress: OnProgress = untold
) -> pl.DataFrame:
    """Score models that saw one authority only, by spatial blocks.

    Parameters
    ----------
    data
        Areas of this authority with imagery and a value, in any order; there may be none.
    scoring
        How they are scored, with the code of the authority, beside which the seed is taken.
    on_progress
        Called with folds done and in total.

    Returns
    -------
    polars.DataFrame
        Table `authority_scores`. Too few areas, or areas that cannot be split into blocks, are
        a result: one row that says so.
    """
    data, settings = data.by_area_code(), scoring.settings
    competing = competitors_for(data, settings)
    if note := why_no_model(data, competing):
        return scores_frame([no_score(scoring, BLOCKS, len(data), note)], "authority_scores")
    scoring = planned(data, scoring)
    own = replace(scoring, seed=seed_of(scoring.seed, scoring.authority_code))
    rows = validated_rows(
        competing, data, own, BLOCKS,
        timeout_s=settings.timeout_s, on_fold=counter(settings.folds, on_progress),
    )  # fmt: skip
    return scores_frame(rows, "authority_scores")
