"""Scores of images by a model that was exported."""

from collections.abc import Sequence

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.perception.prediction.neighbours import neighbours_of, predicted_from
from streetview_assets.perception.published.exported_model import OPTION, Learned
from streetview_assets.perception.published.scoring import Rule
from streetview_assets.perception.published.vector_folder import NamedVectors
from streetview_assets.text.counted import counted
from streetview_assets.text.spreadsheet_text import guarded


def predicted_scores(
    images: NamedVectors, learned: Sequence[Learned], rule: Rule
) -> tuple[pl.DataFrame, list[str]]:
    """Predict the score of each image by the images most alike that were rated.

    Parameters
    ----------
    images
        Paths and vectors.
    learned
        Vectors and scores of each quality.
    rule
        Numbers of neighbours, and how cosines become weights; nothing is split.

    Returns
    -------
    tuple
        image, category, k, score, nearest_cosine (how alike the rated image is that is most alike),
        in the order of the images; and what is to be said.

    Raises
    ------
    StudyError
        Where vectors are not as long as the model's, or cosines cannot be made weights.
    """
    dimension, expected = images.vectors.shape[1], learned[0].vectors.shape[1]
    if dimension != expected:
        raise StudyError(
            f"{OPTION}: the model's vectors have {counted(expected, 'number')}, those of the "
            f"images {dimension}: give images by the encoder that the model was exported with"
        )
    frames, said = [], []
    for one in learned:
        most = min(max(rule.ks), len(one.scores))
        places, cosines = neighbours_of(images.vectors, one.vectors, most)
        for k in rule.ks:
            if k > most:
                said.append(
                    f"{one.quality}: k = {k} is above the {counted(most, 'score')} of the model: "
                    "all of them are taken"
                )
            near, alike = places[:, :k], cosines[:, :k]
            try:
                scores = predicted_from(near, alike, one.scores, rule.normalisation)
            except ValueError as error:
                raise StudyError(f"{one.quality}, k = {k}: {error}") from error
            columns = {"image": images.names, "category": one.quality, "k": k}
            frames.append(pl.DataFrame(columns | {"score": scores, "nearest_cosine": alike[:, 0]}))
    return guarded(pl.concat(frames)), said
