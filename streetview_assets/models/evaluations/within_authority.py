"""The model of one authority alone: trained on its areas, and validated on them by blocks."""

from collections.abc import Callable

import polars as pl

from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import TooFewGroupsError, seed_of
from streetview_assets.models.evaluations.selection import HEADLINE, no_candidate, too_few
from streetview_assets.models.metrics.morans_i import neighbour_weights
from streetview_assets.models.results.validation_rows import (
    Labels,
    cross_conformal,
    no_score,
    score_rows,
    scores_frame,
)
from streetview_assets.models.validation.nested_cv import competitors_for, cross_validate
from streetview_assets.study.models import Models


def score_authority_alone(
    data: AreaDataset,
    settings: Models,
    *,
    authority_code: str,
    target: str,
    encoder: str,
    features: str,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Score models that saw one authority only, by spatial blocks.

    Parameters
    ----------
    data
        Areas of this authority with imagery and a value, in any order; there may be none.
    settings
        The chapter `models` of the study file.
    authority_code
        Code of the authority.
    target, encoder, features
        What the rows are labelled with: the columns of that name.
    seed
        Of the folds, the tuning and the resamples, beside the authority's code.
    on_progress
        Called with folds done and in total.

    Returns
    -------
    polars.DataFrame
        Table `authority_scores`. Too few areas, or areas that cannot be split into blocks, are
        a result: one row that says so.
    """
    labels = Labels(
        target, encoder, features, settings.interval_level, {"authority_code": authority_code}
    )
    data = data.by_area_code()
    competing = competitors_for(data, settings)
    note = too_few(len(data)) or no_candidate(competing)
    if note:
        return scores_frame([no_score(labels, HEADLINE, len(data), note)], "authority_scores")
    seed = seed_of(seed, authority_code)
    done = 0

    def on_fold() -> None:
        nonlocal done
        done += 1
        if on_progress:
            on_progress(done, settings.folds)

    try:
        split = cross_validate(
            competing, data, settings, HEADLINE, seed,
            timeout_s=settings.timeout_s, on_fold=on_fold,
        )  # fmt: skip
    except TooFewGroupsError as error:
        row = no_score(labels, HEADLINE, len(data), f"no score: {error}")
        return scores_frame([row], "authority_scores")
    half_widths = cross_conformal(data, split, settings.interval_level)
    weights = neighbour_weights(data.geometry)
    rows = score_rows(labels, data, split, half_widths, weights, seed)
    return scores_frame(rows, "authority_scores")
