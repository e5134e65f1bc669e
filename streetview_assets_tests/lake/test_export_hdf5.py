"""A study goes out as a store and comes back the same: points, images and vectors."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest
import yaml

from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.errors import StudyError
from streetview_assets.exports.features import export_features
from streetview_assets.exports.hdf5 import export_hdf5
from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.images.providers.hdf5 import Hdf5Provider
from streetview_assets.images.views import image_id
from streetview_assets.lake.parquet_lake import Provenance
from streetview_assets.points.imported.points import import_points
from streetview_assets.study.embeddings import Encoder
from streetview_assets.study.images import Images
from streetview_assets.study.points import Points
from streetview_assets.study.study_file import load_study
from streetview_assets.study_state.fingerprint import study_value
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.points.street_stores import jpeg

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HEADINGS = (0.0, 90.0, 180.0, 270.0)
NEW, OLD = date(2024, 6, 1), date(2019, 3, 1)
PLACES = {"a": -1.51, "b": -1.52, "c": -1.53, "d": -1.54}
POINT = {name: f"53.800000_{longitude:.6f}" for name, longitude in PLACES.items()}
SOURCE_IDS = {"a": "7", "b": "300", "c": None, "d": "7"}
# Point, panorama, capture, whether it is current. `a` and `b` share p1, whose images go by `a`,
# and `a` has p2 besides; at `d` there is nothing.
PANORAMAS = (
    ("a", "p1", NEW, True),
    ("b", "p1", NEW, True),
    ("a", "p2", UNKNOWN_DATE, True),
    ("c", "p3", NEW, True),
    ("c", "p3", OLD, False),
)
SHOWN = {("p1", NEW): "a", ("p2", UNKNOWN_DATE): "a", ("p3", NEW): "c", ("p3", OLD): "c"}
GAPS = {("p2", 90.0): "failed", ("p3", 180.0): "missing"}


def rows_of(provider: str) -> dict[str, list[dict]]:
    base = {"authority_code": "all"}
    points = [
        base
        | {"point_id": POINT[name], "longitude": longitude, "latitude": 53.8}
        | {"source_id": SOURCE_IDS[name]}
        for name, longitude in PLACES.items()
    ]
    seen = {"provider": provider, "first_seen_at": NOON, "last_seen_at": NOON}
    panoramas = [
        base
        | seen
        | {"point_id": POINT[point], "panorama_id": panorama, "captured_on": captured_on}
        | {"status": "ok", "longitude": -1.5, "latitude": 53.9, "distance_m": 4.0}
        | {"is_current": is_current, "copyright": "© Ann"}
        for point, panorama, captured_on, is_current in PANORAMAS
    ]
    none = {"panorama_id": "", "captured_on": UNKNOWN_DATE, "status": "no_imagery"}
    panoramas.append(base | seen | none | {"point_id": POINT["d"], "is_current": True})
    images = []
    for (panorama, captured_on), point in SHOWN.items():
        for heading in HEADINGS:
            name = image_id(provider, panorama, captured_on, heading, 90, 0, (48, 48))
            status = GAPS.get((panorama, heading), "ok")
            images.append(
                base
                | {"image_id": name, "point_id": POINT[point], "provider": provider}
                | {"panorama_id": panorama, "captured_on": captured_on, "heading_deg": heading}
                | {"status": status, "path": f"images/{name}.jpg" if status == "ok" else None}
                | {"is_current": captured_on != OLD, "copyright": "© Ann"}
            )
    return {"sample_points": points, "panoramas": panoramas, "images": images}


def vector_of(name: str) -> list[float]:
    drawn = np.random.default_rng(int(name, 16)).normal(size=5)
    return (drawn / np.linalg.norm(drawn)).tolist()


def make_study(folder: Path, provider: str = "mapillary", change=lambda rows: None, **images):
    """A study that has run, with its images; one of them has no vector."""
    (folder / "points.json").write_text(json.dumps([{"lat": 1, "lng": 1}]))
    wishes = {"provider": provider, "size_px": [48, 48], **images}
    document = {"name": "s", "points": {"path": "points.json"}, "images": wishes}
    document["encoder"] = {"name": "colour-texture"}
    (folder / "study.yaml").write_text(yaml.safe_dump(document))
    opened = OpenStudy(load_study(folder / "study.yaml"), folder / "data")
    rows = rows_of(provider)
    change(rows)
    identity = {"encoder": "colour-texture", "library": "numpy", "model": "colour-texture"}
    rows["encoders"] = [identity | {"preprocessing": "-", "precision": "fp32", "dimension": 5}]
    rows["image_embeddings"] = []
    for number, image in enumerate(rows["images"]):
        if image["status"] != "ok":
            continue
        path = opened.root / image["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(number))
        key = {name: image[name] for name in ("authority_code", "image_id")}
        made = {"status": "ok", "embedding": vector_of(image["image_id"])}
        if (image["panorama_id"], image["heading_deg"]) == ("p1", 270.0):
            made = {"status": "failed", "error": "broken"}
        rows["image_embeddings"].append(key | {"encoder": "colour-texture"} | made)
    for table, told in rows.items():
        contract = TABLES[table]
        opened.lake.write(
            table,
            contract.frame(told),
            Provenance("made", "of"),
            authority="all" if contract.by_authority else None,
            encoder="colour-texture" if contract.by_encoder else None,
        )
    return opened


def images_of(store: Path, panoramas: pl.DataFrame) -> dict[tuple, bytes | None]:
    """Read a store's images as the provider gives them, by panorama, capture and heading."""
    provider = Hdf5Provider(Images.model_validate({"provider": "hdf5", "path": store}))
    views = provider.views(panoramas).with_row_index("image_id").cast({"image_id": pl.String})
    keys = {view["image_id"]: view for view in views.iter_rows(named=True)}
    found = {image.image_id: image.content for image in provider.fetch(views)}
    return {
        tuple(keys[name][key] for key in ("panorama_id", "captured_on", "heading_deg")): content
        for name, content in found.items()
    }


