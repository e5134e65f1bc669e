"""The demo: a made-up town, written as the files that a real study would start from."""

from math import cos, radians
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from streetview_assets.demo.town_areas import town_areas, town_outline
from streetview_assets.demo.town_roads import town_roads
from streetview_assets.demo.town_targets import deprivation, income_rank, score
from streetview_assets.text.strict_json import to_json

SEED = 2024
# Chosen among a dozen: neighbours help to guess a value, places a kilometre away hardly do.
TARGET_SEED = 2022
# The town lies in the North Sea, where no other town is, in the middle of UTM zone 31.
_LATITUDE, _LONGITUDE = 55.6, 3.0
_METRES_PER_DEGREE = 111_320.0


def write_demo(folder: Path) -> Path:
    """Write the demo study and its made-up town.

    The files are the same, byte for byte, every time: areas.geojson, roads.geojson, targets.csv
    and study.yaml.

    Parameters
    ----------
    folder
        Where to; made when it is not there.

    Returns
    -------
    Path
        The study file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    outline = town_outline(rng)
    areas = town_areas(outline, rng)
    _write_geojson(folder / "areas.geojson", areas)
    _write_geojson(folder / "roads.geojson", town_roads(outline, rng))
    rng = np.random.default_rng(TARGET_SEED)
    latent = deprivation(areas.geometry, rng)
    targets = {"deprivation_score": score(latent), "income_rank": income_rank(latent, rng)}
    pd.DataFrame(targets, areas["area_code"]).to_csv(folder / "targets.csv", lineterminator="\n")
    study = folder / "study.yaml"
    study.write_bytes((Path(__file__).parent / "study.yaml").read_bytes())
    return study


def _write_geojson(path: Path, frame: gpd.GeoDataFrame) -> None:
    # Six decimals are about 0.1 m, and hide the last digits in which machines differ.
    degrees = shapely.transform(frame.geometry, lambda metres: np.round(_in_degrees(metres), 6))
    rows = frame.set_geometry(degrees).iterfeatures(drop_id=True)
    text = ",\n".join(map(to_json, rows))
    path.write_bytes(f'{{"type": "FeatureCollection", "features": [\n{text}\n]}}\n'.encode())


def _in_degrees(metres: np.ndarray) -> np.ndarray:
    scale = np.array([_METRES_PER_DEGREE * cos(radians(_LATITUDE)), _METRES_PER_DEGREE])
    degrees: np.ndarray = np.array([_LONGITUDE, _LATITUDE]) + metres / scale
    return degrees
