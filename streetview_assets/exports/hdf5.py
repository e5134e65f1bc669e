"""A study as a store of street data (HDF5): points, images where they may be, vectors."""

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
import pyarrow.parquet as pq

from streetview_assets.embeddings.looked_at import SEPARATE
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.errors import StudyError
from streetview_assets.exports.street_data_rows import StreetRows, plan_rows
from streetview_assets.exports.written import NO_POINTS, Written, to_be_run
from streetview_assets.image_decoding import decode_image
from streetview_assets.images.current import current_images
from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.images.providers.terms import credit, terms_of
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.points.imported.store_file import IMAGES, PATHS, PRESENT, SUFFIXES, VECTORS
from streetview_assets.study_state.open_study import OpenStudy

DEFAULT = Path("street_data.h5")
PANORAMA_VECTORS = "embeddings_panorama"
ROWS_AT_ONCE = 1024

_BYTES_AT_ONCE = 2**20
_PATH_BYTES, _DATE_BYTES, _ID_BYTES = 512, 10, 24
_PACKED = {"compression": "gzip", "compression_opts": 4}


def export_hdf5(
    opened: OpenStudy,
    output: Path | None = None,
    *,
    images: bool | None = None,
) -> Written:
    """Write the store that other pipelines read, and that `points.path` and the providers take.

    N rows, one for each panorama of a point, or one for a point without, and S slots, one for each
    heading: `point_id` (N), `latitude`, `longitude` of the point, `date` ('YYYY-MM'), `pano_id`,
    `pano_lat`, `pano_lon`, `copyright`, `status`, `area_code`, `images_present`, `images_jpeg`,
    `image_paths`, `image_id` (N × S) and `embeddings_clip` (N × S × D, NaN where there is none):
    the vectors of the study's encoder, whichever it is; its attributes say which. Where panoramas
    are looked at as a whole, `embeddings_panorama` (N × D) has their vectors. Images that are not
    JPEG stay what they are. Images of older captures are left out.

    Parameters
    ----------
    opened
        A study with points; panoramas, images and vectors go in as far as there are any.
    output
        Default: `street_data.h5` in the current folder.
    images
        Whether images are written; default: where they are kept and the provider's terms let
        them be stored.

    Raises
    ------
    StudyError
        Where there are no points yet, or images are asked for that the study does not keep.
    """
    path = store_path(output or DEFAULT)
    with_images, of_images = _with_images(opened, images)
    plan = plan_rows(opened)
    if plan.rows.is_empty():
        raise to_be_run(opened, NO_POINTS)
    with written_aside(path, suffix=path.suffix) as aside, h5py.File(aside, "w") as file:
        _write_rows(file, plan)
        sets = _empty_slots(file, plan, opened, with_images)
        counts = Counter(rows=plan.rows.height, images=0, vectors=0)
        for authority in opened.authorities:
            slots = plan.slots(current_images(opened.read("images", authority)))
            counts["images"] += _write_images(sets, slots, opened.root)
            if VECTORS in sets:
                vectors = vectors_of(opened, authority, "image_embeddings")
                places = places_of(slots, "row", "slot")
                counts["vectors"] += write_vectors(sets[VECTORS], places, vectors)
            if PANORAMA_VECTORS in sets:
                vectors = vectors_of(opened, authority, "panorama_embeddings")
                write_vectors(sets[PANORAMA_VECTORS], places_of(slots, "row"), vectors)
        _say_whose(file, opened, plan)
    none = f"Without vectors: {opened.encoder} has made none yet."
    return Written(path, counts, [of_images] if counts["vectors"] else [of_images, none])


