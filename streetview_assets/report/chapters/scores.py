"""Chapters "In short" and "Scores": the spatial score first, in words, beside the baselines."""

import polars as pl

from streetview_assets.metrics import DECILE, REGRESSION
from streetview_assets.models.charts.scores import draw_scores
from streetview_assets.models.evaluations.selection import HEADLINE
from streetview_assets.models.results.summary_sentences import summary_sentences
from streetview_assets.models.results.validation_rows import OBSERVED
from streetview_assets.models.validation.nested_cv import TUNED
from streetview_assets.report.database import Published
from streetview_assets.report.html import (
    Row,
    Section,
    chart,
    listed,
    minus,
    paragraph,
    percent,
    table,
)
from streetview_assets.report.scores_table import (
    AUTHORITIES,
    VALIDATION_NAMES,
    is_baseline,
    named_model,
    one_score,
    score_cell,
    shown_validations,
)

GAIN = "r2_gain_over_baseline"


def short_section(published: Published, scores: pl.DataFrame, judged: pl.DataFrame) -> Section:
    """Say in a few sentences what came out: the headline is the score under spatial blocks.

    Parameters
    ----------
    published
        The published database and the kept figures.
    scores
        See `study_scores`.
    judged
        See `judged_scores`.
    """
    # The first sentence of the summary is the headline, here with the target and the blocks named.
    rest = summary_sentences(judged)[1:] if published.target else []
    said = [*rest, *_of_authorities(scores)]
    headline = paragraph(_headline(published, scores), "headline")
    return Section("short", "In short", headline + listed(said))


def _headline(published: Published, scores: pl.DataFrame) -> str:
    if published.target is None:
        return (
            "The study has no target, so that nothing is predicted: this page says where its "
            "images are, of what age and how good they are."
        )
    best = one_score(scores, TUNED, HEADLINE)
    if best is None:
        notes = scores["note"].drop_nulls().unique().sort().to_list()
        why = "; ".join(notes) or "the models have not been made yet"
        return f"There is no spatial score of {published.target}: {why}."
    return _spatial(published, best)


def _spatial(published: Published, best: dict[str, object]) -> str:
    block_km = published.study.models.block_km
    unsure = best["lower"] is not None and float(str(best["lower"])) <= 0 < float(
        str(best["value"])
    )
    return (
        f"With whole blocks of {block_km:g} km held out, the look of a place "
        f"{_explains(best['value'])} {published.target} over {best['area_count']:,} areas "
        f"({_with_interval(best)}{', so it may be nothing' if unsure else ''})."
    )


def _explains(r2: object) -> str:
    assert isinstance(r2, float)
    if r2 <= 0:
        return "tells no more than the mean of the other areas does of"
    return f"explains {r2:.0%} of the differences in"


def _with_interval(row: dict[str, object]) -> str:
    text = f"R² {minus(format(row['value'], '.2f'))}"
    if row["lower"] is None or row["upper"] is None:
        return text
    ends = " to ".join(minus(format(row[end], ".2f")) for end in ("lower", "upper"))
    return f"{text}, {row['interval_level']:.0%} interval {ends}"


def _of_authorities(scores: pl.DataFrame) -> list[str]:
    held_out = one_score(scores, TUNED, AUTHORITIES)
    if held_out is None:
        return []
    return [
        "For an authority that the model has never seen, all of them taken together: "
        f"{_with_interval(held_out)}."
    ]


def scores_section(published: Published, scores: pl.DataFrame) -> Section:
    """Show the scores of every model under every validation."""
    name = "Scores"
    if published.target is None:
        return Section("scores", name, paragraph("Without a target there are no scores."))
    r2 = scores.filter(pl.col("metric") == "r2", pl.col("value").is_not_null())
    if r2.is_empty():
        told = "There are no scores."
        return Section("scores", name, paragraph(told) + _notes(scores))
    reads = (
        "R² is 1 for a perfect prediction, 0 for the mean of the areas, and below 0 for worse "
        "than that. Each score is of areas that the model had not seen, all folds together."
    )
    return Section(
        "scores",
        name,
        paragraph(reads)
        + _figure(published, scores)
        + _by_validation(scores)
        + _other_metrics(scores)
        + _gains(scores)
        + _in_space(scores)
        + _by_authority(published)
        + _notes(scores),
    )


