"""Chapters "In short" and "Scores": the spatial score first, in words, beside the baselines."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from streetview_assets.metrics import BIAS, DECILE, GAIN, OF_RANKS, OF_TOWNS, REGRESSION
from streetview_assets.models.candidates.baselines import PLACE, PLACE_AND_IMAGES
from streetview_assets.models.charts.scores_and_gains import draw_scores
from streetview_assets.models.evaluations.gains import NOTHING
from streetview_assets.models.results.short_answer import how_sure, not_to_be_used
from streetview_assets.models.results.tail_rows import OBSERVED
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.report.cells import NONE, crossed, percent, rounded
from streetview_assets.report.database import Published
from streetview_assets.report.figures import embedded
from streetview_assets.report.scores_table import (
    headline_among,
    is_baseline,
    named_model,
    one_score,
    score_cell,
    share_cell,
    study_scores,
)
from streetview_assets.validations import AUTHORITIES, VALIDATIONS, strict_first

METRIC_NAMES = {
    "r2_mean_of_repeats": "R², mean over the repeats",
    "r2_sd_of_repeats": "R², standard deviation over the repeats",
    **{
        one.name: one.label
        for metrics in (OF_RANKS, REGRESSION, DECILE, BIAS)
        for one in metrics.values()
        if one.name != "r2"
    },
    "coverage_spread_over_space": "share inside intervals, sd over blocks",
    "coverage_spread_by_chance": "the same, where place is no matter",
}
BY_AUTHORITY = """
from all_scores
where scope <> 'study' and fold = 0 and group_name = 'all' and repeat = 1 and metric = 'r2'
order by authority_code, scope
"""


def short(published: Published) -> dict[str, Any]:
    """Find what came out: what images add to place, how sure, where not to use it; the rest."""
    said = published.table("findings").filter(
        target=published.target or "", encoder=_encoder(published)
    )
    told = said.sort("position")["sentence"].to_list()
    return {"said": told, **_sure_and_where(published)}


def _sure_and_where(published: Published) -> dict[str, str]:
    """Say how sure the verdict is, and where the model should not be used."""

    def mine(name: str) -> pl.DataFrame:
        return published.of_encoder(name).filter(target=published.target or "")

    gains, scores = mine("gains"), study_scores(published)
    if gains["value"].count() == 0:
        return {"sure": "", "not_for": ""}
    headline = headline_among(published, gains.drop_nulls("value"))
    by_kind = (
        mine(name).filter(validation=headline) for name in ("subgroup_errors", "age_gap_scores")
    )
    return {
        "sure": how_sure(gains, mine("next_town_scores"), scores.filter(model=TUNED), headline),
        "not_for": not_to_be_used(gains, headline, published.profile, *by_kind),
    }


def scores(published: Published) -> dict[str, Any]:
    """Find the scores of every model under every validation."""
    scores = study_scores(published)
    r2 = scores.filter(pl.col("value").is_not_null(), metric="r2")
    by_authority, authority_notes = _by_authority(published)
    validations = strict_first(scores.filter(metric="r2")["validation"])
    headline = headline_among(published, r2.filter(pl.col("validation") != AUTHORITIES))
    facts = _held_out(published)
    models = _by_validation(scores, r2, validations, headline)
    gains = published.table("gains").filter(
        pl.col("against") != NOTHING, target=published.target or "", encoder=_encoder(published)
    )
    return {
        "models": models,
        "validations": [VALIDATIONS[name].label for name in validations],
        "all_validations": [VALIDATIONS[name].label for name in strict_first(scores["validation"])],
        "tuned": [label for label, *_ in models if label.startswith(named_model(TUNED))],
        "level": scores["interval_level"].drop_nulls().max(),
        "of_authorities": _draw_authorities(published, r2),
        "validations_told": [row for _, row in facts],
        "headline_told": [row[0] for is_headline, row in facts if is_headline],
        "other_metrics": _other_metrics(scores),
        "gains": _gains(gains, strict_first(gains["validation"])),
        "gain_validations": [VALIDATIONS[name].label for name in strict_first(gains["validation"])],
        "in_space": _in_space(scores, headline),
        "by_authority": by_authority,
        "next_town": _next_town(published),
        "protocols": _protocols(published),
        "authority_notes": authority_notes,
        "notes": _notes(scores),
    }


def _held_out(published: Published) -> list[tuple[bool, list[Any]]]:
    """Say how far each validation held areas out, and whether it is the headline."""
    facts = published.of_encoder("validations").filter(target=published.target or "")
    facts = facts.filter(pl.col("features") == pl.col("features").min())
    there = {row["validation"]: row for row in facts.to_dicts()}
    return [
        (
            row["is_headline"],
            [
                VALIDATIONS[name].label,
                *(_km(row[of]) for of in ("held_out_distance_m", "predicted_distance_m")),
                NONE if row["wasserstein_share"] is None else percent(row["wasserstein_share"]),
                f"{row['fold_count']}" + (f" × {row['deals']}" if row["deals"] > 1 else ""),
                row["note"] or "",
            ],
        )
        for name in VALIDATIONS
        if (row := there.get(name))
    ]


def _km(distance_m: float | None) -> str:
    return NONE if distance_m is None else rounded(distance_m / 1000, 1)


def _encoder(published: Published) -> str:
    return published.study.encoder.slug


def _draw_authorities(published: Published, r2: pl.DataFrame) -> Any:
    """Draw the scores of authorities held out, which the figure that was kept is without."""
    held_out = r2.filter(pl.col("features") == pl.col("features").min(), validation=AUTHORITIES)
    if held_out.is_empty():
        return None
    return embedded(draw_scores(held_out, title=published.title, credit=published.credit))


def _order(r2: pl.DataFrame, headline: str) -> list[tuple[str, str]]:
    """Order models by their spatial score, the one chosen first, baselines last."""
    spatial = crossed(r2.filter(validation=headline).select("model", "features", "value"))
    return sorted(
        set(r2.select("model", "features").iter_rows()),
        key=lambda one: (one[0] != TUNED, is_baseline(one[0]), -spatial.get(one, -1e9), one),
    )


def _by_validation(
    scores: pl.DataFrame, r2: pl.DataFrame, validations: Sequence[str], headline: str
) -> list[list[Any]]:
    several = scores["features"].n_unique() > 1
    rows = []
    for model, features in _order(r2, headline):
        mine = scores.filter(features=features)
        label = named_model(model) + (f" ({features})" if several else "")
        rows.append([label, *(score_cell(one_score(mine, model, v)) for v in validations)])
    return rows


def _other_metrics(scores: pl.DataFrame) -> list[list[Any]]:
    """Show the other scores of the model chosen."""
    rows = []
    for metric, name in METRIC_NAMES.items():
        found = [
            one_score(scores, TUNED, one, metric) for one in strict_first(scores["validation"])
        ]
        if any(found):
            rows.append([name, *map(score_cell, found)])
    return rows


def _gains(gains: pl.DataFrame, validations: Sequence[str]) -> list[list[Any]]:
    """Give a row a pair of features, with what the one gains over the other by validation."""
    rows = []
    first = gains.sort(pl.col("features") != PLACE_AND_IMAGES, "features", "against")
    for pair, part in first.group_by("features", "against", maintain_order=True):
        by = {row["validation"]: row for row in part.iter_rows(named=True)}
        cells = [score_cell(by.get(name)) for name in validations]
        rows.append([*(named_model(str(name)) for name in pair), *cells])
    return rows


def _in_space(scores: pl.DataFrame, headline: str) -> list[list[Any]]:
    """Say how alike the errors of neighbours are."""
    rows = []
    for validation in strict_first(scores["validation"]):
        for model in (OBSERVED, TUNED, "place"):
            found = one_score(scores, model, validation, "morans_i")
            if found is None or (model == OBSERVED and validation != headline):
                continue
            name = named_model(model).replace("baseline: ", "").replace(": the model chosen", "")
            p = score_cell(one_score(scores, model, validation, "morans_p"), 3)
            of, how = f"errors of {name}", VALIDATIONS[validation].label
            if model == OBSERVED:
                of, how = name, "as observed"
            rows.append([of, how, score_cell(found), p])
    return rows


def _by_authority(published: Published) -> tuple[list[list[Any]], list[str]]:
    """Give a row an authority, and why scores of it are missing."""
    every = published.ask("all_scores", BY_AUTHORITY)
    if every.is_empty():
        return [], []
    found = published.named(every.filter(model=TUNED, target=published.target or ""))
    rows, notes = [], []
    for (name, _), mine in found.group_by("authority", "authority_code", maintain_order=True):
        of_scope = {row["scope"]: row for row in mine.iter_rows(named=True)}
        scopes = {scope: of_scope.get(scope) for scope in ("held_out", "authority")}
        rows.append([name, mine["area_count"].max(), *map(score_cell, scopes.values())])
        notes += [
            f"{name}, {scope.replace('_', ' ')}: {row['note']}"
            for scope, row in scopes.items()
            if row and row["value"] is None and row["note"]
        ]
    return rows, notes


def _next_town(published: Published) -> list[list[Any]]:
    """Give a row a model and score, with what will come out in the next authority."""
    rows = published.table("next_town_scores").filter(
        target=published.target or "", encoder=_encoder(published)
    )
    labels = METRIC_NAMES | {"r2": "R²", "coverage": "share inside intervals", GAIN: "gain in R²"}
    asked = [(PLACE_AND_IMAGES, GAIN), *((TUNED, name) for name in OF_TOWNS if name != GAIN)]
    found = {(row["model"], row["metric"]): row for row in rows.iter_rows(named=True)}
    table = []
    for model, metric in asked:
        if row := found.get((model, metric)):
            typical = row | {"lower": row["typical_lower"], "upper": row["typical_upper"]}
            name = "place and images over place" if metric == GAIN else named_model(model)
            share = NONE if row["between_share"] is None else percent(row["between_share"])
            ends = (rounded(row[end], 2) for end in ("lower", "upper"))
            low_to_high = NONE if row["lower"] is None else " to ".join(ends)
            of = [labels[metric], row["town_count"], score_cell(typical), low_to_high, share]
            table.append([name, *of])
    return table


def _protocols(published: Published) -> list[list[Any]]:
    """Give a row a protocol that was carried out, tested authority and model: the last time."""
    rows = published.table("protocol_scores").filter(metric="r2", target=published.target or "")
    last = rows.filter(pl.col("run_at") == pl.col("run_at").max().over("protocol"))
    shown = last.filter(pl.col("model").is_in([TUNED, PLACE, PLACE_AND_IMAGES]))
    return [
        [
            f"{row['name']} ({row['protocol']})",
            "before the test" if row["is_preregistered"] else "after scores were there",
            published.authority_names.get(row["group_name"], row["group_name"]),
            named_model(row["model"]),
            score_cell(row),
            row["area_count"],
            "; ".join(filter(None, [row["note"], row["differs"] and f"differs: {row['differs']}"])),
        ]
        for row in shown.sort("written_at", "protocol", maintain_order=True).to_dicts()
    ]


def _notes(scores: pl.DataFrame) -> list[str]:
    """Say what there is no score of, and why."""
    notes = scores.filter(
        pl.col("note").is_not_null(),
        pl.col("value").is_null(),
        (pl.col("metric") == "r2") | (pl.col("model") == TUNED),
    )
    told = [
        f"{named_model(model)}, {VALIDATIONS[validation].label}"
        + ("" if metric == "r2" else f", {METRIC_NAMES.get(metric, metric)}")
        + f": {note}"
        for model, validation, metric, note in notes.select(
            "model", "validation", "metric", "note"
        ).iter_rows()
    ]
    if scores["note"].str.contains("truncated").any():
        told.append("The search for settings ended early, by its budget in seconds (truncated).")
    return told


def coverage_of_intervals(published: Published) -> list[list[Any]]:
    """Show how many areas lie in their prediction interval, beside how many should."""
    scores = study_scores(published)
    nominal = percent(published.study.models.interval_level)
    found = {
        validation: one_score(scores, TUNED, validation, "coverage")
        for validation in strict_first(scores["validation"])
    }
    return [
        [VALIDATIONS[validation].label, share_cell(row), nominal, row["area_count"]]
        for validation, row in found.items()
        if row
    ]
