"""What the mart `imagery_quality` and the checks of quality say, against hand counts and scipy."""

import re
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.lake.checked import run_check

FIRST_POINT = pl.col("point_id") == "A1p"
LONG_AGO = date(2009, 5, 1)


def set_columns(study, table, where=None, **values):
    schema = TABLES[table].schema
    columns = [pl.lit(value, schema[name]).alias(name) for name, value in values.items()]
    study.change(table, *columns, where=where)


def rows_of(study, own_queries, check):
    return run_check(study.lake, own_queries[check], study.study).sample


@pytest.fixture
def quality(small_study):
    """Make the mart anew, as rows by authority."""

    def make():
        small_study.make_marts()
        mart = small_study.mart("imagery_quality")
        return {row["authority_code"]: row for row in mart.iter_rows(named=True)}

    return make


@pytest.fixture
def images(small_study):
    """Replace all images by one for each of the values given, the columns by name."""

    def make(**columns):
        image = small_study.lake.read("images").row(0, named=True)
        count = len(next(iter(columns.values())))
        rows = [
            image | {"image_id": f"image {i}"} | {name: v[i] for name, v in columns.items()}
            for i in range(count)
        ]
        small_study.write("images", TABLES["images"].frame(rows))

    return make


@pytest.fixture
def profile(small_study):
    """Replace the areas of the first authority in area_profile."""

    def make(observed, image_count, point_count):
        row = small_study.mart("area_profile").head(1)
        frame = pl.concat([row] * len(observed)).with_columns(
            area_code=pl.Series([f"N{i:03d}" for i in range(len(observed))]),
            observed=pl.Series(observed, dtype=pl.Float64),
            image_count=pl.Series(image_count, dtype=pl.Int64),
            point_count=pl.Series(point_count, dtype=pl.Int64),
        )
        small_study.write_mart("area_profile", frame)

    return make


def test_the_small_study_is_as_counted_by_hand(small_study, quality):
    set_columns(small_study, "images", pl.col("status") == "ok", brightness=0.5, sharpness=300.0)
    set_columns(small_study, "images", FIRST_POINT, brightness=0.1)
    set_columns(small_study, "images", pl.col("image_id") == "A1q-0", sharpness=99.9)
    set_columns(small_study, "images", pl.col("status") == "ok", perceptual_hash="0" * 16)
    set_columns(small_study, "images", pl.col("point_id") == "A2p", duplicate_of="A1p-0")
    set_columns(small_study, "panoramas", is_third_party=False)
    set_columns(small_study, "panoramas", FIRST_POINT, is_third_party=True)
    east, west = quality().values()
    assert (east["image_count"], west["image_count"]) == (11, 4)
    assert east["failed_share"] == pytest.approx(1 / 12)
    assert east["dark_share"] == pytest.approx(4 / 11)
    assert east["blurred_share"] == pytest.approx(1 / 11)
    assert east["duplicate_share"] == pytest.approx(3 / 11)
    assert (east["brightness_median"], east["sharpness_median"]) == (0.5, 300)
    assert east["third_party_share"] == pytest.approx(1 / 3)
    assert east["captured_oldest_on"] == date(2021, 6, 1)
    assert east["captured_median_on"] == date(2022, 3, 1)
    assert east["captured_newest_on"] == date(2024, 6, 1)
    assert east["looked_up_on"] == date(2026, 5, 1)
    assert east["age_years"] == pytest.approx(1522 / 365.25)
    assert east["span_years"] == pytest.approx(1096 / 365.25)
    assert east["leaf_on_share"] == pytest.approx(8 / 11)
    assert (east["area_with_point_count"], east["area_covered_share"]) == (2, 1)
    assert (west["area_with_point_count"], west["area_covered_share"]) == (2, 0.5)
    # Targets 100, 50, 70; images per point 4, 3, none.
    assert east["coverage_target_correlation"] == pytest.approx(0.5)
    assert (east["coverage_area_count"], west["coverage_area_count"]) == (3, 1)
    assert west["coverage_target_correlation"] is None


def test_images_that_look_into_another_area_are_counted_where_they_were_taken(small_study, quality):
    there = small_study.lake.read("images").filter(status="ok").sort("image_id")
    taken = there.filter(area_code="A1")["image_id"].to_list()
    found = there.select(
        "authority_code", "image_id", "area_code",
        looks_at_code=pl.when(pl.col("image_id") == taken[0]).then(pl.lit("A2"))
        .when(pl.col("image_id") == taken[1]).then(None).otherwise("area_code"),
    )  # fmt: skip
    small_study.write("image_areas", found)
    east = quality()["E01"]
    assert east["elsewhere_share"] == pytest.approx(2 / 11)
    profile = small_study.mart("area_profile")
    shares = dict(profile.select("area_code", "elsewhere_share").iter_rows())
    assert shares["A1"] == pytest.approx(2 / len(taken))
    assert shares["A2"] == 0
    assert east["elsewhere_share_high"] == shares["A1"]
    without_images = profile.filter(image_count=0)
    assert without_images.height
    assert without_images["elsewhere_share"].is_null().all()


def test_what_was_never_measured_is_unknown_and_not_good(quality):
    unmeasured = (
        "dark_share", "blurred_share", "duplicate_share", "third_party_share", "elsewhere_share"
    )  # fmt: skip
    for row in quality().values():
        assert [row[name] for name in unmeasured] == [None] * 5
    assert row["age_years"] is None
    assert row["leaf_on_share"] is None