def test_what_was_written_comes_back_the_same(tmp_path):
    opened = make_study(tmp_path)
    written = export_hdf5(opened, tmp_path / "out.h5")
    assert written.counts == {"rows": 5, "images": 10, "vectors": 9}
    assert [path.name for path in tmp_path.glob("*.h5")] == ["out.h5"]
    points = import_points(Points(path=written.path), TABLES["areas"].frame()).points
    same = ["point_id", "longitude", "latitude"]
    assert points.select(same).equals(opened.read("sample_points").select(same))
    ids = dict(points.select("point_id", "source_id").iter_rows())
    assert [ids[POINT[name]] for name in "ab"] == ["7", "300"]
    new = [int(ids[POINT[name]]) for name in "cd"]
    assert min(new) > 300, "what had no id, or another's, gets one that nobody has"

    provider = Hdf5Provider(Images.model_validate({"provider": "hdf5", "path": written.path}))
    found = provider.look_up(points)
    key = ["point_id", "panorama_id", "captured_on", "status", "copyright"]
    before = opened.read("panoramas").filter("is_current")
    assert found.select(key).sort(key).equals(before.select(key).sort(key))
    table = opened.read("images").filter("is_current")
    there = images_of(written.path, found)
    assert len(there) == table.height
    for image in table.iter_rows(named=True):
        view = image["panorama_id"], image["captured_on"], image["heading_deg"]
        path = image["path"]
        assert there[view] == (path and (opened.root / path).read_bytes())

    encoder = load_encoder(Encoder.model_validate({"name": "import", "path": written.path}))
    assert encoder.identity.model == "colour-texture"
    images = table.filter(status="ok")
    vectors = encoder.vectors(images)
    assert vectors["error"].is_not_null().sum() == 1
    good = vectors["error"].is_null()
    expected = [vector_of(name) for name in images.filter(good)["image_id"]]
    assert np.abs(matrix(vectors.filter(good)["embedding"]) - expected).max() < 1e-6


def test_the_store_is_of_the_form_that_others_read(tmp_path):
    written = export_hdf5(make_study(tmp_path), tmp_path / "out.h5")
    with h5py.File(written.path) as file:
        count = file["point_id"].shape[0]
        assert file["point_id"].dtype.kind == "i"
        assert len(set(file["point_id"][:])) == count
        assert (file["date"].dtype, file["image_paths"].dtype) == ("S10", "S512")
        assert sorted(set(file["date"][:])) == [b"", b"2024-06"]
        assert file["images_present"].dtype == bool
        assert h5py.check_vlen_dtype(file["images_jpeg"].dtype) == np.uint8
        present, vectors = file["images_present"][:], file["embeddings_clip"][:]
        assert (vectors.shape, vectors.dtype) == ((count, 4, 5), np.float32)
        lengths = [[len(content) for content in row] for row in file["images_jpeg"][:]]
        assert np.array_equal(np.array(lengths) > 0, present)
        assert np.isnan(vectors[~present]).all()
        row = list(file["point_id"][:]).index(300)
        assert file["pano_id"][row] == b"p1"
        assert not present[row].any(), "a panorama that points share stands in one row alone"
        assert list(file.attrs["headings"]) == list(HEADINGS)
        assert file.attrs["attribution"] == "© Ann via Mapillary, CC BY-SA 4.0"
        assert file["embeddings_clip"].attrs["model"] == "colour-texture"


