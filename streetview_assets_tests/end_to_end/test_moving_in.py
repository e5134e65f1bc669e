"""A group that has a store of street data moves in: nothing is paid, fetched or encoded again."""

import json
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest
import yaml

from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.end_to_end.imagery_studies import UP_TO_IMAGES
from streetview_assets_tests.points.street_stores import (
    IDS,
    MISSING,
    WITHOUT_VECTOR,
    image_of,
    stored_vectors,
    write_store,
)


@pytest.fixture
def moved_in(tmp_path, streetview):
    """Run a study whose points, images and vectors are all of one store."""

    def run(*arguments: str, only: frozenset[str] = frozenset(), **how):
        store = write_store(tmp_path / "street_data.h5", **how)
        document = {
            "name": "moved-in",
            "figures": {"draw": False},
            "points": {"path": store.name},
            "images": {"provider": "hdf5", "path": store.name, "max_failed_share": 0.1},
            "encoder": {"name": "import", "path": store.name},
            "clusters": {"k": 3, "sweep": [2, 3]},
        }
        study = tmp_path / "study.yaml"
        study.write_text(yaml.safe_dump(document))
        if only:
            assert run_study(open_study(study), only=only).failures == []
        else:
            said = streetview("run", study, *arguments)
            assert said.exit_code == 0, said.output
        return open_study(study)

    return run


def the_slots(images: pl.DataFrame) -> list[tuple[int, int]]:
    """Row and slot in the store of each image, by its external id and heading."""
    places = images.select("panorama_id", "heading_deg").iter_rows()
    return [(IDS.index(int(name.removeprefix("point:"))), int(deg / 90)) for name, deg in places]


def assert_goes_out_as_it_came_in(opened, streetview, path: Path) -> None:
    """The exported store holds the ids, places, images and vectors of the one that came in."""
    said = streetview("export", "hdf5", opened.study.path, "--output", path)
    assert said.exit_code == 0, said.output
    assert "12 rows, 46 images, 44 vectors" in said.output
    with h5py.File(opened.study.images.path) as came, h5py.File(path) as went:
        order = [list(went["point_id"][:]).index(point) for point in came["point_id"][:]]
        for name in ("longitude", "latitude"):
            assert went[name][:][order] == pytest.approx(came[name][:], abs=1e-9)
        for name in ("date", "images_present"):
            assert np.array_equal(went[name][:][order], came[name][:])
        for row, stored in zip(order, came["images_jpeg"][:], strict=True):
            for mine, theirs in zip(went["images_jpeg"][row], stored, strict=True):
                assert np.array_equal(mine, theirs)
        vectors = stored_vectors()
        lengths = np.linalg.norm(vectors, axis=2, keepdims=True)
        vectors = vectors / np.where(lengths > 0, lengths, np.nan)
        vectors[~came["images_present"][:]] = np.nan  # without an image there is no row
        assert went["embeddings_clip"][:][order] == pytest.approx(vectors, abs=1e-6, nan_ok=True)


def test_points_images_and_vectors_come_in_as_they_are_and_once(moved_in, streetview, tmp_path):
    opened = moved_in("--until", "embeddings")
    points = opened.read("sample_points")
    assert sorted(map(int, points["source_id"])) == list(IDS)
    images = opened.read("images").sort("image_id")
    there = images.filter(status="ok")
    assert there.height == 48 - len(MISSING)
    for path, slot in zip(there["path"], the_slots(there), strict=True):
        assert Path(opened.root, path).read_bytes() == image_of(*slot)
    assert opened.read("encoders")["library"].to_list() == ["import"]
    vectors = there.join(opened.read("image_embeddings"), on="image_id", how="left", suffix="_made")
    assert vectors.height == there.height
    stored = stored_vectors().astype(np.float64)
    for slot, made in zip(the_slots(vectors), vectors["embedding"], strict=True):
        if slot in WITHOUT_VECTOR:
            assert made is None
        else:
            assert made.to_numpy() == pytest.approx(
                stored[slot] / np.linalg.norm(stored[slot]), abs=1e-6
            )
    assert_goes_out_as_it_came_in(opened, streetview, tmp_path / "out.h5")
    # What the store gets later comes in too, and nothing else is read again.
    after = moved_in(only=UP_TO_IMAGES, missing=()).read("images")
    assert after["status"].unique().to_list() == ["ok"]
    assert after.join(there, on=["image_id", "fetched_at"], how="semi").height == there.height


def test_a_store_of_vectors_alone_goes_all_the_way(moved_in, streetview, tmp_path):
    opened = moved_in(images=False)
    count = 48 - len(WITHOUT_VECTOR)
    for table in ("image_embeddings", "cluster_assignments"):
        said = opened.sql(f"select count(*) from {table} where image_id is not null").item()
        assert said == count
    paths = opened.sql("select count(*), count(path) from images where status = 'ok'")
    assert paths.row(0) == (count, 0)
    back = tmp_path / "back.json"
    exported = streetview(
        "export", "sample_points", opened.study.path, "--format", "map-generator", "--output", back
    )
    assert exported.exit_code == 0, exported.output
    locations = json.loads(back.read_text())
    assert len(locations) == len(IDS)
    assert {location["date"] for location in locations} >= {"2010-01", "2021-03"}
