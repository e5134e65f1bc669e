"""More pictures, and more areas: what each does to the score, told apart."""

import numpy as np
import polars as pl
import pytest

from streetview_assets.models.sample_size import GroupPictures, draw_order, score_by_pictures
from streetview_assets.study import Models

SETTINGS = Models(folds=3)
SIZES = (40, 80, 160, 320)


@pytest.fixture(scope="module")
def data(areas_of):
    return areas_of(columns=16, rows=15, width=20, noise=0.1)


def pictures(data, each=4, unlike=0.0):
    """So many pictures of every area, that show what the area's vector shows, and noise."""
    rng = np.random.default_rng(8)
    codes = np.repeat(np.array(data.area_codes), each)
    vectors = np.repeat(data.vectors, each, axis=0)
    vectors = vectors + unlike * vectors.std() * rng.normal(size=vectors.shape)
    return GroupPictures("cluster 1", codes, vectors)


def score(data, group, areas, repeats=6):
    return score_by_pictures(
        data, [group], SETTINGS, sizes=SIZES, repeats=repeats, areas=areas, statistic="mean", seed=3
    )


def curve(scores):
    r2 = scores.filter(model="ridge", metric="r2")
    return r2.group_by("size").agg(pl.col("value").mean()).sort("size")["value"].to_list()


def test_pictures_that_show_nothing_new_help_by_their_areas_alone(data):
    alike = pictures(data)
    constant = score(data, alike, "constant")
    assert set(constant.drop_nulls("value")["area_count"]) == {40}
    # The last size asks for more pictures than forty areas have.
    *told, capped = curve(constant)
    assert told == pytest.approx([told[0]] * 3, abs=1e-6)
    assert capped is None
    assert set(constant.filter(size=320)["note"]) == {"capped: 160 pictures"}
    free = score(data, alike, "free")
    by_size = free.group_by("size").agg(pl.col("area_count").mean()).sort("size")["area_count"]
    assert by_size.is_sorted()
    assert by_size[3] > 3 * by_size[0]
    assert curve(free)[3] > curve(free)[0] + 0.02


def test_pictures_that_show_something_new_help_where_areas_are_constant(data):
    rising = curve(score(data, pictures(data, each=8, unlike=1.5), "constant"))
    assert rising[3] > rising[0] + 0.1


def test_a_seed_names_one_draw_and_larger_draws_hold_smaller_ones(data):
    codes = pictures(data).area_codes
    for areas in ("free", "constant"):
        order = draw_order(codes, areas, 40, 5)
        assert (order == draw_order(codes, areas, 40, 5)).all()
        assert len(set(order)) == len(order)
    assert sorted(draw_order(codes, "free", 40, 5)) == list(range(len(codes)))
    assert set(codes[order[:40]]) == set(codes[order])
    again = score(data, pictures(data), "free", repeats=2)
    assert again.equals(score(data, pictures(data), "free", repeats=2))
