"""How much each image is like words that are chosen beforehand: to be found without a server."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.text_encoder import (
    check_same_weights,
    load_text_encoder,
    why_no_words,
)
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.embeddings.zero_shot.label_scores import cosines, label_vectors
from streetview_assets.errors import StudyError
from streetview_assets.study_state.open_study import OpenStudy


def word_likeness(
    opened: OpenStudy, words: Sequence[str], image_ids: Sequence[str]
) -> dict[str, np.ndarray]:
    """Compare images with words, authority by authority, so that memory is bounded.

    Parameters
    ----------
    opened
        The study, whose encoder reads text.
    words
        Texts, each put into the study's `label_templates`.
    image_ids
        In the order of the page.

    Returns
    -------
    dict
        By word the cosines (n,), float32; NaN of an image without a vector. Empty without words.

    Raises
    ------
    StudyError
        Where the encoder reads no text.
    """
    if not words:
        return {}
    study = opened.study
    if reason := why_no_words(study.encoder):
        raise StudyError(f"{study.path}: explorer.words: {reason}")
    encoder = load_text_encoder(study.encoder)
    check_same_weights(encoder, opened.read("encoders"))
    prompts = {word: (word.strip(),) for word in words}
    of_words = label_vectors(prompts, study.label_templates, encoder.encode)
    wanted = np.stack([of_words[word] for word in words])
    places = pl.DataFrame({"image_id": image_ids}).with_row_index("row")
    alike = np.full((len(words), len(image_ids)), np.nan, dtype=np.float32)
    for authority in opened.authorities:
        vectors = opened.vectors(authority).filter(status="ok").select("image_id", "embedding")
        there = vectors.join(places, on="image_id")
        if there.height:
            alike[:, there["row"].to_numpy()] = cosines(matrix(there["embedding"]), wanted).T
    return dict(zip(words, alike, strict=True))
