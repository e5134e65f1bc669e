"""How large the errors of predicted images are, and how far images of one area share them."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.spatial import cKDTree

from streetview_assets.clusters.profile.join_counts import on_the_sphere
from streetview_assets.clusters.profile.target_profile import EARTH_RADIUS_M
from streetview_assets.text.counted import counted

LEAST_PAIRS = 30
STRICTEST = ("authorities", "blocks", "random")
_MOST_RATED, _SAME_POINT_M = 4_000, 1.0


@dataclass(frozen=True)
class SharedErrors:
    """Errors of the model of one quality on images that it did not know.

    Attributes
    ----------
    spread
        Their root mean square: with the noise of ratings in it, so rather too large.
    shared
        How far errors at two points of one area are the same, 0 to 1; 1 where it cannot be told.
    note
        Why it cannot be told, or None.
    """

    spread: float
    shared: float
    note: str | None = None


def shared_errors(
    predictions: pl.DataFrame, places: pl.DataFrame, radius_m: float
) -> dict[str, SharedErrors]:
    """Estimate, by quality, from rated images that were held out.

    Errors are correlated over pairs of rated images that lie as near to each other as two points
    of an area do, and not at one point, where one rating may stand for several images; one
    standard error is added to what is found.

    Parameters
    ----------
    predictions
        Table ``perception_predictions``; of each quality the strictest validation counts.
    places
        Table ``rated_embeddings`` (image_id, longitude, latitude).
    radius_m
        Radius of a circle as large as a usual area.
    """
    known = predictions.drop_nulls("predicted").join(
        places.select("image_id", "longitude", "latitude"), on="image_id", how="left"
    )
    found = {}
    for quality in known["quality"].unique().sort():
        own = known.filter(quality=quality)
        validation = next(name for name in STRICTEST if name in set(own["validation"]))
        rows = own.filter(validation=validation).sort("image_id")
        found[quality] = _of_rows(rows, radius_m)
    return found


def _of_rows(rows: pl.DataFrame, radius_m: float) -> SharedErrors:
    if rows.height > _MOST_RATED:
        rows = rows.sample(_MOST_RATED, seed=0).sort("image_id")
    spread = float(np.sqrt(np.mean((rows["score"] - rows["predicted"]).to_numpy() ** 2)))
    placed = rows.drop_nulls(["longitude", "latitude"])
    error = (placed["score"] - placed["predicted"]).to_numpy()
    near = np.empty((0, 2), dtype=np.int64)
    if placed.height and spread > 0:
        columns = (placed[name].to_numpy() for name in ("longitude", "latitude"))
        tree = cKDTree(EARTH_RADIUS_M * on_the_sphere(*columns))
        near = tree.query_pairs(radius_m, output_type="ndarray")
        apart_m = np.linalg.norm(tree.data[near[:, 0]] - tree.data[near[:, 1]], axis=1)
        near = near[apart_m > _SAME_POINT_M]
    if len(near) < LEAST_PAIRS:
        few = f"{counted(len(near), 'pair')} of rated images as near as two of an area"
        return SharedErrors(spread, 1.0, f"errors count as shared by an area: {few}")
    alike = float(np.mean(error[near[:, 0]] * error[near[:, 1]])) / spread**2
    independent = min(len(np.unique(near)) / 2, len(near))
    return SharedErrors(spread, float(np.clip(max(alike, 0) + 1 / np.sqrt(independent), 0, 1)))
