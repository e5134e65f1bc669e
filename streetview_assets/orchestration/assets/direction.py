"""The direction of deprivation: what the encoder's words and pictures say of it."""

from typing import Any

import numpy as np

from streetview_assets.embeddings.text_encoder import (
    check_same_weights,
    load_text_encoder,
    why_no_words,
)
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.embeddings.words import label_vectors, prompts_of
from streetview_assets.images.captures import current_pictures
from streetview_assets.images.contact_sheet import contact_sheet
from streetview_assets.images.terms import may_show_sample
from streetview_assets.models.direction import (
    OF_WORDS,
    Direction,
    direction_rows,
    find_direction,
    pictures_at_both_ends,
)
from streetview_assets.models.selection import too_few
from streetview_assets.orchestration.assets.models import NO_TARGET
from streetview_assets.orchestration.work import Made, Work, not_applicable


def deprivation_direction(work: Work) -> Made:
    """Which way vectors point as areas become more deprived: stability, words, pictures.

    Association alone: of all that goes along with deprivation in these areas, as pictures show it.
    """
    study = work.study
    if study.target is None:
        return not_applicable(work, "deprivation_direction", why=NO_TARGET)
    areas = (
        work.read_all("area_embeddings")
        .filter(statistic=study.pooling.statistic, encoder=work.opened.encoder)
        .join(
            work.read_all("targets").filter(target=study.target.name).drop_nulls("value"),
            on=["authority_code", "area_code"],
        )
        .sort("authority_code", "area_code")
    )
    why = too_few(areas.height)
    if not why and areas["value"].n_unique() == 1:
        why = "the target is the same in all areas"
    if why:
        return not_applicable(work, "deprivation_direction", why=why)
    direction = find_direction(
        matrix(areas["embedding"]),
        areas["value"].to_numpy(),
        more_is=study.target.more_is,
        seed=study.seed,
        on_progress=work.progress("draws of areas"),
    )
    labels, words = _labels(work)
    rows = direction_rows(
        direction,
        labels,
        target=study.target.name,
        encoder=work.opened.encoder,
        interval_level=study.models.interval_level,
    )
    of_words = rows.filter(kind=OF_WORDS).sort("cosine", descending=True)
    return Made(
        {"deprivation_direction": rows},
        {
            "areas": areas.height,
            "cosine of resampled directions with it": rows.filter(kind="resamples")[
                "cosine"
            ].item(),
            "words": words,
            "labels, the most deprived first": ", ".join(of_words["name"]) or "none",
            **_ends(work, direction),
        },
    )


def _labels(work: Work) -> tuple[dict[str, np.ndarray], str]:
    """Give the vectors of the study's labels, and whether there are any, in words."""
    study = work.study
    if study.labels is None:
        return {}, "the study names no labels"
    if reason := why_no_words(study.encoder):
        return {}, reason
    encoder = load_text_encoder(study.encoder)
    check_same_weights(encoder, work.opened.read("encoders"))
    found = label_vectors(prompts_of(study.labels), study.label_templates, encoder.encode)
    return found, f"the study's {len(found)} labels"


def _ends(work: Work, direction: Direction) -> dict[str, Any]:
    if not may_show_sample(work.study.images):
        return {}
    pictures, across = pictures_at_both_ends(
        current_pictures(work.read_all("images")).unique("image_id", keep="first"),
        work.read_all("image_embeddings").unique("image_id", keep="first"),
        direction.vector,
    )
    if pictures.is_empty():
        return {}
    sheet = contact_sheet(
        pictures,
        work.opened.root,
        columns=across,
        seed=None,
        title=f"{work.title}: both ends of the direction, least deprived above, most below",
    )
    return {"pictures at both ends": work.picture("deprivation_direction", sheet)}


ASSETS = (deprivation_direction,)
