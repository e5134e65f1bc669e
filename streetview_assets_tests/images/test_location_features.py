"""Features of locations with their labels start a study: its points, its images, their vectors."""

import h5py
import numpy as np
import polars as pl
import pytest

from streetview_assets.embeddings.encoders.imported.load import with_original_files
from streetview_assets.embeddings.encoders.registry import check_encoder, load_encoder
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.errors import StudyError
from streetview_assets.images.download import fetch_images
from streetview_assets.images.panoramas import update_panoramas
from streetview_assets.images.providers.hdf5 import NO_IMAGE, Hdf5Provider
from streetview_assets.images.views import wanted_images
from streetview_assets.points.imported.location_features import read_location_features
from streetview_assets.points.imported.points import import_points
from streetview_assets.study.embeddings import Encoder
from streetview_assets.study.images import Images
from streetview_assets.study.points import Points
from streetview_assets.tables.registry import TABLES, check_contract

WIDTH = 4096
IDS = ["0007", "0301", "0012", "0099"]
LATITUDE = [51.51, 51.52, 51.52, 51.53]
LONGITUDE = [-0.11, -0.12, -0.12, -0.13]
TWO_POSTCODES = "51.520000_-0.120000"
FEATURES = np.random.default_rng(5).normal(size=(4, 4, WIDTH)).astype(np.float32)
LABELS = pl.DataFrame(
    {
        "new_imgid": IDS,
        "gsv_lat": LATITUDE,
        "gsv_lng": LONGITUDE,
        "oa_code": ["E00004501", "E00004502", "E00004503", "E00004504"],
        "pcd": ["AB1 2CD", "AB1 2CE", "AB1 2CF", "AB1 2CG"],
        "label": [10, 9, 9, 1],
    }
)


def as_hdf5(folder, labels="csv"):
    with h5py.File(folder / "features.h5", "w") as file:
        file["features"] = FEATURES
    name = folder / f"features.{labels}"
    LABELS.write_csv(name) if labels == "csv" else LABELS.write_parquet(name)
    return folder / "features.h5", folder / "features.h5"


def as_parquet_labels(folder):
    return as_hdf5(folder, "parquet")


def as_npz(folder):
    """A file a location, in no order; the labels of all of them beside the files."""
    (folder / "codes").mkdir()
    for name, code in sorted(zip(IDS, FEATURES, strict=True)):
        np.savez(folder / "codes" / f"{name}.npz", code=code)
    LABELS.write_csv(folder / "codes" / "labels.csv")
    return folder / "codes", folder / "codes" / "labels.csv"


FORMS = pytest.mark.parametrize("form", [as_hdf5, as_parquet_labels, as_npz])


def points_of(path, **columns):
    wishes = Points.model_validate({"path": path, "columns": columns})
    return import_points(wishes, TABLES["areas"].frame())


def taken(store, points, folder, noon):
    """Take a store all the way to the tables `images` and, of those that are there, vectors."""
    wishes = Images.model_validate({"provider": "hdf5", "path": store})
    provider = Hdf5Provider(wishes)
    panoramas = update_panoramas(
        provider.look_up(points), None, authority_code="all", provider="hdf5", seen_at=noon
    )
    wanted = wanted_images(provider, panoramas, points, wishes)
    images = pl.concat(
        fetch_images(provider, wanted, authority_code="all", folder=folder, now=lambda: noon)
    )
    check_contract(TABLES["images"], images)
    settings = Encoder.model_validate({"name": "import", "path": store})
    check_encoder(settings)
    there = images.filter(status="ok")
    vectors = with_original_files(load_encoder(settings), there, wishes).vectors(there)
    return images, there.with_columns(vectors)


