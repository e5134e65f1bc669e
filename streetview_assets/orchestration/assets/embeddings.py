"""Embeddings: the encoder and the vectors of pictures."""

import time

import dagster as dg
import polars as pl

from streetview_assets.embeddings.catalogue import load_encoder
from streetview_assets.embeddings.embed import check_embeddings, embed_images
from streetview_assets.orchestration.work import Made, Work


def encoders(work: Work) -> Made:
    """The encoder's identity: all that makes its vectors what they are."""
    identity = load_encoder(work.study.encoder).identity
    return Made({"encoders": identity.frame()}, {"dimension": identity.dimension})


def image_embeddings(work: Work) -> Made:
    """One vector a picture, and a row with a reason for each that could not be read."""
    encoder = load_encoder(work.study.encoder)
    pictures = work.read("images").filter(status="ok")
    resumption = work.resumption(reuse=encoder.identity.fingerprint)
    there = pictures.head(0) if work.anew else pictures
    done = resumption.done(retry=work.retry).join(there, on="image_id", how="semi")
    todo = pictures.join(done, on="image_id", how="anti")
    started = time.monotonic()
    pieces = embed_images(
        encoder,
        todo,
        work.opened.root,
        authority_code=work.authority,
        batch_size=work.study.encoder.batch_size,
        on_progress=work.progress("pictures"),
    )
    table = resumption.finish(pieces, done)
    check_embeddings(table)
    seconds = time.monotonic() - started
    failed = table.filter(pl.col("status") == "failed")
    return Made(
        {"image_embeddings": table},
        {
            "encoder": encoder.identity.encoder,
            "precision": encoder.identity.precision,
            "pictures encoded now": todo.height,
            "pictures a second": todo.height / seconds if todo.height else 0.0,
            "failures": dg.MetadataValue.json(dict(failed["error"].value_counts().iter_rows())),
        },
        reuse=encoder.identity.fingerprint,
    )


ASSETS = (encoders, image_embeddings)
