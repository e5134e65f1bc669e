from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from streetview_assets.models.evaluations.by_authority import (
    predict_held_out,
    predict_together,
    score_held_out,
)
from streetview_assets.models.evaluations.selection import headline
from streetview_assets.tables.registry import TABLES, check_contract


def mine(data, code="E1"):
    return np.array(data.authority_codes) == code


def test_an_authority_is_predicted_from_the_others(areas_of, quick, scored, pooled):
    data = areas_of(noise=0.2)
    scores, predictions = score_held_out(data, scored(quick(), 1, "E1"))
    check_contract(TABLES["held_out_scores"], scores)
    check_contract(TABLES["held_out_predictions"], predictions)
    assert set(scores["validation"]) == {"authorities"}
    assert set(predictions["area_code"]) == set(data.take(mine(data)).area_codes)
    assert pooled(scores, "tuned", "authorities")["value"] > 0.2
    assert headline(scores) == pooled(scores, "tuned", "authorities")
    assert pooled(scores, "place", "authorities")["value"] is not None
    tuned = predictions.filter(pl.col("model") == "tuned")
    assert (tuned["upper"] > tuned["lower"]).all()
    inside = (tuned["lower"] <= tuned["observed"]) & (tuned["observed"] <= tuned["upper"])
    covered = pooled(scores, "tuned", "authorities", "coverage")["value"]
    assert covered == pytest.approx(inside.mean())


def test_its_own_values_do_not_reach_the_model(areas_of, quick, scored):
    data = areas_of()
    spoiled = replace(data, observed=np.where(mine(data), data.observed * -1_000, data.observed))
    _, before = score_held_out(data, scored(quick(), 1, "E1"))
    _, after = score_held_out(spoiled, scored(quick(), 1, "E1"))
    assert before["predicted"].equals(after["predicted"])
    assert before["lower"].equals(after["lower"])


def test_authorities_that_are_held_out_together_do_not_reach_the_model(areas_of, quick, scored):
    data = areas_of()
    spoiled = replace(
        data, observed=np.where(mine(data, "E2"), data.observed * -1_000, data.observed)
    )
    scoring = scored(quick(), 1, "E1")
    _, before = score_held_out(data, scoring, {"E1", "E2"})
    _, after = score_held_out(spoiled, scoring, {"E1", "E2"})
    assert before["predicted"].equals(after["predicted"])


def test_each_of_those_held_out_together_is_predicted_as_if_it_were_alone(areas_of, quick, scored):
    data, scoring = areas_of().by_area_code(), scored(quick(), 1, "E1")
    together = predict_together(data, scoring, {"E1", "E2"})
    for code in ("E1", "E2"):
        learning = ~np.isin(data.authority_codes, ["E1", "E2"])
        _, alone = predict_held_out(data, scoring, mine(data, code), learning)
        own = replace(scoring, authority_code=code)
        scores, predictions = score_held_out(data, own, {"E1", "E2"}, together)
        assert set(scores["authority_code"]) == {code}
        found = predictions.filter(model="tuned").sort("area_code")
        assert found["area_code"].to_list() == list(alone.areas.area_codes)
        for name in ("predicted", "lower", "upper"):
            assert found[name].to_numpy() == pytest.approx(getattr(alone, name)["tuned"])


def test_what_cannot_be_tested_says_so(areas_of, quick, scored):
    data = areas_of()
    scoring = scored(quick(), 1, "E1")
    scores, _ = score_held_out(data.take(~mine(data)), scoring)
    assert scores["note"].to_list() == ["no area of this authority has imagery and a value"]
    others = np.flatnonzero(~mine(data))
    for count in (0, 6):
        few = data.take(np.concatenate([others[:count], np.flatnonzero(mine(data))]))
        scores, predictions = score_held_out(few, scoring)
        check_contract(TABLES["held_out_scores"], scores)
        assert scores["note"].to_list() == [
            f"too few areas: {count}, at least 10 needed in the other authorities"
        ]
        assert predictions.is_empty()


def test_one_area_is_predicted_though_not_scored(areas_of, quick, scored, pooled):
    data = areas_of()
    one = np.flatnonzero(mine(data))[4:5]
    scores, predictions = score_held_out(
        data.take(np.concatenate([np.flatnonzero(~mine(data)), one])), scored(quick(), 1, "E1")
    )
    check_contract(TABLES["held_out_scores"], scores)
    assert pooled(scores, "tuned", "authorities")["note"] == "not defined: 1 area"
    assert predictions.filter(pl.col("model") == "tuned").height == 1


def test_an_unseen_authority_has_wider_intervals_or_the_reason_why_not(
    areas_of, quick, scored, pooled
):
    data = areas_of(columns=12, noise=0.2)
    scores, predictions = score_held_out(data, scored(quick(), 1, "E1"))
    assert pooled(scores, "tuned", "authorities", "coverage")["note"] is None
    two = data.take(np.array(data.authority_codes) != "E2")
    scores, _ = score_held_out(two, scored(quick(), 1, "E1"))
    note = pooled(scores, "tuned", "authorities", "coverage")["note"]
    assert note.startswith("as wide as inside the towns learned from")
    tuned = predictions.filter(pl.col("model") == "tuned")
    assert tuned["lower"].min() >= data.observed.min()
    assert tuned["upper"].max() <= data.observed.max()
