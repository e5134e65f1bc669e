"""Stores of the shape that other pipelines write move in, and give what those gave, by its name."""

import json
import pickle
from pathlib import Path

import geopandas as gpd
import joblib
import numpy as np
import openpyxl
import polars as pl
import pytest
import shapely
import yaml

from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.end_to_end.imagery_studies import UP_TO_VECTORS
from streetview_assets_tests.points.street_stores import (
    GROUND,
    IDS,
    WITHOUT_VECTOR,
    image_of,
    stored_vectors,
    write_store,
)

CODE, NAME = "LSOA21CD", "LSOA21NM"
IMD_CODE = "LSOA code (2021)"
IMD_RANK = "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)"
LSOAS = [f"E0100{number:04d}" for number in range(len(IDS))]
STATUS = {"full", "capped"}


def write_boundaries(folder: Path) -> None:
    """Write an LSOA around each point of the store, under ONS names, and the district apart."""
    west = [GROUND[0] + 0.001 * row - 0.0005 for row in range(len(IDS))]
    boxes = [shapely.box(x, GROUND[1] - 0.001, x + 0.001, GROUND[1] + 0.001) for x in west]
    names = [f"Bury {row:03d}A" for row in range(len(IDS))]
    columns = {CODE: LSOAS, NAME: names, "GlobalID": "x"}
    lsoas = gpd.GeoDataFrame(columns, geometry=boxes, crs=4326)
    lsoas.to_crs(27700).to_file(folder / "lsoa.gpkg", layer="LSOA_2021_EW_BSC_V4")
    district = pl.lit("E08000002").alias("LAD22CD")
    pl.DataFrame({CODE: LSOAS}).with_columns(district).write_csv(folder / "lookup.csv")


def write_deprivation(folder: Path) -> None:
    """Write the workbook of the indices, a sheet of notes first."""
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    sheet = book.create_sheet("IoD2025 Domains")
    sheet.append([IMD_CODE, "Local Authority District name (2024)", IMD_RANK])
    for row, code in enumerate(LSOAS):
        sheet.append([code, "Bury", 100 * row + 1])
    book.save(folder / "File_2.xlsx")


@pytest.fixture
def exported(streetview, tmp_path):
    """Export a frame as a pickle, and read it."""

    def export(name: str, study: Path):
        path = tmp_path / f"{name}.pkl"
        said = streetview("export", name, study, "--format", "pickle", "--output", path)
        assert said.exit_code == 0, said.output
        return pickle.loads(path.read_bytes())

    return export


