"""Rasters in one or several tiles, read by windows: what of them lies over an area.

Tiles may lie south-up, and side by side or one over the other: of two that have a value of a
pixel, that of the first by name counts.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streetview_assets.errors import StudyError
from streetview_assets.files.crs import require_crs
from streetview_assets.files.reading import reading
from streetview_assets.satellite.geotiff import SUFFIXES, open_geotiff
from streetview_assets.satellite.raster_file import RasterFile
from streetview_assets.satellite.zarr_store import is_zarr, open_zarr
from streetview_assets.text.counted import counted

MOST_BANDS = 2_048
MOST_BLOCK_BYTES = 2**28
"""A block is unpacked whole, however little of it is wanted."""
MOST_PIXELS = 2**25
"""Of a window: 3,300 km² at 10 m."""
NODATA_OF_BYTES = -128.0
"""Of AlphaEarth's whole numbers, where a file does not say so itself."""
_OFF_GRID = 1e-3

Bounds = tuple[float, float, float, float]
"""West, south, east, north, in the raster's CRS."""


@dataclass(frozen=True)
class Tile:
    """One file of a raster, open, and its place among the others.

    Attributes
    ----------
    file
        What is read.
    column, row
        Of its upper left pixel, in the grid of all tiles, from the first one's; rows go south.
    """

    file: RasterFile
    column: int
    row: int


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
        By its code where it has one, else as WKT.
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

    def read(self, window: Window, bands: range) -> np.ndarray:
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
        self, tile: Tile, overlap: tuple[tuple[int, int], tuple[int, int]], bands: range
    ) -> np.ndarray:
        """Read what a tile has of rows and columns of the grid, with NaN for no value."""
        (top, bottom), (left, right) = overlap
        file, rows = tile.file, (top - tile.row, bottom - tile.row)
        if file.is_south_up:
            rows = file.height - rows[1], file.height - rows[0]
        with reading(file.place, file.form, file.remedy):
            stored = file.read(bands, rows, (left - tile.column, right - tile.column))
        values = stored.astype(np.float64)
        nodata = file.nodata
        if nodata is None and self.is_squared:
            nodata = NODATA_OF_BYTES
        if nodata is not None:
            values[values == nodata] = np.nan
        values[np.isinf(values)] = np.nan
        if self.is_squared:
            values = np.sign(values) * (values / 127.5) ** 2
        return np.asarray(values[:, ::-1] if file.is_south_up else values)


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
        if path.is_dir() and not is_zarr(path):
            with reading(f"{key}: {path}", "a folder of rasters"):
                inside = [
                    one for one in path.iterdir() if one.suffix.lower() in SUFFIXES or is_zarr(one)
                ]
            if not inside:
                suffixes = ", ".join(SUFFIXES)
                raise StudyError(f"{key}: {path} holds no GeoTIFF ({suffixes}) and is no zarr.")
        found |= set(inside)
    return sorted(found, key=lambda path: (path.name, str(path)))


@contextmanager
def open_raster(files: Sequence[Path], key: str, *, is_alphaearth: bool) -> Iterator[Raster]:
    """Open the tiles of a raster; they are closed at the end.

    Parameters
    ----------
    files
        GeoTIFF or zarr.
    key
        Of the study, for messages.
    is_alphaearth
        Whether whole numbers of eight bits are AlphaEarth's.

    Raises
    ------
    StudyError
        Where a file is no raster, has no CRS or is turned, or the tiles do not fit together.
    """
    opened: list[RasterFile] = []
    try:
        for path in files:
            place = f"{key}: {path}"
            opened.append(open_zarr(path, place) if is_zarr(path) else open_geotiff(path, place))
            _check(opened[-1])
        yield _together(opened, is_alphaearth=is_alphaearth)
    finally:
        for file in opened:
            file.close()


def _check(file: RasterFile) -> None:
    """Refuse what cannot be laid over areas, and what would be unpacked to more than is wanted."""
    place, (step_x, turned, _, turned_too, _, _) = file.place, file.transform
    require_crs(place, file.crs, "pixels", f"; of {file.form}: {file.remedy_of_crs}")
    if turned or turned_too or step_x <= 0:
        raise StudyError(f"{place} is turned or mirrored. Write it upright: `gdalwarp` does so.")
    if file.bands > MOST_BANDS:
        raise StudyError(f"{place} has {file.bands:,} bands, more than {MOST_BANDS:,}.")
    if file.kind.kind not in "iuf":
        raise StudyError(f"{place} holds {file.kind}, no plain numbers. Write it as floats.")
    if file.is_scaled:
        raise StudyError(
            f"{place} holds numbers that are to be multiplied by a scale first. Write it as the "
            "floats that they stand for: `gdal_translate -unscale`, or xarray, which does so."
        )
    if file.block_bytes > MOST_BLOCK_BYTES:
        raise StudyError(
            f"{place} is packed in blocks of {counted(file.block_bytes, 'byte')}, each of which is "
            f"unpacked whole. Write it in small ones{file.remedy_of_blocks}."
        )


def _together(files: Sequence[RasterFile], *, is_alphaearth: bool) -> Raster:
    """Lay tiles on the grid of the first."""
    first = files[0]
    step_x, step_y = first.transform[0], abs(first.transform[4])
    tiles = []
    for file in files:
        _check_alike(file, first)
        column, row = (file.left - first.left) / step_x, (first.top - file.top) / step_y
        if max(abs(column - round(column)), abs(row - round(row))) > _OFF_GRID:
            raise StudyError(
                f"{file.place}: its pixels lie between those of {first.place}. Write the tiles on "
                "one grid: `gdalwarp -tap`."
            )
        tiles.append(Tile(file, round(column), round(row)))
    assert first.crs is not None, "one without was refused"
    return Raster(
        tiles=tuple(tiles),
        crs=first.crs.to_string(),
        bands=first.bands,
        left=first.left,
        top=first.top,
        pixel_width=step_x,
        pixel_height=step_y,
        is_squared=is_alphaearth and first.kind == np.int8,
    )


def _check_alike(file: RasterFile, first: RasterFile) -> None:
    said = {
        "bands": (file.bands, first.bands),
        "the CRS": (file.crs and file.crs.to_string(), first.crs and first.crs.to_string()),
        "numbers of the kind": (file.kind, first.kind),
    }
    for what, (told, by_first) in said.items():
        if told != by_first:
            raise StudyError(
                f"{file.place} has {what} {told}, {first.name} {by_first}. Give tiles of one "
                "raster; those in several CRS can be brought into one by `gdalwarp -t_srs`."
            )
    mine, its = (np.abs([one.transform[0], one.transform[4]]) for one in (file, first))
    if not np.allclose(mine, its, rtol=1e-6, atol=0):
        raise StudyError(f"{file.place} has pixels of another size than {first.name}.")


def _overlap(tile: Tile, window: Window) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Give the rows and columns of the grid that a tile and a window share."""
    top, left = max(tile.row, window.row), max(tile.column, window.column)
    bottom = min(tile.row + tile.file.height, window.row + window.height)
    right = min(tile.column + tile.file.width, window.column + window.width)
    return ((top, bottom), (left, right)) if top < bottom and left < right else None
