"""Rasters in one or several tiles, read by windows: what of them lies over an area.

Tiles may lie south-up, and side by side or one over the other: of two that have a value of a
pixel, that of the first by name counts.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyproj

from streetview_assets.errors import StudyError
from streetview_assets.files.crs import require_crs
from streetview_assets.files.reading import reading

SUFFIXES = (".tif", ".tiff")
MOST_BANDS = 2_048
MOST_BLOCK_BYTES = 2**28
"""A block is unpacked whole, however little of it is wanted."""
MOST_PIXELS = 2**25
"""Of a window: 3,300 km² at 10 m."""
NODATA_OF_BYTES = -128.0
"""Of AlphaEarth's whole numbers, where a file does not say so itself."""
_OFF_GRID = 1e-3
_REMEDY = "Give GeoTIFF with a CRS, as `gdal_translate -of GTiff` or rasterio write it."

Bounds = tuple[float, float, float, float]
"""West, south, east, north, in the raster's CRS."""


@dataclass(frozen=True)
class Tile:
    """One file of a raster, open.

    Attributes
    ----------
    data
        rasterio's dataset.
    place
        The key of the study and the file, for messages.
    column, row
        Of its upper left pixel, in the grid of all tiles, from the first one's; rows go south.
    is_south_up
        Whether its first row is the southernmost.
    """

    data: Any
    place: str
    column: int
    row: int
    is_south_up: bool


@dataclass(frozen=True)
class Window:
    """The pixels over a box, whole ones.

    Attributes
    ----------
    column, row, width, height
        In the grid of all tiles.
    bounds
        Its edges, in the raster's CRS.
    """

    column: int
    row: int
    width: int
    height: int
    bounds: Bounds


@dataclass(frozen=True)
class Raster:
    """Tiles that lie on one grid, open.

    Attributes
    ----------
    tiles
        In the order of their names.
    crs
        As WKT.
    bands
        How many.
    left, top
        Of the grid, in units of the CRS.
    pixel_width, pixel_height
        Both above nought, in units of the CRS.
    is_squared
        Whether numbers are AlphaEarth's whole ones.
    """

    tiles: tuple[Tile, ...]
    crs: str
    bands: int
    left: float
    top: float
    pixel_width: float
    pixel_height: float
    is_squared: bool

    def window(self, box: Bounds) -> Window:
        """Give the window of whole pixels over a box, in the raster's CRS.

        Parameters
        ----------
        box
            Of an area.
        """
        west, south, east, north = box
        columns = (west - self.left) / self.pixel_width, (east - self.left) / self.pixel_width
        rows = (self.top - north) / self.pixel_height, (self.top - south) / self.pixel_height
        column, row = int(np.floor(columns[0])), int(np.floor(rows[0]))
        width, height = int(np.ceil(columns[1])) - column, int(np.ceil(rows[1])) - row
        x, y = self.left + column * self.pixel_width, self.top - row * self.pixel_height
        edges = (x, y - height * self.pixel_height, x + width * self.pixel_width, y)
        return Window(column, row, width, height, edges)

    def meets(self, window: Window) -> bool:
        """Whether any tile has a pixel in a window."""
        return any(_overlap(tile, window) for tile in self.tiles)

    def read(self, window: Window, bands: Sequence[int]) -> np.ndarray:
        """Read a window, north up, NaN where no tile has a value; (bands, height, width).

        Parameters
        ----------
        window
            Of `window`.
        bands
            Their numbers, from 1.

        Raises
        ------
        StudyError
            Where a file is damaged.
        """
        values = np.full((len(bands), window.height, window.width), np.nan)
        for tile in self.tiles:
            overlap = _overlap(tile, window)
            if overlap is None:
                continue
            (top, bottom), (left, right) = overlap
            found = self._values(tile, overlap, bands)
            rows = slice(top - window.row, bottom - window.row)
            part = values[:, rows, left - window.column : right - window.column]
            np.copyto(part, found, where=np.isnan(part))
        return values

    def _values(
        self, tile: Tile, overlap: tuple[tuple[int, int], tuple[int, int]], bands: Sequence[int]
    ) -> np.ndarray:
        """Read what a tile has of rows and columns of the grid, with NaN for no value."""
        (top, bottom), (left, right) = overlap
        rows = top - tile.row, bottom - tile.row
        if tile.is_south_up:
            rows = tile.data.height - rows[1], tile.data.height - rows[0]
        part = rows, (left - tile.column, right - tile.column)
        with reading(tile.place, "GeoTIFF", _REMEDY):
            stored = tile.data.read(list(bands), window=part)
        values = stored.astype(np.float64)
        nodata = tile.data.nodata
        if nodata is None and self.is_squared:
            nodata = NODATA_OF_BYTES
        if nodata is not None:
            values[values == nodata] = np.nan
        values[np.isinf(values)] = np.nan
        if self.is_squared:
            values = np.sign(values) * (values / 127.5) ** 2
        return np.asarray(values[:, ::-1] if tile.is_south_up else values)


