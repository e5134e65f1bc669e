"""Zarr, version 2 or 3, as a file of a raster: an array of band × y × x, whatever their order.

Where its pixels lie is told by the coordinates of x and y, which are of their middles (as xarray
writes them), else by a transform. Its CRS is told by the variable that `grid_mapping` names
(`spatial_ref`, as rioxarray writes it), or by attributes of the array or group, by the names that
GDAL (`_CRS`) and the conventions of GeoZarr (`proj:code`, `spatial:transform`) have for them.
"""

import base64
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyproj

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading
from streetview_assets.satellite.raster_file import RasterFile, Span

FORM = "zarr"
REMEDY = (
    "Give a whole group of zarr with an array of band × y × x and its CRS, as xarray and rioxarray "
    "write it."
)
_MARKS = ("zarr.json", ".zgroup", ".zarray")
_AXES = {
    "y": ("y", "lat", "latitude", "northing"),
    "x": ("x", "lon", "longitude", "easting"),
}
_CRS_KEYS = ("crs_wkt", "spatial_ref", "proj:wkt2", "proj:projjson", "proj:code", "crs")
_IRREGULAR = 1e-3

Transform = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class _Bands:
    """The array of a raster, and which of its axes is which.

    Attributes
    ----------
    array
        Of zarr.
    names
        Of its axes.
    y, x
        Their numbers.
    band
        That of bands; None where there is one band and no axis of them.
    beside
        Attributes of what tells of it, the nearest first.
    siblings
        The arrays beside it, by name.
    """

    array: Any
    names: tuple[str, ...]
    y: int
    x: int
    band: int | None
    beside: Sequence[Mapping[str, Any]]
    siblings: Mapping[str, Any]


def is_zarr(path: Path) -> bool:
    """Whether a folder is a group or an array of zarr.

    Parameters
    ----------
    path
        The folder.
    """
    return any((path / mark).is_file() for mark in _MARKS)


def open_zarr(path: Path, place: str) -> RasterFile:
    """Open a group that has one array of bands, or that array itself; no chunk is read.

    Parameters
    ----------
    path
        The folder.
    place
        The key of the study and the folder, for messages.

    Raises
    ------
    StudyError
        Where it cannot be read, has no such array or several, does not say where its pixels lie,
        lacks chunks, or what reads it is not installed.
    """
    with reading(place, FORM, REMEDY):
        found = _bands(path, place)
        array, nodata = found.array, _nodata(found.array)
        _refuse_cut_off(array, nodata, place)
        return RasterFile(
            place=place,
            name=path.name,
            form=FORM,
            remedy=REMEDY,
            remedy_of_crs="`dataset.rio.write_crs(32630)` of rioxarray",
            remedy_of_blocks=": xarray's `chunk`",
            crs=_crs(found.beside),
            transform=_transform(found, place),
            bands=1 if found.band is None else array.shape[found.band],
            height=array.shape[found.y],
            width=array.shape[found.x],
            kind=np.dtype(array.dtype).newbyteorder("="),
            nodata=nodata,
            is_scaled=array.attrs.get("scale_factor", 1) != 1
            or array.attrs.get("add_offset", 0) != 0,
            block_bytes=math.prod(array.chunks) * array.dtype.itemsize,
            read=lambda bands, rows, columns: _read(found, bands, rows, columns),
            close=lambda: None,
        )


def _read(found: _Bands, bands: range, rows: Span, columns: Span) -> np.ndarray:
    """Read a window as (bands, rows, columns); of axes of length one, the one."""
    where: list[int | slice] = [0] * found.array.ndim
    where[found.y], where[found.x] = slice(*rows), slice(*columns)
    if found.band is not None:
        where[found.band] = slice(bands.start - 1, bands.stop - 1)
    values = np.asarray(found.array[tuple(where)])
    order = [axis for axis in (found.band, found.y, found.x) if axis is not None]
    values = values.transpose([sorted(order).index(axis) for axis in order])
    return values if found.band is not None else values[None]


def _bands(path: Path, place: str) -> _Bands:
    """Find the array of bands in a group, or take the one that is given."""
    try:
        import zarr
    except ImportError:
        raise StudyError(
            f"{place}: zarr is read with the package of that name, which is not installed: "
            "`pip install 'streetview-assets[satellite]'`. GeoTIFF does without it."
        ) from None
    node: Any = zarr.open(path, mode="r")
    if isinstance(node, zarr.Array):
        parent: Any = zarr.open_group(path.parent, mode="r") if is_zarr(path.parent) else None
        siblings, about = (dict(parent.arrays()), [parent.attrs]) if parent else ({}, [])
        array, name = node, path.name
    else:
        siblings, about = dict(node.arrays()), [node.attrs]
        array, name = _the_one(siblings, place)
    mapping = array.attrs.get("grid_mapping", "spatial_ref")
    nearest = [siblings[mapping].attrs] if mapping in siblings else []
    return _with_axes(array, f"{place}: {name}", [*nearest, array.attrs, *about], siblings)


def _the_one(arrays: Mapping[str, Any], place: str) -> tuple[Any, str]:
    """Take the only array of a group that has bands."""
    of_bands = [name for name, array in sorted(arrays.items()) if array.ndim > 2]
    if len(of_bands) == 1:
        return arrays[of_bands[0]], of_bands[0]
    if of_bands:
        raise StudyError(
            f"{place} has several arrays of bands: {', '.join(of_bands)}. Give the folder of one."
        )
    there = ", ".join(f"{name} ({_shape(array)})" for name, array in sorted(arrays.items())[:10])
    raise StudyError(
        f"{place} has no array of bands, of band × y × x, but: {there or 'none at all'}. Of a "
        "variable for each band, xarray makes one: `dataset.to_dataarray('band')`."
    )


