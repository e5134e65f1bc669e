"""Chapter "Targets, transfer, learning": the comparisons, where the study has made them."""

from typing import Any

import polars as pl

from streetview_assets.models.charts.scores_and_gains import GAINED, SHOWN
from streetview_assets.models.evaluations.gains import NOTHING
from streetview_assets.models.evaluations.selection import BLOCKS
from streetview_assets.models.ordinal.score_rows import METRICS
from streetview_assets.models.validation.ridge_cv import RIDGE
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.report.cells import Cell, crossed, number, rounded
from streetview_assets.report.database import Published
from streetview_assets.report.scores_table import (
    beside_the_chosen,
    named_model,
    one_score,
    score_cell,
)
from streetview_assets.validations import VALIDATIONS, strict_first

MOST_AUTHORITIES_SHOWN = 30
NOWHERE = {"value": float("-inf")}


def comparisons(published: Published) -> dict[str, Any]:
    """Find targets, transfer, learning curve and deciles side by side."""
    return {
        "reconciled": beside_the_chosen(published, RIDGE),
        "targets": _targets(published, published.table("target_scores")),
        "target_gains": _target_gains(published, published.table("target_gains")),
        "transfer": _transfer(published, published.table("transfer_scores")),
        "learning": _learning(published.table("learning_curve")),
        "ordinal": _ordinal(published.table("ordinal_scores")),
    }


def _targets(published: Published, scores: pl.DataFrame) -> dict[str, Any] | None:
    if scores.is_empty():
        return None
    pooled = scores.filter(fold=0, group_name="all")
    model = _model_of(pooled)
    r2 = pooled.filter(metric="r2", model=model)
    of_target = {name: r2.filter(target=name) for name in r2["target"].unique().sort()}
    by_score = sorted(
        of_target.items(),
        key=lambda one: -(one_score(one[1], model, BLOCKS) or NOWHERE)["value"],
    )
    validations = strict_first(r2["validation"])
    rows = [
        [
            published.study.called(target),
            mine["area_count"].max(),
            *(score_cell(one_score(mine, model, name)) for name in validations),
        ]
        for target, mine in by_score
    ]
    return {
        "rows": rows,
        "columns": ["target", "areas", *(VALIDATIONS[name].label for name in validations)],
        "model": named_model(model),
        "notes": _notes(pooled),
    }


def _target_gains(published: Published, gains: pl.DataFrame) -> dict[str, Any] | None:
    """Lay out R² of what is known, and what images gain over the rest, a row a target."""
    known = gains.drop_nulls("value")
    pairs = [(name, NOTHING) for name in SHOWN] + list(GAINED)
    there = set(known.select("features", "against").iter_rows())
    pairs = [pair for pair in pairs if pair in there]
    if not pairs:
        return None
    cells = {
        (row["target"], row["features"], row["against"]): score_cell(row)
        for row in known.to_dicts()
    }
    domains = dict(known.select("target", "domain").unique().iter_rows())
    named = any(domains.values())
    targets = sorted(domains, key=lambda target: (domains[target] or "", target))
    names = [SHOWN[one] if other == NOTHING else GAINED[one, other][0] for one, other in pairs]
    return {
        "rows": [
            [
                *([domains[target] or ""] if named else []),
                published.study.called(target),
                *(cells.get((target, *pair), score_cell(None)) for pair in pairs),
            ]
            for target in targets
        ],
        "columns": [*(["domain"] if named else []), "target", *names],
        "notes": _notes(gains),
    }


def _notes(scores: pl.DataFrame) -> list[str]:
    """Say why scores are not defined."""
    notes = scores.filter(pl.col("value").is_null())["note"]
    return notes.drop_nulls().unique().sort().to_list()


def _model_of(scores: pl.DataFrame) -> str:
    """Give the model that is shown: ridge, or the one that was chosen."""
    return RIDGE if RIDGE in set(scores["model"]) else TUNED


def _transfer(published: Published, scores: pl.DataFrame) -> dict[str, Any] | None:
    """Give a matrix of authorities for each share of the tested one's areas that was added."""
    if scores.is_empty():
        return None
    shown = scores.filter(metric="r2", model=_model_of(scores))
    shares = shown["share_added"].unique().sort()
    return {
        "matrices": {
            share: _transfer_matrix(published, shown.filter(share_added=share)) for share in shares
        },
        "notes": _notes(shown),
    }


def _transfer_matrix(published: Published, scores: pl.DataFrame) -> dict[str, Any]:
    merged = scores.group_by("train_authority", "test_authority").agg(pl.col("value").mean())
    value = crossed(merged)
    codes = sorted({code for pair in value for code in pair})
    shown = codes[:MOST_AUTHORITIES_SHOWN]
    names = [published.authority_names.get(code, code) for code in shown]
    rows = [
        [name, *(number(value.get((train, test))) for test in shown)]
        for name, train in zip(names, shown, strict=True)
    ]
    return {"rows": rows, "columns": ["trained on", *names], "authority_count": len(codes)}


def _learning(scores: pl.DataFrame) -> list[list[Any]]:
    shown = scores.filter(pl.col("value").is_not_null(), metric="r2")
    curve = (
        shown.filter(model=_model_of(shown))
        .group_by("validation", "train_count")
        .agg(
            pl.col("value").mean(),
            pl.col("value").min().alias("low"),
            pl.col("value").max().alias("high"),
            pl.len().alias("repeats"),
        )
        .sort("validation", "train_count")
    )
    return [
        [
            Cell(f"{count:,}"),
            VALIDATIONS[validation].label,
            Cell(rounded(value), f"{rounded(low)} to {rounded(high)}"),
            repeats,
        ]
        for validation, count, value, low, high, repeats in curve.iter_rows()
    ]


def _ordinal(scores: pl.DataFrame) -> dict[str, Any] | None:
    """Show the scores of the ordinal networks over all areas, a row a rule."""
    shown = scores.filter(group_name="all")
    if shown.is_empty():
        return None
    by = ["validation", "share_added", "unit", "rule"]
    metrics = [name for name in METRICS if name in set(shown["metric"])]
    rows = []
    for (validation, added, unit, rule), mine in shown.sort(by).group_by(by, maintain_order=True):
        found = {row["metric"]: row for row in mine.iter_rows(named=True)}
        further = f", {added:.0%} of it added" if added else ""
        rows.append(
            [
                f"{unit}: {str(rule).replace('_', ' ')}",
                VALIDATIONS[str(validation)].label + further,
                *(score_cell(found.get(metric)) for metric in metrics),
            ]
        )
    columns = ["unit and rule", "validation", *(METRICS[name] for name in metrics)]
    return {"rows": rows, "columns": columns, "notes": _notes(shown)}
