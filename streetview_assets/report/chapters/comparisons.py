"""Chapter "Targets, transfer, learning": the comparisons, where the study has made them."""

import polars as pl

from streetview_assets.models.charts.comparisons import (
    draw_learning_curve,
    draw_targets,
    draw_transfer,
)
from streetview_assets.models.evaluations.selection import HEADLINE
from streetview_assets.models.ordinal.metrics import METRICS
from streetview_assets.models.validation.nested_cv import TUNED
from streetview_assets.models.validation.ridge_cv import RIDGE
from streetview_assets.report.database import Published
from streetview_assets.report.html import (
    NONE,
    Cell,
    Row,
    Section,
    chart,
    heading,
    listed,
    minus,
    paragraph,
    table,
)
from streetview_assets.report.scores_table import (
    VALIDATION_NAMES,
    named_model,
    one_score,
    score_cell,
    shown_validations,
)

MOST_AUTHORITIES_SHOWN = 30


def comparisons_section(published: Published) -> Section:
    """Show targets, transfer, learning curve and deciles side by side; say what is not there."""
    parts = {
        "several targets": _targets(published),
        "transfer between authorities": _transfer(published),
        "a learning curve": _learning(published),
        "an ordinal model": _ordinal(published),
    }
    absent = [name for name, html in parts.items() if not html]
    told = paragraph(f"Not made in this study: {', '.join(absent)}.", "quiet") if absent else ""
    return Section("comparisons", "Targets, transfer, learning", "".join(parts.values()) + told)


def _targets(published: Published) -> str:
    scores = published.table("target_scores")
    if scores.is_empty():
        return ""
    pooled = scores.filter(pl.col("fold") == 0, pl.col("group_name") == "all")
    r2 = pooled.filter(pl.col("metric") == "r2", pl.col("model") == _model_of(pooled))
    validations = shown_validations(r2)
    order = {
        target: one_score(r2.filter(pl.col("target") == target), _model_of(pooled), HEADLINE)
        for target in r2["target"].unique().sort()
    }
    by_score = sorted(order, key=lambda name: -_value(order[name]))
    rows: list[Row] = []
    for target in by_score:
        mine = r2.filter(pl.col("target") == target)
        areas = mine["area_count"].max()
        rows.append(
            [
                target,
                areas if isinstance(areas, int) else None,
                *(score_cell(one_score(mine, _model_of(pooled), v)) for v in validations),
            ]
        )
    notes = pooled.filter(pl.col("value").is_null())["note"].drop_nulls().unique().sort()
    told = "R² of each target under each validation, as colours."
    drawn = draw_targets(
        pooled, targets=by_score, title=published.study.name, credit=published.credit
    )
    return (
        heading("Several targets")
        + (chart(drawn, told, told) if by_score else "")
        + table(
            "R² of each target",
            ("target", "areas", *(VALIDATION_NAMES[v] for v in validations)),
            rows,
            note=f"On the areas that all targets have a value of; {named_model(_model_of(pooled))}."
            " With bootstrap intervals.",
        )
        + listed(notes.to_list())
    )


def _model_of(scores: pl.DataFrame) -> str:
    """Give the model that is shown: ridge, or the one that was chosen."""
    return RIDGE if RIDGE in set(scores["model"]) else TUNED


def _value(row: dict[str, object] | None) -> float:
    return float(str(row["value"])) if row else float("-inf")


def _transfer(published: Published) -> str:
    scores = published.table("transfer_scores")
    if scores.is_empty():
        return ""
    shown = scores.filter(pl.col("metric") == "r2", pl.col("model") == _model_of(scores))
    told = "R² of a model trained on one authority (rows) and tested on another (columns)."
    drawn = draw_transfer(
        scores,
        share=0.0,
        title=_title(published),
        names=published.authority_names,
        credit=published.credit,
    )
    parts = [heading("Transfer between authorities"), chart(drawn, told, told)]
    for added in shown["share_added"].unique().sort():
        mine = shown.filter(pl.col("share_added") == added)
        parts.append(_transfer_matrix(published, mine, float(added)))
    notes = shown.filter(pl.col("value").is_null())["note"].drop_nulls().unique().sort()
    return "".join(parts) + listed(notes.to_list())


