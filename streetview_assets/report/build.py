"""Writes the report of a study: one HTML file that needs nothing else."""

from datetime import UTC, datetime
from pathlib import Path

from streetview_assets.figures import SYNTHETIC_NOTE
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.report.chapters.area import place_section
from streetview_assets.report.chapters.changes import changes_section
from streetview_assets.report.chapters.clusters import clusters_section
from streetview_assets.report.chapters.comparisons import comparisons_section
from streetview_assets.report.chapters.coverage import coverage_section
from streetview_assets.report.chapters.direction import direction_section
from streetview_assets.report.chapters.group_scores import group_scores_section
from streetview_assets.report.chapters.imagery import imagery_section
from streetview_assets.report.chapters.methods import (
    attribution_section,
    methods_section,
    provenance_section,
)
from streetview_assets.report.chapters.predictions import predictions_section
from streetview_assets.report.chapters.scores import scores_section, short_section
from streetview_assets.report.database import Published
from streetview_assets.report.further import further_sections
from streetview_assets.report.html import facts, page, paragraph
from streetview_assets.report.scores_table import judged_scores, study_scores
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.outdated import outdated

REPORT = "report.html"


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
    """Make the page: what came of the study, in words, tables and figures.

    Raises
    ------
    StudyError
        Where nothing is published yet.
    """
    published = Published(opened)
    scores = study_scores(published)
    sections = [
        short_section(published, scores, judged_scores(published)),
        place_section(published),
        imagery_section(published),
        coverage_section(published),
        scores_section(published, scores),
        predictions_section(published, scores),
        clusters_section(published),
        group_scores_section(published),
        changes_section(published),
        direction_section(published),
        *further_sections(published),
        comparisons_section(published),
        methods_section(published),
        provenance_section(published),
        attribution_section(published),
    ]
    name = opened.study.name
    return page(f"{name}: what its streets show", _opening(published), sections,
                _closing(published))  # fmt: skip


def _opening(published: Published) -> str:
    about = published.about
    warnings = [f"{SYNTHETIC_NOTE.capitalize()}."] if published.study.is_synthetic else []
    warnings += filter(None, [outdated(published.opened)])
    oldest, newest = about["captured_oldest_on"], about["captured_newest_on"]
    span = f"{oldest:%Y-%m} to {newest:%Y-%m}" if oldest and newest else "not known"
    span = f"{newest:%Y-%m}" if oldest and oldest == newest else span
    pairs = [
        ("authorities", f"{len(about['authorities']):,}" if published.study.areas else "none"),
        ("areas", f"{about['area_count']:,}"),
        ("images", f"{about['image_count']:,}"),
        ("captured", span),
        ("target", _target(published)),
        ("encoder", about["encoder"]),
    ]
    return "".join(paragraph(text, "warning") for text in warnings) + facts(pairs)


def _target(published: Published) -> str:
    target = published.study.target
    return f"{target.name} (higher is {target.more_is})" if target else "none"


def _closing(published: Published) -> str:
    about = published.about
    return paragraph(
        f"Written {datetime.now(UTC):%d %B %Y} by streetview-assets, from the database published "
        f"{about['built_at']:%d %B %Y}. {published.credit}",
        "quiet",
    )