def _shape(array: Any) -> str:
    return " × ".join(f"{n:,}" for n in array.shape) or "a number"


def _with_axes(
    array: Any, place: str, beside: list[Mapping[str, Any]], siblings: Mapping[str, Any]
) -> _Bands:
    """Tell an array's axes by their names, or as band, y and x where it has three without any."""
    names = getattr(array.metadata, "dimension_names", None)
    names = tuple(names or array.attrs.get("_ARRAY_DIMENSIONS", ()))
    if not all(names) or not names:
        names = ("band", "y", "x") if array.ndim == 3 else ()
    at = {
        axis: [number for number, name in enumerate(names) if str(name).lower() in called]
        for axis, called in _AXES.items()
    }
    if len(names) != array.ndim or any(len(found) != 1 for found in at.values()):
        told = " × ".join(map(str, names)) or "no names"
        raise StudyError(f"{place} has the axes {told}: it needs one called y and one called x.")
    (y,), (x,) = at.values()
    others = [number for number in range(array.ndim) if number not in (y, x)]
    long = [number for number in others if array.shape[number] > 1] or others[-1:]
    if len(long) > 1:
        told = ", ".join(f"{names[number]}: {array.shape[number]:,}" for number in long)
        raise StudyError(
            f"{place} has several axes beside y and x ({told}), of which one can be of bands. Take "
            "one of the others: `dataset.isel(time=0)`."
        )
    return _Bands(array, names, y, x, long[0] if long else None, beside, siblings)


def _crs(beside: Sequence[Mapping[str, Any]]) -> pyproj.CRS | None:
    """Read the CRS from the first attributes that tell one."""
    for attributes in beside:
        for key in _CRS_KEYS:
            if told := attributes.get(key):
                return pyproj.CRS.from_user_input(told)
        if "grid_mapping_name" in attributes:
            return pyproj.CRS.from_cf(dict(attributes))
        of_gdal = attributes.get("_CRS", {})
        if told := of_gdal.get("wkt") or of_gdal.get("projjson"):
            return pyproj.CRS.from_user_input(told)
    return None


def _transform(found: _Bands, place: str) -> Transform:
    """Say where pixels lie: by coordinates, right in a part cut out too, or a transform."""
    names = [found.names[axis] for axis in (found.x, found.y)]
    if all(name in found.siblings for name in names):
        (left, step_x), (first, step_y) = (
            _edge_and_step(found.siblings[name], place, name) for name in names
        )
        return step_x, 0.0, left, 0.0, step_y, first
    for attributes in found.beside:
        if told := attributes.get("spatial:transform"):
            a, b, c, d, e, f = map(float, told[:6])
            return a, b, c, d, e, f
        if told := attributes.get("GeoTransform"):
            c, a, b, f, d, e = map(float, str(told).split())
            return a, b, c, d, e, f
    raise StudyError(
        f"{place} does not say where its pixels lie: it has neither coordinates "
        f"{' and '.join(names)} nor a transform. {REMEDY}"
    )


def _edge_and_step(array: Any, place: str, name: str) -> tuple[float, float]:
    """Give the outer edge of the first pixel and the step, of the middles of all."""
    middles = np.asarray(array[:], dtype=np.float64)
    if middles.ndim != 1 or len(middles) < 2 or not np.isfinite(middles).all():
        raise StudyError(f"{place}: its coordinates {name} are not those of two pixels or more.")
    step = float(middles[-1] - middles[0]) / (len(middles) - 1)
    if np.abs(np.diff(middles) - step).max() > _IRREGULAR * abs(step):
        raise StudyError(
            f"{place}: its coordinates {name} are not evenly spaced. Bring it onto a grid: "
            "`dataset.interp`."
        )
    return float(middles[0]) - step / 2, step


def _nodata(array: Any) -> float | None:
    """Read which number stands for no value.

    A fill value of nought is what is written where nobody has said anything, so it stands for none
    only where an attribute says so.
    """
    for key in ("_FillValue", "missing_value", "nodata"):
        told = array.attrs.get(key)
        if isinstance(told, str) and told.lower() != "nan":  # as xarray writes it in version 3
            return float(struct.unpack("<d", base64.b64decode(told, validate=True))[0])
        if told is not None:
            return float(told)
    return float(array.fill_value) if array.fill_value else None


def _refuse_cut_off(array: Any, nodata: float | None, place: str) -> None:
    """Refuse an array without chunks, or that lacks some whose absence does not say "no value"."""
    unit = array.shards or array.chunks
    inside = math.prod(unit) // math.prod(array.chunks)
    wanted = math.prod(-(-n // m) for n, m in zip(array.shape, unit, strict=True))
    there = array.nchunks_initialized // inside
    fill = float(array.fill_value or 0)
    says_none = nodata is not None and np.array_equal(fill, nodata, equal_nan=True)
    if there < wanted and not (there and says_none):
        raise StudyError(
            f"{place} has {there:,} of {wanted:,} chunks, and those that are not there would count "
            f"as {fill:g}: it is cut off, or was written without chunks of that number alone. Copy "
            "it whole, or write it with `write_empty_chunks=True`."
        )
