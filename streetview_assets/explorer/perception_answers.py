"""What a study knows of people's ratings, read once, to answer for images and for places."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.errors import EncoderError, StudyError
from streetview_assets.images.current import current_images
from streetview_assets.perception.prediction.answer import Answer, answer_for_image
from streetview_assets.perception.prediction.distribution import predicted_scores
from streetview_assets.perception.prediction.final_model import FinalModel, models_by_quality
from streetview_assets.study_state.open_study import OpenStudy


@dataclass(frozen=True)
class ImageScorer:
    """What answers for an image that is brought.

    Attributes
    ----------
    encoder
        That of the study, loaded.
    models
        Of each quality the model, or why there is none.
    scores
        Of each quality what is predicted of the study's images, sorted.
    level
        Of intervals, 0 to 1.
    """

    encoder: ImageEncoder
    models: Mapping[str, FinalModel | str]
    scores: Mapping[str, np.ndarray]
    level: float

    def answer(self, name: str, vector: np.ndarray | None, error: str | None) -> Answer:
        """Answer for an image that was encoded; see `answer_for_image`.

        Parameters
        ----------
        name
            Of the image.
        vector
            Its vector, (d,); None where it has none.
        error
            Why it has none.
        """
        return answer_for_image(name, vector, error, self.models, self.scores, self.level)


def load_image_scorer(opened: OpenStudy) -> ImageScorer:
    """Load the encoder of a study, and fit the model of every quality.

    Raises
    ------
    StudyError
        Where the study's encoder takes no pixels, or nothing was learned yet.
    EncoderError
        Where its weights are not those that made the vectors of the study.
    """
    from streetview_assets.embeddings.encoders.imported.load import ImportedVectors
    from streetview_assets.embeddings.encoders.registry import load_encoder

    models = _study_models(opened)
    encoder = load_encoder(opened.study.encoder)
    if isinstance(encoder, ImportedVectors):
        raise StudyError(
            f"{opened.study.path}: its vectors were made elsewhere, so that no image can be "
            "encoded here; name the encoder that made them"
        )
    if encoder.identity.weights_sha256 not in opened.read("encoders")["weights_sha256"].to_list():
        raise EncoderError(
            "the encoder's weights here are not those that made the vectors of the study; bring "
            f"them up to date: streetview run {opened.study.path}"
        )
    scores = predicted_scores(opened.read("image_perception"))
    return ImageScorer(encoder, models, scores, opened.study.models.interval_level)


def place_tables(
    opened: OpenStudy,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Read what is asked of a place: see the parameters of `answer_for_place`, in their order.

    Raises
    ------
    StudyError
        Where no image has a score yet.
    """
    perceived = opened.read("image_perception")
    if perceived.is_empty():
        raise StudyError(_nothing_learned(opened))
    places = opened.read("sample_points").select("point_id", "longitude", "latitude")
    images = current_images(opened.read("images")).join(
        places.unique("point_id"), on="point_id", how="left"
    )
    return (
        images.join(perceived, on="image_id", how="semi").unique("image_id"),
        perceived,
        opened.read("areas"),
        opened.read("area_perception"),
    )


def _study_models(opened: OpenStudy) -> dict[str, Any]:
    settings = opened.study.perception
    known = opened.read("rated_embeddings")
    if settings is None or known.is_empty():
        raise StudyError(_nothing_learned(opened))
    return models_by_quality(
        opened.read("image_ratings").filter(group_name="all"),
        known,
        opened.read("perception_predictions").filter(validation="random"),
        settings,
        opened.study.models.interval_level,
    )  # fmt: skip


def _nothing_learned(opened: OpenStudy) -> str:
    path = opened.study.path
    return f"{path}: no image has a score yet; make them: streetview run {path}"
