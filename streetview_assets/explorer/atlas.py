"""Thumbnails side by side in sprites: what a page draws in place of dots when one looks near."""

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path

import polars as pl
from PIL import Image, ImageOps

from streetview_assets.image_decoding import BrokenImageError, read_rgb
from streetview_assets.images.image_files import write_whole
from streetview_assets.images.thumbnails import Shown, shown_files
from streetview_assets.processes import stopping
from streetview_assets.tables.registry import TABLES

CELLS_PX = (32, 64)
"""Sides of a thumbnail: from afar, and near."""

CELLS_ACROSS = 32
CELLS = CELLS_ACROSS**2
"""Thumbnails in a sprite: at 64 px it is 2048 px wide, which every browser draws."""

QUALITY = 72
_GROUND = "#d9d9d9"
"""Where an image is gone, or cannot be read."""


@dataclass(frozen=True)
class Atlas:
    """Sprites of thumbnails: that of the i-th image is cell i % CELLS of sprite i // CELLS.

    Attributes
    ----------
    sprites
        By side of a cell the files, relative to the folder.
    is_there
        Of each image whether it has a thumbnail.
    """

    sprites: dict[int, list[str]]
    is_there: list[bool]


def draw_atlas(
    images: pl.DataFrame,
    root: Path,
    folder: Path,
    *,
    drawn: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Atlas:
    """Draw thumbnails into sprites; a sprite of the same images that is there is kept.

    Parameters
    ----------
    images
        ``image_id``, ``path`` and ``sha256`` of the table ``images``, in the order of the cells.
    root
        The study's folder of data. Where pixels are deleted, its thumbnails are taken.
    folder
        Where sprites are written: ``atlas/<cell px>/<hash>.webp``.
    drawn
        Another such folder, whose sprites are copied where they are the same.
    on_progress
        Told images done, and of how many.

    Returns
    -------
    Atlas
    """
    sprites: dict[int, list[str]] = {cell_px: [] for cell_px in CELLS_PX}
    is_there: list[bool] = []
    tell = on_progress or (lambda done, total: None)
    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        for start in range(0, images.height, CELLS):
            stopping.check()
            shown = list(_shown(images.slice(start, CELLS), root))
            name = _name(images.slice(start, CELLS), shown)
            files = {px: f"atlas/{px}/{name}.webp" for px in CELLS_PX}
            if not all((folder / file).is_file() for file in files.values()):
                made = _copied(files, drawn) or _sprites(list(pool.map(_thumbnail, shown)))
                for cell_px, content in made.items():
                    write_whole(folder / files[cell_px], content)
            for cell_px, file in files.items():
                sprites[cell_px].append(file)
            is_there += [any(file is not None for file in one) for one in shown]
            tell(min(start + CELLS, images.height), images.height)
    return Atlas(sprites, is_there)


def _copied(files: dict[int, str], drawn: Path | None) -> dict[int, bytes]:
    """Read sprites that were drawn before; none where one is not there."""
    if drawn is None or not all((drawn / file).is_file() for file in files.values()):
        return {}
    return {cell_px: (drawn / file).read_bytes() for cell_px, file in files.items()}


def _shown(images: pl.DataFrame, root: Path) -> Iterator[Shown]:
    for image_id, path in images.select("image_id", "path").iter_rows():
        yield shown_files(root, image_id, path)


def _name(images: pl.DataFrame, shown: Sequence[Shown]) -> str:
    """Name a sprite by what is on it: the files' content, and what is gone."""
    told = hashlib.sha256(f"{CELLS_PX} {QUALITY}".encode())
    for image_id, sha256, files in zip(images["image_id"], images["sha256"], shown, strict=True):
        kind = [None if file is None else file.suffix for file in files]
        told.update(f"{image_id} {sha256} {kind}\n".encode())
    return told.hexdigest()[:16]


def _thumbnail(files: Shown) -> Image.Image | None:
    """Read the first view that is there as a square, its middle; None where none can be read."""
    largest = max(CELLS_PX)
    for file in files:
        if file is None:
            continue
        try:
            rgb = read_rgb(file, least_side_px=largest)
        except (OSError, BrokenImageError):
            continue
        return ImageOps.fit(rgb, (largest, largest), Image.Resampling.BOX)
    return None


def _sprites(thumbnails: Sequence[Image.Image | None]) -> dict[int, bytes]:
    largest = max(CELLS_PX)
    rows = -(-len(thumbnails) // CELLS_ACROSS)
    sheet = Image.new("RGB", (CELLS_ACROSS * largest, rows * largest), _GROUND)
    for number, thumbnail in enumerate(thumbnails):
        if thumbnail is not None:
            row, column = divmod(number, CELLS_ACROSS)
            sheet.paste(thumbnail, (column * largest, row * largest))
    drawn = {}
    for cell_px in CELLS_PX:
        size = (CELLS_ACROSS * cell_px, rows * cell_px)
        small = sheet if cell_px == largest else sheet.resize(size, Image.Resampling.BOX)
        content = io.BytesIO()
        small.save(content, format="WEBP", quality=QUALITY, method=2)
        drawn[cell_px] = content.getvalue()
    return drawn


def atlas_table(images: pl.DataFrame, atlas: Atlas) -> pl.DataFrame:
    """Say where each image lies: the table `thumbnails_atlas`, sorted by its key.

    Parameters
    ----------
    images
        ``image_id``, in the order of the cells.
    atlas
        What `draw_atlas` drew of them.
    """
    place = pl.int_range(pl.len())
    rows = images.select(
        "image_id",
        has_thumbnail=pl.Series(atlas.is_there, dtype=pl.Boolean),
        sprite_number=place // CELLS,
        cell=place % CELLS,
    )
    table = TABLES["thumbnails_atlas"]
    sized = [
        rows.with_columns(
            cell_px=pl.lit(cell_px, pl.Int64),
            sprite=pl.Series(files, dtype=pl.String).gather(rows["sprite_number"]),
        )
        for cell_px, files in atlas.sprites.items()
    ]
    return pl.concat(sized).select(table.schema.names()).sort(table.key)


def drop_other_sprites(folder: Path, atlas: Atlas | None) -> None:
    """Remove sprites that are not of an atlas from a folder.

    Parameters
    ----------
    folder
        Where the sprites were drawn.
    atlas
        What `draw_atlas` drew there; None: all are removed.
    """
    kept = {file for names in (atlas.sprites if atlas else {}).values() for file in names}
    for path in (folder / "atlas").glob("*/*.webp"):
        if path.relative_to(folder).as_posix() not in kept:
            path.unlink()
