"""A town with a made-up raster over it, and described: its vectors, and the table of gains."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio

from streetview_assets.orchestration.build import build_definitions
from streetview_assets.place.outline_measures import VARIABLES as OUTLINE
from streetview_assets.place.street_measures import VARIABLES as STREETS
from streetview_assets.study_state.open_study import open_study

EAST, WEST = "X01000001", "X01000002"
PIXEL_M = 200.0
PARTS = "satellite: {path: tiles}\nplace: {descriptions: [outline, streets]}\n"


def write_raster(folder: Path) -> None:
    """Lay two tiles over the western nine tenths of the town, one of them south up."""
    areas = gpd.read_file(folder / "areas.geojson").to_crs("EPSG:32631")
    west, south, east, north = areas.total_bounds
    width, height = (int(side // PIXEL_M) + 2 for side in (0.8 * (east - west), north - south))
    rng = np.random.default_rng(3)
    values = rng.integers(-120, 120, (4, height, width)).astype(np.int8)
    half = width // 2
    for name, part, x in (("a.tif", values[:, :, :half], 0), ("b.tif", values[:, :, half:], half)):
        turned = name == "b.tif"
        y, step = (north - height * PIXEL_M, PIXEL_M) if turned else (north, -PIXEL_M)
        lies = rasterio.Affine(PIXEL_M, 0, west + x * PIXEL_M, 0, step, y)
        with rasterio.open(
            folder / "tiles" / name, "w", driver="GTiff", dtype="int8", count=4, nodata=-128,
            height=height, width=part.shape[2], crs="EPSG:32631", transform=lies,
        ) as file:  # fmt: skip
            file.write(part[:, ::-1] if turned else part)


def test_a_raster_and_descriptions_of_a_town_give_the_gains_their_pairs(town) -> None:
    path = town.opened.study.path
    (path.parent / "tiles").mkdir()
    write_raster(path.parent)
    path.write_text(path.read_text(encoding="utf-8") + PARTS)
    opened = open_study(path)
    assert opened.is_fresh("area_embeddings", EAST)
    assert not opened.is_fresh("model_selection", None)
    seen = replace(town, opened=opened, definitions=build_definitions(path))
    for code in (EAST, WEST):
        assert seen.make("satellite_embeddings", "place_descriptions", authority=code).success
    vectors = opened.read("satellite_embeddings")
    assert vectors.height == 4 * opened.read("areas").height
    assert set(vectors["reason"].drop_nulls()) == {"outside the raster"}
    assert set(vectors["embedding"].drop_nulls().list.len()) == {4}
    described = opened.read("place_descriptions")
    assert set(described["description"]) == {"outline", "streets"}
    assert described.group_by("area_code").len()["len"].unique().to_list() == [
        len(OUTLINE) + len(STREETS)
    ]
    assert described["value"].null_count() < described.height / 20

    assert seen.make("model_selection", "gains", "target_gains").success
    gains = opened.read("gains").filter(validation="random")
    pairs = set(gains.select("features", "against").iter_rows())
    assert {
        ("satellite", "nothing"), ("images_and_satellite", "images"),
        ("images_and_satellite", "satellite"), ("place_and_satellite", "place"),
        ("place_images_and_satellite", "place_and_satellite"),
        ("place_images_and_satellite", "place_and_images"),
        ("place_described", "place"), ("place_described_and_images", "place_and_images"),
        ("place_and_streets", "place"), ("place_images_and_outline", "place_and_images"),
        ("images", "descriptions"), ("place_described", "nothing"),
    } <= pairs  # fmt: skip
    assert gains["value"].null_count() == 0
    by_target = opened.read("target_gains")
    assert set(by_target["target"]) == set(opened.read("targets")["target"])
    assert {"place_described_and_images", "place_images_and_satellite"} <= set(
        by_target["features"]
    )
    assert {"satellite", "description"} <= set(opened.read("findings")["topic"])