def test_ids_of_a_store_are_those_it_came_with(tmp_path):
    """Several ids at one place, and cities that count anew."""

    def as_imported(rows):
        names = {"p1": "point:Leeds:3", "p2": "point:Leeds:4", "p3": "point:York:3"}
        for table in ("panoramas", "images"):
            rows[table] = [row for row in rows[table] if row["point_id"] != POINT["b"]]
            for row in rows[table]:
                row["panorama_id"] = names.get(row["panorama_id"], row["panorama_id"])
        for row in rows["sample_points"]:
            city = "York" if row["point_id"] == POINT["c"] else "Leeds"
            row["source_properties"] = json.dumps({"city": city})

    written = export_hdf5(make_study(tmp_path, change=as_imported), tmp_path / "out.h5")
    with h5py.File(written.path) as file:
        ids = list(zip(file["city"][:], file["point_id"][:], strict=True))
        told = dict(zip(ids, file["pano_id"][:], strict=True))
    assert told[b"Leeds", 3] == told[b"York", 3] == b""
    assert sorted(ids) == [
        (b"Leeds", 3),
        (b"Leeds", 4),
        (b"Leeds", 7),
        (b"Leeds", 300),
        (b"York", 3),
    ]
    points = import_points(Points(path=written.path), TABLES["areas"].frame()).points
    found = Hdf5Provider(Images.model_validate({"provider": "hdf5", "path": written.path})).look_up(
        points
    )
    names = set(found.filter(status="ok")["panorama_id"])
    assert names == {"point:Leeds:3", "point:Leeds:4", "point:York:3"}


def test_headings_of_their_own_are_kept(tmp_path):
    def turn(rows):
        for row in rows["images"]:
            turn_deg = {"p1": 11.5, "p2": 0.0, "p3": 200.0}[row["panorama_id"]]
            heading_deg = (row["heading_deg"] + turn_deg) % 360
            row["heading_deg"] = None if heading_deg == 180 else heading_deg

    opened = make_study(tmp_path, change=turn)
    written = export_hdf5(opened, tmp_path / "out.h5")
    images = opened.read("images").filter(pl.col("is_current"), status="ok")
    encoder = load_encoder(Encoder.model_validate({"name": "import", "path": written.path}))
    found = encoder.vectors(images)
    good = found["error"].is_null()
    assert good.sum() == written.counts["vectors"] == 10
    expected = [vector_of(name) for name in images.filter(good)["image_id"]]
    assert np.abs(matrix(found.filter(good)["embedding"]) - expected).max() < 1e-6
    points = import_points(Points(path=written.path), TABLES["areas"].frame()).points
    provider = Hdf5Provider(Images.model_validate({"provider": "hdf5", "path": written.path}))
    there = images_of(written.path, provider.look_up(points))
    views = images.select("panorama_id", "captured_on", "heading_deg").rows()
    assert {view for view, content in there.items() if content} == set(views)
    with pytest.raises(StudyError, match="headings of their own; export hdf5 instead"):
        export_features(opened, tmp_path / "f.h5")


def test_images_are_written_as_the_terms_of_their_provider_allow(tmp_path):
    opened = make_study(tmp_path, "google", keep_images=True, budget_usd=1)
    written = export_hdf5(opened, tmp_path / "out.h5")
    assert (written.counts["images"], written.counts["vectors"]) == (0, 9)
    assert "--images" in " ".join(written.said)
    with h5py.File(written.path) as file:
        assert "images_jpeg" not in file
        assert file.attrs["licence"].startswith("Google Maps Platform terms")
    asked = export_hdf5(opened, tmp_path / "out.h5", images=True)
    assert asked.counts["images"] == 10
    assert "forbid" in " ".join(asked.said)
    (tmp_path / "other").mkdir()
    deleted = make_study(tmp_path / "other", "google", keep_images=False, budget_usd=1)
    assert export_hdf5(deleted, tmp_path / "out.h5").counts["images"] == 0
    with pytest.raises(StudyError, match="keep_images is false"):
        export_hdf5(deleted, tmp_path / "out.h5", images=True)