@FORMS
def test_every_view_of_every_location_has_its_own_features(tmp_path, noon, form):
    store, table = form(tmp_path)
    found = points_of(table)
    assert (found.read_count, found.duplicate_count) == (4, 1)
    assert TWO_POSTCODES in found.points["point_id"].to_list()
    images, there = taken(store, found.points, tmp_path / "data", noon)
    assert set(images["status"]) == {"ok"}
    assert images.height == 16
    # Both postcodes of one place keep their own images.
    of_two = set(images.filter(point_id=TWO_POSTCODES)["panorama_id"])
    assert of_two == {"point:0301", "point:0012"}
    unit = FEATURES / np.linalg.norm(FEATURES, axis=2, keepdims=True)
    rows = [IDS.index(name.removeprefix("point:")) for name in there["panorama_id"]]
    views = (there["heading_deg"] // 90).cast(pl.Int64)
    assert np.abs(matrix(there["embedding"]) - unit[rows, views]).max() < 1e-6


def test_a_location_without_a_file_is_a_gap_and_moves_no_other(tmp_path, noon):
    store, table = as_npz(tmp_path)
    (store / "0301.npz").unlink()
    images, there = taken(store, points_of(table).points, tmp_path / "data", noon)
    lost = images.filter(status="missing")
    assert set(lost["panorama_id"]) == {"point:0301"}
    assert set(lost["error"]) == {NO_IMAGE}
    last = there.filter(panorama_id="point:0099").sort("heading_deg")
    unit = FEATURES[3] / np.linalg.norm(FEATURES[3], axis=1, keepdims=True)
    assert np.abs(matrix(last["embedding"]) - unit).max() < 1e-6


def test_features_of_images_from_elsewhere_are_found_by_their_place(tmp_path, noon):
    store, table = as_hdf5(tmp_path)
    images, _ = taken(store, points_of(table).points, tmp_path / "data", noon)
    google = Images.model_validate({"provider": "google", "budget_usd": 1, "keep_images": False})
    settings = Encoder.model_validate({"name": "import", "path": store})
    with pytest.raises(StudyError, match=rf"{TWO_POSTCODES}.* has two different vectors"):
        with_original_files(load_encoder(settings), images, google)
    with h5py.File(store, "a") as file:
        file["features"][2] = FEATURES[1]
    named = with_original_files(load_encoder(settings), images, google)
    elsewhere = images.with_columns(panorama_id=pl.lit("CAoSLEFGMVFpcE"))
    assert named.vectors(elsewhere)["error"].null_count() == 16


def test_columns_without_usual_names_are_named(tmp_path):
    odd = LABELS.rename({"gsv_lat": "breite", "gsv_lng": "länge", "new_imgid": "foto"})
    path = tmp_path / "points.csv"
    odd.write_csv(path)
    with pytest.raises(StudyError, match=r"no column of the latitude .*points\.columns\.latitude"):
        points_of(path)
    found = points_of(path, latitude="breite", longitude="länge", id="foto").points
    assert sorted(found["source_id"]) == ["0007", "0012", "0099"]
    with pytest.raises(StudyError, match=r"points\.columns\.id: .* has no column 'img'"):
        points_of(path, latitude="breite", longitude="länge", id="img")


@pytest.mark.parametrize("wishes", [{}, {"path": "points.geojson"}])
def test_columns_of_what_has_none_are_refused(tmp_path, wishes):
    (tmp_path / "points.geojson").touch()
    path = {name: tmp_path / file for name, file in wishes.items()}
    with pytest.raises(ValueError, match="columns are those of a table"):
        Points.model_validate({**path, "columns": {"id": "foto"}})


def test_what_the_labels_say_of_a_point_is_kept(tmp_path):
    _, table = as_hdf5(tmp_path)
    told = dict(points_of(table).points.select("source_id", "source_properties").iter_rows())
    assert '"pcd": "AB1 2CG"' in told["0099"]
    assert '"label": "1"' in told["0099"]


def all_read(store):
    read_location_features(store, "images.path")
    encoder = load_encoder(Encoder.model_validate({"name": "import", "path": store}))
    return encoder.file.read(np.arange(16))


class Evil:
    def __reduce__(self):
        return (print, ("run",))


def spoiled(folder, what):
    """A store with one thing wrong, and what is said of it."""
    store, _ = (
        as_npz(folder) if what in ("objects", "shape", "no id", "no code") else as_hdf5(folder)
    )
    match what:
        case "rows":
            LABELS.head(3).write_csv(folder / "features.csv")
            return store, "3 rows for the 4 locations of features.h5"
        case "twice":
            LABELS.with_columns(new_imgid=pl.lit("0007")).write_csv(folder / "features.csv")
            return store, "the id 0007 stands in several rows"
        case "no labels":
            (folder / "features.csv").unlink()
            return store, "expected features.csv with a row for each location"
        case "objects":
            np.savez(store / "0007.npz", code=np.array([Evil()], dtype=object))
            return store, "0007.npz is not readable as features"
        case "shape":
            np.savez(store / "0099.npz", code=np.zeros((4, 7), np.float32))
            read = read_location_features(store, "images.path")
            assert read.dimension == WIDTH
            return store, "has shape (4, 7), and the first file (4, 4096)"
        case "no id":
            LABELS.drop("new_imgid").write_csv(store / "labels.csv")
            return store, "row 1 has no id, by which its file is named"
        case _:
            np.savez(store / "0007.npz", vectors=FEATURES[0])
            return store, "there is no array 'code'. There are: vectors"


@pytest.mark.parametrize(
    "what", ["rows", "twice", "no labels", "objects", "shape", "no id", "no code"]
)
def test_what_is_wrong_is_said_with_file_and_remedy(tmp_path, what, capfd):
    store, said = spoiled(tmp_path, what)
    with pytest.raises(StudyError, match=r"(images|encoder)\.path") as caught:
        all_read(store)
    assert said in str(caught.value)
    assert "run" not in capfd.readouterr().out
