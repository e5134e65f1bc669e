"""The made-up town's targets: deprivation that clusters in space, with surprises next door."""

import geopandas as gpd
import numpy as np

_REACH_M = 450.0
"""Distance over which places resemble each other: a few areas across, less than a block."""


def deprivation(outlines: gpd.GeoSeries, rng: np.random.Generator) -> np.ndarray:
    """Draw how deprived each area is, in standard deviations: a smooth part and a local one."""
    centres = outlines.centroid.get_coordinates().to_numpy()
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    weights = np.exp(-0.5 * (apart / _REACH_M) ** 2)
    smooth = weights @ rng.standard_normal(len(centres))
    local = rng.standard_normal(len(centres))
    return _standard(0.78 * _standard(smooth) + 0.63 * local)


def score(latent: np.ndarray) -> np.ndarray:
    """Turn deprivation into a score such as indices of deprivation have; more is worse."""
    return np.round(np.clip(30 + 12.5 * latent, 1, 90), 1)


def income_rank(latent: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """Rank areas by income: deprivation, and what is beside it; 1 is the poorest."""
    poverty = 0.85 * latent + 0.5 * beside
    return np.argsort(np.argsort(-poverty)) + 1


def _standard(values: np.ndarray) -> np.ndarray:
    standard: np.ndarray = (values - values.mean()) / values.std()
    return standard
