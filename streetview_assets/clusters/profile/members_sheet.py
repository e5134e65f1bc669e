"""A sheet of the whole study: the most central images of each cluster, and some at random.

The most central are alike by choice; only those drawn at random show how mixed a cluster is.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from streetview_assets.clusters.profile.exemplars import exemplars, the_largest
from streetview_assets.images.contact_sheet import GAP_PX, Note, Tile, lay_out, tile
from streetview_assets.images.thumbnails import Shown

TILE_PX, WIDE_GAP_PX = 96, 20
LABEL_PX, LINE_PX = 108, 22


def members_sheet(
    assignments: pl.DataFrame,
    images: pl.DataFrame,
    folder: Path,
    *,
    title: str,
    seed: int,
    each: int = 6,
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
    central = exemplars(shown, images, each)
    drawn = random_members(shown, images, each, seed)
    step = TILE_PX + GAP_PX
    kinds = {
        "nearest to the centre": (central, LABEL_PX),
        "drawn at random": (drawn, LABEL_PX + each * step + WIDE_GAP_PX),
    }
    notes = [Note(kind, start, LINE_PX / 2) for kind, (_, start) in kinds.items()]
    sizes = dict(central.select("cluster", "size").iter_rows())
    tops = {cluster: LINE_PX + row * step for row, cluster in enumerate(sorted(sizes))}
    for cluster, top in tops.items():
        share = sizes[cluster] / assignments.height
        percent = f"{share:.0%}" if share >= 0.01 else f"{share:.1%}"
        label = f"cluster {cluster}\n{sizes[cluster]:,} images\n{percent}"
        notes.append(Note(label, GAP_PX, top + TILE_PX / 2))
    tiles = [
        Tile(image_id, start + column * step, top)
        for members, start in kinds.values()
        for cluster, top in tops.items()
        for column, image_id in enumerate(members.filter(cluster=cluster)["image_id"])
    ]
    return lay_out(
        images,
        folder,
        tiles,
        notes,
        size_px=(LABEL_PX + 2 * each * step + WIDE_GAP_PX, len(tops) * step + LINE_PX),
        tile_px=TILE_PX,
        headings=[f"{title}: what each cluster shows{some}"],
        line_px=LINE_PX,
        tile_of=tile_of,
    )


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
    ordered = assignments.sort("image_id")
    lots = np.random.default_rng(seed).random(ordered.height)
    return (
        ordered.join(
            images.select("image_id", "path"), on="image_id", how="left", maintain_order="left"
        )
        .with_columns(pl.Series("_lot", lots), pl.len().over("cluster").alias("size"))
        .sort("cluster", "_lot")
        .group_by("cluster", maintain_order=True)
        .head(per_cluster)
        .select("cluster", "size", "image_id", "path")
    )
