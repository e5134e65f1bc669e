"""Embeddings: the encoder and the vectors of images."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.encoders.text_encoder import why_no_words
from streetview_assets.embeddings.looked_at import VECTORS
from streetview_assets.embeddings.panoramas import mean_of_views, views_of_panoramas
from streetview_assets.embeddings.similarity.neighbour_sheets import (
    draw_images,
    far_apart_sheet,
    far_look_alikes,
    neighbours_sheet,
)
from streetview_assets.embeddings.similarity.neighbours import (
    Neighbours,
    find_neighbours,
    gather_images,
    why_no_neighbours,
)
from streetview_assets.embeddings.zero_shot.label_scores import label_scores as scores_of
from streetview_assets.embeddings.zero_shot.label_scores import label_vectors, prompts_of
from streetview_assets.images.retention import without_pixels
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.deleted_images import refuse_deleted
from streetview_assets.orchestration.missing_parts import no_labels, views_are_separate
from streetview_assets.study_state.checkpoint import Resumption
from streetview_assets.study_state.lineage import figures_of, study_asset

if TYPE_CHECKING:
    from streetview_assets.embeddings.encoders.imported.load import ImportedVectors


@study_asset(
    "embeddings",
    writes=("encoders",),
    keys=(
        "encoder.name",
        "encoder.checkpoint",
        "encoder.path",
        "encoder.options",
        "encoder.fit",
        "encoder.precision",
        "encoder.engine",
    ),
    code_version=2,
    study_wide=True,
    refresh="once_made",
)
def encoders(work: AssetContext) -> AssetResult:
    """The encoder's identity: all that makes its vectors what they are."""
    identity = load_encoder(work.study.encoder).identity
    return AssetResult({"encoders": identity.frame()}, {"dimension": identity.dimension})


@study_asset(
    "embeddings",
    writes=("image_embeddings",),
    reads=("images", "encoders"),
    remembers=("image_retention",),
    pool="encoder",
)
def image_embeddings(work: AssetContext) -> AssetResult:
    """One vector an image, and a row with a reason for each that could not be read."""
    from streetview_assets.orchestration.encoding import encode_images

    encoder = load_encoder(work.study.encoder)
    images = work.read("images").filter(status="ok")
    resumption = work.resumption(reuse=encoder.identity.fingerprint)
    done = _kept_vectors(work, resumption, images)
    todo = images.join(done, on="image_id", how="anti")
    encoder = _ready_for(work, encoder, todo)
    started = time.monotonic()
    made = encode_images(work, work.study.encoder, encoder, todo, resumption.shards, done)
    told = _told(encoder, made.rows, todo.height, seconds=time.monotonic() - started)
    return AssetResult(
        {"image_embeddings": made.rows}, told | made.told, reuse=encoder.identity.fingerprint
    )


def _ready_for(
    work: AssetContext, encoder: "ImageEncoder | ImportedVectors", images: pl.DataFrame
) -> "ImageEncoder | ImportedVectors":
    """Find images by the names of their files where vectors are imported; else ask for pixels."""
    from streetview_assets.embeddings.encoders.imported.load import (
        ImportedVectors,
        with_original_files,
    )

    if isinstance(encoder, ImportedVectors):
        return with_original_files(encoder, images, work.study.images)
    refuse_deleted(work, images, encoder.identity.encoder)
    return encoder


def _told(
    encoder: "ImageEncoder | ImportedVectors", table: pl.DataFrame, count: int, *, seconds: float
) -> dict[str, object]:
    from streetview_assets.embeddings.encoders.imported.load import ImportedVectors

    failed = table.filter(status="failed")
    return {
        "encoder": encoder.identity.encoder,
        "library": encoder.identity.library,
        "device": "none" if isinstance(encoder, ImportedVectors) else encoder.device,
        "precision": encoder.identity.precision,
        "images encoded now": count,
        "images a second": count / seconds if count else 0.0,
        "failures": dict(failed["error"].value_counts().iter_rows()),
    }


@study_asset(
    "embeddings",
    writes=("label_scores",),
    reads=(VECTORS, "encoders"),
    keys=("labels", "label_templates"),
    pool="encoder",
    unless=(no_labels,),
)
def label_scores(work: AssetContext) -> AssetResult:
    """How much each image, or panorama, is like each label, by the encoder's own words."""
    study = work.study
    assert study.labels is not None, "built only where the study asks for it"
    if reason := why_no_words(study.encoder):
        return work.not_applicable(reason)
    words = work.text_encoder()
    labels = label_vectors(prompts_of(study.labels), study.label_templates, words.encode)
    scores = scores_of(work.read(VECTORS), labels, temperature=words.temperature)
    best = scores.filter("is_best")["label"].value_counts(sort=True)
    return AssetResult(
        {"label_scores": scores},
        {"temperature": words.temperature, f"{work.called} most like": dict(best.iter_rows())},
    )


