"""Rasters with known content, and areas over them."""

from pathlib import Path

import numpy as np
import polars as pl
import rasterio
import shapely
from pyproj import Transformer
from rasterio.transform import Affine

CRS = "EPSG:32630"
PIXEL_M = 10.0
WEST, NORTH = 550_000.0, 5_930_000.0


def write_tile(
    path: Path,
    values: np.ndarray,
    *,
    column: float = 0,
    row: float = 0,
    crs: str | None = CRS,
    south_up: bool = False,
    **profile: object,
) -> Path:
    """Write values (bands, height, width), north up in memory, at a place of the grid."""
    bands, height, width = values.shape
    x, y = WEST + column * PIXEL_M, NORTH - row * PIXEL_M
    transform = Affine(PIXEL_M, 0, x, 0, -PIXEL_M, y)
    if south_up:
        transform = Affine(PIXEL_M, 0, x, 0, PIXEL_M, y - height * PIXEL_M)
        values = values[:, ::-1]
    how = {"driver": "GTiff", "dtype": values.dtype, "crs": crs, "transform": transform, **profile}
    with rasterio.open(path, "w", count=bands, height=height, width=width, **how) as file:
        file.write(values)
    return path


def alphaearth(height: int, width: int, bands: int = 3, seed: int = 0) -> np.ndarray:
    """Draw whole numbers as AlphaEarth has them, a tenth of the pixels without a value."""
    rng = np.random.default_rng(seed)
    values = rng.integers(-127, 128, (bands, height, width)).astype(np.int8)
    values[:, rng.random((height, width)) < 0.1] = -128
    return values


def meant(values: np.ndarray) -> np.ndarray:
    """Say what such numbers stand for."""
    plain = values.astype(np.float64)
    plain[plain == -128] = np.nan
    return np.sign(plain) * (plain / 127.5) ** 2


def areas_over(boxes: dict[str, shapely.Geometry], authority: str = "X1") -> pl.DataFrame:
    """Make the columns of the table `areas` that are read, of outlines in the raster's CRS."""
    back = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    outlines = [
        shapely.to_wkb(shapely.transform(shape, back.transform, interleaved=False))
        for shape in boxes.values()
    ]
    return pl.DataFrame(
        {
            "authority_code": [authority] * len(boxes),
            "area_code": list(boxes),
            "geometry": pl.Series(outlines, dtype=pl.Binary),
        }
    )


def blob(column: float, row: float, radius: float = 4.3) -> shapely.Geometry:
    """Draw an outline that cuts through pixels, around a place of the grid."""
    return shapely.Point(WEST + column * PIXEL_M, NORTH - row * PIXEL_M).buffer(radius * PIXEL_M)
