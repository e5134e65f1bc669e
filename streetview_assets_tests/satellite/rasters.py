"""Rasters with known content, and areas over them."""

from pathlib import Path

import numpy as np
import polars as pl
import pyproj
import rasterio
import shapely
import zarr
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


def write_zarr(
    path: Path,
    values: np.ndarray,
    *,
    version: int = 3,
    axes: tuple[str, ...] = ("band", "y", "x"),
    south_up: bool = False,
    column: float = 0,
    coordinates: bool = True,
    crs: dict[str, object] | None = None,
    told: dict[str, object] | None = None,
    **how: object,
) -> Path:
    """Write values (bands, height, width), north up in memory, as xarray writes a data set."""
    _, height, width = values.shape
    x = WEST + (column + 0.5 + np.arange(width)) * PIXEL_M
    y = NORTH - (0.5 + np.arange(height)) * PIXEL_M
    if south_up:
        values, y = values[:, ::-1], y[::-1]
    group = zarr.open_group(path, mode="w", zarr_format=version)

    def write(name: str, numbers: np.ndarray, names: tuple[str, ...], **how: object) -> zarr.Array:
        said = {"dimension_names": names} if version == 3 else {}
        array = group.create_array(name, shape=numbers.shape, dtype=numbers.dtype, **said, **how)
        array[...] = numbers
        if version == 2:
            array.attrs["_ARRAY_DIMENSIONS"] = list(names)
        return array

    lengths = dict(zip(("band", "y", "x"), values.shape, strict=True))
    order = [list(lengths).index(axis) for axis in axes if axis in lengths]
    shape = [lengths.get(axis, 1) for axis in axes]
    array = write("embeddings", values.transpose(order).reshape(shape), axes, **how)
    array.attrs.update({"grid_mapping": "spatial_ref", **(told or {})})
    if coordinates:
        write("x", x, ("x",))
        write("y", y, ("y",))
    about = {"crs_wkt": pyproj.CRS.from_user_input(CRS).to_wkt()} if crs is None else crs
    if about:
        write("spatial_ref", np.array(0), ()).attrs.update(about)
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
