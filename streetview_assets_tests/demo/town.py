"""The program that made the bundled demo: a town, written as the files that a study starts from.

After a change here: `python -m streetview_assets_tests.demo.town streetview_assets/demo`.
"""

import sys
from math import cos, radians
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely

from streetview_assets.text.strict_json import to_json
from streetview_assets_tests.demo.town_areas import town_areas, town_outline
from streetview_assets_tests.demo.town_ratings import town_ratings
from streetview_assets_tests.demo.town_roads import town_roads
from streetview_assets_tests.demo.town_satellite import NODATA, PIXEL_M, town_pixels
from streetview_assets_tests.demo.town_targets import deprivation, income_rank, score

SEED = 2024
# Chosen among a dozen: neighbours help to guess a value, places a kilometre away hardly do.
TARGET_SEED = 2022
# Chosen among a dozen: by chance, women and men differ in what is not planted by less than most.
RATING_SEED = 2033
SATELLITE_SEED = 7
# The town lies in the North Sea, where no other town is, in the middle of UTM zone 31.
_LATITUDE, _LONGITUDE = 55.6, 3.0
_METRES_PER_DEGREE = 111_320.0


def write_town(folder: Path) -> None:
    """Write the files that a study of the town starts from, the same every time to the byte."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    outline = town_outline(rng)
    areas = town_areas(outline, rng)
    _write_geojson(folder / "areas.geojson", areas)
    roads = town_roads(outline, rng)
    _write_geojson(folder / "roads.geojson", roads)
    rng = np.random.default_rng(TARGET_SEED)
    latent = deprivation(areas.geometry, rng)
    beside = rng.standard_normal(len(latent))
    targets = {"deprivation_score": score(latent), "income_rank": income_rank(latent, beside)}
    pd.DataFrame(targets, areas["area_code"]).to_csv(folder / "targets.csv", lineterminator="\n")
    rng = np.random.default_rng(SATELLITE_SEED)
    _write_raster(folder / "satellite.tif", *town_pixels(areas, latent, beside, rng))
    ratings = town_ratings(areas, roads, latent, np.random.default_rng(RATING_SEED))
    degrees = np.round(_in_degrees(ratings[["x", "y"]].to_numpy()), 6)
    placed = ratings.drop(columns=["x", "y"]).assign(
        longitude=degrees[:, 0], latitude=degrees[:, 1], made_up="yes"
    )
    placed.to_csv(folder / "ratings.csv", index=False, lineterminator="\n")


def _write_geojson(path: Path, frame: gpd.GeoDataFrame) -> None:
    # Six decimals are about 0.1 m, and hide the last digits in which machines differ.
    degrees = shapely.transform(frame.geometry, lambda metres: np.round(_in_degrees(metres), 6))
    rows = frame.set_geometry(degrees).iterfeatures(drop_id=True)
    text = ",\n".join(map(to_json, rows))
    path.write_bytes(f'{{"type": "FeatureCollection", "features": [\n{text}\n]}}\n'.encode())


def _write_raster(path: Path, values: np.ndarray, west_m: float, north_m: float) -> None:
    (west, north), (east, south) = _in_degrees(
        np.array([[west_m, north_m], [west_m + PIXEL_M, north_m - PIXEL_M]])
    )
    bands, height, width = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", dtype="int8", nodata=NODATA, crs="EPSG:4326",
        count=bands, height=height, width=width,
        transform=rasterio.Affine(east - west, 0, west, 0, south - north, north),
    ) as file:  # fmt: skip
        file.write(values)


def _in_degrees(metres: np.ndarray) -> np.ndarray:
    scale = np.array([_METRES_PER_DEGREE * cos(radians(_LATITUDE)), _METRES_PER_DEGREE])
    degrees: np.ndarray = np.array([_LONGITUDE, _LATITUDE]) + metres / scale
    return degrees


if __name__ == "__main__":
    write_town(Path(sys.argv[1]))
