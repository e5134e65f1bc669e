"""The direction of deprivation: what the encoder's words and images say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.text_encoder import TextEncoder, why_no_words
from streetview_assets.embeddings.looked_at import INCLUDED, VECTORS
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.embeddings.zero_shot.label_scores import label_vectors, prompts_of
from streetview_assets.embeddings.zero_shot.prompt_bank import PLACES, prompts_by_group
from streetview_assets.images.contact_sheet import contact_sheet
from streetview_assets.images.current import current_images
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_targets
from streetview_assets.study_state.lineage import figures_of, study_asset
from streetview_assets.text.counted import counted

if TYPE_CHECKING:
    from streetview_assets.models.direction.direction import Direction

SHOWN = 8
"""Texts of either end that are told in words."""


@study_asset(
    "models",
    writes=("deprivation_direction",),
    reads=("area_embeddings", "targets", "areas", INCLUDED, VECTORS, "encoders"),
    keys=(
        "models.target",
        "models.interval_level",
        "pooling.statistic",
        "crs",
        "seed",
        "labels",
        "label_templates",
        "direction",
    ),
    code_version=5,
    study_wide=True,
    unless=(no_targets,),
)
def deprivation_direction(work: AssetContext) -> AssetResult:
    """Which way vectors point as areas become more deprived: stability, words, images.

    Association alone: of all that goes along with deprivation in these areas, as images show it.
    """
    from streetview_assets.models.direction.direction import why_no_direction

    areas = _areas(work, work.target.name)
    if why := why_no_direction(areas):
        return work.not_applicable(why)
    direction = _direction(work, areas, on_progress=work.progress("draws of areas"))
    words = _words(work)
    rows = _rows(work, direction, words, work.target.name)
    frames = {"deprivation_direction": rows}
    return AssetResult(
        frames, {**_told(areas, rows, words), **_telling(rows), **work.drawn(frames)}
    )


@figures_of(deprivation_direction, keys=("targets.label",))
def _figures(work: AssetContext) -> dict[str, Any]:
    return {**_prompts(work), **_ends(work)}


def _direction(work: AssetContext, areas: pl.DataFrame, **how: Any) -> "Direction":
    from streetview_assets.areas.geometry import points_in_metres
    from streetview_assets.models.direction.direction import find_direction

    return find_direction(
        matrix(areas["embedding"]),
        areas["value"].to_numpy(),
        points_in_metres(areas, work.sources.crs()),
        more_is=work.target.more_is,
        seed=work.study.seed,
        **how,
    )


def _areas(work: AssetContext, target: str) -> pl.DataFrame:
    from streetview_assets.models.direction.direction import areas_with_value

    pooled = work.read_all("area_embeddings").filter(
        statistic=work.study.pooling.statistic, encoder=work.opened.encoder
    )
    targets = work.read_all("targets").filter(target=target)
    return areas_with_value(pooled, targets, work.read_all("areas"))


@dataclass(frozen=True)
class _Words:
    """Vectors of the study's labels and of the bank of texts, by name; whether there are any."""

    said: str
    labels: dict[str, np.ndarray] = field(default_factory=dict)
    prompts: dict[str, np.ndarray] = field(default_factory=dict)
    group_of: dict[str, str] = field(default_factory=dict)


def _words(work: AssetContext) -> _Words:
    study = work.study
    if study.labels is None and not study.direction.prompts:
        return _Words("the study names no labels, and wants no prompts")
    if reason := why_no_words(study.encoder):
        return _Words(reason)
    bank = study.direction.path or PLACES
    groups = prompts_by_group(bank) if study.direction.prompts else {}
    group_of = {prompt: group for group, prompts in groups.items() for prompt in prompts}
    encoder = work.text_encoder()
    labels = {} if study.labels is None else prompts_of(study.labels)
    return _Words(
        f"{counted(len(labels), 'label')} of the study, {counted(len(group_of), 'prompt')}",
        _vectors(labels, study.label_templates, encoder),
        _vectors({prompt: (prompt,) for prompt in group_of}, study.label_templates, encoder),
        group_of,
    )


def _rows(work: AssetContext, direction: "Direction", words: _Words, target: str) -> pl.DataFrame:
    from streetview_assets.models.direction.direction import direction_rows

    return direction_rows(
        direction,
        words.labels,
        target=target,
        encoder=work.opened.encoder,
        interval_level=work.study.models.interval_level,
        prompts=words.prompts,
        group_of=words.group_of,
    )


def _told(areas: pl.DataFrame, rows: pl.DataFrame, words: _Words) -> dict[str, Any]:
    """Say how surely the direction comes back, and which labels lie along it."""
    from streetview_assets.models.direction.direction import OF_RESAMPLES, OF_WORDS

    of_words = rows.filter(kind=OF_WORDS).sort("cosine", descending=True)
    resampled = rows.filter(kind=OF_RESAMPLES).row(0, named=True)
    return {
        "areas": areas.height,
        "cosine of resampled directions with it": resampled["cosine"] or resampled["note"],
        "words": words.said,
        "labels, the most deprived first": ", ".join(of_words["name"]) or "none",
    }


def _vectors(
    prompts: Mapping[str, Sequence[str]], templates: Sequence[str], encoder: TextEncoder
) -> dict[str, np.ndarray]:
    return label_vectors(prompts, templates, encoder.encode) if prompts else {}


def _prompts(work: AssetContext) -> dict[str, Any]:
    """Draw all texts of the bank."""
    from streetview_assets.models.direction.direction import OF_PROMPTS
    from streetview_assets.models.direction.prompts_chart import draw_prompts

    rows = work.read_all("deprivation_direction")
    if rows.filter(kind=OF_PROMPTS).is_empty():
        return {}
    drawn = draw_prompts(rows, title=work.titled(work.target.called), credit=work.credit)
    return {"prompts": work.figure("direction_prompts", drawn)}


def _telling(rows: pl.DataFrame) -> dict[str, Any]:
    """Tell which texts say something."""
    from streetview_assets.models.direction.direction import OF_PROMPTS
    from streetview_assets.models.direction.prompts_chart import outside_band

    if rows.filter(kind=OF_PROMPTS).is_empty():
        return {}
    telling = outside_band(rows)["name"]
    return {
        "prompts that say something": len(telling),
        "the most deprived": "; ".join(telling.head(SHOWN)) or "none",
        "the least deprived": "; ".join(telling.tail(SHOWN).reverse()) or "none",
    }


def _ends(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.models.direction.direction import images_at_both_ends

    areas = _areas(work, work.target.name)
    if not work.shows_images or areas.is_empty():
        return {}
    # The direction itself needs no areas weighted anew: those say how far it can be trusted.
    direction = _direction(work, areas, resamples=1)
    images = current_images(work.looked_at(work.read_all(INCLUDED)))
    images, across = images_at_both_ends(
        images.unique("image_id", keep="first"),
        work.read_all(VECTORS).unique("image_id", keep="first"),
        direction.vector,
    )
    if images.is_empty():
        return {}
    sheet = contact_sheet(
        images,
        work.opened.root,
        columns=across,
        seed=None,
        title=work.titled("both ends of the direction, least deprived above, most below"),
    )
    return {"images at both ends": work.figure("deprivation_direction", sheet)}
