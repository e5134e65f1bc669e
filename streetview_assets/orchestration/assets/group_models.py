"""Models of groups: what the images of one cluster, or of one text label, tell of areas."""

from typing import Any

import polars as pl

from streetview_assets.models.charts.groups import draw_group_matrix, draw_group_scores
from streetview_assets.models.data.group_vectors import CLUSTER, GROUPINGS, Group, groups_of
from streetview_assets.models.evaluations.models_by_group import score_group_models
from streetview_assets.models.evaluations.selection import too_few
from streetview_assets.models.validation.ridge_cv import scored_r2
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_targets
from streetview_assets.orchestration.model_inputs import (
    MODEL_KEYS,
    POOLED_TABLES,
    pooled_datasets,
    study_scoring,
)
from streetview_assets.study_state.lineage import study_asset


@study_asset(
    "models",
    writes=("group_model_scores",),
    reads=(*POOLED_TABLES, "area_group_embeddings"),
    keys=MODEL_KEYS,
    code_version=3,
    study_wide=True,
    unless=(no_targets,),
)
def group_model_scores(work: AssetContext) -> AssetResult:
    """A model of each cluster's and each label's images alone, beside one of all images.

    On the areas that the groups have in common, and on each group's own. Clusters are those of
    `cluster_assignments`, found in all images, without the target, those of held-out areas among
    them; the feature `by_cluster` finds them inside the fold.
    """
    datasets, groups = pooled_datasets(work), _groups(work)
    area_count = len(datasets[work.target.name])
    if why := too_few(area_count) or (None if groups else "no image is in a group"):
        return work.not_applicable(why)
    scores = score_group_models(
        datasets, groups, study_scoring(work, ("pooled",)), work.progress("validations")
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
    if scored_r2(scores).is_empty():
        return {}
    chosen = work.target.name
    whom = work.credit
    drawn = {"group_scores": draw_group_scores(
        scores.filter(target=chosen), title=f"{work.title}: {chosen}", credit=whom
    )}  # fmt: skip
    if len(targets) > 1:
        drawn["group_targets"] = draw_group_matrix(
            scores, targets=targets, title=work.title, credit=whom
        )
    ending = "" if grouping == CLUSTER else "_labels"
    return {
        f"{name}{ending}": work.figure(f"{name}{ending}", figure) for name, figure in drawn.items()
    }
