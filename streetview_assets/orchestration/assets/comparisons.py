"""Comparisons: of authorities, targets, numbers of areas, kinds of images, images with place."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from streetview_assets.models.scoring import Scoring
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_other_features, no_targets
from streetview_assets.orchestration.model_inputs import (
    MODEL_KEYS,
    POOLED_TABLES,
    area_dataset,
    area_datasets,
    model_asset,
    model_tables,
    pooled_datasets,
    study_scoring,
)
from streetview_assets.study_state.lineage import study_asset
from streetview_assets.tables.registry import TABLES
from streetview_assets.validations import AUTHORITIES, Validation, headline_validation

if TYPE_CHECKING:
    from streetview_assets.models.data.dataset import AreaDataset
    from streetview_assets.models.data.group_vectors import Group


@model_asset(writes=("transfer_scores",), code_version=2, study_wide=True)
def transfer_scores(work: AssetContext) -> AssetResult:
    """Train on one authority, test on another, with 0, 1, 5 and 20 % of its areas added."""
    from streetview_assets.models.evaluations.transfer import score_transfer, why_no_transfer

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
    from streetview_assets.models.charts.score_comparisons import draw_transfer
    from streetview_assets.models.validation.ridge_cv import scored_r2

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
    from streetview_assets.models.evaluations.selection import too_few
    from streetview_assets.models.evaluations.target_matrix import on_common_areas, score_targets

    datasets = on_common_areas(area_datasets(work))
    why = too_few(min(len(data) for data in datasets.values()))
    if why:
        return work.not_applicable(f"{why} with a value of every target")
    scores = score_targets(datasets, study_scoring(work), work.progress("validations"))
    common_count = len(next(iter(datasets.values())))
    metadata = {"areas with every target": common_count, **_targets_figure(work, scores, datasets)}
    return AssetResult({"target_scores": scores}, metadata)


@model_asset(writes=("target_gains",), study_wide=True, unless=(no_targets, no_other_features))
def target_gains(work: AssetContext) -> AssetResult:
    """What images, satellites and descriptions add to place and to each other, by target."""
    from streetview_assets.models.charts.scores_and_gains import draw_gains
    from streetview_assets.models.evaluations.selection import too_few
    from streetview_assets.models.evaluations.target_matrix import gains_of_targets, on_common_areas

    datasets = on_common_areas(area_datasets(work))
    if why := too_few(min(len(data) for data in datasets.values())):
        return work.not_applicable(f"{why} with a value of every target")
    found = gains_of_targets(datasets, study_scoring(work), work.progress("targets"))
    if found["value"].null_count() == found.height:
        return AssetResult({"target_gains": found})
    how = {"title": f"{work.title}: blocks held out", "credit": work.whole_credit}
    figure = draw_gains(found, targets=list(datasets), **how)
    return AssetResult({"target_gains": found}, {"gains": work.figure("target_gains", figure)})


def _targets_figure(
    work: AssetContext, scores: pl.DataFrame, datasets: "Mapping[str, AreaDataset]"
) -> dict[str, Any]:
    from streetview_assets.models.charts.score_comparisons import (
        draw_target_correlations,
        draw_targets,
    )
    from streetview_assets.models.validation.ridge_cv import scored_r2

    if scored_r2(scores).is_empty():
        return {}
    how: dict[str, Any] = {"title": work.title, "credit": work.credit}
    figure = draw_targets(scores, targets=list(datasets), **how)
    shown = {"target_scores": work.figure("target_scores", figure)}
    if len(datasets) > 1:
        values = {
            name: dict(zip(data.area_codes, data.observed.tolist(), strict=True))
            for name, data in datasets.items()
        }
        figure = draw_target_correlations(values, **how)
        shown["target_correlations"] = work.figure("target_correlations", figure)
    return shown


@model_asset(writes=("learning_curve",), code_version=2, study_wide=True)
def learning_curve(work: AssetContext) -> AssetResult:
    """Scores by the number of areas learned from, the held-out areas staying the same."""
    from streetview_assets.models.charts.score_comparisons import draw_learning_curve
    from streetview_assets.models.evaluations.learning_curve import learn_by_size
    from streetview_assets.models.evaluations.selection import too_few
    from streetview_assets.models.validation.ridge_cv import scored_r2

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


@study_asset(
    "models",
    writes=("group_model_scores",),
    reads=(*POOLED_TABLES, "area_group_embeddings"),
    keys=(*MODEL_KEYS, "group_models"),
    code_version=4,
    study_wide=True,
    unless=(no_targets,),
)
def group_model_scores(work: AssetContext) -> AssetResult:
    """A model of each cluster's, label's and group's images alone, beside one of all images.

    On the areas that the groups have in common, and on each group's own. Clusters are those of
    `cluster_assignments`, found in all images, without the target, those of held-out areas among
    them; the feature `by_cluster` finds them inside the fold.
    """
    from streetview_assets.models.evaluations.models_by_group import score_group_models
    from streetview_assets.models.evaluations.selection import too_few

    datasets, groups = pooled_datasets(work), _groups(work)
    area_count = len(datasets[work.target.name])
    if why := too_few(area_count) or (None if groups else "no image is in a group"):
        return work.not_applicable(why)
    predicted: list[pl.DataFrame] = []
    scores = score_group_models(
        datasets,
        groups,
        study_scoring(work, ("pooled",)),
        work.progress("validations"),
        model=work.study.group_models.model,
        on_predicted=predicted.append,
    )
    figures = _all_figures(work, scores, list(datasets)) | _predictions_figure(work, predicted)
    return AssetResult({"group_model_scores": scores}, {"areas": area_count, **figures})


def _groups(work: AssetContext) -> "list[Group]":
    from streetview_assets.models.data.group_vectors import groups_of

    vectors, statistic = work.read_all("area_group_embeddings"), work.study.pooling.statistic
    return groups_of(vectors, statistic=statistic, encoder=work.opened.encoder)


def _all_figures(work: AssetContext, scores: pl.DataFrame, targets: list[str]) -> dict[str, Any]:
    """Draw the scores of each way of grouping, and beside them those of every target."""
    from streetview_assets.models.data.group_vectors import GROUPINGS

    figures: dict[str, Any] = {}
    for grouping in GROUPINGS:
        figures |= _figures(work, scores.filter(grouping=grouping), grouping, targets)
    return figures


def _predictions_figure(work: AssetContext, predicted: list[pl.DataFrame]) -> dict[str, Any]:
    """Draw what was predicted by each cluster's images against what was observed."""
    from streetview_assets.models.charts.group_scores import draw_group_predictions
    from streetview_assets.models.data.group_vectors import CLUSTER

    found = [one.filter(grouping=CLUSTER) for one in predicted if one.height]
    if not found or found[0].is_empty():
        return {}
    drawn = draw_group_predictions(
        found[0], what=work.target.name, title=work.title, credit=work.credit
    )
    return {"group_predicted_observed": work.figure("group_predicted_observed", drawn)}


