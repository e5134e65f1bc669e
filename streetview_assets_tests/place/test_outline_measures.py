"""What outlines tell: size, form, neighbours across authorities, and how dense areas lie."""

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely
from shapely import Polygon

from streetview_assets.areas.geometry import wkb_series
from streetview_assets.place.outline_measures import AROUND, VARIABLES, outline_measures

CRS, X, Y = "EPSG:27700", 430_000, 433_000


def as_areas(*outlines: Polygon, authority: str = "A") -> pl.DataFrame:
    """Lay outlines, metres from a corner near Leeds, as a table of areas."""
    shapes = gpd.GeoSeries(list(outlines), crs=CRS).translate(X, Y)
    inside = shapes.representative_point().to_crs("EPSG:4326")
    return pl.DataFrame(
        {
            "authority_code": authority,
            "area_code": [f"{authority}{row:03d}" for row in range(len(outlines))],
            "longitude": inside.x.to_numpy(),
            "latitude": inside.y.to_numpy(),
        }
    ).with_columns(wkb_series(shapes))


def grid(columns: int, rows: int, side_m: float, east_m: float = 0.0) -> list[Polygon]:
    boxes = np.ndindex(columns, rows)
    return [
        shapely.box(east_m + x * side_m, y * side_m, east_m + (x + 1) * side_m, (y + 1) * side_m)
        for x, y in boxes
    ]


def test_size_and_form_are_those_of_the_outline() -> None:
    bent = Polygon([(0, 1000), (200, 1000), (200, 1100), (100, 1100), (100, 1200), (0, 1200)])
    areas = as_areas(shapely.box(0, 0, 400, 100), bent)
    found = outline_measures(areas, areas, CRS)
    assert tuple(found) == VARIABLES
    assert found["area_m2"] == pytest.approx([40_000, 30_000], rel=1e-3)
    assert found["perimeter_m"] == pytest.approx([1000, 800], rel=1e-3)
    assert found["compactness"][0] == pytest.approx(4 * np.pi * 0.04, rel=1e-3)
    assert found["convexity"] == pytest.approx([1, 6 / 7], rel=1e-3)
    assert found["elongation"] == pytest.approx([0.25, 1], rel=0.02)
    assert found["vertices"].tolist() == [5, 7]
    assert found["vertices_per_km"] == pytest.approx([5, 8.75], rel=1e-3)


def test_neighbours_count_across_the_border_of_an_authority() -> None:
    mine, theirs = as_areas(*grid(2, 3, 100)), as_areas(*grid(1, 3, 100, 200), authority="B")
    found = outline_measures(mine, pl.concat([theirs, mine]), CRS)
    # The left column has corners and edges: 3, 5, 3; the right one those of the others too.
    assert found["neighbours"].tolist() == [3, 5, 3, 5, 8, 5]
    alone = outline_measures(mine, mine, CRS)
    assert alone["neighbours"].tolist() == [3, 5, 3, 3, 5, 3]


def test_small_areas_close_together_are_dense_whatever_the_order_of_rows() -> None:
    small, large = as_areas(*grid(8, 8, 100)), as_areas(*grid(8, 8, 400, 9_000), authority="B")
    every = pl.concat([small, large])
    dense, sparse = outline_measures(small, every, CRS), outline_measures(large, every, CRS)
    middle = 27
    assert dense["nearest_area_m"][middle] == pytest.approx(100, rel=1e-3)
    # The eighth nearest lies over the corner: eight areas in a circle of 141 m.
    assert dense["areas_per_km2_of_8"][middle] == pytest.approx(8 / (np.pi * 0.02), rel=1e-2)
    for name in ("nearest_area_m", *(f"areas_per_km2_of_{count}" for count in AROUND)):
        ratio = dense[name][middle] / sparse[name][middle]
        assert ratio == pytest.approx(1 / 4 if name == "nearest_area_m" else 16, rel=1e-2)
    turned = outline_measures(small, every.sort("latitude", descending=True), CRS)
    assert all(np.array_equal(turned[name], dense[name], equal_nan=True) for name in VARIABLES)


def test_of_few_areas_what_there_are_count_and_of_one_nothing() -> None:
    two = as_areas(*grid(2, 1, 100))
    found = outline_measures(two, two, CRS)
    assert found["areas_per_km2_of_32"] == pytest.approx(2 * [1 / (np.pi * 0.01)], rel=1e-2)
    one = as_areas(shapely.box(0, 0, 1, 1))
    lone = outline_measures(one, one, CRS)
    assert np.isnan([lone["nearest_area_m"][0], lone["areas_per_km2_of_8"][0]]).all()
    assert lone["neighbours"].tolist() == [0]
