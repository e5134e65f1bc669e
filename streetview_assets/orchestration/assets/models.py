"""Models: from the look of an area to its target, with honest scores."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from streetview_assets.embeddings.looked_at import INCLUDED
from streetview_assets.lake.content import digest
from streetview_assets.models.data.features import AreaFeatures
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.model_inputs import (
    MODEL_INPUT,
    area_dataset,
    dataset_of_all,
    model_asset,
    model_tables,
    predicted_together,
    study_features,
    study_scoring,
)
from streetview_assets.study_state.fingerprint import tables_read
from streetview_assets.study_state.lineage import figures_of, spec_for
from streetview_assets.text.strict_json import to_json
from streetview_assets.validations import headline_validation

if TYPE_CHECKING:
    from streetview_assets.models.data.dataset import AreaDataset
    from streetview_assets.models.evaluations.final_fit import Choice, FinalModel
    from streetview_assets.models.evaluations.selection import Selection


@model_asset(
    writes=("model_scores", "predictions", "validations", "fold_models"),
    code_version=14,
    study_wide=True,
)
def model_selection(work: AssetContext) -> AssetResult:
    """Every candidate and baseline, validated at random, by distance and by blocks."""
    from streetview_assets.models.evaluations.selection import select_models

    data = area_dataset(work, model_tables(work))
    chosen = select_models(data, study_scoring(work), work.progress("tunings"))
    tables = {"model_scores": chosen.scores, **_beside_scores(work, chosen)}
    figures = _drawn(work, chosen, tables)
    run_id = _keep_selection(work, data, chosen, figures)
    metadata = {
        **figures,
        **_headline(chosen.scores),
        "mlflow_run_id": run_id,
        "authorities that were in": ", ".join(sorted(set(data.authority_codes))) or "none",
    }
    tables["model_scores"] = chosen.scores.with_columns(mlflow_run_id=pl.lit(run_id))
    return AssetResult(tables, metadata, note=chosen.note or "")


def _beside_scores(work: AssetContext, chosen: "Selection") -> dict[str, pl.DataFrame]:
    from streetview_assets.models.explanations.explained_models import fold_models

    return {
        "predictions": chosen.predictions,
        "validations": chosen.validations,
        "fold_models": fold_models(chosen.trials, study_scoring(work)),
    }


def _drawn(
    work: AssetContext, chosen: "Selection", tables: Mapping[str, pl.DataFrame]
) -> dict[str, Any]:
    """Draw the figures, and keep what one of them shows and no table has."""
    from streetview_assets.models.charts.distances import DISTANCES, distances_frame

    work.keep_data(DISTANCES, distances_frame(chosen.distances))
    return work.drawn(tables)


def _keep_selection(
    work: AssetContext, data: "AreaDataset", chosen: "Selection", figures: Iterable[str]
) -> str:
    """Keep the comparison as a run of MLflow, with a run of each candidate below it."""
    from streetview_assets.orchestration.tracking.candidate_runs import candidate_runs
    from streetview_assets.orchestration.tracking.run_description import headline_metrics
    from streetview_assets.orchestration.tracking.tracked_run import TrackedRun

    tables = {
        "scores": chosen.scores,
        "predictions": chosen.predictions,
        "trials": _trials(chosen.trials),
    }
    return work.tracking.keep(
        TrackedRun(
            "model_selection",
            _tags(work),
            work.study.models.model_dump(mode="json"),
            headline_metrics(chosen.scores),
            {name: (work.figures / f"{name}.png").read_bytes() for name in figures},
            tables,
            children=candidate_runs(chosen),
            **_about(work, data, chosen.scores),
        )
    )


@model_asset(writes=("authority_scores",), code_version=11)
def authority_model(work: AssetContext) -> AssetResult:
    """Models of this authority alone, validated by spatial blocks; too few areas is a result."""
    from streetview_assets.models.evaluations.by_authority import score_authority_alone

    data = area_dataset(work, model_tables(work))
    scores = score_authority_alone(data, study_scoring(work), work.progress("folds"))
    run_id = _keep_scores(work, data, scores)
    scores = scores.with_columns(mlflow_run_id=pl.lit(run_id))
    return AssetResult({"authority_scores": scores}, {"mlflow_run_id": run_id, **_headline(scores)})


@model_asset(writes=("held_out_scores", "held_out_predictions"), code_version=11, reads_all=True)
def held_out_model(work: AssetContext) -> AssetResult:
    """Models tuned and trained on the other authorities, tested on this one."""
    from streetview_assets.models.data.splits import held_out_together
    from streetview_assets.models.evaluations.by_authority import score_held_out

    if len(work.opened.authorities) < 2:
        why = "the study has one authority, so that none can be held out"
        return work.not_applicable(why)
    data = dataset_of_all(work)
    together = held_out_together(work.opened.authorities, work.authority, work.study.seed)
    predicted = predicted_together(work, together)
    scores, predictions = score_held_out(data, study_scoring(work), together, predicted)
    run_id = _keep_scores(work, data, scores)
    scores = scores.with_columns(mlflow_run_id=pl.lit(run_id))
    return AssetResult(
        {"held_out_scores": scores, "held_out_predictions": predictions},
        {"mlflow_run_id": run_id, **_headline(scores)},
    )


@model_asset(
    writes=("area_predictions", "final_model"),
    reads=(*MODEL_INPUT, "encoders", "images", "sample_points", "model_scores", "predictions"),
    code_version=10,
    study_wide=True,
)
def deprivation_model(work: AssetContext) -> AssetResult:
    """The final fit to all areas, kept in MLflow: in sample, for maps, never a headline."""
    from streetview_assets.models.evaluations.final_fit import predict_areas

    tables = model_tables(work)
    without_vector = areas_without_vector(work, tables)
    choice, final, fitted_to, seen = _fit(work, tables)
    predicted = predict_areas(
        final,
        tables["areas"],
        tables["area_embeddings"],
        target=work.target.name,
        why_no_model=choice.note,
        why_unseen=without_vector,
        features=seen,
    )
    predicted = _with_composite(work, tables, predicted, final, fitted_to, seen)
    left_out = _left_out(tables, predicted, without_vector, work.target.name)
    frames = {"area_predictions": predicted, "final_model": _final_model(work, choice)}
    kept = _keep_final(work, final, fitted_to, predicted)
    metadata = {**left_out, **_applicability(predicted), **work.drawn(frames), **kept}
    return AssetResult(frames, metadata, note=choice.note or "")


def _final_model(work: AssetContext, choice: "Choice") -> pl.DataFrame:
    from streetview_assets.models.explanations.explained_models import final_model

    return final_model(choice.candidate, choice.params, study_scoring(work))


def _fit(
    work: AssetContext, tables: Mapping[str, pl.DataFrame]
) -> "tuple[Choice, FinalModel | None, AreaDataset, AreaFeatures]":
    """Choose a candidate and fit it; give what it was fitted to and what it sees of all areas."""
    from streetview_assets.models.candidates.preprocessing import frozen_features
    from streetview_assets.models.evaluations.final_fit import choose_final, fit_final
    from streetview_assets.models.validation.plan import planned

    data = area_dataset(work, tables)
    scoring = planned(data, study_scoring(work))
    choice = choose_final(data, work.read_all("predictions"), scoring)
    fitted_to, seen = frozen_features(data, study_features(work, tables))
    final = fit_final(fitted_to, choice, scoring, statistic=work.study.pooling.statistic)
    return choice, final, fitted_to, seen


def _with_composite(
    work: AssetContext,
    tables: Mapping[str, pl.DataFrame],
    predicted: pl.DataFrame,
    final: "FinalModel | None",
    fitted_to: "AreaDataset",
    seen: AreaFeatures,
) -> pl.DataFrame:
    """Add what is predicted of areas by few images or none, where there is a model."""
    from streetview_assets.models.evaluations.final_fit import of_headline
    from streetview_assets.models.evaluations.small_areas import with_composite

    if final is None:
        return predicted
    pooled = tables["area_embeddings"].filter(
        statistic=final.statistic, encoder=final.scoring.encoder
    )
    areas = tables["areas"].join(
        pooled.select("area_code", "image_count"), on="area_code", how="left"
    )
    predictions = work.read_all("predictions")
    _, held_out = of_headline(predictions, fitted_to, final.scoring.settings.task)
    crs = work.sources.crs()
    return with_composite(predicted, final, fitted_to, held_out, areas, seen, crs)


def _keep_final(
    work: AssetContext,
    final: "FinalModel | None",
    fitted_to: "AreaDataset",
    predicted: pl.DataFrame,
) -> Mapping[str, Any]:
    """Keep the model in MLflow, where there is one, and say what it has come to."""
    from streetview_assets.models.evaluations.selection import headline
    from streetview_assets.orchestration.tracking.candidate_runs import flat_params
    from streetview_assets.orchestration.tracking.judged_on import judged_on
    from streetview_assets.orchestration.tracking.mlflow_resource import TrackedModel
    from streetview_assets.orchestration.tracking.run_description import headline_metrics
    from streetview_assets.orchestration.tracking.tracked_run import TrackedRun

    if final is None:
        return {}
    scores = work.read_all("model_scores")
    judged_by = headline(scores)
    spatial_r2 = judged_by["value"] if judged_by else None
    example = fitted_to.vectors[:2]
    run = TrackedRun(
        "deprivation_model",
        _tags(work),
        flat_params({"model": final.choice.candidate, **final.choice.params}),
        headline_metrics(scores),
        tables={"area_predictions": predicted},
        **_about(work, fitted_to, scores),
    )
    named = judged_by["validation"] if judged_by else None
    judged = judged_on(work, fitted_to, final.scoring.settings, named)
    model = TrackedModel(final, example, work.study.name, spatial_r2, judged)
    widening = {"intervals of authorities not learned from": _widening(final)}
    return {**work.tracking.keep_model(run, model).metadata, **widening}


def _applicability(predicted: pl.DataFrame) -> dict[str, Any]:
    """Count the areas that the model does not apply to."""
    told = predicted["is_applicable"].drop_nulls()
    return {"areas that the model does not apply to": int((~told).sum())} if len(told) else {}


@figures_of(deprivation_model, keys=("targets.label",))
def _dissimilarity(work: AssetContext) -> dict[str, Any]:
    """Draw where the model applies."""
    from streetview_assets.models.charts.predictions import draw_dissimilarity

    areas, predicted = work.read_all("areas"), work.read_all("area_predictions")
    if predicted["is_applicable"].drop_nulls().is_empty():
        return {}
    title = work.titled(work.target.called)
    figure = draw_dissimilarity(areas, predicted, title=title, credit=work.credit)
    return {"dissimilarity": work.figure("dissimilarity", figure)}


def _widening(final: "FinalModel") -> str:
    calibration = final.choice.calibration
    if calibration is None:
        return "none: too few held-out areas for an interval of this level"
    if calibration.unseen is None:
        return "as wide as of others: too few authorities to tell how much wider they must be"
    return f"{calibration.unseen:.2f} times as wide as of others"


@figures_of(model_selection, keys=("targets.label",))
def _figures(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.models.charts.distances import DISTANCES, draw_distances
    from streetview_assets.models.charts.predictions import (
        draw_predicted_observed,
        draw_prediction_maps,
        draw_residual_map,
    )
    from streetview_assets.models.charts.scores_and_gains import draw_scores

    scores, predictions = work.read_all("model_scores"), work.read_all("predictions")
    if predictions.is_empty():
        return {}
    areas, there = work.read_all("areas"), set(predictions["validation"])
    validation = headline_validation(work.study.models.task, 0, there)
    title, what, whom = work.titled(work.target.called), work.target.called, work.credit
    drawn = {
        "scores": draw_scores(scores, title=title, credit=work.whole_credit),
        "predicted_observed": draw_predicted_observed(
            predictions, what=what, title=title, credit=whom
        ),
        "prediction_maps": draw_prediction_maps(
            areas, predictions, what=what, title=title, credit=whom, validation=validation
        ),
        "residual_map": draw_residual_map(
            areas, predictions, what=what, title=title, credit=whom, validation=validation
        ),
    }
    if (known := work.data_of(DISTANCES)) is not None:
        drawn[DISTANCES] = draw_distances(known, title=title, credit=whom)
    return {name: work.figure(name, figure) for name, figure in drawn.items()}


def _trials(trials: list[dict[str, Any]]) -> pl.DataFrame:
    """Make a table of trials; settings differ by model, so they are kept as JSON."""
    return pl.DataFrame(
        [
            {name: to_json(v) if isinstance(v, dict) else v for name, v in trial.items()}
            for trial in trials
        ]
    )


def _keep_scores(work: AssetContext, data: "AreaDataset", scores: pl.DataFrame) -> str:
    from streetview_assets.orchestration.tracking.run_description import headline_metrics
    from streetview_assets.orchestration.tracking.tracked_run import TrackedRun

    return work.tracking.keep(
        TrackedRun(
            f"{work.asset} {work.authority}",
            {**_tags(work), "authority_code": work.authority},
            work.study.models.model_dump(mode="json"),
            headline_metrics(scores),
            tables={"scores": scores},
            **_about(work, data, scores),
        )
    )


def _about(work: AssetContext, data: "AreaDataset", scores: pl.DataFrame) -> dict[str, Any]:
    """Say of a run in words what it is, and what it learned from."""
    from streetview_assets.models.evaluations.selection import headline
    from streetview_assets.orchestration.tracking.run_description import description, learned_from

    folder = work.opened.lake.root / "lake" / "area_embeddings"
    return {
        "description": description(work.study, data, headline(scores), work.opened.encoder),
        "data": learned_from(work.study, data, str(folder)),
    }


def _tags(work: AssetContext) -> dict[str, str]:
    origin = work.opened.input_fingerprint(work.asset, work.authority_code)
    spec = spec_for(work.asset, work.study)
    read = tables_read(spec, work.opened.lake, work.opened.encoder, work.authority_code)
    return {
        "asset": work.asset,
        "input_fingerprint": origin,
        "dagster_run_id": work.run_id,
        **{f"data_version.{table}": digest(files) for table, files in read.items() if files},
    }


def _headline(scores: pl.DataFrame) -> dict[str, Any]:
    from streetview_assets.models.evaluations.selection import headline

    found = headline(scores)
    if found is None or found["value"] is None:
        notes = scores["note"].drop_nulls().unique().sort().to_list()
        return {"note": "; ".join(notes) or "no score"}
    return {f"r2 under {found['validation']}": found["value"], "areas": found["area_count"]}


def _left_out(
    tables: Mapping[str, pl.DataFrame],
    predicted: pl.DataFrame,
    without_vector: Mapping[str, str],
    target: str,
) -> dict[str, Any]:
    """Count the areas without a prediction, and those that are no input of models by reason."""
    from streetview_assets.models.data.dataset import reasons

    why = reasons(tables["areas"], tables["targets"], without_vector, target)
    counted = pl.Series("reason", list(why.values()), dtype=pl.String).value_counts()
    return {
        "areas without a prediction": int(predicted["predicted"].null_count()),
        "areas that are no input": dict(counted.iter_rows()),
    }


def areas_without_vector(work: AssetContext, tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """Say of the study's areas why some have no vector: what the models read, and all images."""
    from streetview_assets.models.data.dataset import unseen

    return unseen(
        tables["areas"],
        work.read_all("sample_points"),
        work.read_all("images", ("area_code", "status", "is_current")),
        tables["area_embeddings"],
        taking_part=tables[INCLUDED],
    )
