"""Zarr as a form of a raster: the same areas' vectors as of GeoTIFF, and what is refused."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import zarr

from streetview_assets.errors import StudyError
from streetview_assets.lake.content import content_of
from streetview_assets.satellite.zonal import NO_PIXEL
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.satellite.rasters import (
    CRS,
    NORTH,
    PIXEL_M,
    WEST,
    alphaearth,
    areas_over,
    blob,
    meant,
    write_tile,
    write_zarr,
)
from streetview_assets_tests.satellite.test_satellite_raster import direct, require_equal, vectors

VALUES = alphaearth(24, 40)
TABLE = TABLES["satellite_embeddings"]


@pytest.mark.parametrize(
    ("version", "south_up", "how"),
    [
        (2, False, {"chunks": (1, 7, 9)}),
        (2, True, {"chunks": (3, 24, 40), "fill_value": -128}),
        (3, True, {"chunks": (1, 7, 9), "fill_value": -128}),
        (3, False, {"chunks": (3, 8, 8), "shards": (3, 16, 16), "told": {"_FillValue": -128}}),
    ],
)
def test_zarr_gives_what_exactextract_makes_of_the_numbers_and_no_other_content_than_geotiff(
    tmp_path: Path, version: int, south_up: bool, how: dict
) -> None:
    path = write_zarr(tmp_path / "a.zarr", VALUES, version=version, south_up=south_up, **how)
    found = vectors(path)
    require_equal(found, direct(write_tile(tmp_path / "plain.tif", meant(VALUES))))
    as_geotiff = vectors(write_tile(tmp_path / "a.tif", VALUES))
    assert content_of(found, TABLE).fingerprint == content_of(as_geotiff, TABLE).fingerprint


@pytest.mark.parametrize(
    "said",
    [
        {"crs": {"spatial_ref": CRS}},
        {"crs": {"crs_wkt": CRS, "GeoTransform": f"{WEST} {PIXEL_M} 0 {NORTH} 0 -{PIXEL_M}"}},
        {"told": {"proj:code": CRS, "spatial:transform": [PIXEL_M, 0, WEST, 0, -PIXEL_M, NORTH]}},
        {"told": {"_CRS": {"wkt": CRS}}},
        {"axes": ("y", "x", "band")},
        {"axes": ("time", "band", "y", "x")},
    ],
)
def test_where_it_lies_is_told_in_each_of_the_ways_in_use(tmp_path: Path, said: dict) -> None:
    by_transform = "GeoTransform" in str(said) or "spatial:transform" in str(said)
    said = {"crs": {} if "told" in said else None, "coordinates": not by_transform} | said
    path = write_zarr(tmp_path / "a.zarr", VALUES, **said)
    found = vectors(write_tile(tmp_path / "a.tif", VALUES))
    assert vectors(path).equals(found)
    assert vectors(path / "embeddings").equals(found)


@pytest.mark.parametrize(
    ("nodata", "how"),
    [
        (-9999, {"version": 2, "fill_value": -9999}),
        (-9999, {"told": {"_FillValue": "AAAAAICHw8A="}}),
        (np.nan, {"fill_value": np.nan}),
        (0, {"told": {"missing_value": 0}}),
    ],
)
def test_floats_have_their_own_nodata(tmp_path: Path, nodata: float, how: dict) -> None:
    values = np.random.default_rng(1).normal(50, 20, (2, 24, 40)).astype(np.float32)
    values[:, 5:9, 8:12] = nodata
    found = vectors(write_zarr(tmp_path / "f.zarr", values, **how), encoder="own", attribution="Us")
    require_equal(found, direct(write_tile(tmp_path / "f.tif", values, nodata=nodata)))


def test_nought_is_a_number_where_nothing_says_that_it_stands_for_none(tmp_path: Path) -> None:
    values = np.zeros((2, 24, 40), dtype=np.float32)
    values[:, ::2] = 1
    found = vectors(write_zarr(tmp_path / "f.zarr", values), encoder="own", attribution="Us")
    require_equal(found, direct(write_tile(tmp_path / "f.tif", values)))


def test_tiles_of_both_forms_are_one_raster(tmp_path: Path) -> None:
    folder = tmp_path / "tiles"
    folder.mkdir()
    write_tile(folder / "a.tif", VALUES[:, :, :19])
    write_zarr(folder / "b.zarr", VALUES[:, :, 19:], column=19, south_up=True)
    assert vectors(folder).equals(vectors(write_tile(tmp_path / "whole.tif", VALUES)))


def test_chunks_that_were_never_written_are_ground_without_a_value(tmp_path: Path) -> None:
    values = VALUES.copy()
    values[:, :, :24] = -128
    path = write_zarr(tmp_path / "a.zarr", values, chunks=(3, 8, 8), fill_value=-128)
    areas = areas_over({"A": blob(8, 8), "B": blob(33, 12, 3)})
    assert zarr.open_array(path / "embeddings").nchunks_initialized == 6
    found = vectors(path, areas).filter(statistic="mean")
    assert dict(found.select("area_code", "reason").iter_rows()) == {"A": NO_PIXEL, "B": None}


@pytest.mark.parametrize(
    ("said", "how"),
    [
        (r"does not say its CRS.*write_crs", {"crs": {}}),
        ("neither coordinates x and y nor a transform", {"coordinates": False}),
        ("multiplied by a scale", {"told": {"scale_factor": 0.1}}),
        ("turned or mirrored", {"crs": {"crs_wkt": CRS, "GeoTransform": "0 -1 0 0 0 1"}}),
        ("not readable as zarr: Invalid projection", {"crs": {"crs_wkt": "EPSG:nowhere"}}),
    ],
)
def test_a_store_that_cannot_be_laid_over_areas_is_refused(
    tmp_path: Path, said: str, how: dict
) -> None:
    how = {"coordinates": "GeoTransform" not in str(how)} | how
    refuses(write_zarr(tmp_path / "a.zarr", VALUES, **how), said)


def refuses(path: Path, said: str) -> None:
    with pytest.raises(StudyError, match=said) as refused:
        vectors(path)
    assert "satellite.path" in str(refused.value)
    assert path.name in str(refused.value)


def test_an_array_without_bands_and_one_with_two_kinds_of_them_are_refused(tmp_path: Path) -> None:
    path = write_zarr(tmp_path / "a.zarr", VALUES)
    group = zarr.open_group(path)
    for name, shape, axes in (("years", (3, 2, 4, 4), "tbyx"), ("b", (3, 4, 4), "bax")):
        array = group.create_array(name, shape=shape, dtype="i1", dimension_names=tuple(axes))
        array[...] = 1
    refuses(path, "several arrays of bands: b, embeddings, years. Give the folder of one")
    refuses(path / "years", "several axes beside y and x .t: 3, b: 2.")
    refuses(path / "b", "has the axes b × a × x: it needs one called y")
    flat = zarr.open_group(tmp_path / "flat.zarr", mode="w")
    flat.create_array("A00", shape=(24, 40), dtype="i1", dimension_names=("y", "x"))
    refuses(tmp_path / "flat.zarr", r"no array of bands.* A00 .24 × 40.*to_dataarray")


def test_a_store_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = write_zarr(tmp_path / "a.zarr", VALUES, chunks=(3, 8, 8))
    chunk, about = path / "embeddings/c/0/1/1", path / "embeddings/zarr.json"
    whole = chunk.read_bytes()
    chunk.write_bytes(whole[:-20])
    refuses(path, r"a\.zarr is not readable as zarr")
    chunk.unlink()
    refuses(path, "has 14 of 15 chunks, and those that are not there would count as 0: it is cut")
    chunk.write_bytes(whole)
    vectors(path)
    about.write_bytes(about.read_bytes()[:-20])
    refuses(path, r"a\.zarr is not readable as zarr")
    empty = write_zarr(tmp_path / "e.zarr", np.full_like(VALUES, -128), fill_value=-128)
    refuses(empty, "has 0 of 1 chunks")


def test_a_store_in_blocks_far_larger_than_what_is_wanted_is_refused(tmp_path: Path) -> None:
    path = write_zarr(tmp_path / "a.zarr", VALUES, chunks=(1, 24, 40))
    about = path / "embeddings/zarr.json"
    told = json.loads(about.read_text())
    told["chunk_grid"]["configuration"]["chunk_shape"] = [1, 20_000, 20_000]
    about.write_text(json.dumps(told))
    refuses(path, "packed in blocks of 400,000,000 bytes")


def test_nothing_that_a_store_names_is_run_to_unpack_it(tmp_path: Path) -> None:
    path = write_zarr(tmp_path / "a.zarr", VALUES, version=2)

    class Run:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "was_run"),)

    about = path / "embeddings/.zarray"
    told = json.loads(about.read_text())
    about.write_text(json.dumps(told | {"compressor": {"id": "pickle"}}))
    for chunk in (path / "embeddings").glob("[0-9]*"):
        chunk.write_bytes(pickle.dumps(Run()))
    refuses(path, r"a\.zarr is not readable as zarr.*pickle")
    assert not (tmp_path / "was_run").exists()