def raster_files(paths: Sequence[Path], key: str) -> list[Path]:
    """List the tiles among files and folders, by name.

    Parameters
    ----------
    paths
        Files, or folders of them.
    key
        Of the study, for the message.

    Raises
    ------
    StudyError
        Where a folder has none.
    """
    found: set[Path] = set()
    for path in paths:
        inside = [path]
        if path.is_dir():
            with reading(f"{key}: {path}", "a folder of GeoTIFF"):
                inside = [one for one in path.iterdir() if one.suffix.lower() in SUFFIXES]
            if not inside:
                raise StudyError(f"{key}: {path} holds no GeoTIFF ({', '.join(SUFFIXES)}).")
        found |= set(inside)
    return sorted(found, key=lambda path: (path.name, str(path)))


@contextmanager
def open_raster(files: Sequence[Path], key: str, *, is_alphaearth: bool) -> Iterator[Raster]:
    """Open the tiles of a raster; they are closed at the end.

    Parameters
    ----------
    files
        GeoTIFF.
    key
        Of the study, for messages.
    is_alphaearth
        Whether whole numbers of eight bits are AlphaEarth's.

    Raises
    ------
    StudyError
        Where a file is no raster, has no CRS or is turned, or the tiles do not fit together.
    """
    opened: list[tuple[Any, str]] = []
    try:
        for path in files:
            place = f"{key}: {path}"
            opened.append((_opened(path, place), place))
            _check(*opened[-1])
        yield _together(opened, is_alphaearth=is_alphaearth)
    finally:
        for data, _ in opened:
            data.close()


def _opened(path: Path, place: str) -> Any:
    try:
        import rasterio
    except ImportError:
        raise StudyError(
            f"{place}: rasters are read with rasterio and exactextract, which are not installed: "
            "`pip install 'streetview-assets[satellite]'`. A table of areas' vectors needs neither."
        ) from None
    with reading(place, "GeoTIFF", _REMEDY):
        return rasterio.open(path, driver="GTiff")


def _check(data: Any, place: str) -> None:
    """Refuse what cannot be laid over areas, and what would be unpacked to more than is wanted."""
    crs = None if data.crs is None else pyproj.CRS.from_wkt(data.crs.to_wkt())
    require_crs(place, crs, "pixels", "; of GeoTIFF: `gdal_edit.py -a_srs EPSG:32630 tile.tif`")
    turned = data.transform.b or data.transform.d or data.transform.a <= 0
    if turned:
        raise StudyError(f"{place} is turned or mirrored. Write it upright: `gdalwarp` does so.")
    if data.count > MOST_BANDS:
        raise StudyError(f"{place} has {data.count:,} bands, more than {MOST_BANDS:,}.")
    kinds = [np.dtype(name) for name in data.dtypes]
    if any(kind.kind not in "iuf" for kind in kinds):
        raise StudyError(f"{place} holds {data.dtypes[0]}, no plain numbers. Write it as floats.")
    most = max(h * w for h, w in data.block_shapes) * kinds[0].itemsize
    most *= data.count if data.interleaving and data.interleaving.name == "pixel" else 1
    if most > MOST_BLOCK_BYTES:
        raise StudyError(
            f"{place} is packed in blocks of {most:,} bytes, each of which is unpacked whole. "
            "Write it in small ones: `gdal_translate -co TILED=YES`."
        )


def _together(opened: Sequence[tuple[Any, str]], *, is_alphaearth: bool) -> Raster:
    """Lay tiles on the grid of the first."""
    first, _ = opened[0]
    step_x, step_y = first.transform.a, abs(first.transform.e)
    left, top = first.bounds.left, max(first.bounds.top, first.bounds.bottom)
    tiles = []
    for data, place in opened:
        _check_alike(data, first, place)
        column = (data.bounds.left - left) / step_x
        row = (top - max(data.bounds.top, data.bounds.bottom)) / step_y
        if max(abs(column - round(column)), abs(row - round(row))) > _OFF_GRID:
            raise StudyError(
                f"{place}: its pixels lie between those of {opened[0][1]}. Write the tiles on one "
                "grid: `gdalwarp -tap`."
            )
        tiles.append(Tile(data, place, round(column), round(row), data.transform.e > 0))
    return Raster(
        tiles=tuple(tiles),
        crs=first.crs.to_wkt(),
        bands=first.count,
        left=left,
        top=top,
        pixel_width=step_x,
        pixel_height=step_y,
        is_squared=is_alphaearth and first.dtypes[0] == "int8",
    )


def _check_alike(data: Any, first: Any, place: str) -> None:
    size = np.abs([data.transform.a, data.transform.e])
    said = {
        "bands": (data.count, first.count),
        "the CRS": (data.crs.to_string(), first.crs.to_string()),
        "numbers of the kind": (data.dtypes[0], first.dtypes[0]),
    }
    for what, (mine, its) in said.items():
        if mine != its:
            raise StudyError(
                f"{place} has {what} {mine}, {Path(first.name).name} {its}. Give tiles of one "
                "raster; those in several CRS can be brought into one by `gdalwarp -t_srs`."
            )
    if not np.allclose(size, np.abs([first.transform.a, first.transform.e]), rtol=1e-6, atol=0):
        raise StudyError(f"{place} has pixels of another size than {Path(first.name).name}.")


def _overlap(tile: Tile, window: Window) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Give the rows and columns of the grid that a tile and a window share."""
    top, left = max(tile.row, window.row), max(tile.column, window.column)
    bottom = min(tile.row + tile.data.height, window.row + window.height)
    right = min(tile.column + tile.data.width, window.column + window.width)
    return ((top, bottom), (left, right)) if top < bottom and left < right else None