def _figures(
    work: AssetContext, scores: pl.DataFrame, grouping: str, targets: list[str]
) -> dict[str, Any]:
    from streetview_assets.models.charts.group_scores import (
        draw_group_matrix,
        draw_group_metrics,
        draw_group_scores,
    )
    from streetview_assets.models.data.group_vectors import BY_HAND, CLUSTER, LABEL
    from streetview_assets.models.evaluations.selection import BLOCKS

    if scores.filter(metric="r2").drop_nulls("value").is_empty():
        return {}
    whom, title = work.credit, f"{work.title}: {work.target.name}"
    mine = scores.filter(target=work.target.name)
    drawn = {"group_scores": draw_group_scores(mine, title=title, credit=whom)}
    blocks = mine.filter(validation=BLOCKS)
    if blocks.drop_nulls("value").height:
        drawn["group_metrics"] = draw_group_metrics(blocks, title=title, credit=whom)
    if len(targets) > 1:
        drawn["group_targets"] = draw_group_matrix(
            scores, targets=targets, title=work.title, credit=whom
        )
    ending = {CLUSTER: "", LABEL: "_labels", BY_HAND: "_user_groups"}[grouping]
    return {
        f"{name}{ending}": work.figure(f"{name}{ending}", figure) for name, figure in drawn.items()
    }


