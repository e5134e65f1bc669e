"""Pictures to set aside: indoors, in a car, or whatever the study file says is no street."""

from typing import Any

import polars as pl

from streetview_assets.embeddings.encoders.text_encoder import (
    check_same_weights,
    load_text_encoder,
    why_no_words,
)
from streetview_assets.embeddings.looked_at import VECTORS
from streetview_assets.embeddings.zero_shot.exclusions import (
    REASONS,
    STREET,
    set_aside_by_category,
    set_aside_by_words,
)
from streetview_assets.embeddings.zero_shot.exclusions import pictures_set_aside as put_together
from streetview_assets.embeddings.zero_shot.exclusions_sheet import said_of, set_aside_sheet
from streetview_assets.embeddings.zero_shot.label_scores import label_vectors
from streetview_assets.images.current import current_pictures
from streetview_assets.images.providers.terms import may_show_sample
from streetview_assets.orchestration.asset_context import Made, Work, not_applicable
from streetview_assets.tables.registry import TABLES


def pictures_set_aside(work: Work) -> Made:
    """Pictures that do not show the street, by the study's rule; dropped only where it says so."""
    rule = work.study.set_aside
    if rule is None:
        why = "the study has no `set_aside:`"
        return not_applicable(work, "pictures_set_aside", why=why)
    wordless = why_no_words(work.study.encoder)
    if wordless and not rule.categories:
        why = f"{wordless}. Or name `categories` of the pictures in `set_aside:`"
        return not_applicable(work, "pictures_set_aside", why=why)
    images = work.looked_at(work.read("images"))
    by_words, words = _by_words(work, wordless)
    found = put_together(
        images,
        set_aside_by_category(images, rule.categories),
        by_words,
        encoder=work.opened.encoder,
        is_dropped=rule.drop,
    )
    current = current_pictures(images)
    metadata: dict[str, Any] = {
        work.called: current.height,
        "set aside": said_of(found),
        "by reason": dict(found["reason"].value_counts().sort("reason").iter_rows()),
        "words": words,
    }
    if unknown := sorted(set(rule.categories) - set(current["category"].drop_nulls())):
        metadata["categories that no picture here has"] = ", ".join(unknown)
    if found.height and may_show_sample(work.study.images):
        sheet = set_aside_sheet(found, current, work.opened.root, title=work.title)
        metadata["pictures set aside"] = work.picture("pictures_set_aside", sheet)
    return Made({"pictures_set_aside": found}, metadata)


def _by_words(work: Work, wordless: str | None) -> tuple[pl.DataFrame, str]:
    """Find the pictures that words set aside, and say which words, or why there are none."""
    rule = work.study.set_aside
    assert rule is not None, "only where there is a rule"
    none = TABLES["pictures_set_aside"].frame()
    columns = ["authority_code", "image_id", "reason", "probability"]
    if rule.words == {}:
        return none.select(columns), "none: by category alone"
    if wordless:
        return none.select(columns), f"none: {wordless}"
    prompts = REASONS if rule.words is None else rule.words
    vectors = work.read(VECTORS)
    if vectors.is_empty():
        return none.select(columns), "none: no picture has a vector"
    encoder = load_text_encoder(work.study.encoder)
    check_same_weights(encoder, work.opened.read("encoders"))
    templates = work.study.label_templates
    found = set_aside_by_words(
        vectors,
        label_vectors(prompts, templates, encoder.encode),
        label_vectors(STREET, templates, encoder.encode),
        temperature=encoder.temperature,
        above=rule.above,
    )
    return found, ", ".join(prompts)


ASSETS = (pictures_set_aside,)
"""In the order in which they run."""