def test_images_that_are_not_current_change_nothing(small_study, quality):
    before = quality()
    images = small_study.lake.read("images")
    older = images.with_columns(
        image_id="older " + pl.col("image_id"),
        captured_on=pl.lit(LONG_AGO),
        is_current=pl.lit(False),
        brightness=pl.lit(0.01),
        sharpness=pl.lit(0.0),
    )
    small_study.write("images", pl.concat([images, older]))
    assert quality() == before


def test_an_authority_without_areas_has_its_row(small_study, quality):
    for table in ("areas", "targets"):
        for path in small_study.lake.files(table):
            path.unlink()
    east, west = quality().values()
    assert (east["image_count"], east["area_covered_share"]) == (11, None)
    assert (west["coverage_area_count"], west["coverage_target_correlation"]) == (0, None)


@pytest.mark.parametrize(
    ("latitude", "share"), [(50.0, 0.75), (-33.0, 0.25), (1.3, None), (-20.0, None)]
)
def test_leaves_follow_the_hemisphere(small_study, quality, images, latitude, share):
    images(captured_on=[date(2024, month, 1) for month in (5, 7, 10, 11)])
    set_columns(small_study, "sample_points", latitude=latitude)
    assert quality()["E01"]["leaf_on_share"] == share


@pytest.mark.parametrize("seed", range(3))
def test_the_correlation_is_spearmans_ties_included(small_study, own_queries, profile, seed):
    rng = np.random.default_rng(seed)
    observed = rng.integers(0, 30, 200).astype(float)
    point_count = rng.integers(0, 4, 200)
    image_count = rng.binomial(4 * point_count, 0.2 + 0.6 * observed / 30)
    profile(observed.tolist(), image_count.tolist(), point_count.tolist())
    per_point = np.divide(image_count, point_count, where=point_count > 0, out=np.zeros(200))
    expected = spearmanr(observed, per_point).statistic
    found = rows_of(small_study, own_queries, "imagery_leans_on_no_target")
    assert found["correlation"].to_list() == pytest.approx([expected])
    assert found["area_count"].to_list() == [200]


def test_coverage_that_does_not_lean_is_no_warning(small_study, own_queries, profile):
    check = "imagery_leans_on_no_target"
    rank = list(range(40))
    profile(rank, [4] * 40, [1] * 40)
    assert rows_of(small_study, own_queries, check).is_empty()
    profile(rank, [4 * (i % 2) for i in rank], [1] * 40)
    assert rows_of(small_study, own_queries, check).is_empty()
    profile(rank[:29], rank[:29], [1] * 29)
    assert rows_of(small_study, own_queries, check).is_empty()
    profile(rank, rank[::-1], [1] * 40)
    assert rows_of(small_study, own_queries, check)["correlation"].to_list() == [-1.0]
    profile([None] * 40, rank, [1] * 40)
    assert rows_of(small_study, own_queries, check).is_empty()


@pytest.mark.parametrize(
    ("check", "column", "bad", "good", "borne"),
    [
        ("images_bright", "brightness", 0.19, 0.2, 5),
        ("images_sharp", "sharpness", 99.9, 100.0, 5),
        ("images_not_repeated", "duplicate_of", "another", None, 2),
    ],
)
def test_a_few_bad_images_in_a_hundred_are_borne(
    small_study, own_queries, images, check, column, bad, good, borne
):
    for count, warned in ((borne, 0), (borne + 1, 1)):
        values = [bad] * count + [good] * (100 - count)
        images(**{column: values, "perceptual_hash": ["0" * 16] * 100})
        assert rows_of(small_study, own_queries, check).height == warned


@pytest.mark.parametrize(
    ("months", "warned"), [([6], 0), ([12], 0), ([6, 7, 8, 9, 1], 1), ([6] * 9 + [1], 0)]
)
def test_one_season_with_a_few_of_the_other_is_no_warning(
    small_study, own_queries, images, months, warned
):
    images(captured_on=[date(2024, months[i % len(months)], 1) for i in range(50)])
    assert rows_of(small_study, own_queries, "images_of_one_season").height == warned


def test_one_old_image_among_many_is_no_warning(small_study, own_queries, images):
    images(captured_on=[LONG_AGO] + [date(2024, 6, 1)] * 40)
    assert rows_of(small_study, own_queries, "images_recent").is_empty()
    images(captured_on=[LONG_AGO] * 5 + [date(2024, 6, 1)] * 36)
    assert rows_of(small_study, own_queries, "images_recent")["age_years"][0] < 10


def test_a_provider_of_nothing_but_uploads_is_no_warning(small_study, own_queries):
    set_columns(small_study, "panoramas", is_third_party=True)
    assert rows_of(small_study, own_queries, "panoramas_of_provider_itself").is_empty()


def test_mart_and_checks_draw_the_same_line(own_queries):
    for check, column in (("images_bright", "brightness"), ("images_sharp", "sharpness")):
        limits = {
            limit
            for name in (check, "imagery_quality")
            for limit in re.findall(rf"{column} < ([\d.]+)", own_queries[name].sql)
        }
        assert len(limits) == 1, column
