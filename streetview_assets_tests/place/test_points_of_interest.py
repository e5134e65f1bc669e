"""What stands in areas: counted by category, and how far the nearest is."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from streetview_assets.errors import StudyError
from streetview_assets.place.points_of_interest import (
    FARTHEST_M,
    point_of_interest_measures,
    read_points_of_interest,
)

BOXES = np.array([shapely.box(0, 0, 1000, 500), shapely.box(2000, 0, 3000, 1000)])
MIDDLES = np.array([[500.0, 250.0], [2500.0, 500.0]])


def test_each_category_has_a_density_and_a_distance_and_all_together_too() -> None:
    shapes = [shapely.Point(500, 0), shapely.Point(510, 250), shapely.box(990, 240, 1100, 260)]
    there = gpd.GeoDataFrame({"category": ["pub", "pub", "school"]}, geometry=shapes)
    found = point_of_interest_measures(there, ["bank", "pub", "school"], BOXES, MIDDLES)
    assert found["pub_per_km2"].tolist() == [4, 0]
    assert found["school_per_km2"].tolist() == [2, 0]
    assert found["all_per_km2"].tolist() == [6, 0]
    assert found["pub_nearest_m"] == pytest.approx([10, np.hypot(1990, 250)])
    assert found["school_nearest_m"][0] == pytest.approx(490)
    assert found["bank_nearest_m"].tolist() == [FARTHEST_M] * 2
    assert found["bank_per_km2"].tolist() == [0, 0]


def test_a_column_of_categories_is_read_from_shapes_and_from_a_table(tmp_path: Path) -> None:
    (tmp_path / "shops.csv").write_text(
        "kind,longitude,latitude\npub, -1.5,53.8\n bank,-1.51,53.81\n,-1.5,53.8\n"
    )
    of_table = read_points_of_interest(tmp_path / "shops.csv", "kind")
    assert of_table["category"].tolist() == ["pub", "bank"]
    assert of_table.geometry.iloc[1].x == -1.51
    of_table.rename(columns={"category": "kind"}).to_crs("EPSG:27700").to_file(
        tmp_path / "shops.gpkg"
    )
    of_shapes = read_points_of_interest(tmp_path / "shops.gpkg", "kind")
    assert of_shapes["category"].tolist() == ["pub", "bank"]
    assert of_shapes.crs.to_epsg() == 4326
    assert of_shapes.geometry.iloc[1].x == pytest.approx(-1.51)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("kind,longitude,latitude\npub,-1.5,53.8\n", "sort", "no column 'sort'"),
        ("kind,longitude,latitude\npub,,53.8\n", "kind", "no place in 1 row"),
        ("kind,longitude,latitude\n,-1.5,53.8\n", "kind", "0 categories"),
        ("kind,longitude,latitude\npub,430000,433000\n", "kind", "430"),
        ("kind,lon,lat\npub,-1.5,53.8\n", "kind", "no column 'longitude'"),
        (
            "kind,longitude,latitude\n" + "".join(f"shop {n},-1.5,53.8\n" for n in range(61)),
            "kind",
            "61 categories",
        ),
    ],
)
def test_a_file_that_does_not_serve_is_told_of(
    tmp_path: Path, text: str, column: str, said: str
) -> None:
    (tmp_path / "shops.csv").write_text(text)
    with pytest.raises(StudyError, match=said) as told:
        read_points_of_interest(tmp_path / "shops.csv", column)
    assert "place." in str(told.value)
