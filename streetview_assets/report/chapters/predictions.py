"""Chapter "Predictions": predicted against observed, what is missed where, its intervals."""

import polars as pl

from streetview_assets.models.charts.predicted_observed import PANELS, draw_predicted_observed
from streetview_assets.models.charts.residual_map import draw_residual_map
from streetview_assets.models.evaluations.selection import HEADLINE
from streetview_assets.models.validation.nested_cv import TUNED
from streetview_assets.report.chapters.scores import coverage_of_intervals
from streetview_assets.report.database import Published
from streetview_assets.report.html import Section, chart, number, paragraph, percent, table
from streetview_assets.tables.registry import TABLES

MOST_MISSED = 5


def predictions_section(published: Published, scores: pl.DataFrame) -> Section:
    """Show the held-out predictions of the model chosen."""
    name = "Predictions"
    mine = _predictions(published)
    if mine.is_empty():
        why = (
            "Without a target nothing is predicted."
            if published.target is None
            else "There are no held-out predictions; the chapter on scores says why."
        )
        return Section("predictions", name, paragraph(why) + _unpredicted(published))
    return Section(
        "predictions",
        name,
        _against_observed(published, mine)
        + _residuals(published, mine)
        + coverage_of_intervals(published, scores)
        + _intervals_by_authority(published, mine)
        + _most_missed(published, mine)
        + _unpredicted(published),
    )


def _predictions(published: Published) -> pl.DataFrame:
    """Give the predictions of the model chosen, of the first repeat, under every validation."""
    parts = [
        published.table(name)
        .filter(
            pl.col("model") == TUNED,
            pl.col("repeat") == 1,
            pl.col("target") == (published.target or ""),
        )
        .select(TABLES["predictions"].schema.names())
        for name in ("predictions", "held_out_predictions")
    ]
    both = pl.concat(parts)
    return both.filter(pl.col("features") == both["features"].min()) if both.height else both


def _against_observed(published: Published, mine: pl.DataFrame) -> str:
    if not set(mine["validation"]) & set(PANELS):
        return ""
    return chart(
        draw_predicted_observed(
            mine, title=f"{published.study.name}: {published.target}", credit=published.credit
        ),
        f"Predicted against observed {published.target}, a panel for each validation; the closer "
        "to the dashed line, the better.",
        "Each dot is an area, predicted by a model that had not seen it; the line behind it is its "
        "prediction interval, the dashed line a perfect prediction.",
    )


def _residuals(published: Published, mine: pl.DataFrame) -> str:
    of_blocks = mine.filter(pl.col("validation") == HEADLINE)
    if of_blocks.is_empty() or published.areas.is_empty():
        return ""
    hatched = (
        "; hatched areas have no prediction" if of_blocks.height < published.areas.height else ""
    )
    figure = draw_residual_map(
        published.areas,
        of_blocks,
        title=f"{published.study.name}: {published.target}",
        credit=published.credit,
    )
    return chart(
        figure,
        f"Map of observed minus predicted {published.target} under spatial blocks.",
        "What the model misses, held out by spatial blocks: orange where the observed value is "
        f"higher than predicted, purple where it is lower{hatched}.",
    )


def _intervals_by_authority(published: Published, mine: pl.DataFrame) -> str:
    if len(published.authority_names) < 2:
        return ""
    of_blocks = mine.filter(pl.col("validation") == HEADLINE, pl.col("lower").is_not_null())
    if of_blocks.is_empty():
        return ""
    place = published.areas.select("area_code", "authority_code")
    counted = (
        of_blocks.join(place, on="area_code")
        .group_by("authority_code")
        .agg(
            pl.len().alias("areas"),
            pl.col("observed").is_between("lower", "upper").mean().alias("inside"),
            (pl.col("upper") - pl.col("lower")).median().alias("width"),
            pl.col("residual").mean().alias("bias"),
        )
        .sort("authority_code")
    )
    rows = [
        [
            published.authority_names.get(code, code), areas, percent(inside), number(width),
            number(bias),
        ]
        for code, areas, inside, width, bias in counted.iter_rows()
    ]  # fmt: skip
    columns = ("authority", "areas", "inside their interval", "median width", "mean error")
    note = "Under spatial blocks; the mean error is observed minus predicted."
    return table("Prediction intervals by authority", columns, rows, note=note)


def _most_missed(published: Published, mine: pl.DataFrame) -> str:
    of_blocks = mine.filter(pl.col("validation") == HEADLINE)
    if of_blocks.height < 2 * MOST_MISSED:
        return ""
    names = published.areas.select("area_code", "area_name")
    worst = (
        of_blocks.join(names, on="area_code")
        .sort(pl.col("residual").abs(), "area_code", descending=[True, False])
        .head(MOST_MISSED)
    )
    rows = [
        [
            f"{name} ({code})" if name != code else code,
            *(number(value) for value in (observed, predicted, lower, upper)),
        ]
        for name, code, observed, predicted, lower, upper in worst.select(
            "area_name", "area_code", "observed", "predicted", "lower", "upper"
        ).iter_rows()
    ]
    columns = ("area", "observed", "predicted", "from", "to")
    note = "Under spatial blocks, with the ends of the prediction interval."
    return table("The areas that are missed by most", columns, rows, note=note)


def _unpredicted(published: Published) -> str:
    profile = published.profile
    if published.target is None or profile.is_empty():
        return ""
    counted = (
        profile.filter(pl.col("predicted").is_null())
        .group_by("reason")
        .agg(pl.len().alias("areas"))
        .sort("areas", "reason", descending=[True, False])
    )
    if counted.is_empty():
        return ""
    rows = [[reason or "not told", areas] for reason, areas in counted.iter_rows()]
    return table("Areas without a held-out prediction, by reason", ("reason", "areas"), rows)
