"""One file of a raster as all forms of it are read: where its pixels lie, and a window of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyproj

Span = tuple[int, int]
"""The first, and one past the last."""


@dataclass(frozen=True)
class RasterFile:
    """One file of a raster, open.

    Attributes
    ----------
    place
        The key of the study and the file, for messages.
    name
        Of the file.
    form
        What it is: "GeoTIFF".
    remedy, remedy_of_crs, remedy_of_blocks
        How to write one that is whole, has a CRS, and is packed in small blocks.
    crs
        None where it does not say.
    transform
        From columns and rows to the CRS, six numbers (a, b, c, d, e, f) as rasterio orders them:
        x is a · column + b · row + c, y is d · column + e · row + f.
    bands, height, width
        How many.
    kind
        Of its numbers.
    nodata
        The number that stands for no value.
    is_scaled
        Whether its numbers stand for others, by a scale and an offset.
    block_bytes
        What is unpacked at once, at least.
    read
        Gives the numbers (bands, rows, columns), as they are, of bands from 1, rows and columns.
    close
        Lets go of it.
    """

    place: str
    name: str
    form: str
    remedy: str
    remedy_of_crs: str
    remedy_of_blocks: str
    crs: pyproj.CRS | None
    transform: tuple[float, float, float, float, float, float]
    bands: int
    height: int
    width: int
    kind: np.dtype
    nodata: float | None
    is_scaled: bool
    block_bytes: int
    read: Callable[[range, Span, Span], np.ndarray]
    close: Callable[[], None]

    @property
    def is_south_up(self) -> bool:
        """Whether its first row is the southernmost."""
        return self.transform[4] > 0

    @property
    def left(self) -> float:
        """Its western edge, in the CRS."""
        return self.transform[2]

    @property
    def top(self) -> float:
        """Its northern edge, in the CRS."""
        first, step = self.transform[5], self.transform[4]
        return max(first, first + step * self.height)
