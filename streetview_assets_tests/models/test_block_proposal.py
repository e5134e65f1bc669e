"""Blocks and buffers that the areas propose, and what becomes of `auto` in a selection."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import r2_score

from streetview_assets.models.data.splits import block_folds, blocks_of, splits_of
from streetview_assets.models.data.variogram import Variogram
from streetview_assets.models.evaluations.selection import select_models
from streetview_assets.models.validation.plan import propose_blocks, with_blocks
from streetview_assets_tests.simulations.fields import centres


def of_range(range_m):
    return Variogram(nugget=0.2, sill=1.0, range_m=range_m)


def test_blocks_are_as_long_as_the_range_where_that_leaves_ten():
    place_m = centres(400, seed=1)
    proposed = propose_blocks(place_m, of_range(2_500), of_range(400), 5, seed=1)
    assert proposed.block_km == 2.5
    assert proposed.buffer_km == 0.4
    assert proposed.note == "the target's range is 2.5 km; the residuals' range is 0.4 km"


def test_a_range_as_long_as_the_town_is_cut_to_what_the_town_allows_and_the_note_says_so():
    place_m = centres(400, seed=1)
    proposed = propose_blocks(place_m, of_range(9_000), of_range(6_000), 5, seed=1)
    assert 2 < proposed.block_km < 5
    assert len(np.unique(blocks_of(place_m, proposed.block_km))) >= 10
    splits = splits_of(
        block_folds(place_m, 5, proposed.block_km, 1), place_m, 1000 * proposed.buffer_km
    )
    assert min(split.learning.sum() for split in splits) >= 200
    assert "are the largest that are 10 or more" in proposed.note
    assert "is the widest that leaves half of the areas" in proposed.note


def test_numbers_stay_as_they_are_and_auto_becomes_one(areas_of, quick):
    data = areas_of()
    fixed = with_blocks(data, quick(block_km=3, buffer_km="auto"), 1)
    assert fixed.block_km == 3
    assert isinstance(fixed.buffer_km, float)
    proposed = with_blocks(data, quick(block_km="auto"), 1)
    assert len(np.unique(blocks_of(data.place_m, proposed.block_side_km))) >= 10
    with pytest.raises(ValueError, match="block_km is auto"):
        _ = quick(block_km="auto").block_side_km


def test_deals_of_blocks_are_of_other_grids_and_their_scores_are_averaged(
    areas_of, quick, scored, pooled
):
    data = areas_of(width=10)
    settings = quick(deals=2, candidates=("ridge",), trials=1, holdout=None)
    selection = select_models(data, scored(settings, 1))
    tuned = selection.predictions.filter(model="tuned", validation="blocks").sort("area_code")
    first, second = (tuned.filter(pl.col("repeat") == repeat) for repeat in (1, 2))
    each = [r2_score(one["observed"], one["predicted"]) for one in (first, second)]
    score = pooled(selection.scores, "tuned", "blocks")
    assert each[0] != each[1]
    assert score["value"] == pytest.approx(np.mean(each))
    together = [
        one["fold"].to_numpy()[:, None] == one["fold"].to_numpy() for one in (first, second)
    ]
    block = blocks_of(data.place_m, 2)
    same_block = block[:, None] == block
    assert together[0][same_block].all()
    assert not together[1][same_block].all()
