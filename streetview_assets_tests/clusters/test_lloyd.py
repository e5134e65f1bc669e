import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from streetview_assets.clusters.fit.lloyd import SLICE, lloyd
from streetview_assets.embeddings.vectors import unit


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    rng = np.random.default_rng(4)
    kinds = 2 * rng.normal(size=(9, 16))
    made = kinds[rng.integers(0, 9, 3 * SLICE + 7)] + 2 * rng.normal(size=(3 * SLICE + 7, 16))
    return unit(made).astype(np.float32)


def test_it_ends_where_scikit_learn_ends(points: np.ndarray) -> None:
    first = points[:5]
    labels, centres, inertia = lloyd(points, first)
    plain = KMeans(5, init=first.astype(np.float64), n_init=1).fit(points.astype(np.float64))
    assert (labels == plain.labels_).mean() > 0.999
    assert centres == pytest.approx(plain.cluster_centers_, abs=1e-4)
    assert inertia == pytest.approx(plain.inertia_, rel=1e-5)


def test_what_all_points_share_changes_nothing(points: np.ndarray) -> None:
    far = points + np.float32(100)
    labels, centres, inertia = lloyd(far, far[:5])
    plain = KMeans(5, init=far[:5].astype(np.float64), n_init=1).fit(far.astype(np.float64))
    assert (labels == plain.labels_).mean() > 0.999
    assert centres == pytest.approx(plain.cluster_centers_, abs=1e-4)
    assert inertia == pytest.approx(plain.inertia_, rel=1e-5)


def test_labels_and_inertia_are_those_of_the_centres_given(points: np.ndarray) -> None:
    labels, centres, inertia = lloyd(points, points[:5])
    squared = cdist(points, centres, "sqeuclidean")
    assert (squared.argmin(axis=1) == labels).mean() > 0.9999, "but for single precision"
    assert inertia == pytest.approx(squared.min(axis=1).sum(), rel=1e-6)


def test_the_result_does_not_hang_on_threads(
    points: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streetview_assets.processes.threads.cores", lambda: 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone = lloyd(points, points[:5])
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    found = lloyd(points, points[:5])
    assert (found[1] == alone[1]).all()
    assert found[2] == alone[2]


def test_a_cluster_that_loses_all_of_its_points_stays(points: np.ndarray) -> None:
    far = np.vstack([points[:2], np.full(points.shape[1], 9.0, dtype=np.float32)])
    labels, centres, _ = lloyd(points, far)
    assert set(labels) == {0, 1}
    assert (centres[2] == 9).all()