def test_features_are_of_whole_locations_beside_their_labels(tmp_path):
    opened = make_study(tmp_path)
    with pytest.raises(StudyError, match="no location has the vectors of 4 views"):
        export_features(opened, tmp_path / "f.h5")
    (tmp_path / "whole").mkdir()

    def fill_in(rows):
        for row in rows["images"]:
            if row["panorama_id"] == "p3":
                row |= {"status": "ok", "path": f"images/{row['image_id']}.jpg"}

    opened = make_study(tmp_path / "whole", change=fill_in)
    written = export_features(opened, tmp_path / "f.h5")
    assert written.counts == {"locations": 1, "vectors": 4}
    settings = {"name": "import", "path": tmp_path / "f.h5"}
    study = opened.study.model_copy(update={"encoder": Encoder.model_validate(settings)})
    values = [study_value(study, "encoder.path", opened.hashes.of)]
    assert "3 locations" in " ".join(written.said)
    labels = pl.read_csv(tmp_path / "f.csv", try_parse_dates=True)
    assert labels["panorama_id"].to_list() == ["p3"]
    assert labels["gsv_lng"].to_list() == [PLACES["c"]]
    encoder = load_encoder(Encoder.model_validate({"name": "import", "path": tmp_path / "f.h5"}))
    images = opened.read("images").filter(pl.col("is_current"), panorama_id="p3")
    expected = [vector_of(name) for name in images["image_id"]]
    assert np.abs(matrix(encoder.vectors(images)["embedding"]) - expected).max() < 1e-6
    labels.with_columns(panorama_id=pl.lit("p9")).write_csv(tmp_path / "f.csv")
    assert study_value(study, "encoder.path", opened.hashes.of) not in values, "labels count too"


def test_labels_tell_the_targets_of_each_location_s_area(tmp_path, small_study):
    opened = OpenStudy(small_study.study, small_study.lake.root)
    opened.__dict__["authorities"] = ("E01", "E02")  # without a file of boundaries
    written = export_features(opened, tmp_path / "f.h5")
    labels = pl.read_csv(tmp_path / "f.csv").select("panorama_id", "imd_rank", "imd_rank_decile")
    # Of four areas with a rank, 10 is the lowest and 100 the highest; A2p lacks a view.
    assert labels.rows() == [("pano A1p", 100, 10), ("pano A1q", 100, 10), ("pano B1p", 10, 1)]
    assert written.counts["vectors"] == 12
    with pytest.raises(StudyError, match=r"f\.csv: an HDF5 file ends in \.h5"):
        export_features(opened, tmp_path / "f.csv")


@pytest.mark.parametrize(
    ("values", "is_decile", "expected"),
    [
        ([7, 8, 9, 10], True, [7, 8, 9, 10]),
        ([7, 8, 9, 10], False, [1, 4, 7, 10]),
        ([70, 80, 90, 100], False, [1, 4, 7, 10]),
        ([0.5, 1, 1, None], False, [1, 5, 5, None]),
    ],
)
@pytest.mark.parametrize(("more_is", "first"), [("worse", "best off"), ("better", "worst off")])
def test_deciles_stay_and_other_values_are_cut_once_the_lowest_in_1(
    tmp_path, small_study, values, is_decile, expected, more_is, first
):
    areas = ["A1", "A2", "B1", "B2"]
    cut = pl.DataFrame(
        {"area_code": areas, "given": values}, schema_overrides={"given": pl.Float64}
    )
    small_study.write(
        "targets",
        small_study.lake.read("targets")
        .join(cut, on="area_code")
        .with_columns(value="given", more_is=pl.lit(more_is), is_decile=pl.lit(is_decile))
        .drop("given"),
    )
    targets = tuple(
        one.model_copy(update={"more_is": more_is}) for one in small_study.study.targets
    )
    study = small_study.study.model_copy(update={"targets": targets})
    opened = OpenStudy(study, small_study.lake.root)
    opened.__dict__["authorities"] = ("E01", "E02")
    written = export_features(opened, tmp_path / "f.h5")
    labels = pl.read_csv(tmp_path / "f.csv")
    assert set(labels["imd_rank_decile_1_is"].drop_nulls()) == {first}
    labels = labels.select("area_code", "imd_rank_decile").unique()
    by_area = dict(zip(areas, expected, strict=True))
    assert labels.height
    assert all(decile == by_area[area] for area, decile in labels.iter_rows())
    assert f"imd_rank: decile 1 is the {first}." in written.said
    with h5py.File(tmp_path / "f.h5") as file:
        assert f"imd_rank: decile 1 is the {first}." in file.attrs["deciles"]


def test_a_study_that_has_not_run_is_told_so(tmp_path):
    opened = make_study(tmp_path, change=lambda rows: [told.clear() for told in rows.values()])
    with pytest.raises(StudyError, match=r"nothing to export.*streetview run"):
        export_hdf5(opened, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()
