"""A store's images as a provider gives them: as they are, by heading, gaps said."""

from datetime import date

import h5py
import numpy as np
import polars as pl
import pytest

from streetview_assets.errors import StudyError
from streetview_assets.images.download import failure_counts, fetch_images
from streetview_assets.images.panoramas import update_panoramas
from streetview_assets.images.providers.base import FOUND, UNKNOWN_DATE, VIEWS
from streetview_assets.images.providers.hdf5 import NO_IMAGE, Hdf5Provider
from streetview_assets.images.views import wanted_images
from streetview_assets.points.imported.points import import_points
from streetview_assets.study.images import Images
from streetview_assets.study.points import Points
from streetview_assets.study.study_file import Study
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.points.street_stores import (
    GROUND,
    IDS,
    MISSING,
    WITHOUT_VECTOR,
    image_of,
    write_store,
)


def the_study_of(store, **wishes) -> Images:
    return Images.model_validate({"provider": "hdf5", "path": store, **wishes})


def points_of(store) -> pl.DataFrame:
    return import_points(Points(path=store), TABLES["areas"].frame()).points


def looked_up(store, **wishes) -> pl.DataFrame:
    return Hdf5Provider(the_study_of(store, **wishes)).look_up(points_of(store))


def fetched(store, folder, noon, points=None, **wishes) -> pl.DataFrame:
    """Take a store all the way to table `images`."""
    images = the_study_of(store, **wishes)
    provider = Hdf5Provider(images)
    points = points_of(store) if points is None else points
    panoramas = update_panoramas(
        provider.look_up(points), None, authority_code="all", provider="hdf5", seen_at=noon
    )
    wanted = wanted_images(provider, panoramas, points, images)
    pieces = fetch_images(provider, wanted, authority_code="all", folder=folder, now=lambda: noon)
    table = pl.concat([TABLES["images"].frame(), *pieces])
    check_contract(TABLES["images"], table)
    return table


def test_each_point_has_the_panorama_of_its_external_id(tmp_path):
    found = looked_up(write_store(tmp_path / "s.h5"))
    assert found.schema == FOUND
    assert sorted(found["panorama_id"]) == sorted(f"point:{point}" for point in IDS)
    first = found.filter(panorama_id="point:3").row(0, named=True)
    assert (first["captured_on"], first["status"]) == (date(2010, 1, 1), "ok")
    assert (first["longitude"], first["latitude"], first["distance_m"]) == (*GROUND, 0.0)


def test_the_panorama_of_the_store_has_its_own_id_place_and_owner(tmp_path):
    count = len(IDS)
    store = write_store(
        tmp_path / "s.h5",
        pano_id=["", *[f"pano_{row}" for row in range(1, count)]],
        pano_lat=np.full(count, GROUND[1] + 0.0001),
        pano_lon=np.append(np.nan, GROUND[0] + 0.001 * np.arange(1, count)),
        copyright=["© Google"] * count,
        date=[b"?"] + [b"2019-05"] * (count - 1),
    )
    rows = {row["panorama_id"]: row for row in looked_up(store).iter_rows(named=True)}
    assert rows["pano_1"]["distance_m"] == pytest.approx(11.1, abs=0.1)
    assert rows["pano_1"]["latitude"] == GROUND[1] + 0.0001
    assert rows["pano_1"]["copyright"] == "© Google"
    assert rows["point:3"]["distance_m"] == 0.0
    assert rows["point:3"]["captured_on"] == UNKNOWN_DATE
    assert rows["point:3"]["error"] == "the store's date '?' is no month"


def test_images_come_as_they_are_and_a_gap_is_missing(tmp_path, noon):
    table = fetched(write_store(tmp_path / "s.h5"), tmp_path / "data", noon)
    assert table.height == 4 * len(IDS)
    assert failure_counts(table) == {NO_IMAGE: len(MISSING)}
    row_of = {f"point:{point}": row for row, point in enumerate(IDS)}
    for image in table.iter_rows(named=True):
        slot = row_of[image["panorama_id"]], int(image["heading_deg"] / 90)
        assert (image["status"] == "missing") == (slot in MISSING)
        if slot not in MISSING:
            assert (tmp_path / "data" / image["path"]).read_bytes() == image_of(*slot)


def test_slots_that_are_not_wanted_count_nowhere(tmp_path, noon):
    store = write_store(tmp_path / "s.h5")
    table = fetched(store, tmp_path / "data", noon, headings_deg=[180, 45])
    assert table["heading_deg"].unique().to_list() == [180.0]
    assert table.height == len(IDS)
    with pytest.raises(StudyError, match=r"headings_deg: .*wanted \(45\); it has 0, 90, 180, 270"):
        looked_up(store, headings_deg=[45])


def test_a_broken_image_fails_alone_and_is_not_kept(tmp_path, noon):
    store = write_store(tmp_path / "s.h5")
    with h5py.File(store, "a") as file:
        file["images_jpeg"][0, 0] = np.frombuffer(image_of(0, 0)[:300], dtype=np.uint8)
        file["images_jpeg"][0, 1] = np.frombuffer(b"<html>no</html>", dtype=np.uint8)
    table = fetched(store, tmp_path / "data", noon)
    failed = table.filter(status="failed").sort("heading_deg")
    assert failed.select("panorama_id", "heading_deg").rows() == [("point:3", 0.0), ("point:3", 90)]
    assert "decode" in failed["error"][0]
    assert failed["error"][1] == "not a JPEG, PNG, WebP, AVIF or HEIC image"
    assert table.filter(status="ok").height == 48 - 2 - len(MISSING)


