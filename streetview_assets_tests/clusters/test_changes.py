"""Pairs of captures of made-up streets whose changes are known."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from streetview_assets.clusters.change.changes import capture_changes
from streetview_assets.clusters.change.map import change_by_point, draw_changes
from streetview_assets.embeddings.vectors import vector_series
from streetview_assets.tables.registry import TABLES, check_contract

ENCODER = "made-up"
HEADINGS = (0, 90, 180, 270)
OLD, MIDDLE, NEW = date(2012, 6, 1), date(2018, 6, 1), date(2024, 6, 1)
UNKNOWN = date(1, 1, 1)
EAST, NORTH, BETWEEN = [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]


def image(point: str, on: date, vector: list[float] | None, **other: object) -> dict:
    heading = other.get("heading_deg", 0.0)
    return {
        "authority_code": "E1",
        "image_id": f"{point} {on:%Y} {heading}",
        "point_id": point,
        "area_code": "A1",
        "provider": "google",
        "panorama_id": f"pano {point} {on:%Y}",
        "captured_on": on,
        "heading_deg": heading,
        "status": "ok",
        "is_current": on == NEW,
        "vector": vector,
        **other,
    }


def changes_of(*images: dict, centres: pl.DataFrame | None = None) -> pl.DataFrame:
    """Compare images given in any order, and hold the result against its contract."""
    rows = [{k: v for k, v in one.items() if k != "vector"} for one in images[::-1]]
    with_vector = [one for one in images if one["vector"]]
    ids = [one["image_id"] for one in with_vector]
    embeddings = pl.DataFrame({"image_id": ids}, schema={"image_id": pl.String}).select(
        pl.lit("E1").alias("authority_code"),
        "image_id",
        pl.lit(ENCODER).alias("encoder"),
        pl.lit("ok").alias("status"),
        vector_series("embedding", np.array([one["vector"] for one in with_vector])),
        pl.lit(None, dtype=pl.String).alias("error"),
    )
    changes = capture_changes(
        TABLES["images"].frame(rows),
        embeddings,
        TABLES["cluster_centres"].frame() if centres is None else centres,
        encoder=ENCODER,
        headings_deg=HEADINGS,
    )
    check_contract(TABLES["capture_changes"], changes)
    return changes


def centres() -> pl.DataFrame:
    found = {"encoder": ENCODER, "method": "kmeans", "space": "raw", "k": 2, "image_count": 1}
    rows = [found | {"cluster": n, "centre": at} for n, at in ((1, EAST), (2, NORTH))]
    return TABLES["cluster_centres"].frame(rows)


def test_each_capture_is_held_against_the_one_before_it():
    changes = changes_of(
        image("p", OLD, EAST),
        image("p", MIDDLE, BETWEEN),
        image("p", NEW, NORTH),
        centres=centres(),
    ).sort("to_on")
    assert changes.select("from_on", "to_on").rows() == [(OLD, MIDDLE), (MIDDLE, NEW)]
    assert changes["cosine"].to_list() == pytest.approx([0.6, 0.8], abs=1e-6)
    assert changes.select("from_cluster", "to_cluster").rows() == [(1, 2), (2, 2)]
    assert (
        changes.row(0, named=True).items()
        >= {
            "from_image_id": "p 2012 0.0",
            "to_image_id": "p 2018 0.0",
            "point_id": "p",
            "area_code": "A1",
            "heading_deg": 0.0,
            "encoder": ENCODER,
        }.items()
    )


def test_every_direction_of_a_point_is_a_view_of_its_own():
    changes = changes_of(
        *(image("p", OLD, EAST, heading_deg=float(heading)) for heading in HEADINGS),
        *(image("p", NEW, NORTH, heading_deg=float(heading)) for heading in HEADINGS),
    )
    assert sorted(changes["heading_deg"]) == list(HEADINGS)
    assert changes["from_image_id"].to_list() == [
        name.replace("2024", "2012") for name in changes["to_image_id"]
    ]


def test_without_centres_there_is_a_cosine_and_no_cluster():
    changes = changes_of(image("p", OLD, EAST), image("p", NEW, EAST))
    assert changes["cosine"].to_list() == [1.0]
    assert changes["from_cluster"].to_list() == changes["to_cluster"].to_list() == [None]


@pytest.mark.parametrize(
    ("earlier", "newer"),
    [
        ({"point": "q"}, {}),
        ({"heading_deg": 180.0}, {}),
        ({"heading_deg": None}, {"heading_deg": None}),
        ({"heading_deg": 20.0}, {"heading_deg": 40.0}),
        ({"on": UNKNOWN}, {}),
        ({"on": NEW, "image_id": "another"}, {}),
        ({"status": "missing"}, {}),
        ({"vector": None}, {}),
        ({"sha256": "same"}, {"sha256": "same"}),
    ],
    ids=[
        *("another point", "another direction", "direction unknown", "too far round"),
        *("date unknown", "same date", "no image", "no vector", "the same file again"),
    ],
)
def test_what_is_no_pair_is_not_compared(earlier: dict, newer: dict):
    one = image(**{"point": "p", "on": OLD, "vector": EAST, **earlier})
    other = image(**{"point": "p", "on": NEW, "vector": NORTH, **newer})
    assert changes_of(one, other).is_empty()


def test_directions_a_little_apart_are_one_view_across_north_too():
    changes = changes_of(
        image("p", OLD, EAST, heading_deg=355.0), image("p", NEW, NORTH, heading_deg=8.0)
    )
    assert changes["heading_deg"].to_list() == [8.0]


def test_a_file_that_got_another_date_is_one_capture_of_the_current_date():
    """The provider set a date right: what it says now is held against the rest."""
    changes = changes_of(
        image("p", OLD, EAST),
        image("p", MIDDLE, NORTH, sha256="same", is_current=True),
        image("p", NEW, NORTH, sha256="same", is_current=False),
    )
    assert changes["to_on"].to_list() == [MIDDLE]


def test_how_alike_different_places_are_is_said_beside():
    images = [
        image(point, on, vector)
        for point, vector in (("p", EAST), ("q", BETWEEN))
        for on in (OLD, NEW)
    ]
    changes = changes_of(*images)
    assert changes["cosine"].to_list() == pytest.approx([1, 1])
    assert changes["cosine_elsewhere"].to_list() == pytest.approx([0.6, 0.6])
    alone = changes_of(*images[:2])
    assert alone["cosine_elsewhere"].to_list() == [None]


def sample_points(area: str | None, *points: str) -> pl.DataFrame:
    return TABLES["sample_points"].frame(
        [
            {
                "authority_code": "E1",
                "point_id": point,
                "area_code": area,
                "longitude": -1.5 + number / 500,
                "latitude": 53.8,
            }
            for number, point in enumerate(points)
        ]
    )


def test_the_map_shows_the_point_that_changed_most_and_whom_to_name():
    changes = changes_of(
        *(image("p", on, EAST) for on in (OLD, NEW)),
        image("q", OLD, EAST),
        image("q", NEW, NORTH),
    )
    points = sample_points(None, "p", "q", "never seen twice")
    by_point = change_by_point(changes, points)
    assert by_point.select("point_id", "change").rows() == [("p", 0.0), ("q", 1.0)]
    figure = draw_changes(
        TABLES["areas"].frame(), points, changes, title="small town", credit="Imagery © Somebody"
    )
    axes = figure.axes[0]
    assert "2 of 3 points" in axes.get_title()
    assert "2012 to 2024" in axes.get_title()
    said = figure.get_supxlabel()
    assert "Imagery © Somebody" in said
    assert "seasons" in said
    coloured = next(drawn for drawn in axes.collections if drawn.get_array() is not None)
    assert coloured.get_array().tolist() == [0.0, 1.0]
    most = coloured.get_offsets()[1]
    least = coloured.get_offsets()[0]
    assert most[0] - least[0] == pytest.approx(131.6, abs=1), "metres, q to the east of p"