@study_asset(
    "models",
    writes=("gains", "findings", "subgroup_errors", "age_gap_scores", "next_town_scores"),
    reads=(
        *("areas", "targets", "sample_points", "images"),
        *("model_scores", "predictions", "held_out_predictions", "held_out_scores", "validations"),
    ),
    keys=(*MODEL_KEYS, "targets.measured_on"),
    code_version=7,
    study_wide=True,
    refresh="weekly",
    unless=(no_targets,),
)
def gains(work: AssetContext) -> AssetResult:
    """What images add to place, by pairs in the same folds; the verdict; for whom it holds."""
    from streetview_assets.models.evaluations.gains import paired_gains
    from streetview_assets.models.results.findings import findings
    from streetview_assets.models.towns.next_town import next_town_scores

    scoring = study_scoring(work)
    within, held_out = (work.read_all(name) for name in ("predictions", "held_out_predictions"))
    predictions = pl.concat([within, held_out.select(within.columns)])
    gained = paired_gains(predictions, work.read_all("areas"), scoring, work.sources.crs())
    headline = _headline(scoring, gained, held_out)
    scores, facts, of_towns = map(work.read_all, ("model_scores", "validations", "held_out_scores"))
    found = findings(scores, gained, scoring, headline, facts)
    tables = {
        "gains": gained,
        "findings": found,
        **_by_kind(work, predictions, scoring, headline),
        "next_town_scores": next_town_scores(of_towns, scoring.settings.interval_level),
    }
    verdict = {"verdict": " ".join(found["sentence"])}
    return AssetResult(tables, verdict | _gains_figures(work, tables))


def _headline(scoring: Scoring, gained: pl.DataFrame, held_out: pl.DataFrame) -> Validation:
    there = set(gained.drop_nulls("value")["validation"])
    town_count = held_out["authority_code"].n_unique()
    return headline_validation(scoring.settings.task, town_count, there)


def _gains_figures(work: AssetContext, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    from streetview_assets.models.charts.score_comparisons import draw_age_gap
    from streetview_assets.models.charts.scores_and_gains import draw_gains

    title, drawn = f"{work.title}: {work.target.name}", {}
    if tables["gains"].height:
        drawn["gains"] = draw_gains(tables["gains"], title=title, credit=work.whole_credit)
    if tables["age_gap_scores"].height:
        drawn["age_gap"] = draw_age_gap(tables["age_gap_scores"], title=title, credit=work.credit)
    else:
        work.forget("age_gap")
    return {name: work.figure(name, figure) for name, figure in drawn.items()}


def _by_kind(
    work: AssetContext, predictions: pl.DataFrame, scoring: Scoring, headline: Validation
) -> dict[str, pl.DataFrame]:
    """Measure whom the model chosen serves worse, and at what age of imagery, held out."""
    from streetview_assets.models.results.age_gap import age_gap_scores
    from streetview_assets.models.results.subgroup_errors import (
        area_traits,
        held_out_areas,
        subgroup_errors,
    )
    from streetview_assets.models.validation.nested_cv import TUNED

    measured_on = work.target.measured_on
    mine = predictions.filter(
        target=scoring.target, encoder=scoring.encoder, features=scoring.features,
        model=TUNED, validation=headline, repeat=1,
    )  # fmt: skip
    if mine.is_empty():
        return {name: TABLES[name].frame() for name in ("subgroup_errors", "age_gap_scores")}
    areas, points, images = map(work.read_all, ("areas", "sample_points", "images"))
    traits = area_traits(areas, points, images, work.sources.crs())
    target, whole = work.read_all("targets").filter(target=scoring.target), headline == AUTHORITIES
    are_deciles = bool(target["is_decile"].any())
    known = held_out_areas(mine, traits, whole_authorities=whole, are_deciles=are_deciles)
    return {
        "subgroup_errors": subgroup_errors(known, scoring, headline),
        "age_gap_scores": age_gap_scores(
            mine, traits, measured_on, scoring, headline, whole_authorities=whole
        ),
    }
