"""What models learn from people's ratings: how well, and the scores of images nobody rated."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from streetview_assets.embeddings.looked_at import INCLUDED, VECTORS
from streetview_assets.images.current import current_images
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_part
from streetview_assets.perception.agreement.chart import draw_ceiling_shares
from streetview_assets.perception.environment.image_texts import with_environment
from streetview_assets.perception.prediction.score_charts import draw_predicted_rated, draw_scores
from streetview_assets.study.models import Models
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import figures_of, study_asset
from streetview_assets.tables.registry import TABLES

if TYPE_CHECKING:
    from streetview_assets.perception.prediction.validation.evaluation import Plan

KEYS = (
    "perception.method",
    "perception.k",
    "perception.normalisation",
    "models.interval_level",
)
NOTHING_RATED = "no image that people rated has a vector"


def environment_tables(study: Study) -> tuple[str, ...]:
    """Name the tables of which sentences on surroundings are made, where a study asks for them."""
    asked = study.perception and study.perception.environment
    return ("environment_variables", "encoders") if asked else ()


def environment_keys(study: Study) -> tuple[str, ...]:
    """Name the key that says how sentences are worded, where a study asks for them."""
    return ("perception.prompt_style",) if environment_tables(study) else ()


@study_asset(
    "perception",
    writes=("perception_scores", "perception_predictions", "rated_embeddings"),
    reads=("image_ratings", "ratings", "rating_agreement", VECTORS, "images", "sample_points"),
    keys=(*KEYS, "perception.environment", "models.block_km", "seed"),
    reads_for=environment_tables,
    keys_for=environment_keys,
    code_version=3,
    study_wide=True,
    unless=(no_part("perception"),),
)
def perception_model(work: AssetContext) -> AssetResult:
    """How well the look of an image tells what people say of it, held out without leaks."""
    from streetview_assets.perception.prediction.validation.evaluation import evaluate

    ratings, agreement = (work.opened.read(name) for name in ("image_ratings", "rating_agreement"))
    known = _rated_embeddings(work, ratings)
    if known.is_empty():
        return work.not_applicable(NOTHING_RATED)
    tell = work.progress("qualities and groups")
    rated_by = work.opened.read("ratings")
    scores, predictions = evaluate(ratings, rated_by, agreement, known, _plan(work), tell)
    beside, said = _beside_environment(work, ratings, rated_by, agreement, known)
    frames = {
        "perception_scores": pl.concat([scores, beside]).sort(TABLES["perception_scores"].key),
        "perception_predictions": predictions,
        "rated_embeddings": known,
    }
    return AssetResult(frames, {**_told(scores), **work.drawn(frames), **said})


@study_asset(
    "perception",
    writes=("image_perception",),
    reads=("image_ratings", "perception_predictions", "rated_embeddings", VECTORS, INCLUDED),
    keys=KEYS,
    code_version=2,
    unless=(no_part("perception"),),
)
def image_perception(work: AssetContext) -> AssetResult:
    """What people say of each image, or would say, with an interval, or why it is not told."""
    from streetview_assets.perception.prediction.final_model import models_by_quality
    from streetview_assets.perception.prediction.image_scores import image_scores
    from streetview_assets.perception.prediction.validation.evaluation import EVERYBODY

    assert work.study.perception is not None, "built only where the study asks for it"
    ratings = work.opened.read("image_ratings").filter(group_name=EVERYBODY)
    random = work.opened.read("perception_predictions").filter(validation="random")
    known, level = work.opened.read("rated_embeddings"), work.study.models.interval_level
    models = models_by_quality(ratings, known, random, work.study.perception, level)
    table = image_scores(
        _seen(work), models, ratings, random, encoder=work.opened.encoder, level=level
    )
    counts = table.group_by("quality", "status").len().sort("quality", "status")
    told = {f"{quality}: {status}": count for quality, status, count in counts.iter_rows()}
    return AssetResult({"image_perception": table}, told)


def _seen(work: AssetContext) -> pl.DataFrame:
    """Give the current images of the authority with their vectors, null where there is none."""
    vectors = work.read(VECTORS).filter(status="ok").select("image_id", "embedding")
    images = work.looked_at(current_images(work.read(INCLUDED)))
    return images.select("authority_code", "image_id").join(vectors, on="image_id", how="left")


def _plan(work: AssetContext) -> "Plan":
    from streetview_assets.perception.prediction.validation.evaluation import Plan

    study = work.study
    assert study.perception is not None, "built only where the study asks for it"
    return Plan(
        settings=study.perception,
        encoder=work.opened.encoder,
        features="images",
        block_km=_block_km(study.models),
        level=study.models.interval_level,
        seed=study.seed,
    )


def _beside_environment(
    work: AssetContext,
    ratings: pl.DataFrame,
    rated_by: pl.DataFrame,
    agreement: pl.DataFrame,
    known: pl.DataFrame,
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Score the same images with sentences on their surroundings, where the study asks for it."""
    from streetview_assets.perception.prediction.validation.evaluation import evaluate

    plan, opened = _plan(work), work.opened
    how = plan.settings.environment
    if how is None:
        return TABLES["perception_scores"].frame(), {}
    points = [opened.read("images", code) for code in opened.authorities]
    of_point = pl.concat(points).select("image_id", "point_id").unique("image_id")
    joined, said = with_environment(
        known.join(of_point, on="image_id"),
        opened.read("environment_variables"),
        work.study.encoder,
        opened.read("encoders"),
        how,
        plan.settings.prompt_style,
    )
    seen = replace(plan, features=f"images+environment {how}")
    scores, _ = evaluate(ratings, rated_by, agreement, joined.select(known.columns), seen)
    return scores, {"environment": " ".join(said)} if said else {}


