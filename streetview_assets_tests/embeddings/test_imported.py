"""Vectors that were made elsewhere in the place of an encoder."""

import h5py
import numpy as np
import polars as pl
import pytest

from streetview_assets.embeddings.embed import embed_images
from streetview_assets.embeddings.encoders.imported.load import NOT_FINITE, ZERO
from streetview_assets.embeddings.encoders.registry import check_encoder, load_encoder
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.errors import StudyError
from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.points.imported.street_data import read_street_data
from streetview_assets.study.embeddings import Encoder
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.points.street_stores import (
    DIMENSION,
    IDS,
    WITHOUT_VECTOR,
    stored_vectors,
    write_store,
)


def imported(store, **settings) -> Encoder:
    return Encoder.model_validate({"name": "import", "path": store, **settings})


def images_of(store) -> pl.DataFrame:
    """An image for each slot of a store, in an order of its own."""
    slots = read_street_data(store, "k").slots([0, 90, 180, 270])
    return slots.with_columns(
        image_id=pl.format("{}-{}", "row", "slot"),
        captured_on=pl.col("captured_on").fill_null(UNKNOWN_DATE),
        status=pl.lit("ok"),
        path=pl.lit(None, pl.String),
        sha256=pl.lit(None, pl.String),
    ).sample(fraction=1, shuffle=True, seed=3)


def embedded(store, images, folder) -> dict[str, dict]:
    encoder = load_encoder(imported(store))
    table = pl.concat(embed_images(encoder, images, folder, authority_code="all"))
    check_contract(TABLES["image_embeddings"], table)
    assert table["encoder"].unique().to_list() == ["import-s"]
    return {row["image_id"]: row for row in table.iter_rows(named=True)}


def test_vectors_are_the_store_s_made_unit_length_and_no_image_is_read(tmp_path):
    store = write_store(tmp_path / "s.h5")
    rows = embedded(store, images_of(store), tmp_path / "no such folder")
    stored = stored_vectors().astype(np.float64)
    for row in range(len(IDS)):
        for slot in range(4):
            got = rows[f"{row}-{slot}"]
            if (row, slot) in WITHOUT_VECTOR:
                reason = ZERO if (row, slot) == (3, 3) else NOT_FINITE
                assert (got["status"], got["error"]) == ("failed", reason)
                continue
            expected = stored[row, slot] / np.linalg.norm(stored[row, slot])
            assert np.abs(np.array(got["embedding"]) - expected).max() < 1e-7
    lengths = np.linalg.norm(stored, axis=2)
    assert np.nanmax(np.abs(lengths[lengths > 0] - 1)) > 1e-5, "the store's own are not quite"


def test_an_image_that_the_store_does_not_know_fails_with_its_reason(tmp_path):
    count = len(IDS)
    store = write_store(tmp_path / "s.h5", pano_id=[f"pano{row}" for row in range(count)])
    known = images_of(store).filter(image_id="0-0").row(0, named=True)
    changes = {
        "no vector is of this panorama": {"panorama_id": "point:3"},
        "as of 2010-01, not of 2021-07": {"captured_on": known["captured_on"].replace(2021, 7)},
        "no vector of this panorama is in the heading 45": {"heading_deg": 45.0},
        "heading of this image is not known": {"heading_deg": None},
    }
    asked = [{**known, "image_id": reason, **change} for reason, change in changes.items()]
    asked += [
        {**known, "captured_on": UNKNOWN_DATE},
        {**known, "image_id": "b", "heading_deg": 360},
    ]
    frame = pl.DataFrame(asked, schema=images_of(store).schema)
    rows = embedded(store, frame, tmp_path)
    for reason in changes:
        assert rows[reason]["status"] == "failed"
        assert reason in rows[reason]["error"]
    assert rows["0-0"]["status"] == rows["b"]["status"] == "ok"


def test_the_identity_says_where_vectors_come_from_and_changes_with_them(tmp_path):
    store = write_store(tmp_path / "s.h5")
    identity = load_encoder(imported(store)).identity
    check_contract(TABLES["encoders"], identity.frame())
    assert (identity.library, identity.model, identity.weights_sha256) == ("import", "s.h5", None)
    assert identity.preprocessing.startswith("made elsewhere: s.h5, sha256 ")
    assert (identity.precision, identity.dimension) == ("fp32", DIMENSION)
    with h5py.File(store, "a") as file:
        file["embeddings_clip"].attrs["model"] = "ViT-B/32"
        file["embeddings_clip"][0, 0, 0] += 1
    changed = load_encoder(imported(store)).identity
    assert changed.model == "ViT-B/32"
    assert changed.preprocessing != identity.preprocessing
    with h5py.File(store, "a") as file:
        file["point_id"][0] = 1
    renamed = load_encoder(imported(store)).identity
    assert renamed.fingerprint != changed.fingerprint
    with h5py.File(store, "a") as file:
        file.attrs["headings"] = [10, 100, 190, 280]
    turned = load_encoder(imported(store)).identity
    assert turned.fingerprint != renamed.fingerprint


def test_rows_of_one_panorama_stand_in_for_each_other(tmp_path):
    dates = ["2019-05"] * len(IDS)
    shared = [f"p{row}" for row in range(len(IDS))]
    shared[5] = "p2"
    store = write_store(tmp_path / "s.h5", pano_id=shared, date=dates)
    images = images_of(store).filter(image_id="2-1")
    vector = np.array(embedded(store, images, tmp_path)["2-1"]["embedding"])
    expected = stored_vectors()[5, 1]
    assert vector @ expected / np.linalg.norm(expected) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        (
            "s.mat",
            {},
            r"encoder\.path: .*s\.mat: files of kind '.mat' are not read as vectors; give an H",
        ),
        ("s.h5", {"options": {"a": 1}}, r"encoder\.options: import computes nothing"),
        ("s.h5", {"precision": "fp16"}, r"encoder\.precision: import computes nothing"),
        ("s.h5", {"name": "colour-texture"}, r"encoder\.path: colour-texture computes its vectors"),
    ],
)
def test_settings_that_would_not_be_heeded_are_refused(tmp_path, name, settings, message):
    store = write_store(tmp_path / name)
    for look in (check_encoder, load_encoder):
        with pytest.raises(StudyError, match=message):
            look(imported(store, **settings))


def test_a_store_without_vectors_is_refused_before_anything_runs(tmp_path):
    store = write_store(tmp_path / "s.h5", vectors=False)
    with pytest.raises(StudyError, match=r"encoder\.path: .*no data set 'embeddings_clip'"):
        check_encoder(imported(store))


def test_order_and_shards_change_nothing(tmp_path, monkeypatch):
    store = write_store(tmp_path / "s.h5")
    images = images_of(store)
    encoder = load_encoder(imported(store))
    whole = pl.concat(embed_images(encoder, images, tmp_path, authority_code="all"))
    for name in ("IMPORTED_AT_ONCE", "LEAST_PER_SHARD"):
        monkeypatch.setattr(f"streetview_assets.embeddings.embed.{name}", 7)
    parts = list(embed_images(encoder, images, tmp_path, authority_code="all"))
    assert len(parts) == 7
    assert pl.concat(parts).equals(whole)
    assert matrix(whole.filter(status="ok")["embedding"]).shape == (46, DIMENSION)
