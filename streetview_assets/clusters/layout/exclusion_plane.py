"""The plane on which rectangles exclude images: all of them by UMAP, as INTEGRATE lays them out."""

import hashlib
from collections.abc import Sequence

import numpy as np
import polars as pl

from streetview_assets.charts import dots, panels
from streetview_assets.clusters.layout.umap import umap_layout
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.figures import COLOURS, Figure, lead
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.study.embeddings import Rectangle
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

NEIGHBOURS, MIN_DIST = 30, 0.1
MOST_IMAGES = 200_000
"""More are drawn by the seed, equal per area; the others lie in no rectangle."""

NAME_DIGITS = 8


def exclusion_plane(
    sample: pl.DataFrame, *, encoder: str, seed: int, on_progress: OnProgress = untold
) -> pl.DataFrame:
    """Lay images out by UMAP (30 neighbours, least distance 0.1, cosine), and name the plane.

    Parameters
    ----------
    sample
        image_id and embedding, for which `why_no_layout` says nothing, in any order.
    encoder
        The column of that name.
    seed
        Of the first places and of the moves.
    on_progress
        Told how far the search for neighbours is.

    Returns
    -------
    polars.DataFrame
        Table `exclusion_layout`, by image_id. `plane` names the same images at the same places, to
        three decimals: rectangles drawn on one plane mean nothing on another.
    """
    ordered = sample.unique("image_id", keep="any").sort("image_id")
    _, places = umap_layout(
        matrix(ordered["embedding"]),
        neighbours=NEIGHBOURS,
        min_dist=MIN_DIST,
        seed=seed,
        on_progress=on_progress,
    )
    named = hashlib.sha256("\n".join(ordered["image_id"]).encode())
    named.update((np.round(places, 3) + 0.0).tobytes())
    columns = {
        "encoder": encoder,
        "image_id": ordered["image_id"],
        "x": places[:, 0],
        "y": places[:, 1],
        "plane": named.hexdigest()[:NAME_DIGITS],
    }
    return pl.DataFrame(columns, schema=TABLES["exclusion_layout"].schema)


def draw_exclusion_plane(
    plane: pl.DataFrame, rectangles: Sequence[Rectangle], *, title: str, credit: str = ""
) -> Figure:
    """Draw the plane with its name and its numbers, by which rectangles are given, and these.

    Parameters
    ----------
    plane
        Table `exclusion_layout`, not empty.
    rectangles
        Those that the study has.
    title
        Whose images they are.
    credit
        Whom to name at the foot.
    """
    from matplotlib.patches import Rectangle as Patch

    figure, (axes,) = panels(1, (9, 8), credit=credit)
    size = float(np.clip(12_000 / plane.height, 0.6, 22))
    dots(axes, plane.select("x", "y").to_numpy(), size, color=COLOURS[0])
    for number, one in enumerate(rectangles, start=1):
        corner, width, height = (one.x[0], one.y[0]), one.x[1] - one.x[0], one.y[1] - one.y[0]
        axes.add_patch(Patch(corner, width, height, fill=False, edgecolor=COLOURS[5], linewidth=2))
        axes.annotate(str(number), (one.x[0], one.y[1]), color=COLOURS[5], va="bottom")
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_title(
        f"{lead(title)}{counted(plane.height, 'image')} on the plane {plane['plane'][0]}\n"
        "`exclusions.rectangles` by these numbers, `exclusions.drawn_on` its name",
        fontsize=10,
    )
    return figure