def _block_km(models: Models) -> float | None:
    return None if isinstance(models.block_km, str) else models.block_km


def _rated_embeddings(work: AssetContext, ratings: pl.DataFrame) -> pl.DataFrame:
    """Gather what was rated with its vector, one authority after the other."""
    table, opened = TABLES["rated_embeddings"], work.opened
    wanted = ratings["image_id"].unique()
    parts = [table.frame()]
    for code in opened.authorities:
        vectors = opened.vectors(code).filter(
            pl.col("image_id").is_in(wanted.implode()), status="ok"
        )
        images = opened.read("images", code).unique("image_id", keep="first")
        places = opened.read("sample_points", code).unique("point_id")
        rows = (
            vectors.select("image_id", "encoder", "embedding")
            .join(images, on="image_id")
            .join(places.select("point_id", "longitude", "latitude"), "point_id", "left")
            .with_columns(
                in_authority=pl.lit(code),
                same_as=pl.col("duplicate_of").fill_null(pl.col("image_id")),
            )
        )
        parts.append(rows.select(table.schema.names()).cast(table.schema))
    return pl.concat(parts).unique("image_id", keep="first").sort("image_id")


def _told(scores: pl.DataFrame) -> dict[str, Any]:
    from streetview_assets.perception.prediction.validation.evaluation import EVERYBODY

    chosen = scores.filter(model="chosen", group_name=EVERYBODY, validation="random")
    return {
        f"{quality}: {metric}": value
        for quality, metric, value in chosen.drop_nulls("value")
        .filter(pl.col("metric").is_in(["r2", "coverage"]))
        .select("quality", "metric", "value")
        .iter_rows()
    }


@figures_of(perception_model)
def _figures(work: AssetContext) -> dict[str, Any]:
    scores, agreement = (work.read_all(name) for name in ("perception_scores", "rating_agreement"))
    told: dict[str, Any] = {}
    random = work.read_all("perception_predictions").filter(validation="random")
    if random.height:
        drawn = draw_predicted_rated(random, title=work.titled(), credit=work.credit)
        told["predicted against rated"] = work.figure("perception_predicted", drawn)
        ceilings = agreement.filter(measure="ceiling_r2")
        drawn = draw_scores(scores, ceilings, title=work.titled(), credit=work.credit)
        told["scores"] = work.figure("perception_scores", drawn)
    shares = scores.filter(metric="ceiling_share", model="chosen", validation="random")
    if shares["value"].count():
        drawn = draw_ceiling_shares(shares, title=work.titled(), credit=work.credit)
        told["share of the ceiling"] = work.figure("perception_ceiling", drawn)
    return told
