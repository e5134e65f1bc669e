"""Sheets of images that look alike: each beside its neighbours, and those far from each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
import polars as pl

from streetview_assets.figures import INK, WARNING, lead
from streetview_assets.images.contact_sheet import GAP_PX, Note, Tile, lay_out, tile

TILE_PX = 132
LINE_PX = 17
WIDE_GAP_PX = 20

ROWS = 6
NEIGHBOURS_SHOWN = 8
PAIRS, PAIRS_IN_A_ROW = 12, 3
ALIKE = 0.9
"""Of all neighbours, the share that is less alike than those whose distance is looked at."""


@dataclass(frozen=True)
class _Tile:
    """An image with two lines below it."""

    image_id: str
    lines: tuple[str, str]
    is_near_duplicate: bool = False
    starts_group: bool = False
    is_framed: bool = False


def neighbours_sheet(
    neighbours: pl.DataFrame,
    facts: pl.DataFrame,
    folder: Path,
    *,
    image_ids: Sequence[str],
    title: str,
) -> bytes:
    """Lay some images below each other, each with the images that are most like it.

    Parameters
    ----------
    neighbours
        The table `neighbours`.
    facts
        Rows of the table `images`, those of all images that are shown among them.
    folder
        The study's folder of data.
    image_ids
        Which images; `draw_images` draws some.
    title
        Whose images they are.

    Returns
    -------
    bytes
        A PNG, with a line at its foot that names whose images these are.
    """
    wanted = neighbours.filter(
        pl.col("image_id").is_in(list(image_ids)), pl.col("rank") <= NEIGHBOURS_SHOWN
    ).sort("rank")
    by_image = wanted.partition_by("image_id", as_dict=True)
    where = _where(facts)
    rows = []
    for image_id in image_ids:
        row = [_Tile(image_id, ("this image", where[image_id]), is_framed=True)]
        mine = by_image.get((image_id,), wanted.clear())
        for neighbour in mine.iter_rows(named=True):
            row.append(
                _Tile(
                    neighbour["neighbour_id"],
                    (_alike(neighbour), where[neighbour["neighbour_id"]]),
                    is_near_duplicate=neighbour["is_near_duplicate"],
                    starts_group=neighbour["rank"] == 1,
                )
            )
        rows.append(row)
    heading = f"{lead(title)}images, and those that look most like them (cosine, distance)"
    return _lay_out(rows, heading, facts, folder)


def far_apart_sheet(pairs: pl.DataFrame, facts: pl.DataFrame, folder: Path, *, title: str) -> bytes:
    """Lay out pairs of images that look alike and are far from each other.

    Parameters
    ----------
    pairs
        What `far_look_alikes` gave.
    facts, folder, title
        As of `neighbours_sheet`.
    """
    where = _where(facts)
    tiles = []
    for pair in pairs.iter_rows(named=True):
        one, other = pair["image_id"], pair["neighbour_id"]
        tiles.append(_Tile(one, (_alike(pair), where[one]), starts_group=True))
        tiles.append(_Tile(other, ("", where[other])))
    across = 2 * PAIRS_IN_A_ROW
    rows = [tiles[start : start + across] for start in range(0, len(tiles), across)]
    heading = f"{lead(title)}look-alikes furthest apart on the ground"
    if pairs.height:
        heading += f", of those most alike (cosine from {_rounded_down(pairs['at_least'][0])})"
    return _lay_out(rows, heading, facts, folder)


def draw_images(facts: pl.DataFrame, *, seed: int, count: int = ROWS) -> list[str]:
    """Draw some images by a seed, whatever the order of the rows; their ids, sorted.

    Parameters
    ----------
    facts
        Rows of the table `images`.
    seed
        Of the draw.
    count
        The most images.
    """
    ids = facts["image_id"].sort()
    drawn = np.random.default_rng(seed).permutation(len(ids))[:count]
    return [ids[int(place)] for place in np.sort(drawn)]


def far_look_alikes(
    neighbours: pl.DataFrame, facts: pl.DataFrame, *, count: int = PAIRS
) -> pl.DataFrame:
    """Find the pairs that are furthest apart among those that are most alike.

    Of all neighbours the tenth that is most alike is looked at. Near-duplicates are left out: the
    same image twice says nothing of two places. Each place is shown once.

    Parameters
    ----------
    neighbours
        The table `neighbours`.
    facts
        Rows of the table `images`.
    count
        The most pairs.

    Returns
    -------
    polars.DataFrame
        Rows of `neighbours`, the furthest first, with `at_least`: the least cosine looked at.
    """
    at_least = neighbours["similarity"].quantile(ALIKE)
    points = facts.select("image_id", "point_id")
    candidates = (
        neighbours.filter(
            pl.col("similarity") >= at_least, pl.col("distance_m") > 0, ~pl.col("is_near_duplicate")
        )
        .join(points, on="image_id")
        .join(points, left_on="neighbour_id", right_on="image_id", suffix="_there")
        .sort("distance_m", "image_id", "neighbour_id", descending=[True, False, False])
    )
    chosen: list[int] = []
    taken: set[str] = set()
    for place, pair in enumerate(candidates.select("point_id", "point_id_there").iter_rows()):
        if len(chosen) == count:
            break
        if taken.isdisjoint(pair):
            taken.update(pair)
            chosen.append(place)
    return candidates[chosen].select(*neighbours.columns, pl.lit(at_least).alias("at_least"))


def _where(facts: pl.DataFrame) -> dict[str, str]:
    """Say in a word what or where each image is: its category, else its area."""
    words = facts.select("image_id", pl.coalesce("category", "area_code", pl.lit("")))
    return dict(words.iter_rows())


def _alike(neighbour: dict) -> str:
    """Say how alike two images are, and how far from each other."""
    apart_m = neighbour["distance_m"]
    if apart_m is None:
        return _rounded_down(neighbour["similarity"])
    near = f"{apart_m:.0f} m" if apart_m < 999.5 else f"{apart_m / 1000:,.1f} km"
    return f"{_rounded_down(neighbour['similarity'])} · {near}"


def _rounded_down(cosine: float) -> str:
    """Write a cosine: 1.000 is of equal vectors only."""
    return f"{np.floor(cosine * 1000) / 1000:.3f}"


def _lay_out(
    rows: Sequence[Sequence[_Tile]], heading: str, facts: pl.DataFrame, folder: Path
) -> bytes:
    shown = {one.image_id for row in rows for one in row}
    images = facts.filter(pl.col("image_id").is_in(shown))
    height_px = _height_px(images)
    has_second = any(one.lines[1] or one.is_near_duplicate for row in rows for one in row)
    row_px = height_px + (2 if has_second else 1) * LINE_PX + 3 * GAP_PX
    tiles, notes = [], []
    for number, row in enumerate(rows):
        top = number * row_px
        for one, end in zip(row, _ends(row), strict=True):
            left = end - TILE_PX - GAP_PX
            tiles.append(Tile(one.image_id, left, top, one.is_framed))
            second = ("near-duplicate", WARNING) if one.is_near_duplicate else (one.lines[1], INK)
            for line, (text, ink) in enumerate([(one.lines[0], INK), second]):
                middle = top + height_px + (line + 0.5) * LINE_PX
                notes.append(Note(text, left, middle, ink, TILE_PX))
    above = (TILE_PX - height_px) // 2
    return lay_out(
        images,
        folder,
        tiles,
        notes,
        size_px=(max((_ends(row)[-1] for row in rows if row), default=0), len(rows) * row_px),
        tile_px=TILE_PX,
        headings=[heading],
        line_px=2 * LINE_PX - 8,
        tile_of=lambda files, px: tile(files, px).crop((0, above, px, above + height_px)),
    )


def _height_px(images: pl.DataFrame) -> int:
    """Give the height of the tallest image when all are as wide as a tile, or a square's."""
    aspects = images.select((pl.col("height_px") / pl.col("width_px")).fill_null(1)).to_series()
    return ceil(TILE_PX * min(1.0, max(aspects, default=1.0)))


def _ends(row: Sequence[_Tile]) -> list[int]:
    """Give the right ends of the tiles of a row, with a gap after each."""
    ends, at = [], GAP_PX
    for place, one in enumerate(row):
        at += WIDE_GAP_PX if one.starts_group and place else 0
        at += TILE_PX + GAP_PX
        ends.append(at)
    return ends
