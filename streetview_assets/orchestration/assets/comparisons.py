"""Comparisons: one authority with another, one target with another, few areas with many."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from streetview_assets.models.charts.comparisons import (
    draw_learning_curve,
    draw_targets,
    draw_transfer,
)
from streetview_assets.models.evaluations.learning_curve import learn_by_size
from streetview_assets.models.evaluations.selection import too_few
from streetview_assets.models.evaluations.target_matrix import on_common_areas, score_targets
from streetview_assets.models.evaluations.transfer import score_transfer, why_no_transfer
from streetview_assets.models.validation.ridge_cv import scored_r2
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.model_inputs import (
    area_dataset,
    area_datasets,
    model_asset,
    model_tables,
    study_scoring,
)


@model_asset(writes=("transfer_scores",), code_version=2, study_wide=True)
def transfer_scores(work: AssetContext) -> AssetResult:
    """Train on one authority, test on another, with 0, 1, 5 and 20 % of its areas added."""
    data = area_dataset(work, model_tables(work))
    why = why_no_transfer(data)
    if why:
        return work.not_applicable(why)
    scores = score_transfer(data, study_scoring(work), work.progress("pairs"))
    title = f"{work.title}: {work.target.name}"
    metadata = {"areas": len(data), **_transfer_figures(work, scores, title)}
    return AssetResult({"transfer_scores": scores}, metadata)


def _transfer_figures(work: AssetContext, scores: pl.DataFrame, title: str) -> dict[str, Any]:
    """Draw authorities against authorities, with the fewest and the most areas added."""
    if scored_r2(scores).is_empty():
        return {}
    names = dict(work.read_all("areas").select("authority_code", "authority_name").iter_rows())
    shares = scores["share_added"].unique().sort().to_list()
    whom = work.credit
    drawn = {
        name: draw_transfer(scores, share=share, names=names, title=title, credit=whom)
        for name, share in {"transfer": shares[0], "transfer_added": shares[-1]}.items()
    }
    return {name: work.figure(name, figure) for name, figure in drawn.items()}


@model_asset(writes=("target_scores",), code_version=2, study_wide=True)
def target_scores(work: AssetContext) -> AssetResult:
    """Every target of the study, on the areas that have them all, in the same way."""
    datasets = on_common_areas(area_datasets(work))
    why = too_few(min(len(data) for data in datasets.values()))
    if why:
        return work.not_applicable(f"{why} with a value of every target")
    scores = score_targets(datasets, study_scoring(work), work.progress("validations"))
    common_count = len(next(iter(datasets.values())))
    metadata = {"areas with every target": common_count, **_targets_figure(work, scores, datasets)}
    return AssetResult({"target_scores": scores}, metadata)


def _targets_figure(
    work: AssetContext, scores: pl.DataFrame, targets: Iterable[str]
) -> dict[str, Any]:
    if scored_r2(scores).is_empty():
        return {}
    whom = work.credit
    figure = draw_targets(scores, targets=list(targets), title=work.title, credit=whom)
    return {"target_scores": work.figure("target_scores", figure)}


@model_asset(writes=("learning_curve",), code_version=2, study_wide=True)
def learning_curve(work: AssetContext) -> AssetResult:
    """Scores by the number of areas learned from, the held-out areas staying the same."""
    data = area_dataset(work, model_tables(work))
    why = too_few(len(data))
    if why:
        return work.not_applicable(why)
    scores = learn_by_size(data, study_scoring(work), work.progress("draws"))
    metadata: dict[str, Any] = {"areas": len(data)}
    if scored_r2(scores).height:
        figure = draw_learning_curve(
            scores, title=f"{work.title}: {work.target.name}", credit=work.credit
        )
        metadata["learning_curve"] = work.figure("learning_curve", figure)
    return AssetResult({"learning_curve": scores}, metadata)
