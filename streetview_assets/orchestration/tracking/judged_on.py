"""What a model's score was reckoned on, by content: names stay where content changes."""

import hashlib

import numpy as np
import polars as pl

from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.study.models import Models
from streetview_assets.study_state.fingerprint import digest
from streetview_assets.study_state.lineage import specs

NO_DESIGN = frozenset(
    {"target", "candidates", "features", "components", "trials", "timeout_s", "transfer"}
)
"""Keys of `models` in which two models may differ that are judged by the same validation."""


def judged_on(
    work: AssetContext, data: AreaDataset, settings: Models, headline: str | None
) -> dict[str, str]:
    """Hash what two scores must share to be compared; the tags of a version of the model.

    Parameters
    ----------
    work
        The asset's partition: its study, and the tables `encoders` and `predictions`.
    data
        The areas that the model is fitted to, with what it sees of them as plain numbers.
    settings
        The part `models` of the study, with the numbers that `auto` came to: the same word
        comes to other blocks where areas or vectors are others.
    headline
        The validation that the score is of; None where there is no score.
    """
    return {
        "encoder_identity": encoder_identity(work),
        "headline": str(headline),
        "validation": _design(settings, work.study.seed),
        "blocks": f"{settings.block_side_km:g} km, buffer {settings.buffer_width_km:g} km",
        "folds": folds_held_out(work.read_all("predictions"), str(headline)),
        **content_of(data),
    }


def folds_held_out(predictions: pl.DataFrame, headline: str) -> str:
    """Hash which areas were held out together for a score.

    Parameters
    ----------
    predictions
        The table of that name.
    headline
        The validation that the score is of.
    """
    mine = predictions.filter(model=TUNED, validation=headline)
    return digest(mine.select("repeat", "area_code", "fold").unique().sort(pl.all()).rows())


def encoder_identity(work: AssetContext) -> str:
    """Hash all that makes the study's vectors what they are; its slug is but their name."""
    return digest(work.opened.read("encoders").rows())


def content_of(data: AreaDataset) -> dict[str, str]:
    """Hash the areas with their places, the values of the target, and what a model sees."""
    data = data.by_area_code()
    areas = [data.authority_codes, data.area_codes, data.place_m.round(3).tolist()]
    vectors = np.ascontiguousarray(data.vectors, dtype=np.float32)
    return {
        "areas": digest(areas),
        "target_values": digest(data.observed.tolist()),
        "vectors": hashlib.sha256(vectors.tobytes()).hexdigest(),
    }


def _design(settings: Models, seed: int) -> str:
    kept = settings.model_dump(mode="json", exclude=set(NO_DESIGN))
    return digest([specs()["model_selection"].code_version, kept, seed])
