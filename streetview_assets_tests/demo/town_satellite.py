"""What a satellite sees of the made-up town: of deprivation less than streets show, of income more.

Images are drawn by deprivation, and so show of income what goes with that. What is beside it only
the satellite sees.
"""

import geopandas as gpd
import numpy as np
import shapely

PIXEL_M, NODATA = 100.0, -128
_BANDS = 8
_CLEAR = 0.5
"""How closely what is seen of deprivation goes with it: a quarter of its variance."""


def town_pixels(
    areas: gpd.GeoDataFrame, latent: np.ndarray, beside: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, float, float]:
    """Draw the pixels of a raster over the town.

    Parameters
    ----------
    areas
        With geometries in metres from the town's middle.
    latent, beside
        Deprivation of each area, and what of its income is beside that; standard deviations.
    rng
        What is drawn is drawn from it.

    Returns
    -------
    tuple
        Whole numbers of eight bits (bands, rows, columns), north up, and the western and northern
        edge in metres from the town's middle.
    """
    west, south, east, north = np.array(areas.total_bounds) // PIXEL_M * PIXEL_M
    x = np.arange(west, east + PIXEL_M, PIXEL_M) + PIXEL_M / 2
    y = np.arange(north + PIXEL_M, south, -PIXEL_M) - PIXEL_M / 2
    place = shapely.points(*np.meshgrid(x, y))
    seen = _CLEAR * latent + (1 - _CLEAR**2) ** 0.5 * rng.standard_normal(len(latent))
    mixed = np.column_stack([seen, beside]) @ rng.standard_normal((2, _BANDS))
    values = np.full((_BANDS, *place.shape), NODATA, dtype=np.int8)
    noise = rng.standard_normal(values.shape)
    for outline, of_bands in zip(areas.geometry, mixed, strict=True):
        inside = shapely.contains(outline, place)
        drawn = 25 * (of_bands[:, None] + 0.5 * noise[:, inside])
        values[:, inside] = np.clip(np.round(drawn), -127, 127)
    return values, float(west), float(north + PIXEL_M)
