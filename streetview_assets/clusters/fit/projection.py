"""The space in which clusters are found: the raw vectors, or their principal components."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.processes.threads import limit_threads
from streetview_assets.text.counted import counted

COMPARED_IN = 50
"""Principal components in which the sweep is made too, where the study names no number."""

AS_THEY_ARE = 20
"""Vectors of so few numbers need no reduction, to tell density."""

OVER_THE_EDGE = 1.02


@dataclass(frozen=True)
class Projection:
    """An orthonormal projection and its way back.

    A point of the components, taken back, lies in the plane that they span. The squared distance
    of any raw vector to it is therefore the squared distance in the components plus that of the
    vector to the plane, which is the same for every such point. Hence the nearest of several
    points is the same in both spaces, and vectors need not be projected to be assigned.

    Attributes
    ----------
    mean
        (d,); None together with `components` where the space is that of the raw vectors.
    components
        (p, d), orthonormal rows.
    """

    mean: np.ndarray | None = None
    components: np.ndarray | None = None

    @property
    def name(self) -> str:
        """Name of the space, as in the column `space`."""
        return "raw" if self.components is None else f"pca{len(self.components)}"

    def down(self, vectors: np.ndarray) -> np.ndarray:
        """Project raw vectors (n, d) to components (n, p)."""
        if self.mean is None or self.components is None:
            return vectors
        projected: np.ndarray = (vectors - self.mean) @ self.components.T
        return projected

    def up(self, points: np.ndarray) -> np.ndarray:
        """Take points (n, p) back to the space of the raw vectors (n, d)."""
        if self.mean is None or self.components is None:
            return points
        raised: np.ndarray = points @ self.components + self.mean
        return raised


def fit_projection(vectors: np.ndarray, pca: int | None, seed: int) -> Projection:
    """Fit so many principal components to vectors (n, d); None: no projection.

    Parameters
    ----------
    vectors
        (n, d), raw.
    pca
        How many components; None: the space of the raw vectors.
    seed
        Of scikit-learn's randomised solver, where it chooses that.

    Raises
    ------
    StudyError
        Where there are more components than dimensions.
    """
    if pca is None:
        return Projection()
    if pca > vectors.shape[1]:
        raise StudyError(
            f"clusters.pca: {counted(pca, 'component')} of vectors of "
            f"{counted(vectors.shape[1], 'number')}; "
            "give fewer, or null"
        )
    if not np.ptp(vectors, axis=0).any():
        # No direction is any vector's: those of the numbers themselves do as well.
        return Projection(vectors.mean(axis=0), np.eye(pca, vectors.shape[1], dtype=vectors.dtype))
    from sklearn.decomposition import PCA

    with limit_threads():
        model = PCA(pca, random_state=seed).fit(vectors)
    return Projection(model.mean_, model.components_)


def fit_signal_projections(vectors: np.ndarray, seed: int) -> list[Projection]:
    """Fit the principal components in which kinds may show, in two ways, 2 to 50 of them.

    In the others every two vectors are as far apart as any, whatever kinds there are. First, those
    before the largest drop of the variance from one to the next; then, where these are others, all
    whose variance is above what noise as strong as the rest would show: the upper edge of the law
    of Marchenko and Pastur (1967), and a fiftieth more. Vectors of few numbers stay as they are.

    Parameters
    ----------
    vectors
        (n, d), raw.
    seed
        Of scikit-learn's randomised solver, where it chooses that.
    """
    count, dimension = vectors.shape
    most = min(COMPARED_IN, count - 1, dimension)
    if dimension <= AS_THEY_ARE or most < 2 or not np.ptp(vectors, axis=0).any():
        return [Projection()]
    from sklearn.decomposition import PCA

    with limit_threads():
        model = PCA(most, random_state=seed).fit(vectors)
    found = model.explained_variance_
    total = float(np.var(vectors, axis=0, ddof=1, dtype=np.float64).sum())
    left = np.maximum(dimension - np.arange(1, most + 1), 1)
    noise = np.maximum(total - np.cumsum(found), 0) / left
    edge = OVER_THE_EDGE * (1 + np.sqrt(dimension / count)) ** 2
    above = int(np.flatnonzero(np.append(True, found > edge * noise))[-1])
    drop = int(np.argmax(found[:-1] / np.maximum(found[1:], found[0] * 1e-9))) + 1
    return [
        Projection(model.mean_, model.components_[:kept])
        for kept in sorted({max(2, drop), max(2, above)})
    ]


def spaces_of_sweep(pca: int | None, sample: pl.DataFrame) -> tuple[dict[str, int | None], str]:
    """Name the spaces in which numbers of clusters are compared: the study's own, then another.

    Parameters
    ----------
    pca
        The study's principal components, beside which stand the raw vectors; None: raw vectors,
        beside which stand 50 components where there are more dimensions and more images.
    sample
        The images that are clustered, with column `embedding`.

    Returns
    -------
    tuple
        By name, as in the column `space`, the number of components, None of raw vectors; and why
        there is no second space, empty where there is.
    """
    if pca is not None:
        return {f"pca{pca}": pca, "raw": None}, ""
    if sample.height <= COMPARED_IN:
        return {"raw": None}, f"there are no more than {COMPARED_IN} images: {sample.height}"
    dimension = len(sample["embedding"][0])
    if dimension <= COMPARED_IN:
        return {"raw": None}, f"vectors have no more than {COMPARED_IN} numbers: {dimension}"
    return {"raw": None, f"pca{COMPARED_IN}": COMPARED_IN}, ""
