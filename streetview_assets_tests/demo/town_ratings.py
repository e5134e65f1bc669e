"""What made-up people said of places in the made-up town: safety, lower by women, and upkeep.

Both follow how deprived the area is; of upkeep, women and men say the same but for chance.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

PLACES = 160
RATERS = 24
RATERS_A_PLACE = 5
LOWER_BY_WOMEN = 0.8
"""Points of five by which women rate safety lower than men."""

_BY_DEPRIVATION = {"safety": -0.7, "upkeep": -0.9}
_SD = {"place": 0.3, "rater": 0.25, "rating": 0.6}


def town_ratings(
    areas: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, latent: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw ratings, a row for each place and rater, with the place in metres as x and y."""
    place = _places(areas, roads, latent, rng)
    women = np.arange(RATERS) % 2 == 0
    age = rng.integers(18, 75, RATERS)
    who = np.concatenate([rng.choice(RATERS, RATERS_A_PLACE, replace=False) for _ in range(PLACES)])
    where = np.repeat(np.arange(PLACES), RATERS_A_PLACE)
    rows = {
        "x": place["x"].to_numpy()[where],
        "y": place["y"].to_numpy()[where],
        "rater": [f"made-up-{number:02}" for number in who],
        "age": age[who],
        "gender": np.where(women[who], "woman", "man"),
    }
    for quality, slope in _BY_DEPRIVATION.items():
        seen = 3.2 + slope * place["latent"] + rng.normal(0, _SD["place"], PLACES)
        said = seen.to_numpy()[where] + rng.normal(0, _SD["rater"], RATERS)[who]
        said += rng.normal(0, _SD["rating"], len(who))
        said -= LOWER_BY_WOMEN * (women[who] & (quality == "safety"))
        rows[quality] = np.clip(np.round(said), 1, 5).astype(int)
    return pd.DataFrame(rows)


def _places(
    areas: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, latent: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw places on the streets that cars use, and say how deprived the area of each is."""
    lines = roads[roads["highway"] != "footway"].geometry
    longer = rng.choice(len(lines), 3 * PLACES, p=lines.length / lines.length.sum())
    points = shapely.line_interpolate_point(
        lines.to_numpy()[longer], rng.random(3 * PLACES), normalized=True
    )
    inside = gpd.GeoDataFrame(geometry=points, crs=areas.crs).sjoin(
        areas[["geometry"]].assign(latent=latent), predicate="within"
    )
    chosen = inside[~inside.index.duplicated()].head(PLACES)
    metres = chosen.geometry.get_coordinates()
    return pd.DataFrame(
        {"x": metres["x"], "y": metres["y"], "latent": chosen["latent"]}
    ).reset_index(drop=True)
