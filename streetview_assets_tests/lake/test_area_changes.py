"""What the mart `area_changes` says of changes that are known."""

from datetime import date

import polars as pl
import pytest

from streetview_assets.tables.registry import TABLES

OLD, MIDDLE, NEW = date(2012, 6, 1), date(2018, 6, 1), date(2024, 6, 1)
ALIKE, MIXED, OTHER = 0.9, 0.7, 0.2


def change(area: str | None, point: str, before: date, after: date, cosine: float, *clusters):
    return {
        "authority_code": "E02" if area and area.startswith("B") else "E01",
        "to_image_id": f"{point} {after} {cosine}",
        "encoder": "colour-texture",
        "from_image_id": f"{point} {before} {cosine}",
        "point_id": point,
        "area_code": area,
        "heading_deg": 0.0,
        "from_on": before,
        "to_on": after,
        "cosine": cosine,
        "from_cluster": clusters[0],
        "to_cluster": clusters[1],
    }


@pytest.fixture
def mart(small_study):
    rows = [
        change("A1", "A1p", MIDDLE, NEW, ALIKE, 1, 1),
        change("A1", "A1p", MIDDLE, NEW, MIXED, 1, 2),
        change("A1", "A1q", MIDDLE, NEW, OTHER, 2, 2),
        change("A1", "A1p", OLD, MIDDLE, OTHER, 1, 2),
        change("B1", "B1p", OLD, NEW, ALIKE, None, None),
        change(None, "nowhere", OLD, NEW, ALIKE, 1, 1),
    ]
    frame = TABLES["capture_changes"].frame(rows)
    another = frame.with_columns(encoder=pl.lit("another"), cosine=pl.lit(0.0))
    small_study.write("capture_changes", pl.concat([frame, another]))
    small_study.make_marts()
    return small_study.mart("area_changes")


def test_areas_by_year_with_the_median_and_the_share_that_changed_cluster(mart):
    said = mart.select(
        *("area_code", "area_name", "authority_code", "year", "point_count", "pair_count"),
        *("median_cosine", "changed_cluster_share"),
    )
    assert said.rows() == [
        ("A1", "Area A1", "E01", 2018, 1, 1, OTHER, 1.0),
        ("A1", "Area A1", "E01", 2024, 2, 3, MIXED, pytest.approx(1 / 3)),
        ("B1", "Area B1", "E02", 2024, 1, 1, ALIKE, None),
    ]
    assert mart["median_years_between"].to_list() == pytest.approx([6, 6, 12], abs=0.01)
    assert mart["synthetic"].to_list() == [False] * 3


def test_a_study_without_two_captures_has_no_row(small_study):
    assert small_study.mart("area_changes").is_empty()
