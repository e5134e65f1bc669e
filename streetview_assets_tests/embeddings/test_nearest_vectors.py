import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from streetview_assets.embeddings.similarity import approximate_search as approximate_index
from streetview_assets.embeddings.similarity import exact_search as nearest_vectors
from streetview_assets.embeddings.similarity.approximate_search import nearest_by_index, recall
from streetview_assets.embeddings.similarity.exact_search import DECIMALS, nearest, nearest_of
from streetview_assets.embeddings.vectors import unit


def drawn(count: int, dimension: int = 16, seed: int = 1) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, dimension)))


def sorted_by_hand(vectors: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Sort all others of each vector by cosine, then by row."""
    exact = vectors.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    cosines = np.round(exact @ exact.T, DECIMALS)
    np.fill_diagonal(cosines, -np.inf)
    order = np.argsort(-cosines, axis=1, kind="stable")[:, : min(count, len(vectors) - 1)]
    return order, np.take_along_axis(cosines, order, axis=1)


@pytest.mark.parametrize(("block", "strip", "first"), [(8192, 1024, 1024), (130, 50, 80)])
def test_the_nearest_are_those_of_scikit_learn(block, strip, first, monkeypatch) -> None:
    monkeypatch.setattr(nearest_vectors, "STRIP", strip)
    monkeypatch.setattr(nearest_vectors, "_FIRST", first)
    vectors = drawn(700)
    by_sklearn = NearestNeighbors(n_neighbors=8, metric="cosine", algorithm="brute")
    distances, expected = by_sklearn.fit(vectors.astype(np.float64)).kneighbors()
    told = []
    places, cosines = nearest(vectors, 8, block=block, on_progress=lambda *pair: told.append(pair))
    assert (places == expected).all()
    assert np.abs(cosines - (1 - distances)).max() < 2e-9
    assert told[-1][0] == told[-1][1] == len(told)


@settings(max_examples=150, deadline=None)
@given(
    numbers=st.lists(
        st.lists(st.integers(-1, 1), min_size=3, max_size=3).filter(any), min_size=1, max_size=50
    ),
    count=st.integers(1, 12),
    block=st.integers(1, 60),
)
@example(numbers=[[1, 0, 0]] * 30, count=3, block=7)
def test_equal_ones_come_by_their_rows_whatever_the_block(numbers, count, block) -> None:
    """Of vectors so coarse most cosines are ties, far more than there are spare candidates."""
    vectors = unit(np.array(numbers))
    places, cosines = nearest(vectors, count, block=block)
    expected, expected_cosines = sorted_by_hand(vectors, count)
    assert (places == expected).all()
    assert np.abs(cosines - expected_cosines).max(initial=0) < 2e-9
    assert not (places == np.arange(len(vectors))[:, None]).any()


def test_what_float32_cannot_tell_apart_is_told_by_float64() -> None:
    """To float32 400 others are equally like the first; their lengths differ in its rounding."""
    around = np.linspace(0, 6, 400)
    others = np.stack([np.full(400, 0.8), 0.6 * np.cos(around), 0.6 * np.sin(around)], axis=1)
    vectors = np.concatenate([[[1.0, 0, 0]], others]).astype(np.float32)
    assert len(set((vectors[1:] @ vectors[0]).tolist())) == 1
    places, _ = nearest(vectors, 5, block=110)
    assert (places == sorted_by_hand(vectors, 5)[0]).all()
    assert places[0].tolist() != [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("n", "found"), [(0, 0), (1, 0), (2, 1), (5, 4)])
def test_fewer_vectors_than_are_asked_for(n, found) -> None:
    places, cosines = nearest(drawn(n), 8)
    assert places.shape == cosines.shape == (n, found)


def test_numbers_that_are_none_are_refused() -> None:
    vectors = drawn(3)
    vectors[1, 2] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        nearest(vectors, 2)


def test_an_index_finds_nearly_all_and_scores_them_exactly(monkeypatch) -> None:
    monkeypatch.setattr(approximate_index, "AT_ONCE", 1999)  # usearch answers one in another form
    # A third of them equal: a graph that is walked sees no way out of such a crowd.
    vectors = np.concatenate([drawn(1400, 32), np.repeat(drawn(1, 32, seed=2), 600, axis=0)])
    told = []
    places, cosines = nearest_by_index(vectors, 8, on_progress=lambda *pair: told.append(pair))
    assert told[-1] == (4000, 4000)
    assert not (places == np.arange(2000)[:, None]).any()
    assert all(len(set(row)) == 8 for row in places.tolist())
    exact = vectors[places].astype(np.float64) @ vectors[:, :, None].astype(np.float64)
    assert np.abs(exact[..., 0] - cosines).max() < 1e-6
    assert (np.diff(cosines) <= 0).all()
    share = (cosines >= nearest_of(vectors, np.arange(2000), 8)[1][:, -1:]).mean()
    assert 0.97 < share <= 1
    assert abs(recall(vectors, cosines, seed=3) - share) < 0.03
    again, _ = nearest_by_index(vectors, 8)
    assert (again == places).all()


def test_where_an_index_finds_too_few_all_are_compared(monkeypatch) -> None:
    monkeypatch.setattr(approximate_index, "CONNECTIVITY", 2)
    monkeypatch.setattr(approximate_index, "EXPANSION_ADD", 1)
    vectors = drawn(300)
    places, _ = nearest_by_index(vectors, 100)
    assert (places == nearest(vectors, 100)[0]).all()


def test_recall_is_the_share_that_was_found() -> None:
    vectors = drawn(150)
    _, cosines = nearest(vectors, 4)
    assert recall(vectors, cosines, seed=1) == 1
    missed = cosines.copy()
    missed[:, -1] = missed[:, -1] - 1e-6
    assert recall(vectors, missed, seed=1) == 0.75