@study_asset(
    "embeddings",
    writes=("panorama_embeddings",),
    reads=("images", "image_embeddings", "encoders"),
    keys=("encoder.views",),
    remembers=("image_retention",),
    code_version=2,
    pool="encoder",
    unless=(views_are_separate,),
)
def panorama_embeddings(work: AssetContext) -> AssetResult:
    """One vector a panorama and capture: the mean of its views, or that of them side by side."""
    how = work.study.encoder.views
    slug = work.opened.encoder
    views = views_of_panoramas(work.read("images"), work.read("image_embeddings"), encoder=slug)
    if how == "panorama":
        return _of_strips(work, views)
    table = mean_of_views(views, encoder=slug)
    return AssetResult({"panorama_embeddings": table}, _views_that_went_in(table))


def _of_strips(work: AssetContext, views: pl.DataFrame) -> AssetResult:
    """Encode the views of each panorama side by side, as one image."""
    from streetview_assets.embeddings.encoders.imported.load import ImportedVectors
    from streetview_assets.orchestration.panorama_strips import encode_panoramas

    encoder = load_encoder(work.study.encoder)
    assert not isinstance(encoder, ImportedVectors), "the study file is refused"
    reuse = f"{work.study.encoder.views} {encoder.identity.fingerprint}"
    made = encode_panoramas(
        work, work.study.encoder, encoder, views, work.resumption(reuse=reuse).done()
    )
    metadata = {
        "panoramas encoded now": made.encoded_now,
        "kept with other views, since pixels are gone": made.kept_as_they_were,
        **made.told,
        **_views_that_went_in(made.table),
    }
    return AssetResult({"panorama_embeddings": made.table}, metadata, reuse=reuse)


@study_asset(
    "embeddings",
    writes=("neighbours",),
    reads=(VECTORS, "images", "sample_points"),
    keys=("neighbours", "seed"),
    code_version=2,
    study_wide=True,
)
def neighbours(work: AssetContext) -> AssetResult:
    """The images, or panoramas, that look most like each, over all authorities."""
    images, settings = gather_images(_parts(work)), work.study.neighbours
    if why := why_no_neighbours(len(images.vectors), settings.metric, called=work.called):
        return work.not_applicable(why)
    found = find_neighbours(
        images,
        encoder=work.opened.encoder,
        count=settings.count,
        metric=settings.metric,
        seed=work.study.seed,
        on_progress=work.progress("blocks"),
    )
    told = _told_of_neighbours(work, found, images.facts)
    sheets = work.drawn({"neighbours": found.table})
    return AssetResult({"neighbours": found.table}, {**told, **sheets})


def _told_of_neighbours(
    work: AssetContext, found: Neighbours, facts: pl.DataFrame
) -> dict[str, object]:
    """Say how many images there are, how they were searched, and how many are all but the same."""
    return {
        work.called: facts.height,
        "authorities that were in": ", ".join(sorted(set(facts["authority_code"]))),
        "metric": work.study.neighbours.metric,
        "search": found.search,
        "recall": found.recall,
        "near-duplicates": found.table.filter("is_near_duplicate")["image_id"].n_unique(),
    }


def _parts(work: AssetContext) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]:
    """Read what is looked at, its vectors and its points, one authority after the other."""
    opened = work.opened
    for code in opened.authorities:
        looked_at = opened.looked_at(opened.read("images", code))
        yield looked_at, opened.vectors(code), opened.read("sample_points", code)


@figures_of(neighbours)
def _neighbour_sheets(work: AssetContext) -> dict[str, object]:
    """Show some images beside their neighbours, and those that look alike far apart."""
    if not work.shows_images:
        return {}
    facts, found = gather_images(_parts(work)).facts, work.read_all("neighbours")
    root, title = work.opened.root, work.titled()
    drawn = draw_images(facts, seed=work.study.seed)
    near = neighbours_sheet(found, facts, root, image_ids=drawn, title=title)
    far = far_apart_sheet(far_look_alikes(found, facts), facts, root, title=title)
    return {
        "neighbours": work.figure("neighbours", near),
        "look-alikes far apart": work.figure("look_alikes_far_apart", far),
    }


def _views_that_went_in(panoramas: pl.DataFrame) -> dict[str, object]:
    ok = panoramas.filter(status="ok")
    views = ok["image_count"].value_counts().sort("image_count").iter_rows()
    return {
        "panoramas by number of views": {
            str(count): panorama_count for count, panorama_count in views
        },
        "failures": panoramas.height - ok.height,
    }


def _kept_vectors(work: AssetContext, resumption: Resumption, images: pl.DataFrame) -> pl.DataFrame:
    """Read the rows that need not be made again, among them all whose pixels were deleted."""
    from streetview_assets.embeddings.embed import of_same_pixels

    done = of_same_pixels(resumption.done(), images)
    again = done if work.anew else done.filter(status="failed") if work.retry else done.head(0)
    deleted = without_pixels(again, work.deleted_images, work.opened.root)
    return pl.concat([done.join(again, on="image_id", how="anti"), deleted.select(done.columns)])
