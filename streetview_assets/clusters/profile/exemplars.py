"""A sheet of the most central images of each cluster: what its scenes look like."""

import io
from pathlib import Path

import polars as pl
from PIL import Image, ImageDraw

from streetview_assets.figures import INK, credit_ink, text_font
from streetview_assets.images.contact_sheet import tile
from streetview_assets.images.providers.terms import credit_of
from streetview_assets.images.thumbnails import shown_files, what_is_gone

TILE_PX = 112
GAP_PX = 4
LABEL_PX = 96
LINE_PX = 24
MOST_CLUSTERS = 30
PAPER = "#ffffff"


def cluster_sheet(
    assignments: pl.DataFrame,
    images: pl.DataFrame,
    folder: Path,
    *,
    title: str,
    per_cluster: int = 8,
) -> bytes:
    """Lay the most central images of each cluster in a row, the clusters below each other.

    Parameters
    ----------
    assignments, images
        The tables `cluster_assignments` (of one k) and `images`.
    folder
        The study's folder of data, to which the paths of images are relative.
    title
        Whose images they are.
    per_cluster
        Most images of a cluster.

    Returns
    -------
    bytes
        A PNG, with a line at its foot that names whose images these are. Of an image that was
        deleted from disk its thumbnail is shown, else a grey tile; the heading counts both. Above
        30 clusters the 30 largest are shown, and the heading says so.
    """
    shown, some = the_largest(assignments)
    central = exemplars(shown, images, per_cluster)
    clusters = central.partition_by("cluster", maintain_order=True)
    font = text_font(12)
    files = {
        image_id: shown_files(folder, image_id, path)
        for image_id, path in central.select("image_id", "path").iter_rows()
    }
    gone = what_is_gone(list(files.values()))
    heading = f"{title}: the images nearest to the centre of each cluster{some}{gone}"
    foot = credit_of(images.join(central, on="image_id", how="semi"))
    step = TILE_PX + GAP_PX
    text_px = max(int(font.getlength(text)) for text in (heading, foot)) + 2 * GAP_PX
    size = (max(LABEL_PX + per_cluster * step, text_px), max(len(clusters), 1) * step + 2 * LINE_PX)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP_PX, 3), heading, fill=INK, font=font)
    for row, of_cluster in enumerate(clusters):
        label = f"cluster {of_cluster['cluster'][0]}\n{of_cluster['size'][0]:,} images"
        top = LINE_PX + row * step
        draw.text((GAP_PX, top + TILE_PX // 2 - 16), label, fill=INK, font=font)
        for column, image_id in enumerate(of_cluster["image_id"]):
            sheet.paste(tile(files[image_id], TILE_PX), (LABEL_PX + column * step, top))
    draw.text((GAP_PX, size[1] - LINE_PX + 3), foot, fill=credit_ink(foot), font=font)
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()


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
    return (
        assignments.join(images.select("image_id", "path"), on="image_id", how="left")
        .with_columns(pl.len().over("cluster").alias("size"))
        .sort("cluster", "distance", "image_id")
        .group_by("cluster", maintain_order=True)
        .head(per_cluster)
        .select("cluster", "size", "image_id", "path")
    )