def store_path(path: Path) -> Path:
    """Refuse a name by which the file would not be known for what it is.

    Raises
    ------
    StudyError
        Where it ends otherwise than HDF5 files do.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise StudyError(f"{path}: an HDF5 file ends in {' or '.join(SUFFIXES)}; name it so")
    return path


def vectors_of(
    opened: OpenStudy, authority: str, table: str
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Read the vectors of a table and authority piece by piece: image_ids, matrix (n, d).

    Parameters
    ----------
    opened
        The study.
    authority
        Code of the authority.
    table
        `image_embeddings` or `panorama_embeddings`.
    """
    path = opened.lake.path(table, authority, opened.encoder)
    if not path.is_file():
        return
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=_BYTES_AT_ONCE) as file:
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=["image_id", "embedding"]):
            piece = pl.DataFrame(pl.from_arrow(batch)).drop_nulls("embedding")
            if piece.height:
                yield piece["image_id"].to_list(), matrix(piece["embedding"])


def places_of(slots: pl.DataFrame, *columns: str) -> dict[str, tuple[int, ...]]:
    """Say by image_id at which place of a data set its vector stands.

    Parameters
    ----------
    slots
        image_id, and the columns of the place.
    columns
        Names of the columns, an axis each.
    """
    return {
        image_id: tuple(place)
        for image_id, *place in slots.select("image_id", *columns).iter_rows()
    }


def write_vectors(
    stored: h5py.Dataset,
    places: Mapping[str, tuple[int, ...]],
    vectors: Iterable[tuple[list[str], np.ndarray]],
) -> int:
    """Write the vectors that have a place, as they come; count them.

    Parameters
    ----------
    stored
        The data set; its last axis has the numbers of a vector.
    places
        What `places_of` gives.
    vectors
        What `vectors_of` gives.
    """
    count = 0
    for image_ids, piece in vectors:
        for image_id, vector in zip(image_ids, piece, strict=True):
            if image_id in places:
                stored[places[image_id]] = vector
                count += 1
    return count


def about_encoder(opened: OpenStudy) -> dict[str, Any]:
    """Say what made the vectors, for the attributes of their data set; empty where nothing has."""
    told = {
        name: value
        for row in opened.read("encoders").head(1).iter_rows(named=True)
        for name, value in row.items()
        if value is not None
    }
    return told and {**told, "length": "unit"}


def _with_images(opened: OpenStudy, asked: bool | None) -> tuple[bool, str]:
    """Say whether images are written, and what a person should know of it."""
    terms = terms_of(opened.study.images.provider)
    if not opened.study.images.keeps_images:
        if asked:
            raise StudyError(
                f"{opened.study.path}: images.keep_images is false, so there are no images to "
                "write; leave --images out"
            )
        return False, "Without images: images.keep_images is false."
    if terms.may_store if asked is None else asked:
        return True, terms.sentence
    if terms.may_store:
        return False, "Without images, as asked."
    return False, (
        f"Without images, since they may be stored {terms.storage}. Where your contract lets you "
        "pass them on: --images."
    )


def _write_rows(file: h5py.File, plan: StreetRows) -> None:
    """Write what is kept once a row."""
    rows = plan.rows
    if plan.has_whole_ids:
        file["point_id"] = rows["id"].cast(pl.Int64).to_numpy()
    else:
        _write_texts(file, "point_id", rows["id"])
    dates = rows["captured_on"].dt.strftime("%Y-%m").set(rows["captured_on"] == UNKNOWN_DATE, None)
    file["date"] = np.array([date or "" for date in dates], dtype=f"S{_DATE_BYTES}")
    for name, column in (
        ("latitude", "latitude"),
        ("longitude", "longitude"),
        ("pano_lat", "panorama_latitude"),
        ("pano_lon", "panorama_longitude"),
    ):
        file[name] = rows[column].fill_null(np.nan).to_numpy()
    for name in ("pano_id", "copyright", "status", "area_code", "city", "creator", "licence"):
        if rows[name].null_count() < rows.height:
            _write_texts(file, name, rows[name])


