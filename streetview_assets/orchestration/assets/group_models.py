"""Models of groups: what the images of one cluster, or of one text label, tell of areas."""

from typing import Any

import polars as pl

from streetview_assets.embeddings.looked_at import INCLUDED
from streetview_assets.figures import to_png
from streetview_assets.images.providers.terms import credit
from streetview_assets.models.charts.groups import draw_group_matrix, draw_group_scores
from streetview_assets.models.data.group_vectors import CLUSTER, GROUPINGS, Group, groups_of
from streetview_assets.models.evaluations.models_by_group import score_group_models
from streetview_assets.models.evaluations.selection import too_few
from streetview_assets.models.validation.ridge_cv import scored_r2
from streetview_assets.orchestration.asset_context import (
    NO_TARGET,
    AssetContext,
    AssetResult,
    not_applicable,
)
from streetview_assets.orchestration.model_inputs import model_asset, pooled_datasets, study_scoring


@model_asset(
    writes=("group_model_scores",),
    reads=("area_embeddings", "area_group_embeddings", "targets", "areas", INCLUDED),
    study_wide=True,
    refresh="weekly",
)
def group_model_scores(work: AssetContext) -> AssetResult:
    """A model of each cluster's and each label's images alone, beside one of all images.

    On the areas that the groups have in common, and on each group's own. Clusters are those of
    `cluster_assignments`, found in all images, without the target, those of held-out areas among
    them; the feature `by_cluster` finds them inside the fold.
    """
    study = work.study
    if study.target is None:
        return not_applicable(work, "group_model_scores", why=NO_TARGET)
    datasets, groups = pooled_datasets(work), _groups(work)
    area_count = len(datasets[study.target.name])
    if why := too_few(area_count) or (None if groups else "no image is in a group"):
        return not_applicable(work, "group_model_scores", why=why)
    scores = score_group_models(
        datasets,
        groups,
        study_scoring(work, ("pooled",)),
        work.progress("validations"),
    )
    figures = _all_figures(work, scores, list(datasets))
    return AssetResult({"group_model_scores": scores}, {"areas": area_count, **figures})


def _groups(work: AssetContext) -> list[Group]:
    vectors, statistic = work.read_all("area_group_embeddings"), work.study.pooling.statistic
    return groups_of(vectors, statistic=statistic, encoder=work.opened.encoder)


def _all_figures(work: AssetContext, scores: pl.DataFrame, targets: list[str]) -> dict[str, Any]:
    """Draw the scores of each way of grouping, and beside them those of every target."""
    figures: dict[str, Any] = {}
    for grouping in GROUPINGS:
        figures |= _figures(work, scores.filter(grouping=grouping), grouping, targets)
    return figures


def _figures(
    work: AssetContext, scores: pl.DataFrame, grouping: str, targets: list[str]
) -> dict[str, Any]:
    chosen = work.study.target
    if chosen is None or scored_r2(scores).is_empty():
        return {}
    whom = credit(work.study.images.provider)
    drawn = {"group_scores": draw_group_scores(
        scores.filter(target=chosen.name), title=f"{work.title}: {chosen.name}", credit=whom
    )}  # fmt: skip
    if len(targets) > 1:
        drawn["group_targets"] = draw_group_matrix(
            scores, targets=targets, title=work.title, credit=whom
        )
    ending = "" if grouping == CLUSTER else "_labels"
    return {
        f"{name}{ending}": work.figure(f"{name}{ending}", to_png(figure))
        for name, figure in drawn.items()
    }
