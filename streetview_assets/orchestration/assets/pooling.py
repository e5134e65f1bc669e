"""Pooling: the vectors of an area as one."""

import polars as pl

from streetview_assets.embeddings.catalogue import load_encoder
from streetview_assets.embeddings.embed import embed_images
from streetview_assets.orchestration.work import NO_AREAS, Made, Work, not_applicable
from streetview_assets.pooling.pool import pool_areas
from streetview_assets.study import Encoder
from streetview_assets.tables import TABLES

BASELINE = Encoder(name="colour-texture")


def area_embeddings(work: Work) -> Made:
    """The area's pictures as one vector: median, mean, max and min of each dimension."""
    if work.study.areas is None:
        return not_applicable(work, "area_embeddings", why=NO_AREAS)
    pooled = pool_areas(
        work.read("images"), work.read("image_embeddings"), encoder=work.opened.encoder
    )
    return Made({"area_embeddings": pooled}, _counts(pooled))


def baseline_embeddings(work: Work) -> Made:
    """The area's pictures by `colour-texture`, which any other encoder has to beat."""
    if work.study.areas is None:
        return not_applicable(work, "baseline_embeddings", why=NO_AREAS)
    if work.opened.encoder == BASELINE.slug:
        why = "the study's encoder is colour-texture itself"
        return not_applicable(work, "baseline_embeddings", why=why)
    pictures = work.read("images")
    pieces = embed_images(
        load_encoder(BASELINE),
        pictures.filter(pl.col("area_code").is_not_null()),
        work.opened.root,
        authority_code=work.authority,
        on_progress=work.progress("pictures"),
    )
    vectors = pl.concat([TABLES["image_embeddings"].frame(), *pieces])
    pooled = pool_areas(pictures, vectors, encoder=BASELINE.slug)
    return Made({"baseline_embeddings": pooled}, _counts(pooled))


def _counts(pooled: pl.DataFrame) -> dict[str, int]:
    of_one = pooled.filter(statistic="median")
    return {"areas with pictures": of_one.height, "pictures": int(of_one["image_count"].sum())}


ASSETS = (area_embeddings, baseline_embeddings)
