"""Made-up towns: small areas side by side, random fields over them, and what images show of it."""

from collections.abc import Sequence

import numpy as np
import shapely

from streetview_assets.models.data.dataset import AreaDataset

SIDE_M = 500.0
CORNER_M = (430_000.0, 430_000.0)


def centres(count: int, seed: int, side_m: float = SIDE_M) -> np.ndarray:
    """Give a place in each of so many cells of a square grid, metres; shape (count, 2)."""
    rng = np.random.default_rng(seed)
    columns = int(np.ceil(np.sqrt(count)))
    cells = np.column_stack(np.divmod(np.arange(count), columns))
    return (cells + rng.uniform(0.1, 0.9, size=(count, 2))) * side_m + CORNER_M


def gaussian_field(
    place_m: np.ndarray, range_m: float, rng: np.random.Generator, *, kind: str = "exponential"
) -> np.ndarray:
    """Draw a field of mean 0 and variance 1.

    `range_m` is the practical range: there the correlation has fallen to 0.05 (a `spherical` one
    to 0). A range of 0 is independent noise. Shape (n,).
    """
    return gaussian_fields(place_m, range_m, 1, rng, kind=kind)[0]


def gaussian_fields(
    place_m: np.ndarray,
    range_m: float,
    count: int,
    rng: np.random.Generator,
    *,
    kind: str = "exponential",
) -> np.ndarray:
    """Draw so many such fields; shape (count, n)."""
    normal = rng.normal(size=(count, len(place_m)))
    if range_m <= 0:
        return normal
    root = np.linalg.cholesky(correlation(place_m, range_m, kind) + 1e-6 * np.eye(len(place_m)))
    return (root @ normal.T).T


def correlation(place_m: np.ndarray, range_m: float, kind: str = "exponential") -> np.ndarray:
    """Give the correlation of such a field of range > 0 at any two places; shape (n, n)."""
    lag = np.linalg.norm(place_m[:, None] - place_m[None], axis=2) / range_m
    if kind == "exponential":
        return np.asarray(np.exp(-3 * lag))
    if kind == "spherical":
        return np.where(lag < 1, 1 - 1.5 * lag + 0.5 * lag**3, 0)
    return np.asarray(np.exp(-3 * lag**2))


def mixed(parts: Sequence[tuple[float, np.ndarray]]) -> np.ndarray:
    """Add parts up, each standardised and weighted by its share of the variance."""
    whole = [np.sqrt(share) * (part - part.mean()) / part.std() for share, part in parts]
    return np.sum(whole, axis=0)


def shown_by_images(
    signals: np.ndarray, width: int, rng: np.random.Generator, noise: float = 0.3
) -> np.ndarray:
    """Hide signals (n, s) in vectors (n, width): a random mixture of them and of noise."""
    nuisance = rng.normal(size=(len(signals), 8))
    mixing = rng.normal(size=(signals.shape[1] + 8, width)) / np.sqrt(width)
    vectors = np.hstack([signals, noise * nuisance]) @ mixing
    return np.asarray(vectors + 0.02 * noise * rng.normal(size=vectors.shape))


def dataset(
    place_m: np.ndarray,
    vectors: np.ndarray,
    observed: np.ndarray,
    *,
    authorities: Sequence[str] | None = None,
    image_counts: np.ndarray | None = None,
    side_m: float = SIDE_M,
) -> AreaDataset:
    """Make areas of them: squares around each cell's corner, of one authority by default."""
    count = len(place_m)
    cell = np.floor((place_m - CORNER_M) / side_m) * side_m + CORNER_M
    counts = np.full(count, 20) if image_counts is None else image_counts
    return AreaDataset(
        area_codes=[f"E{number:08d}" for number in range(count)],
        authority_codes=list(authorities) if authorities is not None else ["T01"] * count,
        vectors=np.asarray(vectors, dtype=np.float64),
        observed=np.asarray(observed, dtype=np.float64),
        place_m=place_m,
        image_counts=np.asarray(counts, dtype=np.int64),
        mean_colour=np.zeros((count, 6)),
        geometry=[shapely.box(x, y, x + side_m, y + side_m) for x, y in cell],
    )
