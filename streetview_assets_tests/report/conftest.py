"""The small study of the lake's tests, published, with its report: made once, then read."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from streetview_assets.report.build import report_html, sections
from streetview_assets.report.database import Published
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.marts import table_notes
from streetview_assets.warehouse.publish import Build, publish
from streetview_assets.warehouse.published_query import DATABASE
from streetview_assets_tests.lake.conftest import STUDY, small_frames
from streetview_assets_tests.lake.small_lake import ENCODER, SmallStudy

HOSTILE = "East <b>&</b> \"West\" $\\no{formula$ <script>alert('x')</script></style> {{ 7 * 7 }}"
"""A name that a page must not take for its own words."""
MODELS = ("predictions", "model_scores", "area_predictions", "authority_scores",
          "held_out_predictions", "held_out_scores", "gains", "findings",
          "subgroup_errors", "age_gap_scores", "next_town_scores")  # fmt: skip


def publish_small(
    folder: Path, text: str, frames: dict[str, pl.DataFrame], provider: str = "mapillary"
) -> OpenStudy:
    """Write a small study's tables and publish it."""
    folder.mkdir()
    for name in ("areas.geojson", "targets.csv"):
        (folder / name).touch()
    (folder / "study.yaml").write_text(text.replace("PROVIDER", provider))
    study = SmallStudy(folder)
    for table, frame in frames.items():
        study.write(table, frame)
    study.make_marts()
    opened = OpenStudy(study.study, folder / "data")
    built_at = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
    build = Build(opened.study_hash, "0.1.0", "build 1", built_at, table_notes(opened))
    publish(study.lake, study.study, build)
    return opened


def chapters(published: Published, *anchors: str) -> dict[str, str]:
    """Give some chapters of a study, those of them that it has, by anchor: the HTML of each."""
    return {section.anchor: str(section.html) for section in sections(published, anchors)}


def chapter(anchor: str, published: Published) -> str:
    """Give one chapter of a study: its HTML."""
    (section,) = sections(published, {anchor})
    return str(section.html)


@pytest.fixture
def with_tables(hostile_study: OpenStudy, tmp_path: Path) -> Callable[..., Published]:
    """The published study with the rows of some tables put in its database."""

    def make(**rows: list[dict[str, Any]] | pl.DataFrame) -> Published:
        folder = shutil.copytree(hostile_study.root, tmp_path / "data")
        with duckdb.connect(str(folder / DATABASE)) as connection:
            for name, found in rows.items():
                frame = found if isinstance(found, pl.DataFrame) else _frame(name, found)
                connection.register("made", frame)
                connection.execute(f"create or replace table {name} as from made")
        return Published(folder, hostile_study.study)

    return make


def _frame(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = TABLES[name].schema
    full = [{key: ({"encoder": ENCODER} | row).get(key) for key in schema} for row in rows]
    return pl.DataFrame(full, schema=schema)


@pytest.fixture(scope="session")
def published_study(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., OpenStudy]:
    """Publish the small study with some of its frames and its study file changed."""

    def make(text: str = STUDY, provider: str = "mapillary", **changes: pl.DataFrame) -> OpenStudy:
        folder = tmp_path_factory.mktemp("report") / "study"
        return publish_small(folder, text, small_frames(provider) | changes, provider)

    return make


@pytest.fixture(scope="session")
def hostile_study(published_study: Callable[..., OpenStudy]) -> OpenStudy:
    """A study whose authority has a name with tags in it."""
    areas = small_frames("mapillary")["areas"].with_columns(
        authority_name=pl.when(pl.col("authority_code") == "E01")
        .then(pl.lit(HOSTILE))
        .otherwise("authority_name")
    )
    return published_study(areas=areas)


@pytest.fixture(scope="session")
def page(hostile_study: OpenStudy) -> str:
    """Its report."""
    return report_html(hostile_study)


@pytest.fixture(scope="session")
def without_targets(published_study: Callable[..., OpenStudy]) -> OpenStudy:
    """A study without targets, and so without models."""
    changes = {name: TABLES[name].frame() for name in (*MODELS, "targets")}
    return published_study(STUDY.split("targets:")[0], "synthetic", **changes)