def _write_texts(file: h5py.File, name: str, texts: pl.Series) -> None:
    """Write a column of text as UTF-8 of one length, zero padded."""
    values = [(text or "").encode() for text in texts]
    dtype = h5py.string_dtype("utf-8", max(1, *map(len, values)))
    file.create_dataset(name, data=np.array(values, dtype=dtype), dtype=dtype, **_PACKED)


def _empty_slots(
    file: h5py.File, plan: StreetRows, opened: OpenStudy, with_images: bool
) -> dict[str, h5py.Dataset]:
    """Make the data sets of the slots, as they are where nothing is there."""
    count, views = plan.rows.height, opened.study.encoder.views
    nothing = {"dtype": np.float32, "fillvalue": np.nan}
    forms: dict[str, dict[str, Any]] = {
        PRESENT: {"dtype": bool},
        PATHS: {"dtype": f"S{_PATH_BYTES}", **_PACKED},
        "image_id": {"dtype": f"S{_ID_BYTES}", **_PACKED},
    }
    if with_images:
        forms[IMAGES] = {"dtype": h5py.vlen_dtype(np.uint8)}
    if plan.headings_deg is None:
        forms["heading"] = {"dtype": np.float64, "fillvalue": np.nan}
    else:
        file.attrs["headings"] = plan.headings_deg
    shape = (count, plan.slot_count)
    sets = {name: file.create_dataset(name, shape, **form) for name, form in forms.items()}
    if about := about_encoder(opened):
        dimension = int(about["dimension"])
        sets[VECTORS] = file.create_dataset(VECTORS, (*shape, dimension), **nothing)
        sets[VECTORS].attrs.update(about)
        if views != SEPARATE:
            made = file.create_dataset(PANORAMA_VECTORS, (count, dimension), **nothing)
            made.attrs.update({**about, "views": views})
            sets[PANORAMA_VECTORS] = made
    return sets


def _write_images(sets: dict[str, h5py.Dataset], slots: pl.DataFrame, folder: Path) -> int:
    """Write an authority's images and what is known of them, block by block; count images."""
    count = 0
    for (block,), mine in slots.group_by(pl.col("row") // ROWS_AT_ONCE, maintain_order=True):
        rows = slice(int(str(block)) * ROWS_AT_ONCE, (int(str(block)) + 1) * ROWS_AT_ONCE)
        # An authority may end amidst a block, and the next begin there.
        big = (IMAGES, VECTORS, PANORAMA_VECTORS)
        blocks = {name: sets[name][rows] for name in sets if name not in big}
        columns = ("row", "slot", "image_id", "path", "heading_deg")
        for row, slot, image_id, path, heading_deg in mine.select(columns).iter_rows():
            place = row - rows.start, slot
            blocks["image_id"][place] = image_id
            if "heading" in blocks and heading_deg is not None:
                blocks["heading"][place] = heading_deg
            if path is None:
                continue
            blocks[PATHS][place] = path
            if IMAGES in sets and (folder / path).is_file():
                sets[IMAGES][row, slot] = np.frombuffer(_stored(folder / path), np.uint8)
                blocks[PRESENT][place] = True
                count += 1
        for name, values in blocks.items():
            sets[name][rows] = values
    return count


def _stored(path: Path) -> bytes:
    """Give the bytes of an image; HEIC and AVIF, which few readers of stores know, as JPEG."""
    content = path.read_bytes()
    if path.suffix not in (".heic", ".avif"):
        return content
    jpeg = io.BytesIO()
    decode_image(content, upright=True).rgb.save(jpeg, "JPEG", quality=95)
    return jpeg.getvalue()


def _say_whose(file: h5py.File, opened: OpenStudy, plan: StreetRows) -> None:
    """Say in the attributes where it all comes from, and under which terms."""
    images = opened.study.images
    terms = terms_of(images.provider)
    file.attrs.update(
        {
            "study": opened.study.name,
            "provider": images.provider,
            "attribution": credit(images.provider, plan.rows["copyright"]),
            "licence": terms.licence,
            "terms": terms.sentence,
            "image_size": images.size_px,
            "built_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )
