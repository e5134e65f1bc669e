"""Writes the explorer as a folder: the page, deck.gl, sprites and columns, with one manifest."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.explorer.area_columns import write_areas, write_lines
from streetview_assets.explorer.atlas import (
    CELLS,
    CELLS_ACROSS,
    CELLS_PX,
    Atlas,
    draw_atlas,
    drop_other_sprites,
)
from streetview_assets.explorer.columns import coded, write_coded, write_json_file, write_numbers
from streetview_assets.explorer.facts import Facts, explorer_facts
from streetview_assets.explorer.influence_columns import write_influences
from streetview_assets.figures import COLOURS, SYNTHETIC_NOTE
from streetview_assets.images.current import UNKNOWN_DATE
from streetview_assets.images.image_files import write_whole
from streetview_assets.images.providers.terms import credit_of, terms_of
from streetview_assets.report.database import Published
from streetview_assets.study.explorer import Explorer

Likeness = Callable[[Sequence[str]], Mapping[str, np.ndarray]]

PAGE = "page"
MANIFEST = "manifest"
DECK = "nbextension/static/index.js"
"""deck.gl, whole, as pydeck ships it (Apache-2.0)."""

MEANING = "Who lies beside whom says something; sizes and distances mean little."
NEIGHBOURS = 8

SERVED, STATIC = Path("cache", "explorer"), Path("explorer")
"""In a study's folder of data: what `streetview explore` serves, and what a run writes."""

ATLAS = Path("cache", "thumbnails_atlas")
"""There too: sprites of the table of that name, which both take over."""

IMAGES_FROM = "img-src 'self' blob: data:"
"""In the page's content security policy."""


