"""A store of street data (HDF5): points, their images and perhaps vectors, made elsewhere.

Rows are points, and columns of images are slots, one a heading. A row is never an id: points are
known by `point_id`, which may have gaps. Images and vectors stay in the file until asked for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from streetview_assets.points.imported.store_file import PRESENT, VECTORS, Store, opened, text_of
from streetview_assets.points.places import point_ids, rounded
from streetview_assets.text.counted import counted
from streetview_assets.text.strict_json import to_json

FOUR_HEADINGS = (0.0, 90.0, 180.0, 270.0)

_PLACES = (("latitude", "longitude"), ("sampled_lat", "sampled_lon"), ("pano_lat", "pano_lon"))
_OF_A_POINT = ("date", "pano_id", "copyright", "status", "city")
_MONTH = re.compile(r"(\d{4})-(\d{2})(-\d{2}.*)?")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DECIMALS = 6


@dataclass(frozen=True)
class StreetData:
    """What a store says of its points.

    Attributes
    ----------
    path
        The file.
    points
        One row a point, in the order of the file: row (its place there), source_id (the external
        id), point_id (by its place), longitude, latitude, panorama_id (the store's own, or
        ``point:<id>``), captured_on (first of the month; null where the store's
        date is no month), date (as it stands there), pano_id, panorama_longitude,
        panorama_latitude, copyright, status, city, has_image (whether the store says so of any
        slot; null where it does not say), properties (JSON of all else).
    headings_deg
        (points, slots), 0 up to 360; NaN where it is not known.
    is_present
        (points, slots): whether the store says that it has the image; None where it says so of
        none.
    dimension
        Length of a vector; None where the store has none.
    """

    path: Path
    points: pl.DataFrame
    headings_deg: npt.NDArray[np.float64]
    is_present: npt.NDArray[np.bool_] | None
    dimension: int | None

    @property
    def has_own_headings(self) -> bool:
        """Whether headings differ from point to point, or some are not known."""
        return not (self.headings_deg == self.headings_deg[:1]).all()

    def slots(self, headings_deg: Sequence[float] | None) -> pl.DataFrame:
        """List the slots of wanted headings; without any, all that the store says are there.

        Returns
        -------
        polars.DataFrame
            panorama_id, captured_on, heading_deg, point_id, row, slot, by row and slot.
        """
        if headings_deg is None:
            is_there = self.is_present
            chosen = ~np.isnan(self.headings_deg) if is_there is None else is_there
        else:
            wanted = np.round(np.array(headings_deg, dtype=np.float64) % 360, _DECIMALS)
            chosen = np.isin(self.headings_deg, wanted)
        row, slot = np.nonzero(chosen)
        heading_deg = pl.Series(self.headings_deg[row, slot], nan_to_null=True)
        places = pl.DataFrame({"row": row, "slot": slot, "heading_deg": heading_deg})
        points = self.points.select("row", "panorama_id", "captured_on", "point_id")
        return places.join(points, on="row", how="left", maintain_order="left").select(
            "panorama_id", "captured_on", "heading_deg", "point_id", "row", "slot"
        )


def read_street_data(path: Path, key: str) -> StreetData:
    """Read what a store says of its points, and check the form of its images and vectors.

    Data sets, of N points and S slots: ``point_id`` (N); ``latitude`` and ``longitude`` (N), or
    ``sampled_lat`` and ``sampled_lon``, or ``pano_lat`` and ``pano_lon``; where they are there
    ``date`` ('YYYY-MM'), ``pano_id``, ``copyright``, ``status``, ``city`` (N), ``images_present``
    (N × S, bool), ``images_jpeg`` (N × S, variable-length uint8) and ``embeddings_clip``
    (N × S × D, float). The headings of slots stand in the attribute ``headings`` or the data set
    ``heading`` (NaN: not known); four slots without either are 0, 90, 180 and 270.

    Parameters
    ----------
    path
        The HDF5 file.
    key
        The key of the study file that names it, for messages.

    Raises
    ------
    StudyError
        Where one that is needed is absent or one has another form, with the file, the data set
        and what was expected.
    """
    with opened(path, key) as file:
        store = Store(file, path, key)
        count = store.count()
        slots = store.slot_count(count)
        points = _points(store, count)
        headings = _headings(store, count, slots)
        present = _present(store)
        vectors = store.get(VECTORS)
        dimension = None if vectors is None else int(vectors.shape[2])
    return StreetData(path, points, headings, present, dimension)


def _points(store: Store, count: int) -> pl.DataFrame:
    ids = store.texts("point_id", count)
    if None in ids:
        raise store.wrong(f"data set 'point_id' is empty in row {ids.index(None)}; expected an id")
    told = {name: store.texts(name, count) for name in _OF_A_POINT}
    places = np.column_stack(_place(store, count))
    present = store.get(PRESENT)
    has_image = None if present is None else present[:].astype(bool).any(axis=1)
    frame = pl.DataFrame({"row": np.arange(count, dtype=np.int64), **told}).with_columns(
        pl.col(_OF_A_POINT).cast(pl.String),
        source_id=pl.Series(ids, dtype=pl.String),
        point_id=pl.Series(point_ids(rounded(places)), dtype=pl.String),
        longitude=places[:, 0],
        latitude=places[:, 1],
        captured_on=pl.Series(map(month, told["date"]), dtype=pl.Date),
        panorama_longitude=_known(store.numbers("pano_lon", count), pl.Float64()),
        panorama_latitude=_known(store.numbers("pano_lat", count), pl.Float64()),
        has_image=_known(has_image, pl.Boolean()),
    )
    return frame.with_columns(
        panorama_id=pl.coalesce("pano_id", _by_point(store, frame)),
        properties=pl.Series(_properties(store, told, count), dtype=pl.String),
    )


def _present(store: Store) -> npt.NDArray[np.bool_] | None:
    told = store.get(PRESENT)
    is_present = None if told is None else told[:].astype(bool)
    return is_present if is_present is not None and is_present.any() else None


def _known(values: npt.NDArray[Any] | None, kind: pl.DataType) -> pl.Series | pl.Expr:
    return pl.lit(None, kind) if values is None else pl.Series(values, dtype=kind, nan_to_null=True)


def _place(store: Store, count: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    for north, east in _PLACES:
        latitude, longitude = store.numbers(north, count), store.numbers(east, count)
        if latitude is not None and longitude is not None:
            return longitude, latitude
    names = "'latitude' and 'longitude', or 'sampled_lat' and 'sampled_lon'"
    raise store.lacks("of the places", names)


def _by_point(store: Store, frame: pl.DataFrame) -> pl.Expr:
    """Name a panorama by its point; where cities count their points anew, by the city too."""
    repeated = frame.filter(pl.struct("city", "source_id").is_duplicated())
    if repeated.height:
        where = "" if repeated["city"][0] is None else f" in {repeated['city'][0]}"
        raise store.wrong(
            f"data set 'point_id' holds {repeated['source_id'][0]} twice{where}; expected each id "
            "once, or once a 'city'"
        )
    return named_by_point("source_id", "city")


def named_by_point(point_id: str, city: str) -> pl.Expr:
    """Name the panorama of a point that has no id of its own.

    Parameters
    ----------
    point_id, city
        Columns of the external ids, and of the cities that count their points anew.
    """
    is_shared = pl.col(point_id).is_duplicated() & pl.col(city).is_not_null()
    return (
        pl.when(is_shared)
        .then(pl.format("point:{}:{}", city, point_id))
        .otherwise(pl.format("point:{}", point_id))
    )


def _headings(store: Store, count: int, slots: int) -> npt.NDArray[np.float64]:
    origin = "data set 'heading'"
    if (told := store.file.attrs.get("headings")) is not None:
        origin, headings = "attribute 'headings'", _numbers(told)
    elif (found := store.get("heading")) is not None:
        headings = found[:].astype(np.float64)
    elif slots == len(FOUR_HEADINGS):
        headings = np.array(FOUR_HEADINGS)
    else:
        raise store.wrong(
            f"a point has {counted(slots, 'image')}, and nothing says in which headings; "
            "expected the attribute 'headings' of the file"
        )
    if headings.shape not in ((slots,), (count, slots)) or np.isinf(headings).any():
        raise store.wrong(
            f"{origin} has shape {headings.shape}; expected {counted(slots, 'heading')} in "
            "degrees, one a slot"
        )
    if headings.ndim == 1 and np.isnan(headings).any():
        raise store.wrong(f"{origin} has a heading that is no number; expected degrees")
    turned = np.round(headings % 360, _DECIMALS) % 360
    return np.broadcast_to(turned, (count, slots))


def _numbers(told: Any) -> npt.NDArray[np.float64]:
    """Read numbers that stand in an attribute, be it as numbers or as text."""
    values = np.atleast_1d(np.asarray(told))
    if values.dtype.kind in "iuf":
        return values.astype(np.float64)
    text = " ".join(text_of(value) or "" for value in values.ravel())
    return np.array([float(number) for number in _NUMBER.findall(text)], dtype=np.float64)


def _properties(store: Store, told: dict[str, list[str | None]], count: int) -> list[str | None]:
    """Write what else the store says of each point, as JSON."""
    columns = {name: told[name] for name in ("date", "status", "city", "copyright")}
    rounds = store.get("round_id")
    if rounds is not None and rounds.shape == (count,):
        columns["round_id"] = store.texts("round_id", count)
    known = (
        {name: value for name, value in zip(columns, values, strict=True) if value is not None}
        for values in zip(*columns.values(), strict=True)
    )
    return [to_json(said) if said else None for said in known]


def month(text: str | None) -> date | None:
    """Read 'YYYY-MM' as the first of the month; what is no month is not known."""
    found = _MONTH.fullmatch(text or "")
    if not found or int(found[1]) < 1 or not 1 <= int(found[2]) <= 12:
        return None
    return date(int(found[1]), int(found[2]), 1)
