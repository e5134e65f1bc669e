"""Every layout that a study asks for, of one sample of images."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.clusters.layout.tsne import tsne_layouts
from streetview_assets.clusters.layout.umap import umap_layout
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.study.clusters import Layout
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

LEAST_IMAGES = 5
"""Below, every layout says the same: nothing."""

STEPS = 1000
"""In which progress is told, for each of the two methods."""


def why_no_layout(sample: pl.DataFrame) -> str:
    """Say why images cannot be laid out; empty where they can.

    Parameters
    ----------
    sample
        A column `embedding`.
    """
    if sample.height < LEAST_IMAGES:
        return f"too few images for a layout: {sample.height}, at least {LEAST_IMAGES} needed"
    different = len({hash(vector.tobytes()) for vector in matrix(sample["embedding"])})
    if different < LEAST_IMAGES:
        of_all = f"of the {counted(sample.height, 'image')}"
        differ = counted(different, f"{of_all} differs", f"{of_all} differ")
        return f"only {differ} from each other, {LEAST_IMAGES} needed"
    return ""


def lay_out(
    sample: pl.DataFrame,
    settings: Layout,
    *,
    encoder: str,
    seed: int,
    on_progress: OnProgress = untold,
) -> Iterator[pl.DataFrame]:
    """Lay images out by each method and setting of the study file.

    Parameters
    ----------
    sample
        image_id and embedding, for which `why_no_layout` says nothing, in any order; an image that
        is there twice counts once.
    settings
        The part `layout` of the study file.
    encoder
        The column of that name.
    seed
        Of the reduction to 50 numbers, the first places and the moves.
    on_progress
        Told how many of the steps of all settings are done, and of how many.

    Yields
    ------
    pl.DataFrame
        Rows of the table `image_layouts`, of one method and setting, sorted by image_id. A
        setting that so few images do not allow is lowered, and named as it was used.
    """
    # Two authorities may both have an image from where they meet.
    ordered = sample.unique("image_id", keep="any").sort("image_id")
    vectors = matrix(ordered["embedding"])
    done, total = 0, STEPS * len(settings.methods)

    def told(part: int, whole: int) -> None:
        on_progress(done + STEPS * part // whole, total)

    for method in settings.methods:
        for setting, places, kl_divergence in _places(method, vectors, settings, seed, told):
            of_all = {"encoder": encoder, "method": method, "setting": setting}
            yield _rows(ordered["image_id"], of_all | {"kl_divergence": kl_divergence}, places)
        told(1, 1)
        done += STEPS


def _places(
    method: str, vectors: np.ndarray, settings: Layout, seed: int, told: OnProgress
) -> Iterator[tuple[str, np.ndarray, float | None]]:
    if method != "tsne":
        setting, places = umap_layout(
            vectors,
            neighbours=settings.umap_neighbours,
            min_dist=settings.umap_min_dist,
            seed=seed,
            dimensions=3 if method == "umap_3d" else 2,
            on_progress=told,
        )
        yield setting, places, None
        return
    yield from tsne_layouts(
        vectors,
        perplexities=settings.perplexities,
        learning_rate=settings.learning_rate,
        iterations=settings.iterations,
        reduce=settings.reduce,
        seed=seed,
        recipes=settings.recipes,
        starts=settings.starts,
        on_progress=told,
    )


def _rows(image_ids: pl.Series, of_all: dict[str, Any], places: np.ndarray) -> pl.DataFrame:
    axes = dict(zip("xyz", places.T, strict=False))
    schema = TABLES["image_layouts"].schema
    return pl.DataFrame({**of_all, "image_id": image_ids, "z": None, **axes}).select(
        pl.col(name).cast(dtype) for name, dtype in schema.items()
    )