def write_explorer(
    published: Published,
    folder: Path,
    *,
    shows_images: bool,
    serves_words: bool | None = None,
    likeness: Likeness | None = None,
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
    likeness
        Gives of the ids of images, by words that they are to be found by, how much each is like
        them (n,), NaN where it is not known.
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
    facts, root, tell = explorer_facts(published), published.root, on_progress
    atlas = None
    if shows_images:
        drawn = root / ATLAS
        atlas = draw_atlas(drawn_images(facts), root, folder, drawn=drawn, on_progress=tell)
    about = _study(published, facts, shows_images=shows_images)
    about["serves"] = None if serves_words is None else {"words": serves_words}
    alike = likeness(facts.images["image_id"].to_list()) if likeness else {}
    return write_folder(folder, facts, about, atlas, {"words": _words(folder, alike)})


def drawn_images(facts: Facts) -> pl.DataFrame:
    """List what thumbnails are drawn of: the images, and after them those of other times.

    Parameters
    ----------
    facts
        What `explorer_facts` gave.

    Returns
    -------
    pl.DataFrame
        ``image_id``, ``path``, ``sha256``.
    """
    files = ["image_id", "path", "sha256"]
    return pl.concat([facts.images.select(files), facts.others.select(files)])


def write_folder(
    folder: Path,
    facts: Facts,
    about: dict[str, Any],
    atlas: Atlas | None,
    told: Mapping[str, Any] | None = None,
) -> Path:
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
        What `draw_atlas` drew of `drawn_images` into the folder; None: dots, and no images.
    told
        What else the page is told, as entries of the manifest.

    Returns
    -------
    Path
        The page to open.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drop_other_sprites(folder, atlas)
    manifest = {
        "study": about,
        "count": facts.images.height,
        "images": _image_columns(folder, facts),
        "layouts": _layouts(folder, facts),
        "others": _others(folder, facts),
        "neighbours": _neighbours(folder, facts),
        "areas": write_areas(folder, facts.areas),
        "influences": write_influences(folder, facts),
        "roads": write_lines(folder, "roads", facts.roads),
        "atlas": _atlas(folder, atlas),
        "colours": list(COLOURS),
        **(told or {}),
    }
    write_page(folder, about.get("tiles"))
    write_json_file(folder, MANIFEST, manifest)
    return folder / "index.html"


def write_page(folder: Path, tiles: Mapping[str, str] | None = None) -> None:
    """Copy the page's own files and deck.gl into a folder.

    Parameters
    ----------
    folder
        Of the explorer.
    tiles
        ``host``, from which the page may load images besides its own; None: from none.
    """
    (folder / PAGE).mkdir(parents=True, exist_ok=True)
    _copy(files(__package__) / PAGE, folder / PAGE, folder)
    write_whole(folder / PAGE / "deck.js", files("pydeck").joinpath(DECK).read_bytes())
    if tiles:
        page = folder / "index.html"
        policy = f"{IMAGES_FROM} {tiles['host']}"
        write_whole(page, page.read_bytes().replace(IMAGES_FROM.encode(), policy.encode()))


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
        "mayPassOn": terms.may_store,
        "warning": SYNTHETIC_NOTE if study.is_synthetic else "",
        "credit": credit_of(facts.images.select("provider", "copyright"))
        if facts.images.height
        else published.credit,
        "withoutImages": ""
        if shows_images
        else f"There are dots and no images: the terms of {terms.images} restrict passing them on.",
        "meaning": MEANING,
        "build": published.about["build_id"],
        "perceives": _perceives(published),
        **_kept(published),
        "tiles": _tiles(study.explorer),
        "writtenAt": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _kept(published: Published) -> dict[str, Any]:
    """Give what people called clusters, by their numbers, and the images of their groups."""
    groups = published.table("user_groups").filter(status="ok")
    members = groups.group_by("group_name", maintain_order=True).agg("image_id")
    return {"names": published.cluster_names, "groups": dict(members.iter_rows())}


def _perceives(published: Published) -> bool:
    """Whether images have scores by people's ratings."""
    scored = "select image_id from image_perception where predicted is not null limit 1"
    return not published.ask("image_perception", scored).is_empty()


def _tiles(part: Explorer | None) -> dict[str, str] | None:
    tiles = part and part.tiles
    return {**tiles.model_dump(), "host": tiles.host} if tiles else None


def _words(folder: Path, alike: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Write how much each image is like each word, a file a word."""
    return [
        {"text": word, **write_numbers(folder, f"word_{number}", values, "f4")}
        for number, (word, values) in enumerate(alike.items())
    ]


def _image_columns(folder: Path, facts: Facts) -> dict[str, Any]:
    """Write what is told of each image, a file a column."""
    images = facts.images
    areas = coded(images["area_code"], facts.areas["area_code"].to_list())
    of_cluster = coded(images["cluster"].cast(pl.String), _numbered(images["cluster"]))
    place = images.select("longitude", "latitude").to_numpy()
    return {
        "id": write_json_file(folder, "image_id", images["image_id"].to_list()),
        "file": write_json_file(folder, "source_path", images["source_path"].to_list()),
        "place": write_numbers(folder, "place", place, "f4"),
        "area": write_coded(folder, "area", areas) | {"texts": None},
        "authority": write_coded(folder, "authority", coded(images["authority_code"])),
        "cluster": write_coded(folder, "cluster", of_cluster)
        | {"covers": _covers(images, of_cluster.texts)},
        "category": write_coded(folder, "category", coded(images["category"])),
        "provider": write_coded(folder, "provider", coded(images["provider"])),
        "credit": write_coded(folder, "copyright", coded(images["copyright"])),
        "street": write_coded(folder, "street", coded(images["street"])),
        "month": write_numbers(folder, "month", _months(images["captured_on"]), "u2"),
        "heading": write_numbers(folder, "heading", _or_nan(images["heading_deg"]), "f4"),
        "duplicate": write_numbers(folder, "duplicate", _rows(facts, "duplicate_of"), "u4"),
    }


def _months(dates: pl.Series) -> np.ndarray:
    """Count months since 1900-01, of which that is 1; nought where the date is not known."""
    months = (dates.dt.year() - 1900) * 12 + dates.dt.month()
    return months.cast(pl.Int32).set(dates == UNKNOWN_DATE, 0).to_numpy()


def _covers(images: pl.DataFrame, clusters: list[str]) -> list[int]:
    """Give of each cluster the row of the image that is nearest to its centre."""
    nearest = (
        images.with_row_index("row")
        .sort("distance", "row", nulls_last=True)
        .unique("cluster", keep="first")
        .select(pl.col("cluster").cast(pl.String), "row")
    )
    row_of = dict(nearest.iter_rows())
    return [row_of[cluster] for cluster in clusters]


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


def _others(folder: Path, facts: Facts) -> dict[str, Any]:
    """Write the images of other times: of which row each is, and when it was taken."""
    others, rows = facts.others, facts.images.select("image_id").with_row_index("row")
    of = others.join(rows, left_on="shown_id", right_on="image_id", maintain_order="left")
    return {
        "id": write_json_file(folder, "other_id", others["image_id"].to_list()),
        "of": write_numbers(folder, "other_of", of["row"].to_numpy(), "u4"),
        "month": write_numbers(folder, "other_month", _months(others["captured_on"]), "u2"),
        "credit": write_coded(folder, "other_copyright", coded(others["copyright"])),
    }


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
