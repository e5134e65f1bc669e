"""What serves alone on arrays: known answers, scikit-learn's own use of it, and wrong input."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict, cross_val_score

import streetview_assets as sv
from streetview_assets import api

RNG = np.random.default_rng(3)
PLACES = RNG.uniform(0, 12_000, (150, 2)) + 400_000
VECTORS = RNG.normal(size=(150, 6))
VALUES = VECTORS @ np.arange(6) + RNG.normal(size=150)


def test_what_is_public_is_what_the_package_names():
    assert sorted(sv.__all__) == sorted(api.__all__)
    assert all(getattr(sv, name).__doc__ for name in sv.__all__)


def test_blocks_are_held_out_whole_and_beyond_a_buffer():
    folds = sv.BlockFolds(PLACES, block_km=3, buffer_km=1)
    tested = []
    for learned, held_out in folds.split(VECTORS):
        apart = np.linalg.norm(PLACES[learned][:, None] - PLACES[held_out], axis=2)
        assert apart.min() > 1_000
        tested += held_out.tolist()
    assert sorted(tested) == list(range(150))
    squares = np.floor(PLACES / 3_000).astype(int)
    for square in np.unique(squares, axis=0):
        assert len(np.unique(folds.fold[(squares == square).all(axis=1)])) == 1


def test_scikit_learn_takes_the_folds_and_the_model_of_place():
    folds = sv.BlockFolds(PLACES, block_km=3)
    assert len(cross_val_score(Ridge(), VECTORS, VALUES, cv=folds)) == folds.get_n_splits()
    surface = np.sin(PLACES[:, 0] / 4_000) + np.cos(PLACES[:, 1] / 4_000)
    told = cross_val_predict(sv.PlaceProcess(), PLACES, surface, cv=folds)
    assert np.corrcoef(told, surface)[0, 1] > 0.8


def test_distances_are_those_to_where_it_is_to_be_used():
    far = PLACES[:40] + np.array([30_000, 0])
    matched = sv.DistanceFolds(PLACES, far).matched
    near = sv.DistanceFolds(PLACES, PLACES + 50).matched
    assert np.median(matched.distance_m) > 3 * np.median(near.distance_m)
    assert sum(len(held_out) for _, held_out in sv.DistanceFolds(PLACES, far).split(VECTORS)) == 150


def test_a_score_has_its_interval_and_a_gain_is_paired():
    told = VALUES + RNG.normal(size=150)
    found = {row["metric"]: row for row in sv.scores(VALUES, told, PLACES).to_dicts()}
    r2 = 1 - ((VALUES - told) ** 2).sum() / ((VALUES - VALUES.mean()) ** 2).sum()
    assert found["r2"]["value"] == pytest.approx(r2)
    assert found["r2"]["lower"] < r2 < found["r2"]["upper"]
    better = sv.gain(VALUES, told, np.full(150, VALUES.mean()), PLACES)
    assert better["value"] == pytest.approx(r2)
    assert better["lower"] > 0
    assert sv.gain(VALUES, told, told, PLACES)["upper"] == pytest.approx(0)
    few = sv.scores(VALUES, told, PLACES, groups=["a", "b", "c"] * 50)
    assert few["lower"].null_count() == few.height
    assert "held-out groups" in few["note"][0]


def test_vectors_are_pooled_compared_and_rated():
    names, pooled = sv.pool([[1.0, 2], [3, 4], [10, 20], [5, 0]], ["b", "b", "a", "b"])
    assert names.tolist() == ["a", "b"]
    assert pooled.tolist() == [[10, 20], [3, 2]]
    rows, cosines = sv.neighbours([[1.0, 0], [2, 0], [1, 1]], 1)
    assert rows[:2].ravel().tolist() == [1, 0]
    assert cosines[0, 0] == pytest.approx(1)
    told = sv.label_scores([[1.0, 0]], {"x": [2.0, 0], "y": [0, 1.0]})
    assert told["similarity"].to_list() == pytest.approx([1, 0])
    assert told["probability"][0] > 0.99
    assert sv.perceived([[1.0, 0]], [[2.0, 0], [0, 1.0]], [7.0, 1.0], k=1).tolist() == [7]


def test_planted_kinds_are_counted():
    centres = np.eye(30)[:4] * 5
    vectors = np.repeat(centres, 60, axis=0) + RNG.normal(scale=0.2, size=(240, 30))
    assert sv.number_of_clusters(vectors, range(2, 8)).k == 4


def test_points_lie_on_lines_of_any_crs_evenly():
    street = gpd.GeoSeries(
        [shapely.LineString([(430_000, 433_000), (432_000, 433_000)])], crs=27700
    )
    points = sv.points_on_lines(street, 200).to_crs(27700)
    assert 9 <= len(points) <= 11
    assert street.union_all().distance(points.union_all()) < 0.5
    with pytest.raises(ValueError, match="no CRS"):
        sv.points_on_lines(street.set_crs(None, allow_override=True))


BAD = {
    "not finite": lambda good: np.where(
        np.arange(good.size).reshape(good.shape) == 3, np.nan, good
    ),
    "shape": lambda good: good[:-1] if good.ndim == 1 else good[:, :1],
    "numbers": lambda good: np.full(good.shape, "a"),
}


@pytest.mark.parametrize("wrong", BAD)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_wrong_input_is_named(position, wrong):
    given = [VALUES, VALUES + 1, PLACES]
    given[position] = BAD[wrong](given[position])
    with pytest.raises(ValueError, match=r"observed|predicted|place_m"):
        sv.scores(*given)


def test_degrees_missing_groups_and_vectors_of_zeros_are_refused():
    with pytest.raises(ValueError, match="look like degrees"):
        sv.scores(VALUES, VALUES, PLACES / 10_000)
    with pytest.raises(ValueError, match="1 of 2 are missing"):
        sv.pool([[1.0], [2.0]], ["a", None])
    with pytest.raises(ValueError, match="statistic 'mode' is none of median"):
        sv.pool([[1.0], [2.0]], ["a", "b"], "mode")
    with pytest.raises(ValueError, match="all zeros: 1 of 2 vectors"):
        sv.neighbours([[0.0, 0], [1, 0]])
    with pytest.raises(ValueError, match="k is 3"):
        sv.perceived([[1.0]], [[1.0]], [1.0], k=3)
    with pytest.raises(ValueError, match=r"labels\['x'\] has the shape"):
        sv.label_scores([[1.0, 0]], {"x": [1.0]})
