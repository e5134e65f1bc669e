"""Sheets of clusters: the most central images of each, and some drawn at random.

The most central are alike by choice; only those drawn at random show how mixed a cluster is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from streetview_assets.clusters.fit.assign import nearest_centres
from streetview_assets.clusters.names.cluster_names import NO_NAMES
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.figures import lead
from streetview_assets.images.contact_sheet import GAP_PX, Note, Tile, lay_out, tile
from streetview_assets.images.thumbnails import Shown
from streetview_assets.text.counted import counted
from streetview_assets.text.visible_text import shortened

MOST_SHEETS = 20
TILES_KEPT = 10_000
"""Images that stay read, at 27 kB each: those of 20 sheets of 30 clusters are 7,200 at most."""
TILE_PX, WIDE_GAP_PX = 96, 20
LABEL_PX, LINE_PX = 108, 22
LABEL_LETTERS = 15
MOST_CLUSTERS = 30
NEAREST, AT_RANDOM = "nearest to the centre", "drawn at random"


def cluster_sheet(
    assignments: pl.DataFrame, images: pl.DataFrame, folder: Path, *, title: str, each: int = 8
) -> bytes:
    """Lay the most central images of each cluster in a row, the clusters below each other.

    Parameters
    ----------
    assignments, images
        The tables `cluster_assignments`, of one k and not empty, and `images`.
    folder
        The study's folder of data, to which the paths of images are relative.
    title
        Whose images they are.
    each
        Most images of a cluster.

    Returns
    -------
    bytes
        A PNG; see `lay_out`. Above 30 clusters the 30 largest are shown, and the heading says so.
    """
    shown, some = the_largest(assignments)
    kinds = {NEAREST: exemplars(shown, images, each)}
    heading = f"{lead(title)}the images nearest to the centre of each cluster{some}"
    return _in_rows(kinds, assignments.height, images, folder, each=each, heading=heading)


def members_sheet(
    assignments: pl.DataFrame,
    images: pl.DataFrame,
    folder: Path,
    *,
    title: str,
    seed: int,
    each: int = 6,
    names: Mapping[int, str] = NO_NAMES,
    tile_of: Callable[[Shown, int], Image.Image] = tile,
) -> bytes:
    """Lay out each cluster in a row: its most central images, then some drawn at random.

    Parameters
    ----------
    assignments, images
        The tables `cluster_assignments`, of one k and not empty, and `images`, of the study.
    folder
        The study's folder of data, to which the paths of images are relative.
    title
        Whose images they are.
    seed
        Of the draw, which is the same whatever the order of rows.
    each
        Most images of either kind.
    names
        Of clusters that have one.
    tile_of
        Reads an image as a square of so many pixels; one that remembers what it read saves the
        reading where several sheets show the same images.

    Returns
    -------
    bytes
        A PNG, with a line at its foot that names whose images these are. Above 30 clusters the
        30 largest are shown, and the heading says so.
    """
    shown, some = the_largest(assignments)
    kinds = {
        NEAREST: exemplars(shown, images, each),
        AT_RANDOM: random_members(shown, images, each, seed),
    }
    heading = f"{lead(title)}what each cluster shows{some}"
    count = assignments.height
    return _in_rows(
        kinds, count, images, folder, each=each, heading=heading, names=names, tile_of=tile_of
    )


def _in_rows(
    kinds: Mapping[str, pl.DataFrame],
    image_count: int,
    images: pl.DataFrame,
    folder: Path,
    *,
    each: int,
    heading: str,
    names: Mapping[int, str] = NO_NAMES,
    tile_of: Callable[[Shown, int], Image.Image] = tile,
) -> bytes:
    """Lay out the images of each kind beside each other, a row a cluster."""
    step = TILE_PX + GAP_PX
    starts = {kind: LABEL_PX + at * (each * step + WIDE_GAP_PX) for at, kind in enumerate(kinds)}
    notes = [Note(kind, start, LINE_PX / 2) for kind, start in starts.items()]
    sizes = dict(kinds[NEAREST].select("cluster", "size").iter_rows())
    tops = {cluster: LINE_PX + row * step for row, cluster in enumerate(sorted(sizes))}
    for cluster, top in tops.items():
        share = sizes[cluster] / image_count
        percent = f"{share:.0%}" if share >= 0.01 else f"{share:.1%}"
        called = f"{shortened(names[cluster], LABEL_LETTERS)}\n" if cluster in names else ""
        label = f"cluster {cluster}\n{called}{counted(sizes[cluster], 'image')}\n{percent}"
        notes.append(Note(label, GAP_PX, top + TILE_PX / 2))
    tiles = [
        Tile(image_id, starts[kind] + column * step, top)
        for kind, members in kinds.items()
        for cluster, top in tops.items()
        for column, image_id in enumerate(members.filter(cluster=cluster)["image_id"])
    ]
    return lay_out(
        images,
        folder,
        tiles,
        notes,
        size_px=(max(starts.values()) + each * step, len(tops) * step + LINE_PX),
        tile_px=TILE_PX,
        headings=[heading],
        line_px=LINE_PX,
        tile_of=tile_of,
    )


def the_largest(assignments: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Keep the rows of the 30 largest clusters, and say so where there are more."""
    sizes = assignments["cluster"].value_counts().sort("count", "cluster", descending=[True, False])
    if sizes.height <= MOST_CLUSTERS:
        return assignments, ""
    shown = assignments.join(sizes.head(MOST_CLUSTERS), on="cluster", how="semi")
    return shown, f", the {MOST_CLUSTERS} largest of {sizes.height}"


def exemplars(assignments: pl.DataFrame, images: pl.DataFrame, per_cluster: int) -> pl.DataFrame:
    """Find the images nearest to each cluster's centre: cluster, size, image_id, path.

    Parameters
    ----------
    assignments
        Rows of the table `cluster_assignments`, of one space and k.
    images
        The table `images`.
    per_cluster
        The most images of each.
    """
    return _first_of_each(assignments, images, per_cluster, by="distance")


def random_members(
    assignments: pl.DataFrame, images: pl.DataFrame, per_cluster: int, seed: int
) -> pl.DataFrame:
    """Draw images of each cluster: cluster, size, image_id, path.

    Parameters
    ----------
    assignments
        Rows of the table `cluster_assignments`, of one space and k.
    images
        The table `images`.
    per_cluster
        The most images of each.
    seed
        Of the draw, whatever the order of the rows.
    """
    lots = pl.Series("_lot", np.random.default_rng(seed).random(assignments.height))
    drawn = assignments.sort("image_id").with_columns(lots)
    return _first_of_each(drawn, images, per_cluster, by="_lot")


def _first_of_each(
    assignments: pl.DataFrame, images: pl.DataFrame, per_cluster: int, *, by: str
) -> pl.DataFrame:
    return (
        assignments.join(images.select("image_id", "path"), on="image_id", how="left")
        .with_columns(size=pl.len().over("cluster"))
        .sort("cluster", by, "image_id")
        .group_by("cluster", maintain_order=True)
        .head(per_cluster)
        .select("cluster", "size", "image_id", "path")
    )


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
        shown = f"{lead(title)}{counted(k, 'cluster')} of {counted(sample.height, 'image')}"
        yield k, members_sheet(members, there, folder, title=shown, seed=seed, tile_of=tile_of)
