"""An area's pixels as one vector: all, by the share of each inside, or those at its points.

Sampled at the points where images were taken, a raster tells what it tells of these places alone:
the control of whether satellites know more because they see the whole ground.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from streetview_assets.satellite.published import KEY
from streetview_assets.satellite.raster import MOST_PIXELS, Raster, Window, open_raster
from streetview_assets.tables.contract import STATISTICS

OUTSIDE = "outside the raster"
NO_PIXEL = "no pixel in the area has a value"
NO_BAND = "no pixel in the area has a value of some band"
TOO_LARGE = f"the area spans more than {MOST_PIXELS:,} pixels: give a coarser raster"
NO_POINT = "no sample point in the area"
NO_POINT_KNOWN = "no sample point lies on a pixel with a value"
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
    """Pool the pixels of an area, or at its points, by band: mean, median, least and greatest.

    By exactextract, which computes the share of each pixel that lies inside exactly; the median is
    that of the pixels weighted by it.

    Parameters
    ----------
    raster
        Open.
    area
        Its outline, or its points as one geometry, in the raster's CRS.

    Raises
    ------
    StudyError
        Where a file is damaged.
    """
    if area.geom_type == "MultiPoint":
        return _sampled(raster, shapely.get_coordinates(area))
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


def _sampled(raster: Raster, places: np.ndarray) -> Zone:
    """Pool the pixels that points (n, 2) lie on, each point one."""
    if not len(places):
        return Zone(reason=NO_POINT)
    if not np.isfinite(places).all():
        return Zone(reason=OUTSIDE)
    half = np.array([raster.pixel_width, raster.pixel_height]) / 2
    box = (*(places.min(axis=0) - half), *(places.max(axis=0) + half))
    window = raster.window(box)
    if not raster.meets(window):
        return Zone(reason=OUTSIDE)
    if window.width * window.height > MOST_PIXELS:
        return Zone(reason=TOO_LARGE)
    columns = np.floor((places[:, 0] - raster.left) / raster.pixel_width) - window.column
    rows = np.floor((raster.top - places[:, 1]) / raster.pixel_height) - window.row
    at = rows.astype(np.intp), columns.astype(np.intp)
    parts = [raster.read(window, part)[:, *at] for part in _bands_at_once(raster, window)]
    values = np.concatenate(parts)
    known = np.isfinite(values).all(axis=0)
    share = float(known.mean())
    if not known.any():
        return Zone(covered_share=share, reason=NO_POINT_KNOWN)
    found = values[:, known]
    pooled: dict[str, Callable[..., np.ndarray]] = {
        "mean": np.mean, "median": np.median, "max": np.max, "min": np.min
    }  # fmt: skip
    return Zone({name: pooled[name](found, axis=1) for name in STATISTICS}, share)


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
