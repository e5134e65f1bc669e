"""Table ``area_perception``: what people see in an area, by its images, with an interval."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from scipy.stats import norm

from streetview_assets.perception.areas.shared_errors import SharedErrors
from streetview_assets.tables.registry import TABLES

NO_IMAGERY = "no image of the area is looked at"


def area_perception(
    perceived: pl.DataFrame,
    images: pl.DataFrame,
    areas: pl.DataFrame,
    errors: Mapping[str, SharedErrors],
    *,
    level: float,
) -> pl.DataFrame:
    """Average what people say, or would say, of an area's images.

    The interval is of the mean over all that could be photographed there. Points are what is
    sampled, since images of one point are alike; and images of one area may share the error of the
    model. Where people rated the image itself, their score counts.

    Parameters
    ----------
    perceived
        Table ``image_perception`` of the authority.
    images
        Current images: image_id, point_id, area_code.
    areas
        Table ``areas`` of the authority; each gets a row for each quality.
    errors
        Of the model of each quality.
    level
        Of the interval.

    Returns
    -------
    polars.DataFrame
        Table ``area_perception``, by its key.
    """
    table = TABLES["area_perception"]
    codes = areas.select("authority_code", "area_code")
    kinds = perceived.select("quality", "encoder").unique()
    of_area = perceived.with_columns(value=pl.coalesce("score", "predicted")).join(
        images.select("image_id", "point_id", "area_code").unique("image_id"), on="image_id"
    )
    means = _means(of_area, errors, level)
    rows = codes.join(kinds, how="cross").join(
        means, on=["area_code", "quality", "encoder"], how="left"
    )
    counts = (pl.col(name).fill_null(0) for name in ("image_count", "rated_count"))
    reason = pl.when(pl.col("mean").is_null()).then(pl.col("reason").fill_null(NO_IMAGERY))
    told = rows.with_columns(*counts, reason=reason)
    return told.match_to_schema(table.schema, extra_columns="ignore").sort(table.key)


def _means(of_area: pl.DataFrame, errors: Mapping[str, SharedErrors], level: float) -> pl.DataFrame:
    known = {
        name: [getattr(errors.get(quality), name, None) for quality in errors]
        for name in ("spread", "shared", "note")
    }
    schema = {"quality": pl.String, "spread": pl.Float64, "shared": pl.Float64, "note": pl.String}
    of_quality = pl.DataFrame({"quality": list(errors)} | known, schema=schema)
    key = ["area_code", "quality", "encoder"]
    used = of_area.drop_nulls("value")
    by_point = used.group_by(*key, pl.coalesce("point_id", "image_id")).agg(
        weight=pl.len(), off=pl.col("value").sum()
    )
    whole = used.group_by(key).agg(
        mean=pl.col("value").mean(),
        image_count=pl.len().cast(pl.Int64),
        rated_count=pl.col("score").is_not_null().sum().cast(pl.Int64),
    )
    sampled = (
        by_point.join(whole, on=key)
        .with_columns(square=(pl.col("off") - pl.col("weight") * pl.col("mean")) ** 2)
        .group_by(key)
        .agg(points=pl.len(), squares=pl.col("square").sum())
    )
    why = of_area.filter(pl.col("value").is_null()).sort("image_id").group_by(key).agg(
        reason=pl.col("reason").drop_nulls().mode(maintain_order=True).first()
    )  # fmt: skip
    told = whole.join(sampled, on=key).join(of_quality, on="quality", how="left")
    ended = _with_ends(told, float(norm.ppf((1 + level) / 2)), level)
    return ended.join(why, on=key, how="full", coalesce=True)


def _with_ends(told: pl.DataFrame, reach: float, level: float) -> pl.DataFrame:
    """Add the ends: the variance by points, and that of the model's errors.

    Images of one point count as sharing all of an error, points of an area as much as is known.
    Where all images are of one point, nothing tells how points vary, and there is no interval.
    """
    count, points = pl.col("image_count"), pl.col("points")
    sampling = points / (points - 1) * pl.col("squares") / count**2
    untold = (count - pl.col("rated_count")) / count
    unshared = (1 - pl.col("shared")) * untold / points
    error = pl.col("spread") ** 2 * (pl.col("shared") * untold**2 + unshared)
    half = pl.when(points > 1).then(reach * (sampling + error).sqrt())
    return told.with_columns(
        lower=pl.col("mean") - half,
        upper=pl.col("mean") + half,
        interval_level=pl.when(half.is_not_null()).then(level),
        note=pl.when(points > 1)
        .then("note")
        .otherwise(pl.lit("no interval: images of one point say nothing of the rest of the area")),
    )


def radius_of(areas: pl.DataFrame) -> float:
    """Give the radius in metres of a circle as large as the median area; 0 of none."""
    median = areas["area_km2"].median()
    return 0.0 if median is None else float(np.sqrt(float(str(median)) / np.pi) * 1_000)
