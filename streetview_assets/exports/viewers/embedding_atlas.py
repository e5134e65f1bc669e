"""The images of a study as the Parquet that Embedding Atlas opens."""

import io
import shlex
from pathlib import Path

import polars as pl
from PIL import Image

from streetview_assets.embeddings.encoders.image_loading import UNREADABLE
from streetview_assets.explorer.facts import Facts
from streetview_assets.exports.viewers.image_rows import (
    files_to_pass_on,
    image_rows,
    layout_columns,
)
from streetview_assets.exports.written import Written
from streetview_assets.image_decoding import read_rgb
from streetview_assets.images.thumbnails import THUMBNAIL_PX
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.processes import stopping
from streetview_assets.processes.on_progress import OnProgress, steps, untold
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.counted import counted

DEFAULT = Path("embedding_atlas.parquet")
QUALITY = 80
WITHOUT_LAYOUTS = "The study has no layouts yet: images lie where they are on land."
_NEIGHBOURS = {"ids": pl.List(pl.Int64), "distances": pl.List(pl.Float64)}


def export_embedding_atlas(
    opened: OpenStudy, output: Path | None = None, *, on_progress: OnProgress = untold
) -> Written:
    """Write a row an image for Embedding Atlas (0.22 and later), and the command that opens it.

    Columns are those of `image_rows` and `layout_columns`; besides, ``neighbors`` in that tool's
    form (``ids``: rows of the file, counted from 0, its own first, then the most alike;
    ``distances``: 1 less the cosine), and ``image`` (``bytes``: a JPEG of at most 96 px, upright)
    where the terms of its provider let it be passed on and it can be read, else null.

    Parameters
    ----------
    opened
        A study that is published.
    output
        Default: `embedding_atlas.parquet` in the current folder.
    on_progress
        Told images done, and of how many.

    Raises
    ------
    StudyError
        Where nothing is published yet, or there is no image.
    """
    path = output or DEFAULT
    rows, facts = image_rows(opened)
    files, said = files_to_pass_on(opened, facts.images)
    thumbnails = [_thumbnail(file) for file in steps(files, on_progress)]
    count = sum(content is not None for content in thumbnails)
    if unreadable := sum(file is not None for file in files) - count:
        said.append(
            f"Without a thumbnail, since they cannot be read: {counted(unreadable, 'image')}."
        )
    layouts = layout_columns(facts)
    images = [content and {"bytes": content} for content in thumbnails]
    frame = pl.concat([rows, layouts, _neighbours(facts)], how="horizontal").with_columns(
        image=pl.Series(images, dtype=pl.Struct({"bytes": pl.Binary}))
    )
    with written_aside(path, suffix=path.suffix) as aside:
        frame.write_parquet(aside)
    if not facts.layouts:
        said.append(WITHOUT_LAYOUTS)
    said.append(f"To open it: {_command(path, facts, has_images=count > 0)}")
    return Written(path, {"images": frame.height, "with a thumbnail": count}, said)


def _thumbnail(file: Path | None) -> bytes | None:
    """Give an image as a small JPEG; None where there is none, or it cannot be read."""
    stopping.check()
    if file is None:
        return None
    try:
        small = read_rgb(file, least_side_px=2 * THUMBNAIL_PX)
    except UNREADABLE:
        return None
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    small.save(content, format="JPEG", quality=QUALITY)
    return content.getvalue()


def _neighbours(facts: Facts) -> pl.DataFrame:
    """Give the images most like each, by their rows in the file: itself, then others.

    The tool asks for lists of one length; where fewer are told, the image itself fills them.
    """
    rows = dict(zip(facts.images["image_id"], range(facts.images.height), strict=True))
    found = facts.neighbours.filter(pl.col("neighbour_id").is_in(list(rows))).sort("rank")
    ids, distances = [[row] for row in rows.values()], [[0.0] for _ in rows]
    for image_id, neighbour_id, similarity in found.select(
        "image_id", "neighbour_id", "similarity"
    ).iter_rows():
        if image_id in rows:
            ids[rows[image_id]].append(rows[neighbour_id])
            distances[rows[image_id]].append(max(0.0, 1 - similarity))
    longest = max(map(len, ids))
    for row, (others, far) in enumerate(zip(ids, distances, strict=True)):
        others += [row] * (longest - len(others))
        far += [0.0] * (longest - len(far))
    told = pl.DataFrame({"ids": ids, "distances": distances}, schema=_NEIGHBOURS)
    return told.select(neighbors=pl.struct("ids", "distances"))


def _command(path: Path, facts: Facts, *, has_images: bool) -> str:
    """Give the command that opens the file; nothing is encoded or laid out anew by it."""
    x, y = ("projection_x", "projection_y") if facts.layouts else ("longitude", "latitude")
    neighbours = "" if facts.neighbours.is_empty() else " --neighbors neighbors"
    image = " --image image" if has_images else ""
    return f"embedding-atlas {shlex.quote(str(path))} --x {x} --y {y}{neighbours}{image}"
