"""Answers to two questions, as plain data that JSON can hold: of an image, and of a place."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import shapely

from streetview_assets.perception.prediction.distribution import place_among
from streetview_assets.perception.prediction.final_model import FinalModel
from streetview_assets.perception.prediction.image_scores import CANCELLING
from streetview_assets.points.distance import distances_m

Answer = dict[str, Any]
NEAREST = 5
SAME = 1 - 1e-9
"""Cosine of two vectors above which the two images are one."""
FARTHEST_M = 1_000.0
"""Images farther away say nothing of a place."""
_OF_IMAGE = (
    "quality", "score", "predicted", "lower", "upper", "interval_level", "model", "status", "reason"
)  # fmt: skip
_OF_AREA = ("quality", "mean", "lower", "upper", "interval_level", "image_count", "reason")


def answer_for_image(
    name: str,
    vector: np.ndarray | None,
    error: str | None,
    models: Mapping[str, FinalModel | str],
    scores: Mapping[str, np.ndarray],
    level: float,
) -> Answer:
    """Say what people would say of an image, and which rated ones are most alike.

    Parameters
    ----------
    name
        By which it was asked for.
    vector
        Of the image, (d,), by the encoder of the rated ones; None where it cannot be read.
    error
        Why not.
    models
        Of each quality the model, or why there is none.
    scores
        Of each quality what is predicted of the images of the study, sorted; see
        `predicted_scores`.
    level
        Of intervals, 0 to 1.

    Returns
    -------
    dict
        `image`, `status` (`ok` or `failed`), `reason`, and `qualities`: of each `quality`, `score`
        (where the image is a rated one; the model then knew it), `predicted`, `lower`, `upper`,
        `interval_level`, `model`, `status` and `reason` as in `image_perception`; `nearest`:
        `image_id`, `cosine` and `score` of the rated images most alike; and `among`, the place of
        what is predicted among the images of the study, see `place_among`.
    """
    if vector is None:
        return {"image": name, "status": "failed", "reason": error, "qualities": []}
    none = np.empty(0)
    told = [_of_quality(quality, model, vector, level) for quality, model in sorted(models.items())]
    for one in told:
        one["among"] = place_among(one["predicted"], scores.get(one["quality"], none))
    return {"image": name, "status": "ok", "reason": None, "qualities": told}


def answer_for_place(
    longitude: float,
    latitude: float,
    images: pl.DataFrame,
    image_perception: pl.DataFrame,
    areas: pl.DataFrame,
    area_perception: pl.DataFrame,
) -> Answer:
    """Say what people say, or would say, of the images nearest to a place, and of its area.

    Parameters
    ----------
    longitude, latitude
        Of the place, degrees, WGS 84.
    images
        Columns `image_id`, `longitude` and `latitude`.
    image_perception, areas, area_perception
        Those tables; the last two may be empty.

    Returns
    -------
    dict
        `longitude`, `latitude`; `nearest`: of up to five images within a kilometre `image_id`,
        `distance_m` and `qualities` as in `image_perception`; `area`: `area_code`, `area_name` and
        `qualities` as in `area_perception`, None where the place lies in none; and `reason`, why
        no image is near.
    """
    placed = images.drop_nulls(["longitude", "latitude"])
    away_m = distances_m(
        placed["longitude"].to_numpy(), placed["latitude"].to_numpy(), longitude, latitude
    )
    near = (
        placed.select("image_id", distance_m=pl.Series(away_m))
        .filter(pl.col("distance_m") <= FARTHEST_M)
        .sort("distance_m", "image_id")
        .head(NEAREST)
    )
    nearest = [
        {
            "image_id": image_id,
            "distance_m": distance_m,
            "qualities": image_perception.filter(image_id=image_id)
            .sort("quality")
            .select(_OF_IMAGE)
            .to_dicts(),
        }
        for image_id, distance_m in near.iter_rows()
    ]
    return {
        "longitude": longitude,
        "latitude": latitude,
        "nearest": nearest,
        "area": _area(longitude, latitude, areas, area_perception),
        "reason": None if nearest else f"no image lies within {FARTHEST_M:g} m",
    }


def _of_quality(quality: str, model: FinalModel | str, vector: np.ndarray, level: float) -> Answer:
    nothing: Answer = dict.fromkeys(
        ("score", "predicted", "lower", "upper", "interval_level", "model")
    )
    if isinstance(model, str):
        return nothing | {"quality": quality, "status": "no_model", "reason": model, "nearest": []}
    told = model.tell(vector[None], NEAREST)
    nearest = [
        {
            "image_id": str(model.rated.image_ids[row]),
            "cosine": float(cosine),
            "score": float(model.rated.scores[row]),
        }
        for row, cosine in zip(told.nearest[0], told.cosines[0], strict=True)
    ]
    about: Answer = {"quality": quality, "status": "ok", "reason": None, "nearest": nearest}
    if told.cosines[0, 0] > SAME:
        about["score"] = nearest[0]["score"]
    if told.is_unlike[0]:
        why = (
            f"its cosine with the most alike rated image is {told.cosines[0, 0]:.3f}, at least "
            f"{model.least_cosine:.3f} needed"
        )
        return nothing | about | {"status": "unlike", "reason": why}
    if np.isnan(told.predicted[0]):
        return nothing | about | {"status": "no_model", "reason": CANCELLING}
    ends = {"lower": float(told.lower[0]), "upper": float(told.upper[0]), "interval_level": level}
    if np.isnan(told.lower[0]):
        ends = {}
    return nothing | about | {"predicted": float(told.predicted[0]), "model": model.name} | ends


def _area(
    longitude: float, latitude: float, areas: pl.DataFrame, area_perception: pl.DataFrame
) -> Answer | None:
    """Find the area that a place lies in, and what is perceived in it."""
    outlines = shapely.from_wkb(areas["geometry"].to_numpy())
    inside = shapely.intersects_xy(outlines, longitude, latitude)
    if not np.any(inside):
        return None
    row = areas.row(int(np.argmax(inside)), named=True)
    told = area_perception.filter(area_code=row["area_code"]).sort("quality")
    columns = [name for name in _OF_AREA if name in told.columns]
    return {
        "area_code": row["area_code"],
        "area_name": row["area_name"],
        "qualities": told.select(columns).to_dicts(),
    }
