"""GeoTIFF as a file of a raster, by rasterio."""

from pathlib import Path
from typing import Any

import numpy as np
import pyproj

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading
from streetview_assets.satellite.raster_file import RasterFile, Span

SUFFIXES = (".tif", ".tiff")
FORM = "GeoTIFF"
REMEDY = "Give GeoTIFF with a CRS, as `gdal_translate -of GTiff` or rasterio write it."


def open_geotiff(path: Path, place: str) -> RasterFile:
    """Open a GeoTIFF; nothing of its pixels is read.

    Parameters
    ----------
    path
        The file.
    place
        The key of the study and the file, for messages.

    Raises
    ------
    StudyError
        Where it cannot be read, or what reads it is not installed.
    """
    data = _opened(path, place)

    def read(bands: range, rows: Span, columns: Span) -> np.ndarray:
        return np.asarray(data.read(list(bands), window=(rows, columns)))

    with reading(place, FORM, REMEDY):
        kinds = [np.dtype(name) for name in data.dtypes]
        most = max(h * w for h, w in data.block_shapes) * kinds[0].itemsize
        return RasterFile(
            place=place,
            name=path.name,
            form=FORM,
            remedy=REMEDY,
            remedy_of_crs="`gdal_edit.py -a_srs EPSG:32630 tile.tif`",
            remedy_of_blocks=": `gdal_translate -co TILED=YES`",
            crs=None if data.crs is None else pyproj.CRS.from_wkt(data.crs.to_wkt()),
            transform=tuple(data.transform)[:6],
            bands=data.count,
            height=data.height,
            width=data.width,
            kind=kinds[0],
            nodata=data.nodata,
            is_scaled=any(scale != 1 for scale in data.scales) or any(data.offsets),
            block_bytes=most * (data.count if _is_by_pixel(data) else 1),
            read=read,
            close=data.close,
        )


def _opened(path: Path, place: str) -> Any:
    try:
        import rasterio
    except ImportError:
        raise StudyError(
            f"{place}: rasters are read with rasterio and exactextract, which are not installed: "
            "`pip install 'streetview-assets[satellite]'`. A table of areas' vectors needs neither."
        ) from None
    with reading(place, FORM, REMEDY):
        return rasterio.open(path, driver="GTiff")


def _is_by_pixel(data: Any) -> bool:
    """Whether a block has all bands."""
    return bool(data.interleaving and data.interleaving.name == "pixel")
