"""The images that are most like a text, authority by authority."""

import polars as pl

from streetview_assets.embeddings.encoders.text_encoder import (
    TextEncoder,
    check_same_weights,
    load_text_encoder,
    why_no_words,
)
from streetview_assets.embeddings.looked_at import vector_table
from streetview_assets.embeddings.zero_shot.label_scores import label_vectors, most_alike
from streetview_assets.errors import StudyError
from streetview_assets.images.current import current_images
from streetview_assets.study_state.open_study import OpenStudy


def search_by_words(
    opened: OpenStudy, query: str, count: int, encoder: TextEncoder | None = None
) -> pl.DataFrame:
    """Find the current images, or panoramas where these are looked at, most like a text.

    Authority by authority, so that memory is bounded by the largest one.

    Parameters
    ----------
    opened
        The study, whose encoder reads text.
    query
        What to look for, in words; put into each of the study's `label_templates`.
    count
        The most images to give.
    encoder
        The study's, where it is loaded already.

    Returns
    -------
    pl.DataFrame
        Rows of the table `images`, of panoramas those of `looked_at`, with their `similarity`, the
        most alike first.

    Raises
    ------
    StudyError
        Where the encoder reads no text, or no image has a vector yet.
    """
    study = opened.study
    if not query.strip():
        raise StudyError('say what to look for: streetview search "boarded-up shop"')
    if reason := why_no_words(study.encoder):
        raise StudyError(f"{study.path}: {reason}")
    if not opened.lake.files(vector_table(study.encoder.views), encoder=opened.encoder):
        raise StudyError(_no_vectors(opened))
    if encoder is None:
        encoder = load_text_encoder(study.encoder)
        check_same_weights(encoder, opened.read("encoders"))
    vector = label_vectors({query: (query.strip(),)}, study.label_templates, encoder.encode)[query]
    found = []
    for authority in opened.authorities:
        images = current_images(opened.looked_at(opened.read("images", authority)))
        vectors = opened.vectors(authority).filter(status="ok")
        current = vectors.join(images, on="image_id", how="semi")
        found.append(most_alike(current, vector, count).join(images, on="image_id", how="left"))
    nearest = pl.concat(found).sort("similarity", "image_id", descending=[True, False]).head(count)
    if nearest.is_empty():
        raise StudyError(_no_vectors(opened))
    return nearest


def _no_vectors(opened: OpenStudy) -> str:
    return (
        f"{opened.study.path}: no current image has a vector of {opened.encoder} yet; make "
        f"them: streetview run {opened.study.path} --until embeddings"
    )
