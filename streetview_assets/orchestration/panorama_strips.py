"""Strips of views encoded once, and kept by what is on them: their pixels may go."""

from dataclasses import dataclass

import polars as pl

from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.panoramas import PANORAMA, parts_of, strips_of, vectors_of_strips
from streetview_assets.images.retention import without_pixels
from streetview_assets.lake.checkpoint_shards import latest, shards_of
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.deleted_images import refuse_deleted
from streetview_assets.orchestration.encoding import encode_images
from streetview_assets.study.embeddings import Encoder

_FOUND = (*PANORAMA, "embedding", "error", "image_count")


@dataclass(frozen=True)
class EncodedPanoramas:
    """The table `panorama_embeddings`, and how it came to be.

    Attributes
    ----------
    encoded_now
        Strips that were encoded.
    kept_as_they_were
        Panoramas with the vector of other views than they have now, since pixels are gone.
    told
        What else there is to tell.
    """

    table: pl.DataFrame
    encoded_now: int
    kept_as_they_were: int
    told: dict[str, object]


def encode_panoramas(
    work: AssetContext,
    settings: Encoder,
    encoder: ImageEncoder,
    views: pl.DataFrame,
    before: pl.DataFrame,
) -> EncodedPanoramas:
    """Give each panorama the vector of its views side by side, and encode what is new.

    What was encoded lies in `cache/strips/`, named by what is on it: a panorama that gains or loses
    a view is encoded again, and a killed run goes on where it was. Where that cannot be, since the
    pixels of some views were deleted once they had been encoded beside others, the panorama keeps
    the vector that it has.

    Parameters
    ----------
    work
        The asset's partition, which keeps the shards.
    settings, encoder
        What encodes a strip, as one wide image: as a study names it, and loaded.
    views
        What `views_of_panoramas` gives.
    before
        The table `panorama_embeddings` as this encoder has made it before.

    Raises
    ------
    EncoderError
        Where strips are to be encoded of whose views nothing but the rows are left.
    """
    identity = encoder.identity
    folder = work.opened.root / "cache" / "strips" / identity.fingerprint[:16]
    shards = shards_of(folder, work.authority, "image_embeddings")
    known = latest([shards.read()], "image_embeddings")
    strips = strips_of(views)
    gone = _without_pixels(work, strips)
    again = known if work.anew else known.filter(status="failed")
    again = again.join(gone, on="image_id", how="anti")
    done = known.join(again, on="image_id", how="anti")
    todo = strips.join(done, on="image_id", how="anti")
    older = _older(todo.join(gone, on="image_id", how="semi"), known, before)
    todo = todo.join(older, on=PANORAMA, how="anti")
    refuse_deleted(work, _members(todo).select("image_id").unique(), identity.encoder)
    made = encode_images(work, settings, encoder, todo, shards, done, unit="panoramas")
    vectors = made.rows.select("image_id", "embedding", "error")
    found = strips.with_columns(image_count=_count()).join(vectors, on="image_id", how="inner")
    table = vectors_of_strips(
        views, pl.concat([found.select(_FOUND), older]), encoder=identity.encoder
    )
    return EncodedPanoramas(table, todo.height, older.height, made.told)


def _without_pixels(work: AssetContext, strips: pl.DataFrame) -> pl.DataFrame:
    """Give the strips that cannot be put together any more: names alone."""
    members = _members(strips)
    gone = without_pixels(members.unique("image_id"), work.deleted_images, work.opened.root)
    return members.join(gone, on="image_id", how="semi").select(image_id="strip").unique()


def _members(strips: pl.DataFrame) -> pl.DataFrame:
    """List the images of strips: image_id, and strip, the name of theirs."""
    return strips.select(strip="image_id", image_id="image_ids").explode("image_id")


def _older(lost: pl.DataFrame, known: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Find the encoded strips that share most views with these, else the table's row before."""
    wanted = lost.select(*PANORAMA, wanted_ids="image_ids")
    shared = pl.col("image_ids").list.set_intersection("wanted_ids").list.len()
    alike = (
        parts_of(known.filter(status="ok"))
        .join(wanted, on="panorama_id", how="inner")
        .with_columns(image_count=_count(), shared_count=shared)
        .filter(pl.col("shared_count") > 0)
        .sort("shared_count", "image_count", "image_id", descending=[True, False, False])
    )
    of_table = before.join(wanted, on=PANORAMA, how="semi")
    either = pl.concat([alike.select(_FOUND), of_table.select(_FOUND)])
    return either.unique(PANORAMA, keep="first", maintain_order=True)


def _count() -> pl.Expr:
    return pl.col("image_ids").list.len().cast(pl.Int64)
