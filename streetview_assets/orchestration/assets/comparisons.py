"""Comparisons: of authorities, targets, numbers of areas, kinds of images, images with place."""

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
from streetview_assets.study_state.lineage import figures_of, study_asset
from streetview_assets.tables.registry import TABLES
from streetview_assets.validations import AUTHORITIES, Validation, headline_validation

if TYPE_CHECKING:
    from streetview_assets.models.data.group_vectors import Group

GROUP_PREDICTIONS = "group_predicted_observed"
"""Name of the figure of what each group's images predict."""


@model_asset(writes=("transfer_scores",), code_version=2, study_wide=True)
def transfer_scores(work: AssetContext) -> AssetResult:
    """Train on one authority, test on another, with 0, 1, 5 and 20 % of its areas added."""
    from streetview_assets.models.evaluations.transfer import score_transfer, why_no_transfer

    data = area_dataset(work, model_tables(work))
    why = why_no_transfer(data)
    if why:
        return work.not_applicable(why)
    scores = score_transfer(data, study_scoring(work), work.progress("pairs"))
    frames = {"transfer_scores": scores}
    return AssetResult(frames, {"areas": len(data), **work.drawn(frames)})


@figures_of(transfer_scores, keys=("targets.label",))
def _transfer_figures(work: AssetContext) -> dict[str, Any]:
    """Draw authorities against authorities, with the fewest and the most areas added."""
    from streetview_assets.models.charts.score_comparisons import draw_transfer
    from streetview_assets.models.validation.ridge_cv import scored_r2

    scores, title = work.read_all("transfer_scores"), work.titled(work.target.called)
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
    frames = {"target_scores": scores}
    return AssetResult(frames, {"areas with every target": common_count, **work.drawn(frames)})


@model_asset(
    writes=("target_gains",),
    code_version=4,
    keys=(*MODEL_KEYS, "targets.domain"),
    study_wide=True,
    unless=(no_targets, no_other_features),
)
def target_gains(work: AssetContext) -> AssetResult:
    """What images, satellites and descriptions add to place and to each other, by target."""
    from streetview_assets.models.evaluations.selection import too_few
    from streetview_assets.models.evaluations.target_matrix import gains_of_targets, on_common_areas

    datasets = on_common_areas(area_datasets(work))
    if why := too_few(min(len(data) for data in datasets.values())):
        return work.not_applicable(f"{why} with a value of every target")
    domains = {one.name: one.of_domain for one in work.study.targets}
    progress = work.progress("targets")
    found = gains_of_targets(datasets, study_scoring(work), progress, domains)
    frames = {"target_gains": found}
    return AssetResult(frames, work.drawn(frames))


