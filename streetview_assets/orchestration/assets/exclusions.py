"""Images to exclude: indoors, in a car, or whatever the study file says is no street."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from streetview_assets.clusters.fit.sample import draw_sample
from streetview_assets.clusters.layout.exclusion_plane import (
    MOST_IMAGES,
    draw_exclusion_plane,
    exclusion_plane,
)
from streetview_assets.clusters.layout.layout import why_no_layout
from streetview_assets.embeddings.encoders.text_encoder import why_no_words
from streetview_assets.embeddings.looked_at import VECTORS
from streetview_assets.embeddings.zero_shot.exclusions import (
    exclusions_by_category,
    exclusions_by_rectangle,
    exclusions_by_words,
    street_scenes,
)
from streetview_assets.embeddings.zero_shot.exclusions import image_exclusions as put_together
from streetview_assets.embeddings.zero_shot.exclusions_sheet import exclusions_sheet, said_of
from streetview_assets.embeddings.zero_shot.label_scores import label_vectors
from streetview_assets.embeddings.zero_shot.prompt_bank import exclusion_reasons
from streetview_assets.errors import StudyError
from streetview_assets.images.current import current_images
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.assets.layout import kept_as_of, layout_inputs
from streetview_assets.orchestration.missing_parts import categories_of, no_part
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import figures_of, study_asset
from streetview_assets.tables.registry import TABLES


def _without_plane(study: Study) -> str | None:
    asked = study.exclusions is not None and study.exclusions.rectangles is not None
    return None if asked else "the study excludes no image by rectangles"


def _read_by_rule(study: Study) -> tuple[str, ...]:
    """Name the tables that rules of a study read besides."""
    has_rectangles = study.exclusions is not None and study.exclusions.rectangles
    return (*categories_of(study), *(("exclusion_layout",) if has_rectangles else ()))


@study_asset(
    "embeddings",
    writes=("exclusion_layout",),
    reads=("images", VECTORS),
    keys=("exclusions.rectangles", "seed"),
    study_wide=True,
    unless=(_without_plane,),
)
def exclusion_layout(work: AssetContext) -> AssetResult:
    """A plane of all current images, none excluded, on which rectangles are drawn by hand."""
    study, images = work.study, work.looked_at(work.read_all("images"))
    sample = draw_sample(work.read_all(VECTORS), images, fit_on=MOST_IMAGES, seed=study.seed)
    if why := why_no_layout(sample):
        return work.not_applicable(why)
    reuse = layout_inputs(sample, "exclusion plane", study.seed)
    plane = kept_as_of(work, "exclusion_layout", reuse)
    if plane is None:
        tell = work.progress("blocks")
        plane = exclusion_plane(
            sample, encoder=work.opened.encoder, seed=study.seed, on_progress=tell
        )
    told = {work.called: plane.height, "name of the plane": plane["plane"][0]}
    shown = work.drawn({"exclusion_layout": plane})
    return AssetResult({"exclusion_layout": plane}, {**told, **shown}, reuse=reuse)


@figures_of(exclusion_layout)
def _plane_shown(work: AssetContext) -> dict[str, Any]:
    plane = work.read_all("exclusion_layout")
    rule = work.study.exclusions
    assert rule is not None, "built only where the study asks for it"
    how = {"title": work.titled(), "credit": work.credit}
    drawn = draw_exclusion_plane(plane, rule.rectangles or (), **how)
    return {"plane": work.figure("exclusion_plane", drawn)}


@study_asset(
    "embeddings",
    writes=("image_exclusions",),
    reads=("images", VECTORS, "encoders"),
    keys=("exclusions", "label_templates", "categories_from"),
    reads_for=_read_by_rule,
    pool="encoder",
    unless=(no_part("exclusions"),),
)
def image_exclusions(work: AssetContext) -> AssetResult:
    """Images that do not show the street, by the study's rule; dropped only where it says so."""
    rule = work.study.exclusions
    assert rule is not None, "built only where the study asks for it"
    wordless = why_no_words(work.study.encoder)
    if wordless and not rule.categories and rule.rectangles is None:
        why = f"{wordless}. Or name `categories` of the images in `exclusions:`"
        return work.not_applicable(why)
    images = work.categorised(work.looked_at(work.read("images")))
    by_words, words = _by_words(work, wordless)
    found = put_together(
        images,
        exclusions_by_category(images, rule.categories),
        _by_rectangles(work, images),
        by_words,
        encoder=work.opened.encoder,
        is_dropped=rule.drop,
    )
    metadata = _told(work, found, current_images(images), rule.categories, words)
    shown = work.drawn({"image_exclusions": found})
    return AssetResult({"image_exclusions": found}, {**metadata, **shown})


@figures_of(image_exclusions)
def _excluded_shown(work: AssetContext) -> dict[str, Any]:
    found = work.read("image_exclusions")
    if found.is_empty() or not work.shows_images:
        return {}
    current = current_images(work.looked_at(work.read("images")))
    sheet = exclusions_sheet(found, current, work.opened.root, title=work.titled())
    return {"excluded images": work.figure("image_exclusions", sheet)}


def _by_rectangles(work: AssetContext, images: pl.DataFrame) -> pl.DataFrame:
    """Find the images in rectangles, on the plane that these were drawn on.

    Raises
    ------
    StudyError
        Where the plane is another one.
    """
    rule = work.study.exclusions
    assert rule is not None, "only where there is a rule"
    if not rule.rectangles:
        return exclusions_by_category(images, ())
    plane = work.read_all("exclusion_layout")
    if set(plane["plane"]) != {rule.drawn_on}:
        now = ", ".join(plane["plane"].unique()) or "none: see the table `exclusion_layout`"
        raise StudyError(
            f"{work.study.path}: exclusions.rectangles were drawn on the plane {rule.drawn_on}; "
            f"that of the images of today is {now}. Look at figures/study/exclusion_plane.png, "
            "draw them anew, and name it in `exclusions.drawn_on`."
        )
    return exclusions_by_rectangle(images, plane, rule.rectangles)


def _told(
    work: AssetContext,
    found: pl.DataFrame,
    current: pl.DataFrame,
    categories: Iterable[str],
    words: str,
) -> dict[str, Any]:
    """Count and show what is excluded, and name the categories that no image has."""
    told: dict[str, Any] = {
        work.called: current.height,
        "excluded": said_of(found),
        "by reason": dict(found["reason"].value_counts().sort("reason").iter_rows()),
        "words": words,
    }
    if unknown := sorted(set(categories) - set(current["category"].drop_nulls())):
        told["categories that no image here has"] = ", ".join(unknown)
    return told


def _by_words(work: AssetContext, wordless: str | None) -> tuple[pl.DataFrame, str]:
    """Find the images that words exclude, and say which words, or why there are none."""
    rule = work.study.exclusions
    assert rule is not None, "only where there is a rule"
    none = TABLES["image_exclusions"].frame()
    columns = ["authority_code", "image_id", "reason", "probability"]
    if rule.words == {}:
        return none.select(columns), "none: by category alone"
    if wordless:
        return none.select(columns), f"none: {wordless}"
    prompts = exclusion_reasons() if rule.words is None else rule.words
    vectors = work.read(VECTORS)
    if vectors.is_empty():
        return none.select(columns), "none: no image has a vector"
    encoder, templates = work.text_encoder(), work.study.label_templates
    found = exclusions_by_words(
        vectors,
        label_vectors(prompts, templates, encoder.encode),
        label_vectors(street_scenes(), templates, encoder.encode),
        temperature=encoder.temperature,
        above=rule.above,
    )
    return found, ", ".join(prompts)
