"""An HDF5 store of street data as a file: its data sets, and what is wrong with them."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from streetview_assets.errors import StudyError
from streetview_assets.files.labels import HDF5
from streetview_assets.files.reading import reading, refuse_bomb
from streetview_assets.text.counted import counted

if TYPE_CHECKING:
    import h5py

SUFFIXES = HDF5
DEFAULT_SLOTS = 4
IMAGES, PRESENT, PATHS = "images_jpeg", "images_present", "image_paths"
VECTORS = "embeddings_clip"

_NOTHING = frozenset({"", "none", "nan", "null", "<na>", "nat"})
_CACHE_BYTES = 64 * 2**20


@contextmanager
def opened(path: Path, key: str) -> Iterator["h5py.File"]:
    """Open a store for reading.

    Parameters
    ----------
    path
        The HDF5 file.
    key
        The key of the study file that names it, for messages.

    Raises
    ------
    StudyError
        Where it is no HDF5 file, is cut short, here or while it is read, or leads to another file.
    """
    import h5py

    place = f"{key}: {path}"
    remedy = "Give a whole file, such as street_data.h5, copied again or repacked with h5repack."
    with (
        reading(place, "an HDF5 store", remedy),
        h5py.File(path, "r", locking="best-effort", rdcc_nbytes=_CACHE_BYTES) as file,
    ):
        _refuse_elsewhere(file, place)
        yield file


def bounded(stored: "h5py.Dataset", place: str) -> "h5py.Dataset":
    """Give a data set, once its shape is held against what is kept of it: both are told freely.

    Raises
    ------
    StudyError
        Where it has no shape, or one that what is kept can never fill.
    """
    if stored.shape is None:
        raise StudyError(f"{place}: data set {stored.name!r} is empty; expected an array.")
    unpacked_bytes = math.prod(stored.shape) * stored.dtype.itemsize
    refuse_bomb(stored.id.get_storage_size(), unpacked_bytes, f"{place}: {stored.name!r}")
    return stored


def _refuse_elsewhere(file: "h5py.File", place: str) -> None:
    """Refuse a store of which a part lies in another file, which would be read unseen."""
    import h5py

    def lies_elsewhere(name: bytes, link: Any) -> bytes | None:
        return None if link.type in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT) else name

    def is_kept_elsewhere(name: str, found: Any) -> str | None:
        if not isinstance(found, h5py.Dataset):
            return None
        virtual = found.is_virtual and any(s.file_name != "." for s in found.virtual_sources())
        return name if virtual or found.external else None

    found = file.id.links.visit(lies_elsewhere, info=True) or file.visititems(is_kept_elsewhere)
    if found:
        name = found.decode("utf-8", "replace") if isinstance(found, bytes) else found
        raise StudyError(
            f"{place}: {name!r} lies in another file, and those are not followed. Put all of it "
            "into one file (h5repack, or h5py's copy with expand_external=True)."
        )


@dataclass(frozen=True)
class Store:
    """An open store: its data sets by name, each held against the form that is expected.

    Attributes
    ----------
    file
        Open for reading.
    path
        Where it lies.
    key
        The key of the study file that names the store, for messages.
    """

    file: "h5py.File"
    path: Path
    key: str

    def get(
        self, name: str, shape: tuple[int | str, ...] | None = None, why: str = ""
    ) -> "h5py.Dataset | None":
        """Give a data set, None where it is not there.

        Parameters
        ----------
        name
            Of the data set.
        shape
            How long each axis has to be; a letter where any length will do. None: any shape.
        why
            What is said behind the shape that was expected.

        Raises
        ------
        StudyError
            Where it is a group of data sets, or has another shape.
        """
        import h5py

        found = self.file.get(name)
        if found is None:
            return None
        if not isinstance(found, h5py.Dataset):
            raise self.wrong(f"{name!r} is a group; expected a data set")
        stored = bounded(found, f"{self.key}: {self.path}")
        if shape is not None:
            known = [axis for axis, length in enumerate(shape) if isinstance(length, int)]
            if stored.ndim != len(shape) or any(stored.shape[at] != shape[at] for at in known):
                form = ", ".join(map(str, shape)) + "," * (len(shape) == 1)
                raise self.wrong(
                    f"data set {name!r} has shape {stored.shape}; expected ({form}){why}"
                )
        return stored

    def wrong(self, what: str) -> StudyError:
        """Make the error that says what is wrong."""
        return StudyError(f"{self.key}: {self.path}: {what}.")

    def lacks(self, what: str, expected: str) -> StudyError:
        """Make the error that says which data set is not there, and which are.

        Parameters
        ----------
        what, expected
            What is looked for, and under which names.
        """
        there = ", ".join(sorted(self.file)) or "none"
        return self.wrong(f"there is no data set {what}; expected {expected}. There are: {there}")

    def count(self) -> int:
        """Count the points.

        Raises
        ------
        StudyError
            Where there is no data set `point_id`, or one that is no list.
        """
        found = self.get("point_id", ("N",))
        if found is None:
            raise self.lacks("'point_id'", "the external ids, one a point")
        return int(found.shape[0])

    def slot_count(self, count: int) -> int:
        """Count the slots of a point, and check that all that is kept by slot agrees on them.

        Raises
        ------
        StudyError
            Where they do not agree, or there is nothing in them.
        """
        import h5py

        slots: int | None = None
        for name, axes in ((IMAGES, 2), (PRESENT, 2), (PATHS, 2), (VECTORS, 3)):
            shape = (count, slots or "S", "D")[:axes]
            found = self.get(name, shape, f" for the {counted(count, 'point')} of 'point_id'")
            if found is None:
                continue
            if 0 in found.shape[1:]:
                raise self.wrong(f"data set {name!r} has shape {found.shape}, which holds nothing")
            slots = int(found.shape[1])
            expected = None
            if name == IMAGES and h5py.check_vlen_dtype(found.dtype) != np.dtype("uint8"):
                expected = "variable-length uint8, the bytes of a JPEG file"
            elif name == VECTORS and found.dtype.kind != "f":
                expected = "float32"
            if expected:
                raise self.wrong(f"data set {name!r} is of type {found.dtype}; expected {expected}")
        return slots or DEFAULT_SLOTS

    def column(self, name: str, count: int) -> npt.NDArray[Any] | None:
        """Read what is kept once a point, None where it is not there.

        Raises
        ------
        StudyError
            Where it has not one value a point.
        """
        found = self.get(name, (count,), ", one a point")
        return None if found is None else np.asarray(found[:])

    def numbers(self, name: str, count: int) -> npt.NDArray[np.float64] | None:
        """Read a column of numbers.

        Raises
        ------
        StudyError
            Where it is no number.
        """
        values = self.column(name, count)
        if values is None:
            return None
        try:
            return values.astype(np.float64)
        except (TypeError, ValueError):
            raise self.wrong(
                f"data set {name!r} is of type {values.dtype}; expected numbers"
            ) from None

    def texts(self, name: str, count: int) -> list[str | None]:
        """Read a column of text, zero padding taken off; null where it says nothing."""
        values = self.column(name, count)
        if values is None:
            return [None] * count
        if values.dtype.kind == "f" and (np.mod(values, 1) == 0).all():
            # Whole numbers that a data frame kept as floats: 17, not 17.0.
            values = values.astype(np.int64)
        return [text_of(value) for value in values]


def text_of(value: Any) -> str | None:
    """Read text, zero padding taken off; None where it says nothing."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    text = text.strip("\0 \t\r\n")
    return None if text.lower() in _NOTHING else text
