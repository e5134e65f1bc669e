"""Areas made up for the tests: a grid of squares with a known relation of look and value."""

import numpy as np
import polars as pl
import pytest
import shapely

from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.scoring import Scoring
from streetview_assets.study.models import Models

QUICK = {
    "trials": 2,
    "folds": 3,
    "candidates": ("ridge", "pls"),
    "block_km": 2,
    "buffer_km": 0,
    "deals": 1,
}


def smooth_field(place_m, rng, reach_m=2_000, waves=30):
    """A random field that is alike over about `reach_m`."""
    frequency = rng.normal(size=(waves, 2)) / reach_m
    phase = rng.uniform(0, 2 * np.pi, size=waves)
    field = np.cos(place_m @ frequency.T + phase).sum(axis=1)
    return (field - field.mean()) / field.std()


def made_up(
    columns=9, rows=10, *, width=40, signal=1.0, noise=0.6, authorities=3, seed=0, side_m=700.0
):
    """Squares whose value is a smooth field, and whose vectors show it, with noise, in a few
    directions among many that show other smooth fields."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(columns), np.arange(rows), indexing="ij")
    corners = np.column_stack([x.ravel(), y.ravel()]) * side_m + [430_000, 433_000]
    place_m = corners + side_m / 2
    value = smooth_field(place_m, rng) + 0.5 * rng.normal(size=len(place_m))
    loadings = rng.normal(size=(4, width))
    shown = np.column_stack(
        [value * signal + noise * rng.normal(size=len(value))]
        + [smooth_field(place_m, rng) for _ in range(3)]
    )
    vectors = shown @ loadings + 0.5 * rng.normal(size=(len(value), width))
    band = (np.arange(len(value)) * authorities) // len(value)
    return AreaDataset(
        area_codes=[f"A{number:04}" for number in range(len(value))],
        authority_codes=[f"E{number}" for number in band],
        vectors=vectors,
        observed=1000 + 300 * value,
        place_m=place_m,
        image_counts=rng.integers(4, 40, size=len(value)),
        mean_colour=rng.uniform(size=(len(value), 6)),
        geometry=[shapely.box(cx, cy, cx + side_m, cy + side_m) for cx, cy in corners],
    )


@pytest.fixture(scope="session")
def areas_of():
    """Makes areas; see `made_up`."""
    return made_up


@pytest.fixture(scope="session")
def labels():
    return {"target": "imd_rank", "encoder": "made-up", "features": "pooled"}


@pytest.fixture(scope="session")
def scored(labels):
    """Says how models are scored, by settings and a seed."""

    def scoring(settings, seed=1, authority_code=None):
        return Scoring(settings, **labels, seed=seed, authority_code=authority_code)

    return scoring


@pytest.fixture(scope="session")
def quick():
    """Makes settings that take little time."""

    def settings(**changes):
        return Models(**(QUICK | changes))

    return settings


@pytest.fixture(scope="session")
def pooled():
    """Finds one pooled score, as a row."""

    def find(scores, model, validation, metric="r2"):
        found = scores.filter(
            pl.col("model") == model,
            pl.col("validation") == validation,
            pl.col("metric") == metric,
            pl.col("fold") == 0,
            pl.col("repeat") == 1,
            pl.col("group_name") == "all",
        )
        return found.row(0, named=True)

    return find


@pytest.fixture(scope="session")
def told():
    """Says whether a score lies in its interval, or its note says why it has none."""

    def holds(row):
        if row["lower"] is None:
            return "independent areas" in row["note"] and "at least 10 needed" in row["note"]
        return row["lower"] <= row["value"] <= row["upper"]

    return holds