def _transfer_matrix(published: Published, scores: pl.DataFrame, added: float) -> str:
    merged = scores.group_by("train_authority", "test_authority").agg(pl.col("value").mean())
    values = {(a, b): value for a, b, value in merged.iter_rows()}
    codes = sorted({code for pair in values for code in pair})
    names = published.authority_names
    told = "none of the tested" if added == 0 else f"{added:.0%} of the tested"
    own = "The diagonal is the authority on itself, by spatial blocks. " if added == 0 else ""
    left_out = ""
    if len(codes) > MOST_AUTHORITIES_SHOWN:
        left_out = f" The first {MOST_AUTHORITIES_SHOWN} of {len(codes)} authorities."
        codes = codes[:MOST_AUTHORITIES_SHOWN]
    rows: list[Row] = []
    for train in codes:
        cells = [values.get((train, test)) for test in codes]
        shown = [Cell(NONE if v is None else minus(f"{v:.2f}")) for v in cells]
        rows.append([names.get(train, train), *shown])
    return table(
        f"R² of a model trained on one authority and tested on another, with {told} authority's "
        "areas added",
        ("trained on", *(names.get(code, code) for code in codes)),
        rows,
        note=f"Rows train, columns test. {own}The mean of repeats.{left_out}",
    )


def _learning(published: Published) -> str:
    scores = published.table("learning_curve")
    if scores.is_empty():
        return ""
    shown = scores.filter(pl.col("metric") == "r2", pl.col("value").is_not_null())
    if shown.is_empty():
        return ""
    curve = (
        shown.filter(pl.col("model") == _model_of(shown))
        .group_by("validation", "train_count")
        .agg(
            pl.col("value").mean(),
            pl.col("value").min().alias("low"),
            pl.col("value").max().alias("high"),
            pl.len().alias("repeats"),
        )
        .sort("validation", "train_count")
    )
    rows = [
        [
            Cell(f"{count:,}"),
            VALIDATION_NAMES.get(validation, validation),
            Cell(minus(f"{value:.2f}"), f"{minus(f'{low:.2f}')} to {minus(f'{high:.2f}')}"),
            repeats,
        ]
        for validation, count, value, low, high, repeats in curve.iter_rows()
    ]
    drawn = draw_learning_curve(scores, title=_title(published), credit=published.credit)
    told = "R² by the number of areas learned from: the mean of the draws, and their range."
    return (
        heading("Learning curve")
        + chart(drawn, told, told)
        + table("R² by areas learned from", ("areas", "validation", "R²", "draws"), rows)
    )


def _title(published: Published) -> str:
    return f"{published.study.name}: {published.target}"


def _ordinal(published: Published) -> str:
    """Show the scores of the ordinal networks over all areas, a row a rule."""
    scores = published.table("ordinal_scores")
    if scores.is_empty():
        return ""
    shown = scores.filter(pl.col("group_name") == "all")
    by = ["validation", "share_added", "unit", "rule"]
    metrics = [name for name in METRICS if name in set(shown["metric"])]
    rows: list[Row] = []
    for group, mine in shown.sort(by).group_by(by, maintain_order=True):
        validation, added, unit, rule = (str(part) for part in group)
        found = {row["metric"]: row for row in mine.iter_rows(named=True)}
        further = f", {float(added):.0%} of it added" if float(added) else ""
        rows.append(
            [
                f"{unit}: {rule.replace('_', ' ')}",
                VALIDATION_NAMES.get(validation, validation) + further,
                *(score_cell(found.get(metric)) for metric in metrics),
            ]
        )
    notes = shown.filter(pl.col("value").is_null())["note"].drop_nulls().unique().sort()
    return (
        heading("Deciles by an ordinal network")
        + table(
            "Scores of the ordinal network",
            ("unit and rule", "validation", *(METRICS[name] for name in metrics)),
            rows,
            note="The rule is how the points of an area make its decile.",
        )
        + listed(notes.to_list())
    )
