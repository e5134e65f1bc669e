"""A sheet of images for every number of clusters of the sweep: what each number would show."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from streetview_assets.clusters.fit.assign import nearest_centres
from streetview_assets.clusters.profile.members_sheet import members_sheet
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.images.contact_sheet import tile

MOST_SHEETS = 20
TILES_KEPT = 10_000
"""Images that stay read, at 27 kB each: those of 20 sheets of 30 clusters are 7,200 at most."""


def numbers_shown(numbers: Sequence[int], k: int) -> list[int]:
    """Choose the numbers of clusters of which there is a sheet.

    All of them up to 20; of more, 20 as evenly apart in their order as can be, the ends and the
    study's own number `k`, where it is of the sweep, among them.

    Parameters
    ----------
    numbers
        All of the sweep, rising.
    k
        The study's own.
    """
    if len(numbers) <= MOST_SHEETS:
        return list(numbers)
    even = np.linspace(0, len(numbers) - 1, MOST_SHEETS).round().astype(int).tolist()
    if k in numbers:
        own = list(numbers).index(k)
        inner = range(1, MOST_SHEETS - 1)
        if own not in even:
            even[min(inner, key=lambda place: abs(even[place] - own))] = own
    return [numbers[place] for place in even]


def sweep_sheets(
    sample: pl.DataFrame,
    centres: pl.DataFrame,
    images: pl.DataFrame,
    folder: Path,
    *,
    numbers: Sequence[int],
    title: str,
    seed: int,
) -> Iterator[tuple[int, bytes]]:
    """Lay out central and random members of each cluster, for one number of clusters after another.

    Parameters
    ----------
    sample
        Columns `image_id` and `embedding`: the images among which members are looked for.
    centres
        The table `sweep_centres`, of one encoder and space.
    images, folder, title, seed
        As for `members_sheet`.
    numbers
        Numbers of clusters; those without centres are passed over.

    Yields
    ------
    tuple
        The number of clusters, and its sheet, a PNG.
    """
    tile_of = lru_cache(maxsize=TILES_KEPT)(tile)
    vectors = matrix(sample["embedding"])
    there = images.join(sample, on="image_id", how="semi")
    for k in numbers:
        of_number = centres.filter(k=k).sort("cluster")
        if of_number.is_empty():
            continue
        nearest, distance = nearest_centres(vectors, matrix(of_number["centre"]))
        members = sample.select(
            "image_id",
            of_number["cluster"].gather(nearest.tolist()).alias("cluster"),
            pl.Series("distance", distance),
        )
        shown = f"{title}, {k} clusters of {sample.height:,} images"
        yield k, members_sheet(members, there, folder, title=shown, seed=seed, tile_of=tile_of)
