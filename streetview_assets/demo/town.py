"""The demo: a made-up town, written as the files that a real study would start from."""

import csv
from math import cos, radians
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from streetview_assets.demo.town_areas import Area, town_areas, town_outline
from streetview_assets.demo.town_roads import Road, town_roads
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
    roads = town_roads(outline, rng)
    _write_geojson(folder / "areas.geojson", [_area_feature(area) for area in areas])
    _write_geojson(folder / "roads.geojson", [_road_feature(road) for road in roads])
    _write_targets(folder / "targets.csv", areas, np.random.default_rng(TARGET_SEED))
    study = folder / "study.yaml"
    study.write_bytes((Path(__file__).parent / "study.yaml").read_bytes())
    return study


def _area_feature(area: Area) -> dict[str, object]:
    return _feature(
        area.outline,
        area_code=area.code,
        area_name=area.name,
        authority_code=area.authority_code,
        authority_name=area.authority_name,
    )


def _road_feature(road: Road) -> dict[str, object]:
    return _feature(road.line, id=road.road_id, highway=road.highway, name=road.name)


def _feature(shape: BaseGeometry, **properties: object) -> dict[str, object]:
    # Six decimals are about 0.1 m, and hide the last digits in which machines differ.
    geometry = shapely.transform(shape, lambda metres: np.round(_in_degrees(metres), 6))
    return {"type": "Feature", "properties": properties, "geometry": geometry.__geo_interface__}


def _in_degrees(metres: np.ndarray) -> np.ndarray:
    scale = np.array([_METRES_PER_DEGREE * cos(radians(_LATITUDE)), _METRES_PER_DEGREE])
    degrees: np.ndarray = np.array([_LONGITUDE, _LATITUDE]) + metres / scale
    return degrees


def _write_geojson(path: Path, features: list[dict[str, object]]) -> None:
    rows = ",\n".join(to_json(feature) for feature in features)
    text = f'{{"type": "FeatureCollection", "features": [\n{rows}\n]}}\n'
    path.write_bytes(text.encode())


def _write_targets(path: Path, areas: list[Area], rng: np.random.Generator) -> None:
    latent = deprivation([area.outline for area in areas], rng)
    scores, ranks = score(latent), income_rank(latent, rng)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["area_code", "deprivation_score", "income_rank"])
        for area, value, rank in zip(areas, scores.tolist(), ranks.tolist(), strict=True):
            writer.writerow([area.code, value, rank])
