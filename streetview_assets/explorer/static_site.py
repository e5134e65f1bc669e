"""Writes the explorer as a folder: the page, deck.gl, sprites and columns, with one manifest."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.geometry import to_geoframe
from streetview_assets.explorer.atlas import CELLS, CELLS_ACROSS, CELLS_PX, Atlas, draw_atlas
from streetview_assets.explorer.columns import (
    coded,
    write_coded,
    write_json_file,
    write_numbers,
    write_texts,
)
from streetview_assets.explorer.facts import Facts, area_values, explorer_facts
from streetview_assets.figures import COLOURS, SYNTHETIC_NOTE
from streetview_assets.images.current import UNKNOWN_DATE
from streetview_assets.images.image_files import write_whole
from streetview_assets.images.providers.terms import credit_of, terms_of
from streetview_assets.report.database import Published

PAGE = "page"
MANIFEST = "manifest"
DECK = "nbextension/static/index.js"
"""deck.gl, whole, as pydeck ships it (Apache-2.0)."""

MEANING = "Who lies beside whom says something; sizes and distances mean little."
NEIGHBOURS = 8


def write_explorer(
    published: Published,
    folder: Path,
    *,
    shows_images: bool,
    serves_words: bool | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write all that the page needs into a folder; sprites that are there are kept.

    Parameters
    ----------
    published
        The published database of the study.
    folder
        Where to; made where it is not there.
    shows_images
        Whether images may be in it; else there are dots, and the page says why.
    serves_words
        Whether the server that the folder is for finds images by words; None: it is for any web
        server, which gives no full images either.
    on_progress
        Told images drawn, and of how many.

    Returns
    -------
    Path
        The page to open.

    Raises
    ------
    StudyError
        Where nothing is published yet.
    """
    facts = explorer_facts(published)
    atlas = None
    if shows_images:
        atlas = draw_atlas(facts.images, published.root, folder, on_progress=on_progress)
    about = _study(published, facts, shows_images=shows_images)
    about["serves"] = None if serves_words is None else {"words": serves_words}
    return write_folder(folder, facts, about, atlas)


def write_folder(folder: Path, facts: Facts, about: dict[str, Any], atlas: Atlas | None) -> Path:
    """Write the page with what it is told; sprites are there already.

    Parameters
    ----------
    folder
        Where to; made where it is not there.
    facts
        What `explorer_facts` gave.
    about
        What the page says of the study: ``name``, ``credit`` and the like.
    atlas
        What `draw_atlas` drew into the folder; None: dots, and no images.

    Returns
    -------
    Path
        The page to open.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _drop_other_sprites(folder, atlas)
    manifest = {
        "study": about,
        "count": facts.images.height,
        "images": _image_columns(folder, facts),
        "layouts": _layouts(folder, facts),
        "neighbours": _neighbours(folder, facts),
        "areas": _areas(folder, facts),
        "roads": _lines(folder, "roads", facts.roads),
        "atlas": _atlas(folder, atlas),
        "colours": list(COLOURS),
    }
    write_page(folder)
    write_json_file(folder, MANIFEST, manifest)
    return folder / "index.html"


def write_page(folder: Path) -> None:
    """Copy the page's own files and deck.gl into a folder.

    Parameters
    ----------
    folder
        Of the explorer.
    """
    (folder / PAGE).mkdir(parents=True, exist_ok=True)
    _copy(files(__package__) / PAGE, folder / PAGE, folder)
    write_whole(folder / PAGE / "deck.js", files("pydeck").joinpath(DECK).read_bytes())


def _copy(source: Traversable, target: Path, top: Path) -> None:
    """Copy a folder of the page's own files; those that are opened go to the top."""
    for one in source.iterdir():
        if one.is_dir():
            _copy(one, target / one.name, top)
        else:
            place = top if one.name.endswith(".html") else target
            write_whole(place / one.name, one.read_bytes())


