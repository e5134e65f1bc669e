"""A sheet of the whole study: the most central images of each cluster, and some at random.

The most central are alike by choice; only those drawn at random show how mixed a cluster is.
"""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageDraw

from streetview_assets.clusters.profile.exemplars import exemplars, the_largest
from streetview_assets.figures import INK, credit_ink, text_font
from streetview_assets.images.contact_sheet import tile
from streetview_assets.images.providers.terms import credit_of
from streetview_assets.images.thumbnails import Shown, shown_files, what_is_gone

TILE_PX, GAP_PX, WIDE_GAP_PX = 96, 4, 20
LABEL_PX, LINE_PX = 108, 22
PAPER = "#ffffff"


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
    files = {
        image_id: shown_files(folder, image_id, path)
        for image_id, path in pl.concat([central, drawn])
        .select("image_id", "path")
        .unique("image_id", keep="first", maintain_order=True)
        .iter_rows()
    }
    heading = f"{title}: what each cluster shows{some}{what_is_gone(list(files.values()))}"
    foot = credit_of(images.filter(pl.col("image_id").is_in(list(files))))
    font = text_font(12)
    step = TILE_PX + GAP_PX
    starts = (LABEL_PX, LABEL_PX + each * step + WIDE_GAP_PX)
    text_px = max(int(font.getlength(text)) for text in (heading, foot)) + 2 * GAP_PX
    clusters = central["cluster"].unique().sort().to_list()
    size = (max(starts[1] + each * step, text_px), len(clusters) * step + 3 * LINE_PX)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP_PX, 3), heading, fill=INK, font=font)
    for start, kind in zip(starts, ("nearest to the centre", "drawn at random"), strict=True):
        draw.text((start, LINE_PX + 3), kind, fill=INK, font=font)
    for row, cluster in enumerate(clusters):
        top = 2 * LINE_PX + row * step
        count = central.filter(cluster=cluster)["size"][0]
        share = count / assignments.height
        percent = f"{share:.0%}" if share >= 0.01 else f"{share:.1%}"
        label = f"cluster {cluster}\n{count:,} images\n{percent}"
        draw.text((GAP_PX, top + TILE_PX // 2 - 22), label, fill=INK, font=font)
        for start, members in zip(starts, (central, drawn), strict=True):
            for column, image_id in enumerate(members.filter(cluster=cluster)["image_id"]):
                sheet.paste(tile_of(files[image_id], TILE_PX), (start + column * step, top))
    draw.text((GAP_PX, size[1] - LINE_PX + 3), foot, fill=credit_ink(foot), font=font)
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()


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