def _figure(published: Published, scores: pl.DataFrame) -> str:
    drawn = scores.filter(pl.col("features") == scores["features"].min())
    return chart(
        draw_scores(
            drawn, title=f"{published.study.name}: {published.target}", credit=published.credit
        ),
        "Chart of R² of every model and baseline under each validation, with intervals; the "
        "numbers are in the table below.",
        "R² of every model under each validation, with its interval where there is one. Scores "
        "below −1 are an arrow at the edge.",
    )


def _order(scores: pl.DataFrame) -> list[tuple[str, str]]:
    """Order models by their spatial score, the one chosen first, baselines last."""
    r2 = scores.filter(pl.col("metric") == "r2", pl.col("value").is_not_null())
    spatial = {
        (model, features): value
        for model, features, value in r2.filter(pl.col("validation") == HEADLINE)
        .select("model", "features", "value")
        .iter_rows()
    }
    pairs = sorted(set(r2.select("model", "features").iter_rows()))
    return sorted(
        pairs,
        key=lambda one: (one[0] != TUNED, is_baseline(one[0]), -spatial.get(one, -1e9), one),
    )


def _by_validation(scores: pl.DataFrame) -> str:
    validations = shown_validations(scores.filter(pl.col("metric") == "r2"))
    several = scores["features"].n_unique() > 1
    rows: list[Row] = []
    named: list[str] = []
    for model, features in _order(scores):
        mine = scores.filter(pl.col("features") == features)
        label = named_model(model) + (f" ({features})" if several else "")
        named.append(label)
        rows.append([label, *(score_cell(one_score(mine, model, v)) for v in validations)])
    level = scores["interval_level"].drop_nulls().max()
    note = f"With {level:.0%} bootstrap intervals." if isinstance(level, float) else ""
    return table(
        "R² of every model under every validation",
        ("model", *(VALIDATION_NAMES[v] for v in validations)),
        rows,
        note=note,
        strong=frozenset(name for name in named if name.startswith(named_model(TUNED))),
    )


METRIC_NAMES = {
    "r2_mean_of_repeats": "R², mean over the repeats",
    "r2_sd_of_repeats": "R², standard deviation over the repeats",
    **{one.name: one.label for one in (*REGRESSION.values(), *DECILE.values()) if one.name != "r2"},
    "coverage_spread_over_space": "share inside intervals, sd over blocks",
}


def _other_metrics(scores: pl.DataFrame) -> str:
    """Show the other scores of the model chosen."""
    validations = shown_validations(scores)
    metrics = [name for name in METRIC_NAMES if name in set(scores["metric"])]
    rows: list[Row] = []
    for metric in metrics:
        found = [one_score(scores, TUNED, validation, metric) for validation in validations]
        if any(found):
            rows.append([METRIC_NAMES[metric], *(score_cell(row) for row in found)])
    if not rows:
        return ""
    columns = ("score", *(VALIDATION_NAMES[v] for v in validations))
    note = "Errors are in units of the target."
    return table("Other scores of the model chosen", columns, rows, note=note)


def _gains(scores: pl.DataFrame) -> str:
    rows: list[Row] = []
    gains = scores.filter(pl.col("metric") == GAIN, pl.col("validation") == HEADLINE)
    for model, features in _order(scores):
        row = one_score(gains.filter(pl.col("features") == features), model, HEADLINE, GAIN)
        if row is not None:
            against = str(row["note"] or "").removeprefix("best baseline: ").replace("_", " ")
            rows.append([named_model(model), score_cell(row), against])
    if not rows:
        return ""
    return table(
        "What each model brings over the best baseline, under spatial blocks",
        ("model", "gain in R²", "baseline"),
        rows,
        note="Both scored on the same resampled areas; an interval that holds 0 may be chance.",
    )


