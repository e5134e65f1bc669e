"""Rows of the table `image_perception`: what people say, or would say, of each image."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from streetview_assets.embeddings.vectors import matrix
from streetview_assets.perception.prediction.final_model import FinalModel
from streetview_assets.tables.registry import TABLES

OK, UNLIKE, NO_MODEL, NO_VECTOR = "ok", "unlike", "no_model", "no_vector"
CANCELLING = "its cosines with its neighbours cancel, so that divbysum predicts nothing"
_TOLD = ("predicted", "lower", "upper", "nearest_rated_id", "nearest_cosine")


def image_scores(
    images: pl.DataFrame,
    models: Mapping[str, FinalModel | str],
    scores: pl.DataFrame,
    out_of_fold: pl.DataFrame,
    *,
    encoder: str,
    level: float,
) -> pl.DataFrame:
    """Score the images of an authority.

    Parameters
    ----------
    images
        Columns `authority_code`, `image_id` and `embedding`, null where there is no vector.
    models
        Of each quality the model, or why there is none.
    scores
        Columns `quality`, `image_id` and `score`: what people say.
    out_of_fold
        Rows of `perception_predictions`, validation `random`: images that were rated keep what was
        predicted of them by models which did not know it.
    encoder
        Slug of the encoder.
    level
        Of intervals, 0 to 1.

    Returns
    -------
    polars.DataFrame
        The table: a row for each image and quality, by image.
    """
    seen = images.drop_nulls("embedding")
    vectors = matrix(seen["embedding"])
    parts = [TABLES["image_perception"].frame()]
    for quality, model in sorted(models.items()):
        told = pl.DataFrame(schema={**_schema(), "image_id": pl.String})
        if isinstance(model, FinalModel):
            rated = out_of_fold.filter(quality=quality).select("image_id", *_TOLD)
            is_new = ~seen["image_id"].is_in(rated["image_id"].implode())
            new = _of_new(seen["image_id"].filter(is_new), vectors[is_new.to_numpy()], model)
            told = pl.concat([rated.select(told.columns).cast(told.schema), new])
        rows = (
            images.select(
                "authority_code", "image_id", has_vector=pl.col("embedding").is_not_null()
            )
            .join(scores.filter(quality=quality).select("image_id", "score"), "image_id", "left")
            .join(told, on="image_id", how="left")
            .with_columns(quality=pl.lit(quality), encoder=pl.lit(encoder))
        )
        parts.append(_finished(rows, model, level))
    return pl.concat(parts).sort("image_id", "quality")


def _of_new(image_ids: pl.Series, vectors: np.ndarray, model: FinalModel) -> pl.DataFrame:
    told = model.tell(vectors)
    return pl.DataFrame(
        {
            "predicted": told.predicted,
            "lower": told.lower,
            "upper": told.upper,
            "nearest_rated_id": model.rated.image_ids[told.nearest[:, 0]],
            "nearest_cosine": told.cosines[:, 0],
            "image_id": image_ids,
        },
        schema={**_schema(), "image_id": pl.String},
        nan_to_null=True,
    )


def _finished(rows: pl.DataFrame, model: FinalModel | str, level: float) -> pl.DataFrame:
    """Say of each image what became of it, and tell nothing of those unlike all rated ones."""
    name, least = ("", 0.0) if isinstance(model, str) else (model.name, model.least_cosine)
    why = model if isinstance(model, str) else ""
    cosine = pl.col("nearest_cosine")
    unlike = pl.format(
        "its cosine with the most alike rated image is {}, at least {} needed",
        cosine.round(3),
        pl.lit(round(least, 3)),
    )
    predicted = pl.col("predicted").is_not_null()
    cases = (
        (~pl.col("has_vector"), NO_VECTOR, pl.lit("the image has no vector")),
        (pl.lit(bool(why)), NO_MODEL, pl.lit(why)),
        (cosine < least, UNLIKE, unlike),
        (~predicted, NO_MODEL, pl.lit(CANCELLING)),
    )
    status, reason = pl.lit(OK), pl.lit(None, pl.String)
    for holds, named, told in reversed(cases):
        status = pl.when(holds).then(pl.lit(named)).otherwise(status)
        reason = pl.when(holds).then(told).otherwise(reason)
    made = rows.with_columns(status=status, reason=reason)
    is_ok = pl.col("status") == OK
    return made.with_columns(
        *(pl.when(is_ok).then(name) for name in ("predicted", "lower", "upper")),
        model=pl.when(is_ok).then(pl.lit(name)),
        interval_level=pl.when(is_ok & pl.col("lower").is_not_null()).then(pl.lit(level)),
    ).select(TABLES["image_perception"].schema.names())


def _schema() -> dict[str, pl.DataType]:
    schema = TABLES["image_perception"].schema
    return {name: schema[name] for name in _TOLD}
