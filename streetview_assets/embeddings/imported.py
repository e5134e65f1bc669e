"""The encoder `import`: vectors that were made elsewhere, taken from a store instead of pixels."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoder import EncoderIdentity
from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.errors import StudyError
from streetview_assets.points.store_file import SUFFIXES, VECTORS, opened, text_of
from streetview_assets.points.street_data import StreetData, read_street_data

if TYPE_CHECKING:
    import h5py

    from streetview_assets.study import Encoder

KEY = "encoder.path"
NO_VECTOR = "the store has no vector for this picture"
PER_SHARD = 4096

_UNKNOWN_DATE = date(1, 1, 1)
_MODEL_ATTRIBUTES = ("model", "model_name", "encoder", "clip_model")
_PRECISIONS = {"float64": "fp64", "float32": "fp32", "float16": "fp16"}
_ROWS_HASHED_AT_ONCE = 1024
_DIGITS = 16
_DECIMALS = 6

Slot = tuple[int, int]
"""Row and slot of the store."""


@dataclass(frozen=True)
class ImportedVectors:
    """A store of vectors in the place of an encoder: nothing is computed.

    Attributes
    ----------
    identity
        What the store says of the model, and a hash of the vectors and of whose they are.
    """

    identity: EncoderIdentity
    store: StreetData

    def vectors(self, images: pl.DataFrame) -> pl.DataFrame:
        """Look pictures up in the store.

        Parameters
        ----------
        images
            Rows of the table `images`: panorama_id, captured_on and heading_deg are looked at.

        Returns
        -------
        pl.DataFrame
            `embedding`, of unit length, and `error`, one of them null, in the order of `images`.
        """
        asked = images.select("panorama_id", "captured_on", "heading_deg").iter_rows()
        located = [self._slots_of(*one) for one in asked]
        errors = [found if isinstance(found, str) else None for found in located]
        slots = {number: found for number, found in enumerate(located) if isinstance(found, list)}
        rows: list[int | None] = [None] * len(located)
        vectors: list[np.ndarray] = []
        with opened(self.store.path, KEY) as file:
            stored = file[VECTORS]
            # In the order of the file, so that what it keeps together is read once.
            for number in sorted(slots, key=slots.__getitem__):
                vector = _first_vector(stored, slots[number])
                if vector is None:
                    errors[number] = NO_VECTOR
                else:
                    rows[number] = len(vectors)
                    vectors.append(vector)
        shape = (len(vectors), self.identity.dimension)
        matrix = unit(np.array(vectors, dtype=np.float64).reshape(shape))
        return pl.DataFrame(
            [
                vector_series("embedding", matrix).gather(pl.Series(rows, dtype=pl.UInt32)),
                pl.Series("error", errors, dtype=pl.String),
            ]
        )

    def _slots_of(
        self, panorama_id: str, captured_on: date, heading_deg: float | None
    ) -> list[Slot] | str:
        """List the slots that hold a picture, or say why there is none."""
        known = self._captures.get(panorama_id)
        if known is None:
            return "the store does not know this panorama"
        undated = {None, _UNKNOWN_DATE}
        same = [
            row
            for row, month in known
            if month == captured_on or month in undated or captured_on in undated
        ]
        if not same:
            months = ", ".join(sorted({f"{month:%Y-%m}" for _, month in known if month}))
            return f"the store knows this panorama as of {months}, not of {captured_on:%Y-%m}"
        if heading_deg is None:
            return "the heading of this picture is not known, so the store cannot be asked for it"
        turned = round(heading_deg % 360, _DECIMALS) % 360
        slots = [
            (row, int(slot))
            for row in same
            for slot in np.flatnonzero(self.store.headings_deg[row] == turned)
        ]
        return slots or f"the store has no slot in the heading {heading_deg:g}"

    @cached_property
    def _captures(self) -> Mapping[str, list[tuple[int, date | None]]]:
        """Rows of each panorama, with their months."""
        captures: dict[str, list[tuple[int, date | None]]] = {}
        columns = self.store.points.select("panorama_id", "row", "captured_on")
        for panorama_id, row, captured_on in columns.iter_rows():
            captures.setdefault(panorama_id, []).append((row, captured_on))
        return MappingProxyType(captures)


def load_imported(settings: "Encoder") -> ImportedVectors:
    """Open the store of vectors that a study names.

    Raises
    ------
    StudyError
        Where it is of another kind, or has no vectors.
    """
    path, store = _checked(settings)
    state = path.stat()
    model, dtype, content = _about(path, state.st_size, state.st_mtime_ns)
    places = store.points.select("panorama_id", "captured_on").write_csv()
    known = f"{content}\n{places}".encode() + store.headings_deg.tobytes()
    content = hashlib.sha256(known).hexdigest()[:_DIGITS]
    identity = EncoderIdentity(
        encoder=settings.slug,
        library="import",
        model=model or path.name,
        weights_sha256=None,
        preprocessing=f"made elsewhere: {path.name}, sha256 {content}",
        precision=_PRECISIONS.get(dtype, dtype),
        dimension=store.dimension or 0,
    )
    return ImportedVectors(identity, store)


def check_imported(settings: "Encoder") -> None:
    """Refuse a store that cannot be used, without reading its vectors."""
    _checked(settings)


def imported_embeddings(
    vectors: ImportedVectors,
    pictures: pl.DataFrame,
    *,
    authority_code: str,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[pl.DataFrame]:
    """Take the vectors of pictures from a store, shard by shard.

    Parameters
    ----------
    pictures
        Rows of the table `images`.

    Yields
    ------
    pl.DataFrame
        Rows of the table `image_embeddings`, in the order of `pictures`; a picture that the store
        has no vector for is a row `failed` with its reason.
    """
    for start in range(0, pictures.height, PER_SHARD):
        asked = pictures.slice(start, PER_SHARD)
        found = vectors.vectors(asked)
        if on_progress:
            on_progress(start + asked.height, pictures.height)
        is_there = pl.col("error").is_null()
        yield found.select(
            pl.lit(authority_code).alias("authority_code"),
            asked["image_id"],
            pl.lit(vectors.identity.encoder).alias("encoder"),
            pl.when(is_there).then(pl.lit("ok")).otherwise(pl.lit("failed")).alias("status"),
            "embedding",
            "error",
        )


def _checked(settings: "Encoder") -> tuple[Path, StreetData]:
    path = settings.path
    if path is None:
        raise StudyError(f"{KEY}: encoder import needs the file with the vectors.")
    for key in ("checkpoint", "options"):
        if getattr(settings, key):
            raise StudyError(f"encoder.{key}: import computes nothing and takes no {key}.")
    for key, default in (("precision", "auto"), ("fit", "crop")):
        if getattr(settings, key) != default:
            raise StudyError(f"encoder.{key}: import computes nothing; leave it out.")
    if path.suffix.lower() not in SUFFIXES:
        raise StudyError(
            f"{KEY}: {path}: files of kind {path.suffix or '(no suffix)'!r} are not imported by "
            f"this version; give an HDF5 store ({', '.join(SUFFIXES)})."
        )
    store = read_street_data(path, KEY)
    if store.dimension is None:
        raise StudyError(
            f"{KEY}: {path}: there is no data set {VECTORS!r}; expected the vectors, points × "
            "slots × dimension, float32."
        )
    return path, store


@lru_cache(maxsize=8)
def _about(path: Path, size_bytes: int, changed_ns: int) -> tuple[str | None, str, str]:
    """Read what a store says of its model, the type of its vectors and a hash of them.

    Size and time of change are there so that a file that changed is read anew.
    """
    with opened(path, KEY) as file:
        stored = file[VECTORS]
        attributes = {**dict(file.attrs), **dict(stored.attrs)}
        told = [text_of(attributes[name]) for name in _MODEL_ATTRIBUTES if name in attributes]
        digest = hashlib.sha256()
        for start in range(0, stored.shape[0], _ROWS_HASHED_AT_ONCE):
            digest.update(stored[start : start + _ROWS_HASHED_AT_ONCE].tobytes())
        model = next((name for name in told if name), None)
        return model, stored.dtype.name, digest.hexdigest()


def _first_vector(stored: "h5py.Dataset", candidates: list[Slot]) -> np.ndarray | None:
    """Read the first slot with a vector that has a direction."""
    for row, slot in candidates:
        vector: np.ndarray = stored[row, slot].astype(np.float64)
        if np.isfinite(vector).all() and np.any(vector):
            return vector
    return None
