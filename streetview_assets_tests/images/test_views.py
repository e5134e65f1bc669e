"""Ids of images that never change, and which images are wanted of which panoramas."""

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from streetview_assets.images.panoramas import update_panoramas
from streetview_assets.images.providers.base import FOUND, VIEWS
from streetview_assets.images.views import image_id, still_wanted, wanted_images
from streetview_assets.study.images import Images
from streetview_assets.tables.registry import TABLES

MAY = date(2019, 5, 1)
GOOGLE = ("google", "CAoSLEFGMVFpcE1", MAY)
IMAGES = Images(provider="synthetic")


class FourViews:
    name = "four"
    id_names_one_capture = False

    def views(self, panoramas):
        headings = pl.DataFrame({"heading_deg": [0.0, 90.0, 180.0, 270.0]})
        return (
            panoramas.select("panorama_id", "captured_on")
            .join(headings, how="cross")
            .with_columns(category=None, source_path=None)
            .cast(VIEWS)
        )


def _panoramas(noon, *rows):
    found = pl.DataFrame(list(rows), schema=FOUND)
    return update_panoramas(found, None, authority_code="A1", provider="four", seen_at=noon)


def test_ids_are_the_same_on_every_machine_for_ever():
    assert image_id(*GOOGLE, 90, 90, 0, (640, 640)) == "1f2774b5a35eef99fdd8bb51"
    assert (
        image_id("folder", "0" * 64, date(1, 1, 1), None, 90, 0, (640, 640))
        == "b6cdfb7d2d9baf2849f920a5"
    )


@given(st.floats(0, 359.999), st.floats(-90, 90))
def test_numbers_that_mean_the_same_give_the_same_id(heading_deg, pitch_deg):
    one = image_id(*GOOGLE, heading_deg, 90, pitch_deg, (640, 480))
    assert one == image_id(*GOOGLE, heading_deg + 360, 90.0, pitch_deg + 0.0, [640, 480])
    assert one != image_id(*GOOGLE, heading_deg, 90, pitch_deg, (480, 640))
    assert one != image_id(*GOOGLE, None, 90, pitch_deg, (640, 480))


def test_a_date_that_is_set_right_leaves_the_image_what_it_is_where_the_id_names_one_capture(
    noon, make_points, found_row
):
    class OneCaptureAnId(FourViews):
        id_names_one_capture = True

    def wanted(views, month):
        panoramas = _panoramas(noon, found_row("a", "P", month))
        return wanted_images(views, panoramas, make_points("a"), IMAGES)

    june = date(2019, 6, 1)
    before, after = wanted(OneCaptureAnId(), MAY), wanted(OneCaptureAnId(), june)
    assert before["image_id"].equals(after["image_id"])
    rows = before.with_columns(authority_code=pl.lit("A1"), status=pl.lit("ok"), is_current=True)
    kept = still_wanted(TABLES["images"].frame(rows.rows(named=True)), after)
    assert kept["captured_on"].to_list() == [june] * 4
    assert not set(wanted(FourViews(), MAY)["image_id"]) & set(
        wanted(FourViews(), june)["image_id"]
    )


def test_minus_zero_is_zero():
    assert image_id(*GOOGLE, -0.0, 90, -0.0, (64, 64)) == image_id(*GOOGLE, 0, 90, 0, (64, 64))


def test_points_that_share_a_panorama_share_its_images_by_the_nearest(noon, make_points, found_row):
    panoramas = _panoramas(
        noon,
        found_row("a_far", "P", MAY, distance_m=30.0),
        found_row("near", "P", MAY, distance_m=3.0),
        found_row("also_near", "P", MAY, distance_m=3.0),
        found_row("alone", "Q", MAY, distance_m=1.0),
        found_row("bare", status="no_imagery"),
    )
    points = make_points("a_far", "near", "also_near", "alone", "bare")
    wanted = wanted_images(FourViews(), panoramas, points, IMAGES)
    assert wanted.height == 8
    of_shared = wanted.filter(panorama_id="P")
    assert of_shared["point_id"].unique().to_list() == ["also_near"]
    assert of_shared["area_code"].unique().to_list() == ["area of also_near"]
    assert wanted["image_id"].is_sorted()
    shuffled = wanted_images(
        FourViews(), panoramas.sample(fraction=1, shuffle=True, seed=1), points.reverse(), IMAGES
    )
    assert shuffled.equals(wanted)


def test_only_what_is_there_now_is_wanted(noon, make_points, found_row):
    panoramas = _panoramas(noon, found_row("a", "P", MAY), found_row("b", "Q", MAY))
    old = panoramas.with_columns(is_current=pl.col("panorama_id") == "Q")
    wanted = wanted_images(FourViews(), old, make_points("a", "b"), IMAGES)
    assert wanted["panorama_id"].unique().to_list() == ["Q"]
    assert wanted_images(FourViews(), old, make_points("a"), IMAGES).is_empty()


def test_images_of_older_captures_are_wanted_with_all_and_not_beyond_the_points(
    noon, make_points, found_row
):
    found = [found_row("a", "P", MAY), found_row("b", "Q", MAY), found_row("c", "R", MAY)]
    table = _panoramas(noon, *found).with_columns(is_current=pl.col("panorama_id") == "Q")
    table = table.with_columns(copyright="© " + pl.col("panorama_id"))
    points = make_points("a", "b")
    every = wanted_images(FourViews(), table, points, IMAGES, captures="all")
    assert every["panorama_id"].value_counts().sort("panorama_id").rows() == [("P", 4), ("Q", 4)]
    assert every.select("panorama_id", "copyright").unique().sort("panorama_id").rows() == [
        ("P", "© P"),
        ("Q", "© Q"),
    ]
    now = wanted_images(FourViews(), table, points, IMAGES)
    assert now.equals(every.filter(panorama_id="Q"))


def test_a_shared_capture_goes_by_the_points_that_still_find_it(noon, make_points, found_row):
    found = [found_row("a", "P", MAY, distance_m=1.0), found_row("b", "P", MAY, distance_m=9.0)]
    table = _panoramas(noon, *found).with_columns(is_current=pl.col("point_id") == "b")
    points = make_points("a", "b")
    every = wanted_images(FourViews(), table, points, IMAGES, captures="all")
    assert every["point_id"].unique().to_list() == ["b"]
    assert every.equals(wanted_images(FourViews(), table, points, IMAGES))


def test_an_image_that_is_kept_moves_with_its_area(noon, make_points, found_row):
    panoramas = _panoramas(noon, found_row("a", "P", MAY))
    wanted = wanted_images(FourViews(), panoramas, make_points("a"), IMAGES)
    row = wanted.row(0, named=True) | {
        "authority_code": "A1",
        "status": "ok",
        "sha256": "5f",
        "is_current": True,
    }
    before = TABLES["images"].frame(
        [row | {"area_code": "as it was"}, row | {"image_id": "no longer wanted"}]
    )
    after = still_wanted(before, wanted)
    assert after.schema == TABLES["images"].schema
    assert after.select("area_code", "sha256").rows() == [("area of a", "5f")]
