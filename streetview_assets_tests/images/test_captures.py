"""Which images are current, over captures that come and go."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetview_assets.images.current import current_images, mark_current
from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.images.views import WANTED
from streetview_assets.study.images import Images
from streetview_assets.tables.registry import TABLES, check_contract

OLD, MID, NEW = date(2016, 3, 1), date(2019, 7, 1), date(2023, 8, 1)
SEEN_AT = datetime(2026, 1, 1, tzinfo=UTC)
OWN_PROVIDERS = ["folder", "hdf5", "synthetic"]
FOUR = Images(provider="synthetic")
NORTH = Images(provider="synthetic", headings_deg=[0])


def panorama(point, panorama_id, captured_on=OLD, found=True, **more):
    return {
        "authority_code": "A1", "point_id": point, "provider": "google",
        "panorama_id": panorama_id, "captured_on": captured_on, "status": "ok",
        "first_seen_at": SEEN_AT, "last_seen_at": SEEN_AT, "is_current": found,
    } | more  # fmt: skip


def nothing(point):
    return panorama(point, "", UNKNOWN_DATE, status="no_imagery")


def image(image_id, panorama_id, captured_on=OLD, heading_deg=0.0, status="ok", **more):
    return {
        "authority_code": "A1", "image_id": image_id, "point_id": "p", "area_code": "of p",
        "provider": "google", "panorama_id": panorama_id, "captured_on": captured_on,
        "heading_deg": heading_deg, "status": status, "is_current": True,
    } | more  # fmt: skip


def mark(panoramas, images, *, wanted=(), points="pqr", wishes=FOUR, as_of=None, by="google"):
    table = TABLES["images"].frame(images)
    marked = mark_current(
        table,
        TABLES["panoramas"].frame(panoramas),
        pl.DataFrame([{"image_id": image_id} for image_id in wanted], schema=WANTED),
        pl.DataFrame({"point_id": list(points), "area_code": [f"of {p}" for p in points]}),
        wishes=wishes,
        provider=by,
        as_of=as_of,
    )
    check_contract(TABLES["images"], marked)
    assert marked["image_id"].to_list() == table["image_id"].to_list()
    return marked


def current(*args, **options):
    return mark(*args, **options).filter("is_current")["image_id"].to_list()


TWO = [panorama("p", "a", OLD, found=False), panorama("p", "b", NEW)]
FAILED = "failed"


def test_the_newest_capture_is_current_and_the_older_one_is_kept():
    images = [image("1", "a", OLD), image("2", "b", NEW)]
    assert current(TWO, images) == ["2"]
    assert current_images(mark(TWO, images))["image_id"].to_list() == ["2"]


@pytest.mark.parametrize("status", ["failed", "missing"])
def test_where_the_newer_image_is_not_there_the_older_one_stands_in(status):
    images = [
        image("1", "a", OLD, 0.0),
        image("2", "a", OLD, 90.0),
        image("3", "b", NEW, 0.0, status, error="why"),
        image("4", "b", NEW, 90.0),
    ]
    marked = mark(TWO, images, wanted=["3", "4"])
    assert marked.filter("is_current")["image_id"].to_list() == ["1", "3", "4"]
    assert current_images(marked)["image_id"].to_list() == ["1", "4"]
    assert current(TWO, images, wanted=["4"]) == ["1", "4"], "what is not wanted now is no gap"


def test_an_image_that_is_not_fetched_yet_leaves_the_older_one_current():
    assert current(TWO, [image("1", "a", OLD)]) == ["1"]


def test_the_slot_is_the_nearest_heading_across_north_too():
    both = [panorama("p", "a", OLD), panorama("p", "b", NEW)]
    images = [image("1", "a", OLD, 350.0), image("2", "b", NEW, 44.0)]
    assert current(both, images) == ["2"]
    images[1]["heading_deg"] = 46.0
    assert current(both, images) == ["1", "2"]
    images[1]["heading_deg"] = None
    assert current(both, images) == ["1", "2"]


def test_a_point_that_now_shares_another_panorama_lets_its_old_one_go():
    panoramas = [
        panorama("p", "b", NEW, distance_m=2.0),
        panorama("q", "a", OLD, found=False, distance_m=1.0),
        panorama("q", "b", NEW, distance_m=9.0),
    ]
    marked = mark(panoramas, [image("1", "a", OLD, point_id="q"), image("2", "b", NEW)])
    assert marked.filter("is_current")["image_id"].to_list() == ["2"]


def test_an_image_goes_by_the_nearest_of_the_points_that_chose_it():
    shared = [
        panorama("p", "a", OLD, found=False, distance_m=1.0),
        panorama("p", "b", NEW),
        panorama("q", "a", OLD, distance_m=9.0),
    ]
    images = [image("1", "a", OLD), image("2", "b", NEW)]
    now = mark(shared, images)
    assert now["is_current"].to_list() == [True, True]
    assert now.select("point_id", "area_code").rows() == [("q", "of q"), ("p", "of p")]
    then = mark(shared, images, as_of=MID)
    assert then["is_current"].to_list() == [True, False]
    assert then.row(0, named=True)["area_code"] == "of p"


def test_as_of_a_month_is_what_was_captured_up_to_it():
    images = [image("1", "a", OLD), image("2", "b", NEW)]
    assert current(TWO, images, as_of=date(2016, 2, 1)) == []
    assert current(TWO, images, as_of=OLD) == ["1"]
    assert current(TWO, images, as_of=date(2023, 7, 1)) == ["1"]
    assert current(TWO, images, as_of=NEW) == ["2"]
    late = [image("1", "a", OLD), image("2", "b", NEW, 0.0, "failed", error="why")]
    assert current(TWO, late, wanted=["2"], as_of=OLD) == ["1"]


def test_a_capture_without_a_date_is_not_known_to_be_so_old():
    undated = [panorama("p", "a", UNKNOWN_DATE)]
    assert current(undated, [image("1", "a", UNKNOWN_DATE)]) == ["1"]
    assert current(undated, [image("1", "a", UNKNOWN_DATE)], as_of=NEW) == []


def test_a_date_that_was_set_right_replaces_the_wrong_one():
    corrected = [panorama("p", "a", NEW, found=False), panorama("p", "a", OLD)]
    assert current(corrected, [image("1", "a", NEW), image("2", "a", OLD)]) == ["2"]


def test_where_the_last_look_up_says_that_there_is_nothing_there_is_nothing():
    gone = [panorama("p", "a", OLD, found=False), nothing("p")]
    assert current(gone, [image("1", "a", OLD)]) == []
    assert current(gone, [image("1", "a", OLD)], as_of=NEW) == ["1"]
    failed = [panorama("p", "", UNKNOWN_DATE, status=FAILED, error="why"), panorama("p", "a", OLD)]
    assert current(failed, [image("1", "a", OLD)]) == ["1"]


def test_points_that_are_gone_choose_nothing():
    panoramas = [panorama("gone", "a", OLD, found=False), panorama("p", "b", NEW)]
    assert current(panoramas, [image("1", "a", OLD), image("2", "b", NEW)]) == ["2"]


@pytest.mark.parametrize("provider", OWN_PROVIDERS)
def test_own_images_that_are_gone_are_gone(provider):
    def own(row):
        return row | {"provider": provider}

    panoramas = [own(panorama("p", "a", OLD, found=False)), own(panorama("p", "b", NEW))]
    assert current(panoramas, [image("1", "a", OLD)], by=provider) == []
    assert current(panoramas, [image("1", "a", OLD)], by=provider, as_of=MID) == ["1"]


@pytest.mark.parametrize("provider", ["folder", "hdf5"])
def test_all_own_images_of_a_point_are_current(provider):
    panoramas = [
        panorama("p", name, on, provider=provider) for name, on in (("a", OLD), ("b", NEW))
    ]
    images = [image("1", "a", OLD), image("2", "b", NEW), image("3", "b", NEW, 5.0)]
    assert current(panoramas, images, by=provider) == ["1", "2", "3"]


def test_no_longer_found_and_no_longer_asked_for_does_not_stand_in():
    images = [image("1", "a", OLD), image("2", "b", NEW, 0.0, "failed", error="why")]
    for wishes, more in (
        ({"captured_between": ["2017-01", None]}, {}),
        ({"captured_between": [None, "2016-02"]}, {}),
        ({"radius_m": 20}, {"distance_m": 21.0}),
        ({"third_party": False}, {"is_third_party": True}),
    ):
        panoramas = [panorama("p", "a", OLD, found=False, **more), panorama("p", "b", NEW)]
        asked = Images.model_validate({"provider": "synthetic", **wishes})
        assert current(panoramas, images) == ["1"]
        assert current(panoramas, images, wishes=asked) == []


def test_of_equals_the_larger_id_wins():
    images = [image("1", "a", OLD, 1.0), image("2", "a", OLD, 2.0)]
    assert current([panorama("p", "a", OLD)], images, wishes=NORTH) == ["2"]


# The same rule, slowly: point by point, slot by slot.

POINTS, NAMES, DATES = "pqr", "abc", [UNKNOWN_DATE, OLD, MID, NEW]
SEEN = st.tuples(
    st.sampled_from(POINTS + "x"),
    st.sampled_from(NAMES),
    st.sampled_from(DATES),
    st.booleans(),
    st.sampled_from([None, 1.0, 40.0]),
    st.sampled_from(["google", "other"]),
)
TAKEN = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(DATES),
    st.sampled_from([None, 0.0, 44.0, 90.0, 200.0, 350.0]),
    st.sampled_from(["ok", "ok", "failed"]),
    st.booleans(),
)


def slowly(panoramas, images, wanted, headings, provider, as_of):
    def in_time(captured_on):
        return as_of is None or UNKNOWN_DATE < captured_on <= as_of

    def slot(image):
        if provider in ("folder", "hdf5") or image["heading_deg"] is None:
            return image["image_id"]
        apart = [abs((image["heading_deg"] - heading + 180) % 360 - 180) for heading in headings]
        return apart.index(min(apart))

    choosers = {}
    for point in POINTS:
        here = [row for row in panoramas if (row["point_id"], row["provider"]) == (point, provider)]
        bare = any(row["status"] == "no_imagery" and row["is_current"] for row in here)
        slots = {}
        for seen in here:
            found = seen["is_current"]
            if seen["status"] != "ok" or not in_time(seen["captured_on"]):
                continue
            if not found and as_of is None and (bare or provider in OWN_PROVIDERS):
                continue
            for image in images:
                same = all(image[name] == seen[name] for name in ("panorama_id", "captured_on"))
                if same and image["status"] == "ok":
                    rank = (found and not as_of, image["captured_on"], found, image["image_id"])
                    distance = seen["distance_m"]
                    entry = (rank, (distance is None, distance or 0, point), image["image_id"])
                    slots[slot(image)] = max(slots.get(slot(image), entry), entry)
        for _, nearness, image_id in slots.values():
            choosers.setdefault(image_id, []).append(nearness)
    for image in images:
        if image["image_id"] in choosers:
            point = min(choosers[image["image_id"]])[2]
            yield image["image_id"], True, point, f"of {point}"
        else:
            failure = image["status"] != "ok" and image["image_id"] in wanted
            is_current = failure and in_time(image["captured_on"])
            yield image["image_id"], is_current, image["point_id"], image["area_code"]


@settings(max_examples=120, deadline=None)
@given(
    st.lists(SEEN, max_size=8, unique_by=lambda row: (row[0], row[1], row[2], row[5])),
    st.lists(TAKEN, max_size=7),
    st.sets(st.sampled_from(POINTS)),
    st.sampled_from([None, OLD, MID]),
    st.sampled_from(["google", "synthetic", "folder"]),
    st.randoms(use_true_random=False),
)
def test_the_rule_is_what_it_says(seen, taken, bare, as_of, provider, random):
    headings = [0, 90, 180, 270]
    panoramas = [
        panorama(point, name, on, found, distance_m=distance)
        | {"provider": provider if of == "google" else "other"}
        for point, name, on, found, distance, of in seen
    ] + [nothing(point) | {"provider": provider} for point in bare]
    images = [
        image(f"{number}", name, on, heading, status)
        for number, (name, on, heading, status, _) in enumerate(taken)
    ]
    wanted = [f"{number}" for number, row in enumerate(taken) if row[4]]
    expected = list(slowly(panoramas, images, wanted, headings, provider, as_of))
    random.shuffle(panoramas)
    marked = mark(panoramas, images, wanted=wanted, as_of=as_of, by=provider)
    assert marked.select("image_id", "is_current", "point_id", "area_code").rows() == expected