def _in_space(scores: pl.DataFrame) -> str:
    """Say how alike the errors of neighbours are."""
    rows: list[Row] = []
    for validation in shown_validations(scores):
        for model in (OBSERVED, TUNED, "coordinates"):
            found = one_score(scores, model, validation, "morans_i")
            if found is None or (model == OBSERVED and validation != HEADLINE):
                continue
            p = one_score(scores, model, validation, "morans_p")
            what = named_model(model) if model == OBSERVED else f"errors of {named_model(model)}"
            rows.append(
                [
                    what.replace("baseline: ", "").replace(": the model chosen", ""),
                    NO_FOLDS if model == OBSERVED else VALIDATION_NAMES[validation],
                    score_cell(found),
                    score_cell(p, 3),
                ]
            )
    if not rows:
        return ""
    return table(
        "How alike neighbouring areas are (Moran's I)",
        ("of", "validation", "Moran's I", "p"),
        rows,
        note="Near 0: neighbours are no more alike than others. Errors that are alike in space "
        "mean that the model misses something that varies over space.",
    )


NO_FOLDS = "as observed"


def _by_authority(published: Published) -> str:
    found = published.ask(
        "all_scores",
        "select authority_code, scope, value, lower, upper, interval_level, area_count, note "
        "from all_scores where scope <> 'study' and fold = 0 and group_name = 'all' "
        f"and repeat = 1 and metric = 'r2' and model = '{TUNED}' "
        f"and target = '{published.target}' order by authority_code, scope",
    )
    if found.is_empty():
        return ""
    rows: list[Row] = []
    notes: list[str] = []
    for (code,), mine in found.group_by("authority_code", maintain_order=True):
        name = published.authority_names.get(str(code), str(code))
        cells = []
        for scope in ("held_out", "authority"):
            row = next(iter(mine.filter(pl.col("scope") == scope).iter_rows(named=True)), None)
            cells.append(score_cell(row))
            if row is not None and row["value"] is None and row["note"]:
                notes.append(f"{name}, {scope.replace('_', ' ')}: {row['note']}")
        areas = mine["area_count"].max()
        rows.append([name, areas if isinstance(areas, int) else None, *cells])
    return table(
        "R² by authority, of the model chosen",
        ("authority", "areas", "learned from the other authorities", "learned from it alone"),
        rows,
        note="The second is under spatial blocks within the authority.",
    ) + listed(notes)


def _notes(scores: pl.DataFrame) -> str:
    notes = scores.filter(
        pl.col("note").is_not_null(),
        pl.col("value").is_null(),
        (pl.col("metric") == "r2") | (pl.col("model") == TUNED),
    )
    told = [
        f"{named_model(model)}, {VALIDATION_NAMES.get(validation, validation)}"
        + ("" if metric == "r2" else f", {METRIC_NAMES.get(metric, metric)}")
        + f": {note}"
        for model, validation, metric, note in notes.select(
            "model", "validation", "metric", "note"
        ).iter_rows()
    ]
    cut = scores.filter(pl.col("note").str.contains("truncated")).height
    if cut:
        told.append("The search for settings ended early, by its budget in seconds (truncated).")
    return paragraph("What there is no score of, and why:") + listed(told) if told else ""


def coverage_of_intervals(published: Published, scores: pl.DataFrame) -> str:
    """Show how many areas lie in their prediction interval, beside how many should."""
    nominal = published.study.models.interval_level
    rows: list[Row] = []
    for validation in shown_validations(scores):
        row = one_score(scores, TUNED, validation, "coverage")
        if row is not None:
            areas = row["area_count"]
            rows.append(
                [
                    VALIDATION_NAMES[validation],
                    percent(float(str(row["value"]))),
                    percent(nominal),
                    areas if isinstance(areas, int) else None,
                ]
            )
    if not rows:
        return paragraph("There are no prediction intervals: too few areas to make any from.")
    columns = ("validation", "areas inside their interval", "meant", "areas")
    return table("Prediction intervals: how often they hold", columns, rows)
