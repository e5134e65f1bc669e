"""The graph of neighbouring areas."""

import geopandas as gpd
import polars as pl
import pytest
import shapely

from streetview_assets.areas.boundaries import read_boundaries
from streetview_assets.areas.contiguity import count_islands, find_neighbours
from streetview_assets.areas.geometry import wkb_series
from streetview_assets.study.areas import Areas
from streetview_assets.study.images import Images
from streetview_assets.study.study_file import Study
from streetview_assets.tables.registry import TABLES, check_contract

CRS = "EPSG:27700"


def areas_of(shapes: dict[str, shapely.Geometry]) -> pl.DataFrame:
    moved = [shapely.affinity.translate(shape, 430_000, 433_000) for shape in shapes.values()]
    return pl.DataFrame({"area_code": list(shapes)}).with_columns(
        wkb_series(gpd.GeoSeries(moved, crs=CRS))
    )


def pairs(found: pl.DataFrame) -> set[tuple[str, str]]:
    return {(one, other) for one, other in found.select(pl.nth(0, 1)).rows() if one < other}


def test_outlines_that_were_drawn_apart_or_over_each_other_are_neighbours():
    found = find_neighbours(
        areas_of(
            {
                "a": shapely.box(0, 0, 100, 100),
                "b a hair beside": shapely.box(100.003, 0, 200, 100),
                "c over it": shapely.box(199.5, 0, 300, 100),
                "d at a corner": shapely.box(300, 100, 400, 200),
                "e across a river": shapely.box(450, 100, 500, 200),
            }
        ),
        CRS,
    )
    check_contract(TABLES["area_neighbours"], found)
    assert pairs(found) == {
        ("a", "b a hair beside"),
        ("b a hair beside", "c over it"),
        ("c over it", "d at a corner"),
        ("d at a corner", "e across a river"),
    }
    by_nearest = found.filter(found_by="nearest")
    assert pairs(by_nearest) == {("d at a corner", "e across a river")}
    assert count_islands(found) == 1
    border_m = dict(
        found.filter(area_code="b a hair beside")["neighbour_code", "shared_border_m"].rows()
    )
    assert border_m["a"] == pytest.approx(100, abs=3)


def test_the_order_of_areas_and_of_their_corners_does_not_matter():
    shapes = {
        name: shapely.box(at, 0, at + 10, 10)
        for name, at in zip("abcd", (0, 10, 20, 99), strict=True)
    }
    turned = {name: shapely.reverse(shapes[name]) for name in reversed(shapes)}
    assert find_neighbours(areas_of(shapes), CRS).equals(find_neighbours(areas_of(turned), CRS))


def test_one_area_alone_has_no_neighbour():
    found = find_neighbours(areas_of({"a": shapely.box(0, 0, 1, 1)}), CRS)
    check_contract(TABLES["area_neighbours"], found)
    assert found.is_empty()
    assert count_islands(found) == 0


def test_real_outlines_without_a_common_corner_are_neighbours(shared_data):
    study = Study(
        name="leeds",
        crs=CRS,
        areas=Areas(
            path=shared_data / "lsoa/leeds_lsoa2011_E08000035.geojson",
            code="LSOA11CD",
            name="LSOA11NM",
        ),
        images=Images(provider="synthetic"),
        points={"path": shared_data / "lsoa/leeds_lsoa2011_E08000035.geojson"},
    )
    found = find_neighbours(read_boundaries(study).areas, CRS)
    assert len(pairs(found)) == 1383
    assert count_islands(found) == 0
