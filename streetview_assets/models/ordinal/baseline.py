"""What an ordinal network has to beat: the deciles of the nearest areas that it learnt from."""

import numpy as np
import polars as pl
from scipy.spatial import KDTree

COORDINATES = "coordinates"
NEAREST = 8


def by_nearest_areas(outputs: pl.DataFrame, areas: pl.DataFrame) -> pl.DataFrame:
    """Predict an area's decile by the mean of the nearest areas that are not held out with it.

    Parameters
    ----------
    outputs
        Columns `area_code`, `fold` and `observed` of one validation, a row a point.
    areas
        Columns `area_code`, `longitude` and `latitude`.

    Returns
    -------
    polars.DataFrame
        Columns `area_code` and `coordinates`, the mean of eight (or as many as there are),
        rounded, halves to the even one; null where no area is left to learn from.
    """
    each = (
        outputs.select("area_code", "fold", "observed")
        .unique("area_code", keep="first")
        .join(areas.select("area_code", "longitude", "latitude"), on="area_code")
        .sort("area_code")
    )
    latitude = each["latitude"].to_numpy()
    # Degrees east are shorter than degrees north; the nearest need no more than that.
    east = each["longitude"].to_numpy() * np.cos(np.radians(latitude.mean() if each.height else 0))
    place = np.column_stack([east, latitude])
    fold, observed = each["fold"].to_numpy(), each["observed"].to_numpy()
    predicted = np.full(each.height, np.nan)
    for one in np.unique(fold):
        held_out, rest = fold == one, fold != one
        count = min(NEAREST, int(rest.sum()))
        if count:
            _, near = KDTree(place[rest]).query(place[held_out], k=list(range(1, count + 1)))
            predicted[held_out] = np.rint(observed[rest][near].mean(axis=1))
    return each.select("area_code").with_columns(
        pl.Series(COORDINATES, predicted).fill_nan(None).cast(pl.Int64)
    )