def test_several_ids_at_one_place_are_all_panoramas_of_that_point(tmp_path, noon):
    longitude = GROUND[0] + 0.001 * np.arange(len(IDS))
    longitude[1] = longitude[0]
    table = fetched(write_store(tmp_path / "s.h5", longitude=longitude), tmp_path / "data", noon)
    here = table.filter(point_id="53.796400_-1.547900")
    assert here["panorama_id"].value_counts().sort("panorama_id").rows() == [
        ("point:3", 4), ("point:4", 4)
    ]  # fmt: skip


def test_points_that_share_a_panorama_share_its_images(tmp_path, noon):
    shared = ["one"] * 2 + [f"p{row}" for row in range(2, len(IDS))]
    dates = ["2019-05"] * len(IDS)
    store = write_store(tmp_path / "s.h5", pano_id=shared, date=dates)
    table = fetched(store, tmp_path / "data", noon)
    # Row 1 lacks its image at 180 degrees; row 0, of the same panorama, has it.
    one = table.filter(panorama_id="one").sort("heading_deg")
    assert one["status"].to_list() == ["ok"] * 4
    assert (tmp_path / "data" / one["path"][2]).read_bytes() == image_of(0, 2)


def test_dates_wanted_and_what_the_store_says_is_not_there(tmp_path):
    status = ["ZERO_RESULTS"] * 2 + ["OK"] * (len(IDS) - 2)
    present = np.ones((len(IDS), 4), dtype=bool)
    present[0] = False
    store = write_store(tmp_path / "s.h5", status=status, images_present=present)
    found = looked_up(store, captured_between=["2012-01", None])
    said = dict(found.filter(pl.col("status") != "ok").select("error", "point_id").iter_rows())
    assert set(said) == {"the store says: ZERO_RESULTS", "the store's images are of 2011-02"}
    assert found.filter(status="ok").height == len(IDS) - 2
    assert set(found.filter(status="no_imagery")["panorama_id"]) == {""}


def test_a_panorama_id_that_is_none_fails_alone(tmp_path):
    names = ["../../etc/passwd", *[f"pano_{row}" for row in range(1, len(IDS))]]
    found = looked_up(write_store(tmp_path / "s.h5", pano_id=names))
    failed = found.filter(status="failed")
    assert failed["error"].to_list() == ["the store's pano_id '../../etc/passwd' is no panorama id"]
    assert found.filter(status="ok").height == len(IDS) - 1


def test_a_point_that_the_store_does_not_have_is_no_imagery(tmp_path, make_points):
    store = write_store(tmp_path / "s.h5")
    found = Hdf5Provider(the_study_of(store)).look_up(make_points("0.000000_0.000000"))
    assert found.select("point_id", "status", "error").rows() == [
        ("0.000000_0.000000", "no_imagery", "the store has no point at this place")
    ]


@pytest.mark.parametrize("how", [{"images": False}, {"drop": ["images_jpeg", "images_present"]}])
def test_a_store_of_vectors_alone_has_its_images_elsewhere(tmp_path, noon, how):
    table = fetched(write_store(tmp_path / "s.h5", **how), tmp_path / "data", noon)
    there = table.filter(status="ok")
    assert there.height == 48 - len(WITHOUT_VECTOR)
    assert there.select("path", "sha256", "error").null_count().row(0) == (there.height,) * 3
    assert failure_counts(table) == {NO_IMAGE: len(WITHOUT_VECTOR)}
    assert not (tmp_path / "data" / "images").exists()


def test_a_store_of_vectors_alone_is_refused_where_images_are_needed(tmp_path):
    store = write_store(tmp_path / "s.h5", images=False)
    study = {
        "name": "s",
        "points": {"path": store},
        "images": {"provider": "hdf5", "path": store},
        "encoder": {"name": "import", "path": store},
    }
    Hdf5Provider.check_inputs(Study.model_validate(study))
    with pytest.raises(StudyError, match=r"s\.h5 holds no images, and encoder colour-texture"):
        Hdf5Provider.check_inputs(
            Study.model_validate(study | {"encoder": {"name": "colour-texture"}})
        )


def test_nothing_is_read_before_it_is_asked_for_and_views_keep_their_form(tmp_path):
    store = write_store(tmp_path / "s.h5")
    provider = Hdf5Provider(the_study_of(store))
    views = provider.views(provider.look_up(points_of(store)))
    assert views.schema == VIEWS
    assert views.height == 48
    store.write_bytes(b"gone")
    Hdf5Provider(the_study_of(store))
    wanted = views.head(1).with_columns(image_id=pl.lit("i"), point_id=pl.lit("p"))
    with pytest.raises(StudyError, match=r"images\.path: .*s\.h5 is not readable"):
        next(provider.fetch(wanted))
