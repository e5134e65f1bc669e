"""What MLflow's pages say of a run: in words, what was learned from, and a few scores to compare.

All other scores are in the run's table of scores.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.evaluations.selection import headline
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.orchestration.tracking.candidate_runs import HEADLINE, pooled_scores
from streetview_assets.orchestration.tracking.tracked_run import TrackedData
from streetview_assets.study.study_file import Study
from streetview_assets.text.counted import counted
from streetview_assets.validations import VALIDATIONS


def headline_metrics(scores: pl.DataFrame) -> dict[str, float]:
    """Give the few scores that runs are compared by: those of the model `tuned`.

    Parameters
    ----------
    scores
        Table `model_scores`, `authority_scores` or `held_out_scores`.

    Returns
    -------
    dict
        Plain names under the validation that counts, R² with the ends of its interval as
        `r2_lower` and `r2_upper`; and R² under each validation as `<validation>.r2`.
    """
    mine = pooled_scores(scores).filter(pl.col("metric").is_in(HEADLINE), model=TUNED)
    counts = headline(scores)
    found: dict[str, float] = {}
    for row in mine.iter_rows(named=True):
        if counts is not None and row["validation"] == counts["validation"]:
            found[row["metric"]] = row["value"]
        if row["metric"] == "r2":
            found[f"{row['validation']}.r2"] = row["value"]
    ends = {f"r2_{end}": counts[end] for end in ("lower", "upper")} if counts else {}
    return found | {name: value for name, value in ends.items() if value is not None}


def learned_from(study: Study, data: AreaDataset, folder: str) -> TrackedData:
    """Give the areas that models learned from as a dataset of MLflow: codes and values.

    Parameters
    ----------
    study
        The study, which names the target.
    data
        The areas.
    folder
        Where their vectors lie.
    """
    rows = {
        "area_code": data.area_codes,
        "authority_code": data.authority_codes,
        "observed": data.observed,
    }
    name = study.target.name if study.target else study.name
    return TrackedData(name, pl.DataFrame(rows), "observed", folder)


def description(
    study: Study, data: AreaDataset, score: Mapping[str, Any] | None, encoder: str
) -> str:
    """Say in a paragraph what was learned, of how many areas, and how well it was told.

    Parameters
    ----------
    study
        The study.
    data
        The areas learned from.
    score
        The row of R² under the validation that counts; None where there is none.
    encoder
        Name of the encoder.
    """
    what = study.target.name if study.target else study.name
    places = counted(len(set(data.authority_codes)), "authority", "authorities")
    said = f"**{what}** of {counted(len(data), 'area')} in {places}, by `{encoder}`."
    if score is None or score["value"] is None:
        return f"{said} There is no score under a spatial validation."
    ends = (score["lower"], score["upper"])
    interval = "" if None in ends else f" ({ends[0]:.2f} to {ends[1]:.2f})"
    held_out = VALIDATIONS[score["validation"]].label
    return (
        f"{said} R² {score['value']:.2f}{interval}, {held_out}. All scores, by model, validation "
        "and metric: `tables/scores.csv`."
    )
