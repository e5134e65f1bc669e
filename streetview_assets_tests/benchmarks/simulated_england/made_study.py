"""Study file, boundaries, targets and points of a simulated study: real areas, drawn points."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import shapely
import yaml

SHARED = Path(__file__).parents[4] / "shared" / "data"
BOUNDARIES = SHARED / "lsoa" / "ew_lsoa21_simplified.parquet"
LOOKUP = SHARED / "lookups" / "lookup_lsoa11_lsoa21_ltla22.csv"
TARGETS = SHARED / "imd" / "imd2025_england_lsoa21.csv"
REAL = (BOUNDARIES, LOOKUP, TARGETS)
POINTS_PER_AREA = 1_500_000 / 33_755
TRIES = 12
"""Places drawn for each point that is wanted, in the box of its area: most areas fill a half."""


def write_study(folder: Path, areas: gpd.GeoDataFrame, targets: pl.DataFrame, seed: int) -> Path:
    """Write the study file with all that it names.

    Parameters
    ----------
    folder
        Made where it is not there.
    areas
        ``area_code``, ``area_name``, ``authority_code``, ``authority_name`` and outlines.
    targets
        ``area_code``, ``imd_score``.
    seed
        Of the points.
    """
    folder.mkdir(parents=True, exist_ok=True)
    areas.to_parquet(folder / "areas.parquet")
    targets.write_csv(folder / "targets.csv")
    points_in(areas, seed).write_csv(folder / "points.csv", float_precision=6)
    (folder / "study.yaml").write_text(yaml.safe_dump({**STUDY, "seed": seed}))
    return folder / "study.yaml"


STUDY = {
    "name": "england",
    "crs": "EPSG:27700",
    "areas": {
        "path": "areas.parquet",
        "code": "area_code",
        "name": "area_name",
        "authority_code": "authority_code",
        "authority_name": "authority_name",
    },
    "points": {"path": "points.csv"},
    # A service whose images may not be passed on: nothing asks for pixels that are not there.
    "images": {"provider": "google", "keep_images": True, "budget_usd": 1},
    "encoder": {"name": "colour-texture"},
    "clusters": {"k": 7, "sweep": [2, 8]},
    "targets": [
        {
            "name": "imd_score",
            "path": "targets.csv",
            "area_code": "area_code",
            "value": "imd_score",
            "more_is": "worse",
        }
    ],
    "models": {"candidates": ["ridge"], "trials": 5},
    "explorer": {},
}


def english_areas(share: float, seed: int) -> tuple[gpd.GeoDataFrame, pl.DataFrame]:
    """Read the real areas of some authorities of England, and how deprived they are.

    Parameters
    ----------
    share
        Of the authorities; 1 takes all.
    seed
        Of which.
    """
    lookup = pl.read_csv(LOOKUP).unique("lsoa21_code", keep="first", maintain_order=True)
    of_authority = lookup.select(
        area_code="lsoa21_code", authority_code="ltla22_code", authority_name="ltla22_name"
    ).filter(pl.col("authority_code").str.starts_with("E"))
    codes = sorted(set(of_authority["authority_code"]))
    drawn = np.random.default_rng(seed).permutation(codes)[: max(1, round(len(codes) * share))]
    taken = of_authority.filter(pl.col("authority_code").is_in(drawn.tolist()))
    outlines = gpd.read_parquet(BOUNDARIES).rename(
        columns={"lsoa21_code": "area_code", "lsoa21_name": "area_name"}
    )
    areas = outlines.merge(pd.DataFrame(taken.to_dict(as_series=False)), on="area_code")
    scores = pl.read_csv(TARGETS).select(area_code="lsoa21_code", imd_score="IMD_score")
    return areas, scores.join(taken, on="area_code", how="semi")


def made_squares(
    authorities: int, areas_each: int, seed: int
) -> tuple[gpd.GeoDataFrame, pl.DataFrame]:
    """Make square areas of a kilometre in rows, an authority a row, where no real ones are.

    Parameters
    ----------
    authorities, areas_each
        How many.
    seed
        Of how deprived they are.
    """
    rows, columns = np.divmod(np.arange(authorities * areas_each), areas_each)
    x, y = 400_000 + 1000.0 * columns, 200_000 + 1000.0 * rows
    squares = gpd.GeoSeries(shapely.box(x, y, x + 1000, y + 1000), crs="EPSG:27700")
    codes = [f"E01{number:06}" for number in range(len(rows))]
    of = [f"E07{row:06}" for row in rows]
    names = {"area_name": codes, "authority_code": of, "authority_name": of}
    areas = gpd.GeoDataFrame({"area_code": codes, **names}, geometry=squares.to_crs(4326))
    drawn = np.random.default_rng(seed).normal(20, 8, len(rows))
    return areas, pl.DataFrame({"area_code": codes, "imd_score": drawn})


def points_in(areas: gpd.GeoDataFrame, seed: int) -> pl.DataFrame:
    """Draw points inside areas, as many in each, place by place in its box.

    Returns
    -------
    polars.DataFrame
        ``latitude``, ``longitude``; a long thin area has a few less.
    """
    rng = np.random.default_rng(seed)
    wanted = rng.multinomial(
        round(len(areas) * POINTS_PER_AREA), np.full(len(areas), 1 / len(areas))
    )
    tried = np.repeat(np.arange(len(areas)), wanted * TRIES)
    west, south, east, north = areas.bounds.to_numpy()[tried].T
    x, y = rng.uniform(west, east), rng.uniform(south, north)
    outlines = areas.geometry.to_numpy()
    shapely.prepare(outlines)
    inside = shapely.contains_xy(outlines[tried], x, y)
    found = pl.DataFrame({"area": tried, "longitude": x, "latitude": y}).filter(inside)
    within = pl.int_range(pl.len()).over("area")
    limit = pl.DataFrame({"area": np.arange(len(areas)), "wanted": wanted})
    return (
        found.with_columns(number=within)
        .join(limit, on="area", how="left", maintain_order="left")
        .filter(pl.col("number") < pl.col("wanted"))
        .select("latitude", "longitude")
    )
