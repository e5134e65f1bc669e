"""Pixels pooled over areas, held against exactextract called directly; files that are refused."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import rasterio
import shapely
from exactextract import exact_extract
from pyproj import Transformer
from shapely.geometry import mapping

from streetview_assets.areas.geometry import to_geoframe
from streetview_assets.errors import StudyError
from streetview_assets.satellite.embeddings import satellite_vectors
from streetview_assets.satellite.zonal import NO_BAND, NO_PIXEL, NO_POINT, NO_POINT_KNOWN, OUTSIDE
from streetview_assets.study.embeddings import Satellite
from streetview_assets.tables.contract import STATISTICS
from streetview_assets.tables.registry import TABLES, check_contract
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
)

AREAS = areas_over(
    {"A": blob(10, 10), "B": blob(20, 12.4, 6), "C": blob(31.7, 8), "Z": blob(900, 9)}
)


def vectors(path: object, areas: pl.DataFrame = AREAS, **said: object) -> pl.DataFrame:
    found = satellite_vectors(Satellite(path=path, **said), areas, lambda: areas)
    check_contract(TABLES["satellite_embeddings"], found)
    return found


def direct(path: Path, areas: pl.DataFrame = AREAS) -> dict[tuple[str, str], list[float]]:
    """Ask exactextract itself, of a whole file of plain numbers that lies north up."""
    outlines = to_geoframe(areas).to_crs(CRS)
    features = [
        {"type": "Feature", "geometry": mapping(shape), "properties": {"code": code}}
        for code, shape in zip(outlines["area_code"], outlines.geometry, strict=True)
    ]
    found: dict[tuple[str, str], list[float]] = {}
    with rasterio.open(path) as file:
        rows = exact_extract(file, features, list(STATISTICS), include_cols=["code"])
        for row in rows:
            told = row["properties"]
            for name in STATISTICS:
                numbers = [told[f"band_{band}_{name}"] for band in range(1, file.count + 1)]
                found[told["code"], name] = numbers
    return found


def require_equal(found: pl.DataFrame, wanted: dict[tuple[str, str], list[float]]) -> None:
    known = found.drop_nulls("embedding")
    assert known["area_code"].unique().sort().to_list() == ["A", "B", "C"]
    for code, statistic, vector in known.select("area_code", "statistic", "embedding").iter_rows():
        np.testing.assert_allclose(
            vector, wanted[code, statistic], atol=1e-6, err_msg=f"{code} {statistic}"
        )


@pytest.fixture
def plain(tmp_path: Path) -> dict[tuple[str, str], list[float]]:
    whole = write_tile(tmp_path / "plain.tif", meant(alphaearth(24, 40)))
    return direct(whole)


@pytest.mark.parametrize("south_up", [False, True])
def test_alphaearths_whole_numbers_are_what_exactextract_makes_of_what_they_mean(
    tmp_path: Path, plain: dict, south_up: bool
) -> None:
    said = {"nodata": -128} if south_up else {}
    path = write_tile(tmp_path / "a.tif", alphaearth(24, 40), south_up=south_up, **said)
    found = vectors(path)
    require_equal(found, plain)
    outside = found.filter(area_code="Z")
    assert outside["reason"].to_list() == [OUTSIDE] * 4
    # C hangs over the eastern edge; a tenth of the pixels of all has no value.
    share = dict(found.filter(statistic="mean").select("area_code", "covered_share").iter_rows())
    assert 0.8 < share["A"] < 0.97
    assert share["Z"] == 0


def test_tiles_that_meet_inside_an_area_are_one_raster_whichever_way_they_lie(
    tmp_path: Path, plain: dict
) -> None:
    values, folder = alphaearth(24, 40), tmp_path / "tiles"
    folder.mkdir()
    write_tile(folder / "b_west.tif", values[:, :, :19], south_up=True)
    write_tile(folder / "c_north.tif", values[:, :11, 19:], column=19)
    south = write_tile(folder / "a_south.tif", values[:, 11:, 17:], column=17, row=11)
    require_equal(vectors(folder), plain)
    (tmp_path / "south.tif").write_bytes(south.read_bytes())
    several = [folder / "b_west.tif", tmp_path / "south.tif", folder / "c_north.tif"]
    require_equal(vectors(several), plain)


def test_floats_have_their_own_nodata_and_stay_what_they_are(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(50, 20, (2, 24, 40)).astype(np.float32)
    values[:, 5:9, 8:12] = -9999
    path = write_tile(tmp_path / "f.tif", values, nodata=-9999)
    require_equal(vectors(path, encoder="own", attribution="Us"), direct(path))


def test_areas_that_no_pixel_has_a_value_of_say_so(tmp_path: Path) -> None:
    values = np.ones((2, 24, 40), dtype=np.float32)
    values[:, :, :20] = np.nan
    values[1, :, 30:] = np.nan
    areas = areas_over({"A": blob(8, 8), "B": blob(25, 12, 3), "C": blob(35, 8, 3)})
    found = vectors(write_tile(tmp_path / "f.tif", values), areas).filter(statistic="mean")
    told = dict(found.select("area_code", "reason").iter_rows())
    assert told == {"A": NO_PIXEL, "B": None, "C": NO_BAND}


def test_tiles_that_do_not_fit_together_are_refused_with_both_named(tmp_path: Path) -> None:
    one = write_tile(tmp_path / "a.tif", alphaearth(24, 40))
    for said, other in {
        "has bands 2, a.tif 3": {"values": alphaearth(24, 40, bands=2)},
        "has the CRS EPSG:32631": {"crs": "EPSG:32631"},
        "lie between": {"column": 40.4},
        "kind float32": {"values": np.ones((3, 24, 40), dtype=np.float32)},
    }.items():
        path = write_tile(tmp_path / "b.tif", **({"values": alphaearth(24, 40)} | other))
        with pytest.raises(StudyError, match=said) as refused:
            vectors([one, path])
        assert "satellite.path" in str(refused.value)
        assert "b.tif" in str(refused.value)


def test_what_is_no_raster_of_these_places_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.tif").write_text("not a raster")
    without_crs = write_tile(tmp_path / "nowhere.tif", alphaearth(24, 40), crs=None)
    with pytest.raises(StudyError, match=r"words\.tif is not readable as GeoTIFF"):
        vectors(tmp_path / "words.tif")
    with pytest.raises(StudyError, match=r"does not say its CRS.*gdal_edit"):
        vectors(without_crs)
    there = write_tile(tmp_path / "a.tif", alphaearth(24, 40))
    with pytest.raises(StudyError, match="no area of the study lies in the raster"):
        vectors(there, areas_over({"Z": blob(900, 9)}))
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match="holds no GeoTIFF"):
        vectors(tmp_path / "empty")
    cut = tmp_path / "cut.tif"
    cut.write_bytes(there.read_bytes()[:-2000])
    with pytest.raises(StudyError, match=r"cut\.tif is not readable as GeoTIFF"):
        vectors(cut)


def test_a_raster_that_would_unpack_to_far_more_than_is_wanted_is_refused(tmp_path: Path) -> None:
    # One block: a few kilobytes that unpack to 400 MB.
    path = tmp_path / "bomb.tif"
    with rasterio.open(
        path, "w", driver="GTiff", dtype="int8", count=1, width=20_000, height=20_000, crs=CRS,
        transform=rasterio.transform.Affine(10, 0, 550_000, 0, -10, 5_930_000),
        tiled=True, blockxsize=20_000, blockysize=20_000, compress="deflate", sparse_ok=True,
    ):  # fmt: skip
        pass
    with pytest.raises(StudyError, match="packed in blocks of 400,000,000 bytes"):
        vectors(path)


def test_whom_to_name_is_known_of_alphaearth_and_asked_for_of_others(tmp_path: Path) -> None:
    path = write_tile(tmp_path / "a.tif", alphaearth(24, 40))
    assert Satellite(path=path).credit.endswith("produced by Google and Google DeepMind.")
    with pytest.raises(ValueError, match="give `attribution`"):
        Satellite(path=path, encoder="own")


def test_an_area_beyond_where_the_rasters_crs_reaches_is_outside(tmp_path: Path) -> None:
    path = write_tile(tmp_path / "a.tif", alphaearth(24, 40))
    far = pl.DataFrame(
        {
            "authority_code": ["X1"],
            "area_code": ["Q"],
            "geometry": pl.Series([shapely.to_wkb(shapely.box(86, -1, 88, 1))], dtype=pl.Binary),
        }
    )
    found = vectors(path, pl.concat([AREAS, far]))
    assert set(found.filter(area_code="Q")["reason"]) == {OUTSIDE}


@pytest.mark.parametrize("south_up", [False, True])
def test_at_points_each_is_the_pixel_that_it_lies_on(tmp_path: Path, south_up: bool) -> None:
    values = alphaearth(24, 40)
    values[:, 10, 10] = -128
    path = write_tile(tmp_path / "a.tif", values, south_up=south_up, nodata=-128)
    places = {"A": [(5, 3), (6, 20), (10, 10)], "B": [(10, 10)], "Z": [(900, 9)]}
    values[:, 3, 5], values[:, 20, 6] = [64, 1, -127], [32, 3, 127]
    write_tile(tmp_path / "a.tif", values, south_up=south_up, nodata=-128)
    found = sampled_at(path, places).filter(statistic="mean")
    told = dict(found.select("area_code", "reason").iter_rows())
    assert told == {"A": None, "B": NO_POINT_KNOWN, "C": NO_POINT, "Z": OUTSIDE}
    mine = found.row(0, named=True)
    means = [(64**2 + 32**2) / 2 / 127.5**2, 5 / 127.5**2, 0]
    np.testing.assert_allclose(mine["embedding"], means, atol=1e-6)
    assert mine["covered_share"] == pytest.approx(2 / 3)


def sampled_at(path: Path, places: dict[str, list[tuple[int, int]]]) -> pl.DataFrame:
    """Sample a raster at the middles of pixels, by area: columns and rows of its grid."""
    back = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    rows = []
    for code, pixels in places.items():
        for number, (column, row) in enumerate(pixels):
            x, y = WEST + (column + 0.5) * PIXEL_M, NORTH - (row + 0.5) * PIXEL_M
            longitude, latitude = back.transform(x, y)
            rows.append((code, f"{code}{number}", longitude, latitude))
    names = ["area_code", "point_id", "longitude", "latitude"]
    points = pl.DataFrame(rows, schema=names, orient="row")
    said = Satellite(path=path, sampled="points")
    return satellite_vectors(said, AREAS, lambda: AREAS, points=points)


def test_a_table_cannot_be_sampled(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,A00\nA,1\n")
    with pytest.raises(StudyError, match=r"satellite\.sampled"):
        vectors(tmp_path / "a.csv", sampled="points")


def test_numbers_that_stand_for_others_by_a_scale_are_refused(tmp_path: Path) -> None:
    path = write_tile(tmp_path / "a.tif", alphaearth(24, 40))
    with rasterio.open(path, "r+") as file:
        file.scales = [0.1] * file.count
    with pytest.raises(StudyError, match=r"a\.tif holds numbers that are to be multiplied"):
        vectors(path)
