"""Pooling: the vectors of an area as one; and what becomes of pixels when all were looked at."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from streetview_assets.embeddings.encoders import colour_texture
from streetview_assets.embeddings.looked_at import INCLUDED, SEPARATE, VECTORS
from streetview_assets.embeddings.panoramas import mean_of_views, views_of_panoramas
from streetview_assets.images.current import current_images
from streetview_assets.images.image_files import image_on_disk
from streetview_assets.images.providers.terms import terms_of
from streetview_assets.images.retention import delete_images, without_pixels
from streetview_assets.lake.checkpoint_shards import latest, shards_of
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.deleted_images import refuse_deleted
from streetview_assets.orchestration.missing_parts import images_are_kept, no_areas
from streetview_assets.pooling.pool import pool_areas
from streetview_assets.study.embeddings import Encoder
from streetview_assets.study_state.lineage import study_asset
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES

BASELINE = Encoder(name="colour-texture")


@study_asset(
    "pooling",
    writes=("area_embeddings",),
    reads=(INCLUDED, VECTORS),
    code_version=4,
    unless=(no_areas,),
)
def area_embeddings(work: AssetContext) -> AssetResult:
    """The area's images as one vector: median, mean, max and min of each dimension.

    Where `encoder.views` is `mean` or `panorama`, it is the area's panoramas that are pooled, each
    once, and `image_count` is of the images that went into their vectors.
    """
    pooled = pool_areas(work.read(INCLUDED), work.read(VECTORS), encoder=work.opened.encoder)
    return AssetResult({"area_embeddings": pooled}, _counts(pooled))


@study_asset(
    "pooling",
    writes=("baseline_embeddings",),
    reads=(INCLUDED,),
    keys=("encoder.name", "encoder.views"),
    remembers=("image_retention",),
    code_version=4,
    unless=(no_areas,),
)
def baseline_embeddings(work: AssetContext) -> AssetResult:
    """The area's images by `colour-texture`, which any other encoder has to beat.

    They are pooled as the encoder's are: by panorama where `encoder.views` is `mean` or `panorama`.
    """
    if work.study.encoder.name == BASELINE.name:
        why = "the study's encoder is colour-texture itself"
        return work.not_applicable(why)
    images = work.read(INCLUDED)
    current = current_images(images).filter(pl.col("area_code").is_not_null())
    # What is deleted once this has run can be encoded now or never.
    seen = current if work.study.images.keeps_images else images.filter(status="ok")
    vectors = _baseline_vectors(work, seen)
    if work.study.encoder.views != SEPARATE:
        vectors = _baseline_panoramas(work, seen, vectors)
    pooled = pool_areas(current, vectors, encoder=BASELINE.slug)
    return AssetResult({"baseline_embeddings": pooled}, _counts(pooled))


@study_asset(
    "pooling",
    writes=("image_retention",),
    reads=("images", "image_embeddings", "panorama_embeddings", "baseline_embeddings"),
    unless=(images_are_kept,),
)
def image_retention(work: AssetContext) -> AssetResult:
    """Pixels deleted, where the study says so, once everything that needs them has run."""
    before, looking = work.read("image_retention"), need_pixels(work.opened)
    behind = [asset for asset in looking if not work.opened.is_fresh(asset, work.authority)]
    if behind:
        note = f"nothing was deleted: {' and '.join(behind)} have to look at the images first"
        return AssetResult({"image_retention": before}, {"note": note}, note)
    pieces = _deleted(work, before)
    table = latest([before, *pieces], "image_retention")
    metadata = {
        "deleted now": sum(piece.height for piece in pieces),
        "thumbnails": int(table["thumbnail_path"].count()),
    }
    return AssetResult({"image_retention": table}, metadata)


def _deleted(work: AssetContext, before: pl.DataFrame) -> list[pl.DataFrame]:
    """Delete the pixels that every encoder has looked at and that are still there."""
    images, root = _seen_by_all(work), work.opened.root
    return list(
        delete_images(
            images.join(_gone_already(before, root), on="image_id", how="anti"),
            root,
            thumbnails=terms_of(work.study.images.provider).may_keep_thumbnail,
            noted=work.deleted_images,
            record=work.ledger.record_deleted,
            now=lambda: datetime.now(UTC),
            on_progress=work.progress("images"),
        )
    )


def need_pixels(opened: OpenStudy) -> list[str]:
    """Name the assets that look at the pixels of an image after it was fetched."""
    is_of_strips = opened.study.encoder.views == "panorama"
    looking = ("image_embeddings", *["panorama_embeddings"] * is_of_strips, "baseline_embeddings")
    return [asset for asset in looking if asset in opened.assets]


def _baseline_panoramas(
    work: AssetContext, images: pl.DataFrame, vectors: pl.DataFrame
) -> pl.DataFrame:
    """Make one vector a panorama as the study says, of its images that could be read."""
    from streetview_assets.orchestration.panorama_strips import encode_panoramas

    views = views_of_panoramas(images, vectors, encoder=BASELINE.slug)
    if work.study.encoder.views == "mean":
        return mean_of_views(views, encoder=BASELINE.slug)
    none_before = TABLES["panorama_embeddings"].frame()
    return encode_panoramas(work, BASELINE, colour_texture.load(BASELINE), views, none_before).table


def _baseline_vectors(work: AssetContext, images: pl.DataFrame) -> pl.DataFrame:
    """Encode the images that were not encoded before: the pixels of those may be gone."""
    from streetview_assets.embeddings.embed import of_same_pixels
    from streetview_assets.orchestration.encoding import encode_images

    encoder = colour_texture.load(BASELINE)
    folder = work.opened.root / "cache" / work.asset / encoder.identity.fingerprint[:16]
    shards = shards_of(folder, work.authority, "image_embeddings")
    known = of_same_pixels(latest([shards.read()], "image_embeddings"), images)
    deleted = without_pixels(known, work.deleted_images, work.opened.root)
    failed = known.filter(status="failed").join(deleted, on="image_id", how="anti")
    done = known.join(failed, on="image_id", how="anti")
    todo = images.join(done, on="image_id", how="anti")
    refuse_deleted(work, todo, encoder.identity.encoder)
    return encode_images(work, BASELINE, encoder, todo, shards, done).rows


def _counts(pooled: pl.DataFrame) -> dict[str, int]:
    of_one = pooled.filter(statistic="median")
    return {"areas with images": of_one.height, "images": int(of_one["image_count"].sum())}


def _seen_by_all(work: AssetContext) -> pl.DataFrame:
    """Give the images that every encoder has looked at, in every authority that shares them."""
    key = ["authority_code", "image_id"]
    lake, encoder = work.opened.lake, work.opened.encoder

    def seen(code: str) -> pl.DataFrame:
        return lake.read("image_embeddings", code, encoder, columns=key)

    mine = work.read("images").filter(status="ok")
    mine = mine.join(seen(work.authority), on="image_id", how="semi")
    there = lake.read("images", columns=[*key, "status"]).filter(status="ok")
    awaited = there.filter(pl.col("authority_code") != work.authority).join(
        mine, on="image_id", how="semi"
    )
    for code in awaited["authority_code"].unique().sort():
        if all(work.opened.is_fresh(asset, code) for asset in need_pixels(work.opened)):
            awaited = awaited.join(seen(code), on=key, how="anti")
    return mine.join(awaited, on="image_id", how="anti")


def _gone_already(retention: pl.DataFrame, root: Path) -> pl.DataFrame:
    """Give the rows of images that are still gone: one that was fetched again is not."""
    gone = [image_on_disk(root, image_id) is None for image_id in retention["image_id"]]
    return retention.filter(pl.Series(gone, dtype=pl.Boolean))
