"""Writes the report of a study: one HTML file that needs nothing else."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from streetview_assets.figures import SYNTHETIC_NOTE
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.report.chapters.area import where
from streetview_assets.report.chapters.categories import categories
from streetview_assets.report.chapters.changes import changes
from streetview_assets.report.chapters.clusters import clusters
from streetview_assets.report.chapters.comparisons import comparisons
from streetview_assets.report.chapters.coverage import coverage
from streetview_assets.report.chapters.direction import direction
from streetview_assets.report.chapters.exclusions import exclusions
from streetview_assets.report.chapters.group_scores import group_scores
from streetview_assets.report.chapters.imagery import imagery
from streetview_assets.report.chapters.influences import influences
from streetview_assets.report.chapters.layout import layout
from streetview_assets.report.chapters.methods import attribution, made_from, methods
from streetview_assets.report.chapters.perception import perception
from streetview_assets.report.chapters.predictions import maps, predictions
from streetview_assets.report.chapters.sample_size import sample_size
from streetview_assets.report.chapters.scores import scores, short
from streetview_assets.report.database import Published
from streetview_assets.report.page import rendered
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.outdated import outdated

REPORT = "report.html"


@dataclass(frozen=True)
class Chapter:
    """A chapter of the page, told by the template of its anchor's name.

    Attributes
    ----------
    anchor, heading
        Of its section.
    find
        Asks the published database for what the template tells; None where there is nothing.
    needs
        A table without whose rows the chapter is left out.
    """

    anchor: str
    heading: str
    find: Callable[[Published], dict[str, Any] | None]
    needs: str = ""


CHAPTERS = (
    Chapter("short", "In short", short),
    Chapter("maps", "Observed and predicted", maps),
    Chapter("where", "Where", where),
    Chapter("imagery", "Imagery", imagery),
    Chapter("coverage", "Coverage and its bias", coverage),
    Chapter("scores", "Scores", scores),
    Chapter("predictions", "Predictions", predictions),
    Chapter("influences", "What moves a prediction", influences, needs="area_influences"),
    Chapter("clusters", "Clusters", clusters),
    Chapter("group-scores", "What each kind of scene tells", group_scores),
    Chapter("changes", "Change over time", changes),
    Chapter("direction", "The direction of deprivation", direction),
    Chapter("perception", "What people see", perception),
    Chapter("layout", "Layout", layout, needs="image_layouts"),
    Chapter("categories", "Categories", categories, needs="category_scores"),
    Chapter("exclusions", "Excluded images", exclusions, needs="image_exclusions"),
    Chapter("sample-size", "The number of images", sample_size, needs="sample_size_scores"),
    Chapter("comparisons", "Targets, transfer, learning", comparisons),
    Chapter("methods", "Methods and limits", methods),
    Chapter("made-from", "Made from", made_from),
    Chapter("attribution", "Attribution", attribution),
)


@dataclass(frozen=True)
class Section:
    """A chapter as it stands on a page."""

    anchor: str
    heading: str
    html: Markup


def write_report(opened: OpenStudy, output: Path | None = None) -> Path:
    """Write the report of a study from its published database.

    Parameters
    ----------
    opened
        The study; it has to be published.
    output
        Default: `report.html` in the study's folder of data.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    StudyError
        Where nothing is published yet.
    """
    path = output or opened.root / REPORT
    text = report_html(opened)
    with written_aside(path, suffix=path.suffix) as aside:
        aside.write_text(text, encoding="utf-8")
    return path


def report_html(opened: OpenStudy) -> str:
    """Make the page of a study, with a word where what is published is out of date.

    Raises
    ------
    StudyError
        Where nothing is published yet.
    """
    published = Published(opened.root, opened.study)
    return page_of(published, warning=outdated(opened))


def page_of(published: Published, *, warning: str = "") -> str:
    """Make the page: what came of the study, in words, tables and figures.

    Parameters
    ----------
    published
        The published database and the kept figures; nothing else is read.
    warning
        What a reader has to know first.
    """
    drawn = f"{SYNTHETIC_NOTE.capitalize()}." if published.study.is_synthetic else ""
    return rendered(
        "page.html",
        published=published,
        study=published.study,
        about=published.about,
        chapters=sections(published),
        warnings=[text for text in (drawn, warning) if text],
        written=datetime.now(UTC),
    )


def sections(published: Published, only: Collection[str] | None = None) -> list[Section]:
    """Make the chapters that a study has, in the order of the page.

    Parameters
    ----------
    published
        The published database and the kept figures.
    only
        Anchors of the chapters that are wanted; None: all.
    """
    without = {
        chapter: published.why_empty(chapter.needs)
        for chapter in CHAPTERS
        if chapter.needs and published.of_encoder(chapter.needs).is_empty()
    }
    left_out = [f"{chapter.heading}: {why}." for chapter, why in without.items() if why]
    made = []
    for chapter in CHAPTERS:
        if only is not None and chapter.anchor not in only:
            continue
        found = None if chapter in without else chapter.find(published)
        if found is not None:
            html = rendered(
                f"{chapter.anchor}.html",
                published=published,
                study=published.study,
                about=published.about,
                left_out=left_out,
                **found,
            )
            made.append(Section(chapter.anchor, chapter.heading, html))
    return made