def _study(published: Published, facts: Facts, *, shows_images: bool) -> dict[str, Any]:
    study = published.study
    terms = terms_of(study.images.provider)
    return {
        "name": study.name,
        "encoder": study.encoder.slug,
        "target": published.target,
        "warning": SYNTHETIC_NOTE if study.is_synthetic else "",
        "credit": credit_of(facts.images) if facts.images.height else published.credit,
        "withoutImages": ""
        if shows_images
        else f"There are dots and no images: the terms of {terms.images} restrict passing them on.",
        "meaning": MEANING,
        "build": published.about["build_id"],
        "perceives": _perceives(published),
        "writtenAt": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _perceives(published: Published) -> bool:
    """Whether images have scores by people's ratings."""
    scored = "select image_id from image_perception where predicted is not null limit 1"
    return not published.ask("image_perception", scored).is_empty()


def _image_columns(folder: Path, facts: Facts) -> dict[str, Any]:
    """Write what is told of each image, a file a column."""
    images = facts.images
    months = images.select(
        month=pl.when(pl.col("captured_on") == UNKNOWN_DATE)
        .then(0)
        .otherwise((pl.col("captured_on").dt.year() - 1900) * 12 + pl.col("captured_on").dt.month())
    )["month"]
    areas = coded(images["area_code"], facts.areas["area_code"].to_list())
    of_cluster = coded(images["cluster"].cast(pl.String), _numbered(images["cluster"]))
    place = images.select("longitude", "latitude").to_numpy()
    return {
        "id": write_texts(folder, "image_id", images["image_id"].to_list()),
        "file": write_texts(folder, "source_path", images["source_path"].to_list()),
        "place": write_numbers(folder, "place", place, "f4"),
        "area": write_coded(folder, "area", areas) | {"texts": None},
        "authority": write_coded(folder, "authority", coded(images["authority_code"])),
        "cluster": write_coded(folder, "cluster", of_cluster),
        "category": write_coded(folder, "category", coded(images["category"])),
        "provider": write_coded(folder, "provider", coded(images["provider"])),
        "credit": write_coded(folder, "copyright", coded(images["copyright"])),
        "month": write_numbers(folder, "month", months.to_numpy(), "u2"),
        "heading": write_numbers(folder, "heading", _or_nan(images["heading_deg"]), "f4"),
        "duplicate": write_numbers(folder, "duplicate", _rows(facts, "duplicate_of"), "u4"),
    }


def _numbered(column: pl.Series) -> list[str]:
    return [str(number) for number in sorted(column.drop_nulls().unique())]


def _or_nan(column: pl.Series) -> np.ndarray:
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _rows(facts: Facts, column: str) -> np.ndarray:
    """Give the row of the image that a column names, the count of images where there is none."""
    images = facts.images
    row = images.select(pl.col("image_id").alias(column)).with_row_index("row")
    found = images.select(column).join(row, on=column, how="left", maintain_order="left")
    return found["row"].fill_null(images.height).to_numpy()


def _layouts(folder: Path, facts: Facts) -> list[dict[str, Any]]:
    """Write where each image lies in each layout, NaN where in none; `z` of those in space."""
    written = []
    for number, (name, places) in enumerate(facts.layouts.items()):
        placed = facts.images.select("image_id").join(
            places, on="image_id", how="left", maintain_order="left"
        )
        is_flat = placed["z"].null_count() == placed.height
        axes = ["x", "y"] if is_flat else ["x", "y", "z"]
        spots = _unit(placed.select(axes).to_numpy().astype(np.float64))
        flat = write_numbers(folder, f"layout_{number}", spots[:, :2], "f4")
        z = None if is_flat else write_numbers(folder, f"layout_{number}_z", spots[:, 2], "f4")
        written.append({"name": name, **flat, "z": z})
    return written


def _unit(spots: np.ndarray) -> np.ndarray:
    """Bring places to -1…1, their shape kept."""
    if not np.isfinite(spots).any():
        return spots
    low, high = np.nanmin(spots, axis=0), np.nanmax(spots, axis=0)
    return np.asarray((spots - (low + high) / 2) / (max(high - low) / 2 or 1))


def _neighbours(folder: Path, facts: Facts) -> dict[str, Any] | None:
    """Write the most alike of each image: rows, and their cosines."""
    if facts.neighbours.is_empty():
        return None
    count = facts.images.height
    row = facts.images.select("image_id").with_row_index("row")
    mine = facts.neighbours.filter(pl.col("rank") <= NEIGHBOURS)
    mine = mine.join(row, on="image_id").join(
        row.rename({"image_id": "neighbour_id", "row": "other"}), on="neighbour_id"
    )
    rows = np.full((count, NEIGHBOURS), count, dtype=np.int64)
    cosines = np.full((count, NEIGHBOURS), np.nan)
    place = mine["row"].to_numpy(), mine["rank"].to_numpy() - 1
    rows[place], cosines[place] = mine["other"].to_numpy(), mine["similarity"].to_numpy()
    return {
        "rows": write_numbers(folder, "neighbours", rows, "u4"),
        "cosines": write_numbers(folder, "cosines", cosines, "f4"),
    }


def _areas(folder: Path, facts: Facts) -> dict[str, Any]:
    """Write outlines of areas as rings, and what is told of each."""
    outlines = to_geoframe(facts.areas.select("area_code", "geometry")).geometry
    parts, owner = shapely.get_parts(outlines.to_numpy(), return_index=True)
    rings, polygon = shapely.get_rings(parts, return_index=True)
    told = _lines(folder, "areas", gpd.GeoSeries(rings))
    texts = {
        key: facts.areas[column].to_list()
        for key, column in (
            ("code", "area_code"),
            ("name", "area_name"),
            ("authority", "authority_code"),
            ("authorityName", "authority_name"),
            ("reason", "reason"),
        )
    }
    numbers = {
        key: facts.areas[key].to_list()
        for key in ("observed", "predicted", "lower", "upper", "interval_level", "image_count")
    }
    return {
        "count": facts.areas.height,
        "facts": write_json_file(folder, "area_facts", texts | numbers),
        "rings": told,
        "polygon": write_numbers(folder, "ring_polygon", polygon, "u4"),
        "owner": write_numbers(folder, "polygon_area", owner, "u4"),
        "values": _values(folder, facts),
    }


def _values(folder: Path, facts: Facts) -> list[dict[str, Any]]:
    """Write the values that a map can be coloured by, a file each."""
    written = []
    for name, told in area_values(facts).items():
        values = pl.Series(told.pop("values"), dtype=pl.Float64)
        written.append(
            {**told, "key": name} | write_numbers(folder, f"area_{name}", _or_nan(values), "f4")
        )
    return written


def _lines(folder: Path, name: str, lines: gpd.GeoSeries) -> dict[str, Any]:
    """Write lines: all their vertices, and where each begins."""
    places, line = shapely.get_coordinates(lines.to_numpy(), return_index=True)
    starts = np.searchsorted(line, np.arange(len(lines) + 1))
    return {
        "vertices": write_numbers(folder, f"{name}_vertices", places, "f4"),
        "starts": write_numbers(folder, f"{name}_starts", starts, "u4"),
    }


def _atlas(folder: Path, atlas: Atlas | None) -> dict[str, Any] | None:
    if atlas is None:
        return None
    there = write_numbers(folder, "has_thumbnail", np.array(atlas.is_there), "u1")
    return {
        "cellsAcross": CELLS_ACROSS,
        "cells": CELLS,
        "cellsPx": list(CELLS_PX),
        "sprites": {str(cell_px): names for cell_px, names in atlas.sprites.items()},
        "isThere": there,
    }


def _drop_other_sprites(folder: Path, atlas: Atlas | None) -> None:
    """Remove sprites of images that are no longer shown."""
    kept = {file for names in (atlas.sprites if atlas else {}).values() for file in names}
    for path in (folder / "atlas").glob("*/*.webp"):
        if path.relative_to(folder).as_posix() not in kept:
            path.unlink()
