"""Areas that are known by places alone: each the ground nearest to its places."""

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely

from streetview_assets.areas.boundaries import authority_codes, read_boundaries
from streetview_assets.areas.geometry import to_geoframe
from streetview_assets.areas.thiessen import REACH_M, thiessen
from streetview_assets.errors import StudyError
from streetview_assets.study.study_file import Study

CRS = "EPSG:32630"


def grid(side_m=200.0, count=6):
    """Places on a grid, two columns of them to an area."""
    x, y = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")
    metres = np.column_stack([x.ravel(), y.ravel()]) * side_m + [600_000, 5_900_000]
    degrees = gpd.GeoSeries(shapely.points(metres), crs=CRS).to_crs("EPSG:4326")
    places = np.round(shapely.get_coordinates(degrees.to_numpy()), 6)
    return places, np.array([f"E{column // 2:03}" for column in x.ravel()])


def table(folder, places, codes, **more):
    path = folder / "labels.csv"
    frame = pl.DataFrame({"lsoa11": codes, "gsv_lat": places[:, 1], "gsv_lng": places[:, 0]})
    frame.with_columns(**{name: pl.Series(values) for name, values in more.items()}).write_csv(path)
    return path


def study_of(path, **areas):
    return Study.model_validate(
        {
            "name": "s",
            "crs": CRS,
            "areas": {"path": path, "code": "lsoa11", **areas},
            "points": {"path": path},
            "images": {"provider": "synthetic"},
        }
    )


def test_every_place_lies_in_its_own_area_and_inner_ground_in_the_nearest(tmp_path):
    places, codes = grid()
    areas = read_boundaries(study_of(table(tmp_path, places, codes))).areas
    assert areas["area_code"].to_list() == ["E000", "E001", "E002"]
    shapes = dict(zip(areas["area_code"], to_geoframe(areas).geometry, strict=True))
    for place, code in zip(places, codes, strict=True):
        holding = [one for one, shape in shapes.items() if shape.covers(shapely.Point(place))]
        assert holding == [code]
    # Of the area in the middle, what lies between its places and those beside it: 400 m wide.
    outline = gpd.GeoSeries([shapes["E001"]], crs="EPSG:4326").to_crs(CRS)[0]
    inner = shapely.box(600_300, 5_900_000, 600_700, 5_901_000)
    assert outline.intersection(shapely.box(600_000, 5_900_000, 601_000, 5_901_000)).area == (
        pytest.approx(inner.area, rel=0.01)
    )
    metres = gpd.GeoSeries(shapely.points(places), crs="EPSG:4326").to_crs(CRS)
    corners = shapely.points(shapely.get_coordinates(outline))
    reached = [metres.distance(corner).min() for corner in corners]
    assert max(reached) < REACH_M + 1


def test_a_place_of_two_areas_is_the_smaller_code_s_in_any_order(tmp_path):
    places = np.array([[-1.5, 53.8], [-1.5, 53.8], [-1.49, 53.8]])
    codes = np.array(["E2", "E1", "E2"])
    found = thiessen(places, codes)
    assert set(found) == {"E1", "E2"}
    assert found["E1"].covers(shapely.Point(-1.5, 53.8))
    turned = thiessen(places[::-1], codes[::-1])
    assert all(found[code].equals(turned[code]) for code in found)
    assert thiessen(places[:1], codes[:1])["E2"].area > 0


def test_authorities_are_those_of_the_table(tmp_path):
    places, codes = grid()
    path = table(tmp_path, places, codes, lad=["L1" if code < "E002" else "L2" for code in codes])
    study = study_of(path, authority_code="lad")
    assert authority_codes(study) == ["L1", "L2"]
    areas = read_boundaries(study).areas
    assert dict(areas.select("area_code", "authority_code").iter_rows()) == {
        "E000": "L1", "E001": "L1", "E002": "L2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda rows: rows.drop("gsv_lat"), "has no outlines, and no column of the latitude"),
        (
            lambda rows: rows.with_columns(gsv_lat=pl.lit("north")),
            "36 places have no longitude and latitude in degrees",
        ),
        (lambda rows: rows.with_columns(lsoa11=pl.lit(None)), "1 area has no code"),
        (
            lambda rows: rows.with_columns(lad=pl.int_range(pl.len())),
            "codes stand at more than one area",
        ),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path, spoil, said):
    places, codes = grid()
    path = table(tmp_path, places, codes, lad=["L1"] * len(codes))
    spoil(pl.read_csv(path)).write_csv(path)
    with pytest.raises(StudyError, match=said):
        read_boundaries(study_of(path, authority_code="lad"))
