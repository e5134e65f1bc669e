"""A store of street data as points: ids kept, gaps included, and what is wrong said in full."""

import json
from datetime import date

import h5py
import numpy as np
import pytest
from polars.testing import assert_frame_equal

from streetview_assets.errors import StudyError
from streetview_assets.points.imported.points import import_points
from streetview_assets.points.imported.street_data import read_street_data
from streetview_assets.study.points import Points
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.points.street_stores import GROUND, IDS, write_store


def test_points_keep_their_external_ids_whatever_their_rows(tmp_path, no_areas):
    store = write_store(tmp_path / "street_data.h5")
    found = import_points(Points(path=store), no_areas)
    check_contract(TABLES["sample_points"], found.points)
    assert (found.read_count, found.duplicate_count, found.outside_count) == (12, 0, 0)
    by_place = found.points.sort("longitude", descending=True)
    assert by_place["source_id"].to_list() == [str(point) for point in reversed(IDS)]
    assert by_place["point_id"][-1] == "53.796400_-1.547900"
    assert json.loads(by_place["source_properties"][-1]) == {"date": "2010-01"}
    assert by_place["source_panorama_id"].null_count() == 12


def test_what_a_newer_store_says_of_its_points_comes_in(tmp_path, no_areas):
    count = len(IDS)
    store = write_store(
        tmp_path / "s.h5",
        drop=("latitude", "longitude"),
        point_id=np.array(IDS, dtype=np.int64),
        sampled_lat=np.full(count, GROUND[1]),
        sampled_lon=GROUND[0] + 0.001 * np.arange(count),
        pano_lat=np.full(count, GROUND[1] + 0.0001),
        pano_lon=GROUND[0] + 0.001 * np.arange(count),
        pano_id=[f"pano-{row}" if row else "" for row in range(count)],
        city=["Leeds"] * count,
        round_id=np.full(count, 2),
    )
    points = import_points(Points(path=store), no_areas).points
    first = points.filter(source_id="3").row(0, named=True)
    assert first["source_panorama_id"] is None
    assert json.loads(first["source_properties"]) == {
        "date": "2010-01", "city": "Leeds", "round_id": "2"
    }  # fmt: skip
    assert first["latitude"] == GROUND[1], "the sampled place, not the panorama's"
    assert points.filter(source_id="4")["source_panorama_id"].item() == "pano-1"
    said = read_street_data(store, "points.path").points
    assert said["panorama_latitude"][1] == pytest.approx(GROUND[1] + 0.0001)
    assert said["panorama_id"][:2].to_list() == ["point:3", "pano-1"]


def test_zero_padding_and_dates_that_are_none(tmp_path):
    count = len(IDS)
    padded = [b"2019-05\0\0\0", b"2019-05", b"nan", b"", b"2019-13", b"2019", b"2019-05-17"]
    dates = np.array(padded + [b"2020-01"] * (count - len(padded)), dtype="S10")
    said = read_street_data(write_store(tmp_path / "s.h5", date=dates), "k").points
    may = date(2019, 5, 1)
    assert said["captured_on"][:7].to_list() == [may, may, None, None, None, None, may]
    assert said["date"][:6].to_list() == ["2019-05", "2019-05", None, None, "2019-13", "2019"]
    spaced = write_store(
        tmp_path / "v.h5", date=["2019-05  "] * count, pano_id=[f" p{n} " for n in range(count)]
    )
    said = read_street_data(spaced, "k").points
    assert said.select("captured_on", "panorama_id").row(1) == (may, "p1")
    whole = read_street_data(write_store(tmp_path / "f.h5", point_id=np.array(IDS, float)), "k")
    assert whole.points["source_id"].to_list() == [str(point) for point in IDS]


def test_points_at_one_place_are_one_point_and_their_panoramas_are_two(tmp_path, no_areas):
    longitude = GROUND[0] + 0.001 * np.arange(len(IDS))
    longitude[1] = longitude[0] + 1e-8
    store = write_store(tmp_path / "s.h5", longitude=longitude)
    found = import_points(Points(path=store), no_areas)
    assert (found.points.height, found.duplicate_count) == (11, 1)
    said = read_street_data(store, "k").points
    assert said.filter(point_id="53.796400_-1.547900")["panorama_id"].to_list() == [
        "point:3", "point:4"
    ]  # fmt: skip


def test_cities_that_count_anew_are_told_apart(tmp_path):
    ids = np.array([*IDS[:6], *IDS[:6]])
    cities = ["Leeds"] * 6 + ["York"] * 6
    said = read_street_data(write_store(tmp_path / "s.h5", point_id=ids, city=cities), "k").points
    assert said["panorama_id"].n_unique() == 12
    assert said["panorama_id"][6] == "point:York:3"
    with pytest.raises(StudyError, match=r"k: .*t.h5: data set 'point_id' holds 3 twice"):
        read_street_data(write_store(tmp_path / "t.h5", point_id=ids), "k")


