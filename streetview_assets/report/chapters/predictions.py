"""Chapter "Predictions": predicted against observed, what is missed where, its intervals."""

from typing import Any

import numpy as np
import polars as pl

from streetview_assets.models.candidates.composite import COMPOSITE
from streetview_assets.models.charts.predictions import (
    draw_dissimilarity,
    draw_predicted_observed,
    draw_prediction_maps,
    draw_residual_map,
)
from streetview_assets.models.metrics.coverage import COUNT_CLASSES
from streetview_assets.models.results.age_gap import classes_told, growth_told
from streetview_assets.models.results.coverage_rows import P_VALUE, coverage_failures
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.report.chapters.scores import coverage_of_intervals
from streetview_assets.report.database import Published
from streetview_assets.report.figures import PHONE_DPI, Embedded, embedded
from streetview_assets.report.scores_table import (
    headline_among,
    judged_scores,
    score_cell,
    share_cell,
)
from streetview_assets.text.amounts import amount
from streetview_assets.validations import VALIDATIONS

MAPS = {"prediction_maps": draw_prediction_maps, "residual_map": draw_residual_map}
MOST_MISSED = 5
LEAST_FOR_AN_ERROR = 10


def maps(published: Published) -> dict[str, Any] | None:
    """Find the maps that are looked at first, and before them whom the model serves worse."""
    mine, _ = _of_model_chosen(published)
    headline = headline_among(published, mine)
    subgroups = _subgroups(published, headline)
    shown = {name: published.kept_figure(name) for name in MAPS}
    if not subgroups and not any(shown.values()):
        return None
    held_out = mine.filter(validation=headline)
    return {
        "subgroups": subgroups,
        "shown": shown,
        "narrow": _draw_narrow(published, mine, headline) if held_out["observed"].count() else {},
        "hatched": held_out.height < published.areas.height,
        "held_out": VALIDATIONS[headline].label,
    }


def _draw_narrow(
    published: Published, predictions: pl.DataFrame, validation: str
) -> dict[str, Embedded]:
    """Draw the maps that were kept once more, as wide as a phone."""
    how: dict[str, Any] = {
        "what": published.called, "title": published.title, "credit": published.credit,
        "validation": validation, "narrow": True,
    }  # fmt: skip
    return {
        name: embedded(draw(published.areas, predictions, **how), PHONE_DPI)
        for name, draw in MAPS.items()
    }


