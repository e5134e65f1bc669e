"""Images into vectors in this process, or where the study's engine has it done."""

from dataclasses import dataclass

import polars as pl

from streetview_assets.embeddings.embed import embed_images
from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.encoders.imported.load import ImportedVectors
from streetview_assets.embeddings.ray_embed import WorkerRates, embed_on_ray
from streetview_assets.lake.checkpoint_shards import Shards, latest
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.study.embeddings import Encoder


@dataclass(frozen=True)
class EncodedImages:
    """Rows of the table `image_embeddings`, and what there is to tell of their making."""

    rows: pl.DataFrame
    told: dict[str, object]


def encode_images(
    work: AssetContext,
    settings: Encoder,
    encoder: ImageEncoder | ImportedVectors,
    images: pl.DataFrame,
    shards: Shards,
    done: pl.DataFrame,
    *,
    unit: str = "images",
) -> EncodedImages:
    """Encode images, keep each piece as it comes, and merge all with what was done before.

    Parameters
    ----------
    work
        The asset's partition.
    settings, encoder
        The encoder, as the study names it and loaded.
    images
        Rows of the table `images`, or strips, that are to be encoded.
    shards
        Where finished pieces are kept.
    done
        Rows that are there already.
    unit
        What is counted.
    """
    engine, authority, progress = work.study.engine, work.authority, work.progress(unit)
    size, root = settings.batch_size, work.opened.root
    if engine is None or isinstance(encoder, ImportedVectors):
        pieces = embed_images(
            encoder,
            images,
            root,
            authority_code=authority,
            batch_size=size,
            on_progress=progress,
        )
        return EncodedImages(shards.finish(pieces, done), {})
    rates = WorkerRates()
    kept = embed_on_ray(
        engine,
        settings,
        encoder,
        images,
        root,
        shards,
        authority_code=authority,
        rates=rates,
        on_progress=progress,
    )
    rows = latest([done, *kept], shards.table)
    return EncodedImages(rows, {"images a second by worker": rates.images_a_second()})
