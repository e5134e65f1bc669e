"""Chapters that only some studies have: each is left out where its table is empty."""

from collections.abc import Callable

from streetview_assets.report.chapters.categories import categories_section
from streetview_assets.report.chapters.exclusions import exclusions_section
from streetview_assets.report.chapters.layout import layout_section
from streetview_assets.report.chapters.sample_size import sample_size_section
from streetview_assets.report.database import Published
from streetview_assets.report.html import Section, heading, listed

CHAPTERS: tuple[tuple[str, str, Callable[[Published], Section | None]], ...] = (
    ("Layout", "image_layouts", layout_section),
    ("Categories", "category_scores", categories_section),
    ("Excluded images", "image_exclusions", exclusions_section),
    ("The number of images", "sample_size_scores", sample_size_section),
)
"""Name of each chapter, the table that it needs, and what makes it."""


def further_sections(published: Published) -> list[Section]:
    """Make the chapters whose tables have rows, in the order of the page."""
    made = [make(published) for _, _, make in CHAPTERS]
    return [section for section in made if section is not None]


def chapters_left_out(published: Published) -> str:
    """Say why chapters are not on the page, where the making of their tables noted it."""
    said = [
        f"{name}: {why}."
        for name, table, _ in CHAPTERS
        if published.of_encoder(table).is_empty() and (why := published.why_empty(table))
    ]
    return heading("Not on this page") + listed(said) if said else ""