@figures_of(target_gains, keys=("targets.label", "targets.domain"))
def _target_gains_figure(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.models.charts.scores_and_gains import draw_gains

    found = work.read_all("target_gains")
    if found["value"].null_count() == found.height:
        return {}
    targets = work.study.targets_by_domain
    how: dict[str, Any] = {
        "called": {one.name: one.called for one in targets},
        "domains": {one.name: one.of_domain or "" for one in targets},
        "title": work.titled("blocks held out"),
        "credit": work.whole_credit,
    }
    return {"gains": work.figure("target_gains", draw_gains(found, **how))}


@figures_of(target_scores, keys=("targets.label",))
def _targets_figure(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.models.charts.score_comparisons import (
        draw_target_correlations,
        draw_targets,
    )
    from streetview_assets.models.evaluations.target_matrix import on_common_areas
    from streetview_assets.models.validation.ridge_cv import scored_r2

    scores, datasets = work.read_all("target_scores"), on_common_areas(area_datasets(work))
    if scored_r2(scores).is_empty():
        return {}
    how: dict[str, Any] = {"title": work.titled(), "credit": work.credit}
    called = {name: work.study.called(name) for name in datasets}
    figure = draw_targets(scores, called=called, **how)
    shown = {"target_scores": work.figure("target_scores", figure)}
    if len(datasets) > 1:
        values = {
            called[name]: dict(zip(data.area_codes, data.observed.tolist(), strict=True))
            for name, data in datasets.items()
        }
        figure = draw_target_correlations(values, **how)
        shown["target_correlations"] = work.figure("target_correlations", figure)
    return shown


@model_asset(writes=("learning_curve",), code_version=2, study_wide=True)
def learning_curve(work: AssetContext) -> AssetResult:
    """Scores by the number of areas learned from, the held-out areas staying the same."""
    from streetview_assets.models.evaluations.learning_curve import learn_by_size
    from streetview_assets.models.evaluations.selection import too_few

    data = area_dataset(work, model_tables(work))
    why = too_few(len(data))
    if why:
        return work.not_applicable(why)
    scores = learn_by_size(data, study_scoring(work), work.progress("draws"))
    frames = {"learning_curve": scores}
    return AssetResult(frames, {"areas": len(data), **work.drawn(frames)})


@figures_of(learning_curve, keys=("targets.label",))
def _curve(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.models.charts.score_comparisons import draw_learning_curve
    from streetview_assets.models.validation.ridge_cv import scored_r2

    scores = work.read_all("learning_curve")
    if scored_r2(scores).is_empty():
        return {}
    title = work.titled(work.target.called)
    figure = draw_learning_curve(scores, title=title, credit=work.credit)
    return {"learning_curve": work.figure("learning_curve", figure)}


@study_asset(
    "models",
    writes=("group_model_scores",),
    reads=(*POOLED_TABLES, "area_group_embeddings"),
    keys=(*MODEL_KEYS, "group_models"),
    code_version=6,
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
    work.keep_data(GROUP_PREDICTIONS, pl.concat(predicted, how="diagonal"))
    frames = {"group_model_scores": scores}
    return AssetResult(frames, {"areas": area_count, **work.drawn(frames)})


def _groups(work: AssetContext) -> "list[Group]":

    from streetview_assets.models.data.group_vectors import groups_of

    vectors, statistic = work.read_all("area_group_embeddings"), work.study.pooling.statistic
    return groups_of(vectors, statistic=statistic, encoder=work.opened.encoder)


@figures_of(group_model_scores, keys=("targets.label",))
def _all_figures(work: AssetContext) -> dict[str, Any]:
    """Draw the scores of each way of grouping, and beside them those of every target."""
    from streetview_assets.models.data.group_vectors import GROUPINGS

    figures, scores = _predictions_figure(work), work.read_all("group_model_scores")
    for grouping in GROUPINGS:
        figures |= _figures(work, scores.filter(grouping=grouping), grouping)
    return figures


def _predictions_figure(work: AssetContext) -> dict[str, Any]:
    """Draw what was predicted by each cluster's images against what was observed."""
    from streetview_assets.models.charts.group_scores import draw_group_predictions
    from streetview_assets.models.data.group_vectors import CLUSTER

    found = work.data_of(GROUP_PREDICTIONS)
    if found is None or found.is_empty() or found.filter(grouping=CLUSTER).is_empty():
        return {}
    drawn = draw_group_predictions(
        found.filter(grouping=CLUSTER),
        title=work.titled(work.target.called),
        credit=work.credit,
    )
    return {GROUP_PREDICTIONS: work.figure(GROUP_PREDICTIONS, drawn)}


def _figures(work: AssetContext, scores: pl.DataFrame, grouping: str) -> dict[str, Any]:
    from streetview_assets.models.charts.group_scores import (
        draw_group_matrix,
        draw_group_metrics,
        draw_group_scores,
    )
    from streetview_assets.models.data.group_vectors import BY_HAND, CLUSTER, LABEL
    from streetview_assets.models.evaluations.selection import BLOCKS

    if scores.filter(metric="r2").drop_nulls("value").is_empty():
        return {}
    whom, title = work.credit, work.titled(work.target.called)
    called = {one.name: one.called for one in work.study.targets}
    mine = scores.filter(target=work.target.name)
    drawn = {"group_scores": draw_group_scores(mine, title=title, credit=whom)}
    blocks = mine.filter(validation=BLOCKS)
    if blocks.drop_nulls("value").height:
        drawn["group_metrics"] = draw_group_metrics(blocks, title=title, credit=whom)
    if len(called) > 1:
        drawn["group_targets"] = draw_group_matrix(
            scores, called=called, title=work.titled(), credit=whom
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
    code_version=11,
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
    predictions = pl.concat([within, held_out.drop("authority_code")], how="diagonal")
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
    return AssetResult(tables, verdict | work.drawn(tables))


def _headline(scoring: Scoring, gained: pl.DataFrame, held_out: pl.DataFrame) -> Validation:
    there = set(gained.drop_nulls("value")["validation"])
    town_count = held_out["authority_code"].n_unique()
    return headline_validation(scoring.settings.task, town_count, there)


@figures_of(gains, keys=("targets.label",))
def _gains_figures(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.models.charts.score_comparisons import draw_age_gap
    from streetview_assets.models.charts.scores_and_gains import draw_gains

    gained, by_age = work.read_all("gains"), work.read_all("age_gap_scores")
    title, drawn = work.titled(work.target.called), {}
    if gained.height:
        drawn["gains"] = draw_gains(gained, title=title, credit=work.whole_credit)
    if by_age.height:
        drawn["age_gap"] = draw_age_gap(by_age, title=title, credit=work.credit)
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
    from streetview_assets.models.validation.tuned_models import TUNED

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
