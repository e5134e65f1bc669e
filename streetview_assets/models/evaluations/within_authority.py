"""The model of one authority alone: trained on its areas, and validated on them by blocks."""

from dataclasses import replace

import polars as pl

from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.evaluations.selection import BLOCKS, validated_rows, why_no_model
from streetview_assets.models.results.rows import scores_frame
from streetview_assets.models.results.validation_rows import no_score
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.nested_cv import competitors_for
from streetview_assets.models.validation.plan import planned
from streetview_assets.processes.progress import OnProgress, counter, untold


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