def test_a_store_with_lsoas_and_ranks_gives_frames_records_and_a_model(
    tmp_path, streetview, exported
):
    """The main pipeline, by its own names: what it pickles, summarises and saves."""
    write_store(tmp_path / "street_data.h5")
    write_boundaries(tmp_path)
    write_deprivation(tmp_path)
    document = {
        "name": "moved-in",
        "figures": {"draw": False},
        "areas": {
            "path": "lsoa.gpkg", "code": CODE, "name": NAME,
            "lookup": {"path": "lookup.csv", "code": CODE, "authority_code": "LAD22CD"},
        },
        "points": {"path": "street_data.h5"},
        "images": {"provider": "hdf5", "path": "street_data.h5", "max_failed_share": 0.1},
        "encoder": {"name": "import", "path": "street_data.h5"},
        "clusters": {"k": 2, "sweep": [2, 3], "seeds": 1},
        "targets": [
            {"name": "imd_rank", "path": "File_2.xlsx", "sheet": "IoD2025 Domains",
             "area_code": IMD_CODE, "value": IMD_RANK, "more_is": "better"}
        ],
        "models": {"candidates": ["ridge"], "trials": 1, "folds": 3, "deals": 1, "holdout": None},
        "sample_size": {
            "k": [2], "sizes": [10, 1000], "repeats": 1, "areas": ["free"], "processes": 1,
        },
    }  # fmt: skip
    study = tmp_path / "study.yaml"
    study.write_text(yaml.safe_dump(document))
    said = streetview("run", study)
    assert said.exit_code == 0, said.output

    rows = exported("one_row_per_image_cleaned_with_cluster_numbers", study)
    assert set(rows["point_id"]) == set(IDS), "ids, not the numbers of rows"
    assert {CODE, NAME, "scene_cluster_2", "scene_cluster_3", "geometry"} <= set(rows.columns)
    assert len(rows) == 48 - 2 - len(WITHOUT_VECTOR)
    stored = stored_vectors().astype(np.float64)
    for row in rows.itertuples():
        vector = stored[IDS.index(row.point_id), int(row.heading / 90)]
        assert row.embedding == pytest.approx(vector / np.linalg.norm(vector), abs=1e-6)
        assert row.image_path == f"photos/{row.point_id}_{int(row.heading)}.jpg"
        assert getattr(row, NAME) == f"Bury {IDS.index(row.point_id):03d}A"
    medians = exported("median_embeddings", study).set_index(CODE)["median_embedding"]
    for code, of_area in rows.groupby(CODE):
        median = np.median(np.stack(of_area["embedding"]), axis=0)
        assert medians[code] == pytest.approx(median, abs=1e-6), "by dimension, not normalised"
    records = exported("sample_size_records", study)
    assert [(record["k"], record["sample_size"]) for record in records] == [(2, 10), (2, 1000)]
    for record in records:
        assert record["r2_results"].keys() == record["sampling_status"].keys() == {1, 2}
        assert set(record["sampling_status"].values()) <= STATUS
    assert set(records[1]["sampling_status"].values()) == {"capped"}

    folder = tmp_path / "model"
    said = streetview("export", "model", study, "--form", "joblib", "--output", folder)
    assert said.exit_code == 0, said.output
    bundle = joblib.load(folder / "model.joblib")
    assert (bundle["name"], bundle["embedding_dim"]) == ("ridge", stored.shape[2])
    fitted = open_study(study).read("area_predictions").drop_nulls("predicted")
    seen = np.stack([medians[code] for code in fitted["area_code"]])
    low, high = json.loads((folder / "model.json").read_text())["limits"]
    predicted = np.clip(np.ravel(bundle["model"].predict(seen)), low, high)
    assert predicted == pytest.approx(fitted["predicted"].to_numpy())


def test_a_cache_of_points_files_and_vectors_moves_in_as_a_pickle(tmp_path):
    """The sampling script: `point{ID}_heading{H}.jpg` in a folder, and a list of dicts beside."""
    folder, cache = tmp_path / "street_images", []
    folder.mkdir()
    vectors = stored_vectors()
    for row, point in enumerate(IDS[:5]):
        files = [f"street_images/point{point}_heading{90 * slot}.jpg" for slot in range(4)]
        for slot, file in enumerate(files):
            (tmp_path / file).write_bytes(image_of(row, slot))
        kept = [vector for slot, vector in enumerate(vectors[row]) if (row, slot) != (2, 1)]
        cache.append(
            {"point_id": point, "latitude": GROUND[1], "longitude": GROUND[0] + 0.001 * row}
            | {"date": "2019-06", "image_files": files, "embedding": kept}
        )
    (tmp_path / "cache.pkl").write_bytes(pickle.dumps(cache))
    study = tmp_path / "study.yaml"
    columns = {"file": "image_files", "longitude": "longitude", "latitude": "latitude"}
    document = {
        "name": "cached",
        "figures": {"draw": False},
        "trust": True,
        "points": {"from": "images"},
        "images": {
            "provider": "folder", "path": "street_images", "positions": "cache.pkl",
            "max_failed_share": 0.3, "columns": columns | {"captured_at": "date"},
        },
        "encoder": {"name": "import", "path": "cache.pkl"},
    }  # fmt: skip
    study.write_text(yaml.safe_dump(document))
    opened = open_study(study)
    assert run_study(opened, only=UP_TO_VECTORS | {"image_files"}).failures == []
    images = opened.read("images").join(opened.read("image_embeddings"), on="image_id")
    assert images.height == 20
    assert images["captured_on"].cast(pl.String).unique().to_list() == ["2019-06-01"]
    for name, vector in images.select("source_path", "embedding").iter_rows():
        point, heading = map(int, Path(name).stem.removeprefix("point").split("_heading"))
        row = IDS.index(point)
        stored = vectors[row, heading // 90].astype(np.float64)
        if row == 2 or not stored.any():
            assert vector is None, "nothing says which of the four files has none"
        else:
            assert vector == pytest.approx(stored / np.linalg.norm(stored), abs=1e-6)
