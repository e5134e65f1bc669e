"""Embeddings: the encoder and the vectors of pictures."""

import time

import dagster as dg
import polars as pl

from streetview_assets.embeddings.catalogue import load_encoder
from streetview_assets.embeddings.embed import check_embeddings, embed_images
from streetview_assets.embeddings.imported import ImportedVectors
from streetview_assets.embeddings.text_encoder import (
    check_same_weights,
    load_text_encoder,
    why_no_words,
)
from streetview_assets.embeddings.words import label_scores as scores_of
from streetview_assets.embeddings.words import label_vectors, prompts_of
from streetview_assets.images.retention import without_pixels
from streetview_assets.lake.resumption import Resumption
from streetview_assets.orchestration.deleted_pictures import refuse_deleted
from streetview_assets.orchestration.work import Made, Work, not_applicable


def encoders(work: Work) -> Made:
    """The encoder's identity: all that makes its vectors what they are."""
    identity = load_encoder(work.study.encoder).identity
    return Made({"encoders": identity.frame()}, {"dimension": identity.dimension})


def image_embeddings(work: Work) -> Made:
    """One vector a picture, and a row with a reason for each that could not be read."""
    encoder = load_encoder(work.study.encoder)
    pictures = work.read("images").filter(status="ok")
    resumption = work.resumption(reuse=encoder.identity.fingerprint)
    done = _kept_vectors(work, resumption, pictures)
    todo = pictures.join(done, on="image_id", how="anti")
    if not isinstance(encoder, ImportedVectors):
        refuse_deleted(work, todo, encoder.identity.encoder)
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


def label_scores(work: Work) -> Made:
    """How much each picture is like each label of the study file, by the encoder's own words."""
    study = work.study
    if study.labels is None:
        return not_applicable(work, "label_scores", why="the study names no labels")
    if reason := why_no_words(study.encoder):
        return not_applicable(work, "label_scores", why=reason)
    words = load_text_encoder(study.encoder)
    check_same_weights(words, work.opened.read("encoders"))
    labels = label_vectors(prompts_of(study.labels), study.label_templates, words.encode)
    scores = scores_of(work.read("image_embeddings"), labels, temperature=words.temperature)
    best = scores.filter("is_best")["label"].value_counts(sort=True)
    return Made(
        {"label_scores": scores},
        {"temperature": words.temperature, "pictures most like": dict(best.iter_rows())},
    )


def _kept_vectors(work: Work, resumption: Resumption, pictures: pl.DataFrame) -> pl.DataFrame:
    """Read the rows that need not be made again, among them all whose pixels were deleted."""
    done = resumption.done().join(pictures, on="image_id", how="semi")
    again = done if work.anew else done.filter(status="failed") if work.retry else done.head(0)
    deleted = without_pixels(again, work.ledger.deleted(), work.opened.root)
    return pl.concat([done.join(again, on="image_id", how="anti"), deleted.select(done.columns)])


ASSETS = (encoders, image_embeddings, label_scores)
