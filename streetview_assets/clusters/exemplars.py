"""A sheet of the most central pictures of each cluster: what its scenes look like."""

import io
from pathlib import Path

import polars as pl
from PIL import Image, ImageDraw, ImageFont, ImageOps

from streetview_assets.embeddings.preparation import UNREADABLE, read_picture
from streetview_assets.figures import SYNTHETIC_NOTE

TILE_PX = 112
GAP_PX = 4
LABEL_PX = 96
LINE_PX = 24
INK, PAPER, ABSENT, WARNING = "#222222", "#ffffff", "#cccccc", "#8a1c1c"


def cluster_sheet(
    assignments: pl.DataFrame,
    images: pl.DataFrame,
    folder: Path,
    *,
    title: str,
    per_cluster: int = 8,
    synthetic: bool = False,
) -> bytes:
    """Lay the most central pictures of each cluster in a row, the clusters below each other.

    Parameters
    ----------
    assignments, images
        The tables `cluster_assignments` (of one k) and `images`.
    folder
        The study's folder of data, to which the paths of pictures are relative.
    title
        Whose pictures they are.
    per_cluster
        Most pictures of a cluster.
    synthetic
        Whether the pictures are drawn by a program; the sheet then says so.

    Returns
    -------
    bytes
        A PNG. A picture that is no longer there is a grey tile.
    """
    central = exemplars(assignments, images, per_cluster)
    clusters = central.partition_by("cluster", maintain_order=True)
    step = TILE_PX + GAP_PX
    size = (LABEL_PX + per_cluster * step, max(len(clusters), 1) * step + 2 * LINE_PX)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    heading = f"{title}: the pictures nearest to the centre of each cluster"
    draw.text((GAP_PX, 3), heading, fill=INK, font=font)
    for row, of_cluster in enumerate(clusters):
        label = f"cluster {of_cluster['cluster'][0]}\n{of_cluster['size'][0]:,} pictures"
        top = LINE_PX + row * step
        draw.text((GAP_PX, top + TILE_PX // 2 - 16), label, fill=INK, font=font)
        for column, path in enumerate(of_cluster["path"]):
            sheet.paste(_tile(folder, path), (LABEL_PX + column * step, top))
    foot = SYNTHETIC_NOTE if synthetic else "© of the pictures: their authors"
    ink = WARNING if synthetic else INK
    draw.text((GAP_PX, size[1] - LINE_PX + 3), foot, fill=ink, font=font)
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()


def exemplars(assignments: pl.DataFrame, images: pl.DataFrame, per_cluster: int) -> pl.DataFrame:
    """Find the pictures nearest to each cluster's centre: cluster, size, image_id, path."""
    return (
        assignments.join(images.select("image_id", "path"), on="image_id", how="left")
        .with_columns(pl.len().over("cluster").alias("size"))
        .sort("cluster", "distance", "image_id")
        .group_by("cluster", maintain_order=True)
        .head(per_cluster)
        .select("cluster", "size", "image_id", "path")
    )


def _tile(folder: Path, path: str | None) -> Image.Image:
    if path is None:
        return Image.new("RGB", (TILE_PX, TILE_PX), ABSENT)
    try:
        return ImageOps.fit(read_picture(folder / path), (TILE_PX, TILE_PX))
    except UNREADABLE:
        return Image.new("RGB", (TILE_PX, TILE_PX), ABSENT)
