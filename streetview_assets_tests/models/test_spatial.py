import numpy as np
import pytest
import shapely

from streetview_assets.models.metrics.morans_i import morans_i, morans_p, neighbour_weights


def _square(column: float, row: float) -> shapely.Polygon:
    return shapely.box(1000 * column, 1000 * row, 1000 * (column + 1), 1000 * (row + 1))


def test_morans_i_and_its_chance_are_those_of_esda(areas_of):
    esda = pytest.importorskip("esda")
    from libpysal.weights import Queen

    data = areas_of(columns=7, rows=6)
    queen = Queen(data.geometry, silence_warnings=True)
    weights = neighbour_weights(data.geometry)
    rng = np.random.default_rng(0)
    for values in (
        data.observed,
        rng.normal(size=len(data)),
        data.observed + 400 * rng.normal(size=42),
    ):
        theirs = esda.Moran(values, queen, transformation="r", permutations=999)
        assert morans_i(values, weights) == pytest.approx(theirs.I, abs=1e-12)
        assert morans_p(values, weights, seed=1) == pytest.approx(theirs.p_sim, abs=0.04)


def test_a_checkerboard_repels_and_halves_attract():
    squares = [_square(x, y) for x in range(6) for y in range(6)]
    halves = np.array([float(x < 3) for x in range(6) for _ in range(6)])
    weights = neighbour_weights(squares)
    assert morans_i(halves, weights) > 0.6
    assert morans_p(halves, weights, seed=0) == 0.001
    stripes = np.array([float(x % 2) for x in range(6) for _ in range(6)])
    assert morans_i(stripes, weights) < -0.2


def test_outlines_a_hair_apart_and_without_a_common_corner_are_neighbours():
    cut = [shapely.box(0, 0, 1000, 1000), shapely.box(1000.002, 200, 2000, 700)]
    assert neighbour_weights([*cut, _square(2, 0)]).nnz == 4


def test_islands_are_joined_to_the_nearest_area():
    squares = [_square(x, 0) for x in (0, 1, 2, 9, 20)]
    weights = neighbour_weights(squares).toarray()
    assert np.allclose(weights.sum(axis=1), 1)
    assert weights[3].tolist() == [0, 0, 0.5, 0, 0.5]
    assert weights[4].tolist() == [0, 0, 0, 1, 0]
    assert weights[2, 3] == 0.5


def test_with_islands_morans_i_is_that_of_esda_on_the_same_neighbours(areas_of):
    esda = pytest.importorskip("esda")
    from libpysal.weights import W

    whole = areas_of(columns=7, rows=6)
    data = whole.take([*range(20), 28, 30, 41])
    weights = neighbour_weights(data.geometry)
    near = {row: weights[row].indices.tolist() for row in range(len(data))}
    touching = [sum(a.touches(b) for b in data.geometry) for a in data.geometry]
    assert touching.count(0) == 3
    theirs = esda.Moran(data.observed, W(near, silence_warnings=True), transformation="r")
    assert morans_i(data.observed, weights) == pytest.approx(theirs.I, abs=1e-12)


def test_the_same_values_everywhere_have_no_morans_i():
    weights = neighbour_weights([_square(x, 0) for x in range(4)])
    assert morans_i(np.full(4, 0.1), weights) is None
    assert morans_p(np.full(4, 0.1), weights, seed=0) is None
    alone = neighbour_weights([_square(0, 0)])
    assert morans_i(np.array([3.0]), alone) is None
