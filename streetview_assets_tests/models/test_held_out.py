from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from streetview_assets.models.evaluations.leave_authority_out import score_held_out
from streetview_assets.models.evaluations.selection import headline
from streetview_assets.tables.registry import TABLES, check_contract


def split_by(data, code):
    mine = np.array(data.authority_codes) == code
    return data.take(~mine), data.take(mine)


def test_an_authority_is_predicted_from_the_others(areas_of, quick, labels, pooled):
    train, test = split_by(areas_of(noise=0.2), "E1")
    scores, predictions = score_held_out(
        train, test, quick(), authority_code="E1", **labels, seed=1
    )
    check_contract(TABLES["held_out_scores"], scores)
    check_contract(TABLES["held_out_predictions"], predictions)
    assert set(scores["validation"]) == {"authorities"}
    assert set(predictions["area_code"]) == set(test.area_codes)
    assert pooled(scores, "tuned", "authorities")["value"] > 0.2
    assert headline(scores) == pooled(scores, "tuned", "authorities")
    assert pooled(scores, "coordinates", "authorities")["value"] is not None
    tuned = predictions.filter(pl.col("model") == "tuned")
    assert (tuned["upper"] > tuned["lower"]).all()
    inside = (tuned["lower"] <= tuned["observed"]) & (tuned["observed"] <= tuned["upper"])
    covered = pooled(scores, "tuned", "authorities", "coverage")["value"]
    assert covered == pytest.approx(inside.mean())


def test_its_own_values_do_not_reach_the_model(areas_of, quick, labels):
    train, test = split_by(areas_of(), "E1")
    spoiled = replace(test, observed=test.observed * -1_000)
    _, before = score_held_out(train, test, quick(), authority_code="E1", **labels, seed=1)
    _, after = score_held_out(train, spoiled, quick(), authority_code="E1", **labels, seed=1)
    assert before["predicted"].equals(after["predicted"])
    assert before["lower"].equals(after["lower"])


def test_what_cannot_be_tested_says_so(areas_of, quick, labels):
    train, test = split_by(areas_of(), "E1")
    nobody = test.take(np.array([], dtype=int))
    scores, _ = score_held_out(train, nobody, quick(), authority_code="E1", **labels, seed=1)
    assert scores["note"].to_list() == ["no area of this authority has imagery and a value"]
    for count in (0, 6):
        few = train.take(np.arange(count))
        scores, predictions = score_held_out(
            few, test, quick(), authority_code="E1", **labels, seed=1
        )
        check_contract(TABLES["held_out_scores"], scores)
        assert scores["note"].to_list() == [
            f"too few areas: {count}, at least 10 needed in the other authorities"
        ]
        assert predictions.is_empty()


def test_one_area_is_predicted_though_not_scored(areas_of, quick, labels, pooled):
    train, test = split_by(areas_of(), "E1")
    scores, predictions = score_held_out(
        train, test.take(np.array([4])), quick(), authority_code="E1", **labels, seed=1
    )
    check_contract(TABLES["held_out_scores"], scores)
    assert pooled(scores, "tuned", "authorities")["note"] == "not defined: 1 area(s)"
    assert predictions.filter(pl.col("model") == "tuned").height == 1