@pytest.mark.parametrize("told", [[45, 135, 225, 315], "[45, 135, 225, 315]", b"45,135,225,315"])
def test_headings_of_the_store_go_before_the_usual_ones(tmp_path, told):
    store = write_store(tmp_path / "s.h5")
    assert set(read_street_data(store, "k").headings_deg[11]) == {0, 90, 180, 270}
    with h5py.File(store, "a") as file:
        file.attrs["headings"] = told
    said = read_street_data(store, "k")
    assert said.headings_deg[11].tolist() == [45, 135, 225, 315]
    assert said.slots([405, 0])["slot"].unique().to_list() == [0]


def test_headings_may_differ_from_point_to_point(tmp_path):
    headings = np.tile(np.array([0.0, 90, 180, 270]), (12, 1)) + 7.5 * np.arange(12)[:, None]
    said = read_street_data(write_store(tmp_path / "s.h5", heading=headings), "k")
    assert said.slots([97.5]).select("row", "slot").rows() == [(1, 1)]


WRONG = {
    "the file ends early": (lambda path: path.write_bytes(path.read_bytes()[:3000]), "whole file"),
    "no HDF5 at all": (lambda path: path.write_text("point_id,lat\n"), "not readable as an HDF5"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_unreadable_file_is_refused_by_name(tmp_path, no_areas, case):
    spoil, message = WRONG[case]
    spoil(write_store(tmp_path / "s.h5"))
    with pytest.raises(StudyError, match=rf"points\.path: .*s\.h5 .*{message}"):
        import_points(Points(path=tmp_path / "s.h5"), no_areas)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"drop": ["point_id"]}, r"no data set 'point_id'; expected .*There are: date, "),
        ({"drop": ["latitude"]}, r"no data set of the places; expected 'latitude' and"),
        ({"point_id": np.zeros((12, 1))}, r"'point_id' has shape \(12, 1\); expected \(N,\)"),
        ({"latitude": np.zeros(11)}, r"'latitude' has shape \(11,\); expected \(12,\)"),
        ({"latitude": np.array([b"x"] * 12)}, r"'latitude' is of type .S1; expected numbers"),
        ({"date": np.zeros((12, 4))}, r"'date' has shape \(12, 4\); expected \(12,\)"),
        ({"images_present": np.ones((12, 3), bool)}, r"'images_present' has shape \(12, 3\); exp"),
        ({"images_jpeg": np.zeros((12, 4))}, r"'images_jpeg' is of type float64; expected variab"),
        (
            {"embeddings_clip": np.zeros((12, 4))},
            r"'embeddings_clip' has shape \(12, 4\); expected",
        ),
        ({"embeddings_clip": np.zeros((9, 4, 8))}, r"has shape \(9, 4, 8\); expected \(12, 4, D\)"),
        (
            {"embeddings_clip": np.zeros((12, 4, 8), int)},
            r"'embeddings_clip' is of type int64; exp",
        ),
        ({"heading": np.zeros(3)}, r"data set 'heading' has shape \(3,\); expected 4 headings"),
        ({"latitude/deep": np.zeros(2), "drop": ["latitude"]}, r"'latitude' is a group; expected"),
    ],
)
def test_a_store_of_another_form_is_refused_by_its_data_set(tmp_path, no_areas, changes, message):
    store = write_store(tmp_path / "s.h5", **changes)
    with pytest.raises(StudyError, match=rf"points\.path: .*s\.h5: .*{message}"):
        import_points(Points(path=store), no_areas)


def test_a_point_without_a_place_is_named_by_its_id(tmp_path, no_areas):
    latitude = np.full(12, 53.8)
    latitude[4] = np.nan
    with pytest.raises(StudyError, match=r"s\.h5, point_id 40: the latitude is nan"):
        import_points(Points(path=write_store(tmp_path / "s.h5", latitude=latitude)), no_areas)


def test_points_come_in_the_same_order_from_any_order_of_rows(tmp_path, no_areas):
    store = write_store(tmp_path / "s.h5")
    order = np.random.default_rng(1).permutation(12)
    with h5py.File(store) as file, h5py.File(tmp_path / "t.h5", "w") as other:
        for name in ("point_id", "latitude", "longitude", "date"):
            other[name] = file[name][:][order]
    mine, theirs = (import_points(Points(path=tmp_path / n), no_areas) for n in ("s.h5", "t.h5"))
    assert_frame_equal(mine.points, theirs.points)
