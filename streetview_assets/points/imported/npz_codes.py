"""Features of locations in npz files, one a location, named by its id (array `code`)."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading, refuse_zip_bomb
from streetview_assets.text.counted import counted

CODE, NPZ = "code", ".npz"


@dataclass(frozen=True)
class NpzCodes:
    """Features of locations, each in a file of its own, read when they are asked for.

    Attributes
    ----------
    files
        That of each location; None where there is none.
    view_shape
        Views of a location, and numbers of each.
    dtype
        Number format of the first file.
    key
        The key of the study file that names the folder, for messages.
    """

    files: tuple[Path | None, ...]
    view_shape: tuple[int, int]
    dtype: np.dtype
    key: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Locations, views and numbers."""
        return len(self.files), *self.view_shape

    def location(self, row: int) -> np.ndarray:
        """Read the features of a location, shape (views, numbers); NaN where it has no file.

        Raises
        ------
        StudyError
            Where a file is none of features, or of others than the first.
        """
        file = self.files[row]
        if file is None:
            return np.full(self.view_shape, np.nan, self.dtype)
        code = read_code(file, self.key)
        if code.shape != self.view_shape:
            raise StudyError(
                f"{self.key}: {file}: {CODE!r} has shape {code.shape}, and the first file "
                f"{self.view_shape}; features of one study are of one shape."
            )
        return code

    def __getitem__(self, place: tuple[int, int]) -> np.ndarray:
        """Read one view of a location, shape (numbers,)."""
        row, slot = place
        return np.asarray(self.location(row)[slot])


def npz_codes(folder: Path, ids: list[str | None], labels: Path, key: str) -> NpzCodes:
    """Find the file of each location in a folder of npz files, by its id.

    Parameters
    ----------
    folder
        With a file `<id>.npz` for each location that has features.
    ids
        Of the locations, in the order of the labels.
    labels, key
        The table, and the key of the study that names the folder, for messages.

    Raises
    ------
    StudyError
        Where a location has no id, or no file is of any of them.
    """
    if None in ids:
        raise StudyError(
            f"{key}: {labels}: row {ids.index(None) + 1} has no id, by which its file is named; "
            "expected a column img_id (or id, point_id)."
        )
    there = {file.stem: file for file in folder.glob(f"*{NPZ}")}
    files = tuple(there.get(one or "") for one in ids)
    first = next((file for file in files if file is not None), None)
    if first is None:
        raise StudyError(
            f"{key}: {folder}: none of its {counted(len(there), 'npz file')} is named by an id of "
            f"{labels.name}, such as {ids[0] if ids else ''}{NPZ}."
        )
    code = read_code(first, key)
    return NpzCodes(files, (code.shape[0], code.shape[1]), code.dtype, key)


def read_code(file: Path, key: str) -> np.ndarray:
    """Read the features of one location, shape (views, numbers); no Python object is loaded.

    Raises
    ------
    StudyError
        Where the file has no such array.
    """
    place = f"{key}: {file}"
    with reading(place, "features", f"Write it by np.savez(file, {CODE}=features)."):
        if zipfile.is_zipfile(file):
            refuse_zip_bomb(file, place)
        with np.load(file, allow_pickle=False) as arrays:
            if CODE not in arrays:
                there = ", ".join(arrays) or "none"
                raise StudyError(f"{place}: there is no array {CODE!r}. There are: {there}.")
            code = np.asarray(arrays[CODE])
    code = np.atleast_2d(code)
    if code.ndim != 2 or code.dtype.kind != "f":
        raise StudyError(
            f"{place}: {CODE!r} is {code.dtype} of shape {code.shape}; expected (views, numbers), "
            "float32."
        )
    return code
