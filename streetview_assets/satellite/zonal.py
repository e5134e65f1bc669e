"""Zonal statistics: an area's pixels as one vector, each weighted by the share of it inside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from streetview_assets.satellite.published import KEY
from streetview_assets.satellite.raster import MOST_PIXELS, Raster, Window, open_raster
from streetview_assets.tables.contract import STATISTICS

OUTSIDE = "outside the raster"
NO_PIXEL = "no pixel in the area has a value"
NO_BAND = "no pixel in the area has a value of some band"
TOO_LARGE = f"the area spans more than {MOST_PIXELS:,} pixels: give a coarser raster"
_BYTES_AT_ONCE = 2**28


@dataclass(frozen=True)
class Zone:
    """What a raster says of one area.

    Attributes
    ----------
    vectors
        Statistic to a vector, (bands,); None where there is none.
    covered_share
        Of the area, 0 to 1, where pixels of the first band have a value.
    reason
        Why there is no vector.
    """

    vectors: dict[str, np.ndarray] | None = None
    covered_share: float = 0.0
    reason: str | None = None


def zones(outlines: Sequence[BaseGeometry], files: Sequence[Path], squared: bool) -> list[Zone]:
    """Pool the pixels of several areas, from files that are opened for it.

    Parameters
    ----------
    outlines
        Of the areas, in the raster's CRS.
    files, squared
        See `open_raster`: its files, and whether their whole numbers are AlphaEarth's.

    Raises
    ------
    StudyError
        Where a file is damaged.
    """
    with open_raster(files, KEY, is_alphaearth=squared) as raster:
        return [zone(raster, outline) for outline in outlines]


def zone(raster: Raster, area: BaseGeometry) -> Zone:
    """Pool the pixels of an area, band by band: mean, median, least and greatest.

    By exactextract, which computes the share of each pixel that lies inside exactly; the median is
    that of the pixels weighted by it.

    Parameters
    ----------
    raster
        Open.
    area
        Its outline, in the raster's CRS.

    Raises
    ------
    StudyError
        Where a file is damaged.
    """
    if area.is_empty or not np.isfinite(area.bounds).all():  # beyond where the CRS reaches
        return Zone(reason=OUTSIDE)
    window = raster.window(area.bounds)
    if not raster.meets(window):
        return Zone(reason=OUTSIDE)
    if window.width * window.height > MOST_PIXELS:
        return Zone(reason=TOO_LARGE)
    parts = _bands_at_once(raster, window)
    rows = [row for part in parts for row in _pooled(raster, window, area, part)]
    covered = rows[0]["count"] * raster.pixel_width * raster.pixel_height
    share = min(1.0, covered / area.area) if area.area else 0.0
    known = [row["count"] > 0 for row in rows]
    if not all(known):
        return Zone(covered_share=share, reason=NO_BAND if any(known) else NO_PIXEL)
    vectors = {name: np.array([row[name] for row in rows]) for name in STATISTICS}
    return Zone(vectors, share)


def _bands_at_once(raster: Raster, window: Window) -> Iterator[range]:
    """Cut the bands into parts that fit into memory."""
    step = max(1, _BYTES_AT_ONCE // (8 * max(1, window.width * window.height)))
    for first in range(1, raster.bands + 1, step):
        yield range(first, min(first + step, raster.bands + 1))


def _pooled(
    raster: Raster, window: Window, area: BaseGeometry, bands: range
) -> list[dict[str, Any]]:
    """Give the statistics of some bands, and how many pixels with a value they are of."""
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    feature = {"type": "Feature", "geometry": mapping(area), "properties": {}}
    asked = [*STATISTICS, "count"]
    sources = [
        NumPyRasterSource(values, *window.bounds, name=f"band{number}")
        for number, values in zip(bands, raster.read(window, bands), strict=True)
    ]
    (found,) = exact_extract(sources, [feature], asked, max_cells_in_memory=2 * MOST_PIXELS)
    told = found["properties"]
    prefixes = [f"band{number}_" for number in bands] if len(bands) > 1 else [""]
    return [{name: told[f"{prefix}{name}"] for name in asked} for prefix in prefixes]