def _of_model_chosen(published: Published) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the first repeat of its held-out predictions: of areas, and of whole authorities."""
    mine, held_out = (
        published.table(name).filter(model=TUNED, repeat=1, target=published.target or "")
        for name in ("predictions", "held_out_predictions")
    )
    features = pl.concat([mine["features"], held_out["features"]]).unique().sort().head(1)
    mine, held_out = (of.filter(pl.col("features").is_in(features)) for of in (mine, held_out))
    return mine, held_out


def predictions(published: Published) -> dict[str, Any]:
    """Find the held-out predictions of the model chosen, of the first repeat."""
    mine, held_out = _of_model_chosen(published)
    areas = published.areas.select("area_code", "area_name", "authority_code")
    headline = headline_among(published, mine)
    of_headline = mine.filter(validation=headline).join(areas, on="area_code")
    profile = published.profile
    return {
        "count": mine.height + held_out.height,
        "of_authorities": _draw_authorities(published, held_out),
        "narrow_dissimilarity": _draw_narrow_dissimilarity(published),
        "intervals": coverage_of_intervals(published) if published.target else [],
        "by_kind": _by_kind(published, headline),
        "by_authority": _by_authority(published, of_headline),
        "missed": _most_missed(of_headline),
        "count_missed_from": of_headline.height,
        "applicability": _applicability(profile, of_headline),
        "age_gap": _age_gap(published, headline),
        "small_areas": _small_areas(published, headline),
        "without_imagery": _without_imagery(profile),
        "held_out": VALIDATIONS[headline].label,
        "unpredicted": profile.filter(pl.col("predicted").is_null())
        .group_by(pl.col("reason").fill_null("not told"))
        .agg(pl.len().alias("areas"))
        .sort("areas", "reason", descending=[True, False])
        if published.target and profile.height
        else [],
    }


def _draw_authorities(published: Published, held_out: pl.DataFrame) -> Embedded | None:
    """Draw authorities held out, which the figure that was kept is without."""
    if held_out.is_empty():
        return None
    return embedded(
        draw_predicted_observed(
            held_out, what=published.called, title=published.title, credit=published.credit
        )
    )


def _draw_narrow_dissimilarity(published: Published) -> Embedded | None:
    """Draw for a phone how unlike the areas learned from areas are."""
    predicted = published.of_encoder("area_predictions").filter(target=published.target or "")
    if predicted.drop_nulls("dissimilarity").is_empty():
        return None
    figure = draw_dissimilarity(
        published.areas, predicted, title=published.title, credit=published.credit, narrow=True
    )
    return embedded(figure, PHONE_DPI)


def _by_authority(published: Published, of_headline: pl.DataFrame) -> pl.DataFrame:
    if len(published.authority_names) < 2:
        of_headline = of_headline.clear()
    counted = (
        of_headline.filter(pl.col("lower").is_not_null())
        .group_by("authority_code")
        .agg(
            pl.len().alias("areas"),
            pl.col("observed").is_between("lower", "upper").mean().alias("inside"),
            (pl.col("upper") - pl.col("lower")).median().alias("width"),
            pl.col("residual").mean().alias("bias"),
        )
        .sort("authority_code")
    )
    return published.named(counted)


def _by_kind(published: Published, headline: str) -> list[list[Any]]:
    """Show by image count and by decile how many areas lie in their intervals; any too few."""
    scores = judged_scores(published)
    failing = {row["group_name"] for row in coverage_failures(scores, headline)}
    authorities = {"all", *published.areas["authority_code"]}
    of_tuned = scores.filter(
        pl.col("value").is_not_null(), ~pl.col("group_name").is_in(authorities),
        validation=headline, model=TUNED, repeat=1, fold=0,
    )  # fmt: skip
    judged = set(of_tuned.filter(metric=P_VALUE)["group_name"])
    rows = of_tuned.filter(metric="coverage").with_columns(
        of_decile=pl.col("group_name").str.starts_with("decile"),
        number=pl.col("group_name").str.extract(r"(\d+)").cast(pl.Int64),
    )
    return [
        [
            row["group_name"],
            share_cell(row),
            row["area_count"],
            _verdict(row["group_name"], failing, judged),
        ]
        for row in rows.sort("of_decile", "number").to_dicts()
    ]


def _verdict(group: str, failing: set[str], judged: set[str]) -> str:
    if group in failing:
        return "too few"
    return "as meant, chance aside" if group in judged else "too few areas to tell"


def _applicability(profile: pl.DataFrame, of_headline: pl.DataFrame) -> dict[str, Any]:
    """Count the areas that the model applies to, with the errors of those held out; or nothing."""
    told = profile.select("area_code", "is_applicable").drop_nulls()
    errors = of_headline.join(told, on="area_code")
    of_kind = [
        (told.filter(is_applicable=one), errors.filter(is_applicable=one)) for one in (True, False)
    ]
    if told.is_empty():
        return {}
    return {
        "count": told.height,
        "outside": of_kind[1][0].height,
        "errors": [
            [name, areas.height, missed.height, _rmse(missed)]
            for name, (areas, missed) in zip(("inside", "outside"), of_kind, strict=True)
        ],
    }


def _subgroups(published: Published, headline: str) -> list[list[Any]]:
    """Show bias, slope and coverage by kind of area, and which lie off beyond chance."""
    first_number = pl.col("group_name").str.extract(r"(\d+(?:\.\d+)?)").cast(pl.Float64)
    rows = published.table("subgroup_errors").filter(
        target=published.target or "", encoder=published.study.encoder.slug, validation=headline
    ).sort("grouping", first_number, maintain_order=True)  # fmt: skip
    table = []
    by = ["grouping", "group_name"]
    for (grouping, name), mine in rows.group_by(by, maintain_order=True):
        of = {row["metric"]: row for row in mine.to_dicts()}
        off = [metric for metric, row in of.items() if row["differs"]]
        cells = [
            score_cell(of.get("bias"), 3), score_cell(of.get("slope")),
            share_cell(of["coverage"]) if of["coverage"]["value"] is not None else score_cell(None),
        ]  # fmt: skip
        kind = name if grouping == "decile" else f"{grouping}: {name}"
        table.append(
            [kind, mine["area_count"][0], *cells, ", ".join(off) or "as chance may have it"]
        )
    return table


def _age_gap(published: Published, headline: str) -> dict[str, Any]:
    """Show scores by the years between images and target, and whether errors grow with them."""
    rows = published.table("age_gap_scores").filter(
        target=published.target or "", encoder=published.study.encoder.slug, validation=headline
    )
    table = []
    for name, mine in classes_told(rows).items():
        of = {row["metric"]: row for row in mine}
        cells = [score_cell(of.get(metric)) for metric in ("r2", "rmse", "mae")]
        table.append([name, mine[0]["area_count"], *cells])
    return {"table": table, "told": growth_told(rows)}


def _small_areas(published: Published, headline: str) -> list[list[Any]]:
    """Show by image count the errors of images alone and of images shrunk towards place."""
    counts = published.profile.select("area_code", count="embedded_image_count")
    rows = published.table("predictions").filter(
        pl.col("model").is_in([TUNED, COMPOSITE]),
        validation=headline, repeat=1, target=published.target or "",
    ).join(counts, on="area_code")  # fmt: skip
    if rows.filter(model=COMPOSITE).is_empty():
        return []
    table = []
    for least, most in COUNT_CLASSES:
        mine = rows.filter(pl.col("count").is_between(least, most))
        of_model = [mine.filter(model=model) for model in (TUNED, COMPOSITE)]
        name = f"{least} to {most}" if np.isfinite(most) else f"{least} or more"
        if of_model[0].height:
            table.append([name, of_model[0].height, *map(_rmse, of_model)])
    return table


def _without_imagery(profile: pl.DataFrame) -> dict[str, int]:
    """Count areas without imagery that place predicts, and how many known values are inside."""
    mine = profile.filter(pl.col("composite").is_not_null(), image_weight=0)
    known = mine.drop_nulls(["observed", "composite_lower"])
    inside = known.filter(pl.col("observed").is_between("composite_lower", "composite_upper"))
    return {"count": mine.height, "known": known.height, "inside": inside.height}


def _rmse(missed: pl.DataFrame) -> str:
    if missed.height < LEAST_FOR_AN_ERROR:
        return "too few areas to tell"
    return amount(float(np.sqrt((missed["residual"] ** 2).mean())))  # type: ignore[arg-type]


def _most_missed(of_headline: pl.DataFrame) -> pl.DataFrame:
    if of_headline.height < 2 * MOST_MISSED:
        return of_headline.clear().with_columns(area=pl.lit(""))
    worst = of_headline.sort(pl.col("residual").abs(), "area_code", descending=[True, False])
    return worst.head(MOST_MISSED).with_columns(area=AREA)


AREA = (
    pl.when(pl.col("area_name") != pl.col("area_code"))
    .then(pl.format("{} ({})", "area_name", "area_code"))
    .otherwise("area_code")
)
"""How an area is named: with its code, where that is not its name."""
