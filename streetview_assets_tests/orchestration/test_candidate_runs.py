import polars as pl

from streetview_assets.models.evaluations.selection import Selection
from streetview_assets.orchestration.tracking.candidate_runs import candidate_runs
from streetview_assets.tables.registry import TABLES

SHARED = {"target": "score", "encoder": "e", "features": "f", "group_name": "all", "metric": "r2"}


def score(model, validation, repeat, value, fold=0):
    row = {"model": model, "validation": validation, "repeat": repeat, "fold": fold}
    return SHARED | row | {"value": value, "area_count": 30}


def trial(model, fold, rmse, **params):
    return {"validation": "blocks", "fold": fold, "model": model, "trial": 0, "rmse": rmse} | params


def test_a_model_has_its_pooled_scores_and_the_parameters_of_its_best_trials():
    scores = TABLES["model_scores"].frame(
        [
            score("stack", "blocks", 1, 0.2),
            score("stack", "blocks", 1, 0.9, fold=1),
            score("stack", "random", 1, 0.4),
            score("stack", "random", 2, 0.6),
            score("mean", "blocks", 1, -0.1),
            score("left_out", "blocks", 1, None),
            score("observed", "blocks", 1, 0.3),
        ]
    )
    trials = [
        trial("stack", 1, 3.0, members={"ridge": {"alpha": 9.0}}),
        trial("stack", 1, 2.0, members={"ridge": {"alpha": 1.0}}),
        trial("stack", 2, 1.0, members={"pls": {"n_components": 3}}),
    ]
    mean, stack = candidate_runs(Selection(scores, pl.DataFrame(), trials=trials))
    assert (mean.name, mean.tags, mean.params) == ("mean", {"kind": "baseline"}, {})
    assert (stack.name, stack.tags) == ("stack", {"kind": "candidate"})
    assert stack.metrics == {"blocks.r2": 0.2, "random.r2": 0.5}
    assert stack.params == {
        "blocks.1.members.ridge.alpha": 1.0,
        "blocks.2.members.pls.n_components": 3,
    }
