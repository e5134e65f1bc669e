"""Chapter "What each kind of scene tells": models of one cluster's or one label's images."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from streetview_assets.metrics import REGRESSION
from streetview_assets.models.charts.group_scores import IN_WORDS, in_order
from streetview_assets.models.data.group_vectors import CLUSTER, GROUPINGS
from streetview_assets.models.evaluations.models_by_group import (
    ALL,
    ALL_IMAGES,
    COMMON,
    GAIN,
    OWN,
    fitted_model,
)
from streetview_assets.models.evaluations.selection import BLOCKS
from streetview_assets.report.cells import Cell, crossed, number
from streetview_assets.report.database import Published
from streetview_assets.report.scores_table import beside_the_chosen, one_score, score_cell

METRICS = list(REGRESSION.values())
MOST_GROUPS = 40


def group_scores(published: Published) -> dict[str, Any]:
    """Find what images of each cluster, label and group by hand alone tell, beside all images."""
    scores = published.of_encoder("group_model_scores").filter(fold=0, repeat=1)
    if scores.drop_nulls("value").is_empty():
        notes = "; ".join(scores["note"].drop_nulls().unique().sort())
        why = published.why_empty("group_model_scores") or notes
        return {"why": why or "they have not been made yet"}
    blocks = scores.filter(validation=BLOCKS)
    groupings = {
        grouping: _of_grouping(published, blocks.filter(grouping=grouping))
        for grouping in GROUPINGS
        if grouping in set(scores["grouping"])
    }
    columns = [
        "images of", "areas", "images", *(metric.symbol for metric in METRICS),
        "R² of all images", "difference",
    ]  # fmt: skip
    fitted = fitted_model(scores)
    return {
        "why": "",
        "groupings": groupings,
        "columns": columns,
        "model": IN_WORDS[fitted],
        "reconciled": beside_the_chosen(published, fitted),
    }


def _of_grouping(published: Published, blocks: pl.DataFrame) -> dict[str, Any]:
    called = published.cluster_names if CLUSTER in set(blocks["grouping"]) else {}
    mine = blocks.filter(target=published.target or "")
    common, own = (mine.filter(area_set=name) for name in (COMMON, OWN))
    silent = mine.filter(pl.col("value").is_null(), metric="r2")
    notes = silent.select("group_name", "note").drop_nulls().unique().sort("group_name", "note")
    return {
        "gains": _gains(common),
        "common": _scores(common, called),
        "own": _scores(own, called),
        "notes": [f"{name}: {note}" for name, note in notes.iter_rows()],
        "matrix": _matrix(published, blocks),
    }


def _gains(common: pl.DataFrame) -> dict[str, Any] | None:
    """Find which kinds surely tell more, and which less, than all images of the same areas do."""
    gains = common.filter(pl.col("lower").is_not_null(), metric=GAIN)
    order = {name: place for place, name in enumerate(in_order(common))}
    gains = gains.sort(pl.col("group_name").replace_strict(order, default=None))
    if gains.is_empty():
        return None
    return {
        "ways": {
            "more": gains.filter(pl.col("lower") > 0)["group_name"].to_list(),
            "less": gains.filter(pl.col("upper") < 0)["group_name"].to_list(),
        },
        "area_count": gains["area_count"][0],
        "level": gains["interval_level"][0],
    }


def _scores(scores: pl.DataFrame, called: Mapping[int, str]) -> list[list[Any]]:
    rows, model = [], fitted_model(scores)
    for name in in_order(scores)[: MOST_GROUPS + 1]:
        mine = scores.filter(group_name=name)
        found = [one_score(mine, model, BLOCKS, metric.name) for metric in METRICS]
        best = one_score(mine, model, BLOCKS)
        if best:
            whole = None if name == ALL else one_score(mine, model + ALL_IMAGES, BLOCKS)
            gain = one_score(mine, model, BLOCKS, GAIN)
            counts = best["area_count"], best["image_count"]
            rows.append([_named(name, called), *counts, *map(score_cell, [*found, whole, gain])])
    return rows


def _named(name: str, called: Mapping[int, str]) -> Cell:
    """Say which images they are, with what somebody called the cluster below its number."""
    number_told = name.removeprefix("cluster ")
    cluster = int(number_told) if number_told.isdigit() else 0
    return Cell(_in_words(name), called.get(cluster, ""), is_number=False)


def _in_words(name: str) -> str:
    return "all images" if name == ALL else name


def _matrix(published: Published, blocks: pl.DataFrame) -> dict[str, Any] | None:
    """Give R² of every target by every group, on the common areas."""
    r2 = blocks.filter(metric="r2", model=fitted_model(blocks), area_set=COMMON)
    value = crossed(r2.select("target", "group_name", "value").drop_nulls())
    there = set(r2["target"])
    targets = [one.name for one in published.study.targets if one.name in there]
    names = [name for name in in_order(r2)[: MOST_GROUPS + 1] if name in {at[1] for at in value}]
    if len(targets) < 2 or not names:
        return None
    rows = [
        [published.study.called(target), *(number(value.get((target, name))) for name in names)]
        for target in targets
    ]
    return {"columns": ["target", *map(_in_words, names)], "rows": rows}
