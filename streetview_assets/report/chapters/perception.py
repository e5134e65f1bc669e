"""Chapter "What people see": how far they agree, how well it is told from images, and where."""

from typing import Any

import polars as pl

from streetview_assets.perception.areas.map import draw_perception_maps
from streetview_assets.report.cells import NONE, Cell, number
from streetview_assets.report.database import Published
from streetview_assets.report.figures import PHONE_DPI, Embedded, embedded
from streetview_assets.report.scores_table import score_cell

MOST_ROWS = 40
EVERYBODY = "all"


def perception(published: Published) -> dict[str, Any] | None:
    """Find what people see in images and areas; None where nobody rated any."""
    agreement = published.table("rating_agreement")
    if agreement.is_empty():
        return None
    groups, perceived = published.table("group_ratings"), published.of_encoder("area_perception")
    relations = published.of_encoder("perception_relations")
    scores = published.of_encoder("perception_scores").filter(features="images")
    return {
        "agreement": _agreement(agreement),
        "models": _models(scores, agreement),
        "why_no_models": published.why_empty("perception_scores"),
        "differing": groups.filter(pl.col("differs")).height,
        "tested": groups["p_value"].count(),
        "groups": _groups(groups),
        "relations": _relations(published, relations),
        "directions": [
            [row["quality"], _cell(row), row["note"] or ""]
            for row in relations.filter(measure="direction_cosine").sort("quality").to_dicts()
        ],
        "areas": perceived["mean"].count(),
        "narrow_map": _draw_narrow(published, perceived),
    }


def _draw_narrow(published: Published, perceived: pl.DataFrame) -> Embedded | None:
    """Draw for a phone what people see in areas."""
    if not perceived["mean"].count():
        return None
    figure = draw_perception_maps(
        perceived, published.areas, title=published.owner, credit=published.credit, narrow=True
    )
    return embedded(figure, PHONE_DPI)


def _agreement(agreement: pl.DataFrame) -> list[list[Any]]:
    """Give alpha and ceilings by quality and group, everybody first."""
    rows = []
    named = agreement.sort("quality", pl.col("group_name") != EVERYBODY, "group_name")
    for (quality, group), own in named.group_by(["quality", "group_name"], maintain_order=True):
        told = {row["measure"]: row for row in own.to_dicts()}
        ceiling = told.get("ceiling_r2", {})
        rows.append(
            [
                quality,
                group,
                ceiling.get("image_count"),
                ceiling.get("rater_count"),
                _cell(told.get("krippendorff_alpha")),
                _cell(ceiling),
                _cell(told.get("ceiling_spearman")),
                ceiling.get("note") or "",
            ]
        )
    return rows[:MOST_ROWS]


def _models(scores: pl.DataFrame, agreement: pl.DataFrame) -> list[list[Any]]:
    """Give by quality how well the chosen model tells what everybody says, and its share."""
    own = scores.filter(model="chosen", group_name=EVERYBODY)
    ceilings = agreement.filter(measure="ceiling_r2", group_name=EVERYBODY)
    rows = []
    for quality in own["quality"].unique().sort():
        told = {
            (row["validation"], row["metric"]): row
            for row in own.filter(quality=quality).to_dicts()
        }
        rows.append(
            [
                quality,
                _cell(next(iter(ceilings.filter(quality=quality).to_dicts()), None)),
                _cell(told.get(("random", "r2"))),
                _cell(told.get(("random", "ceiling_share"))),
                _cell(told.get(("blocks", "r2"))),
                _cell(told.get(("blocks", "ceiling_share"))),
                _cell(told.get(("random", "coverage"))),
            ]
        )
    return rows[:MOST_ROWS]


def _groups(groups: pl.DataFrame) -> list[list[Any]]:
    """Give the groups, those that differ first."""
    ordered = groups.sort("p_adjusted", "quality", "group_name", nulls_last=True)
    return [
        [
            row["quality"],
            row["group_name"],
            row["rater_count"],
            _cell(row | {"value": row["mean"]}),
            _cell(
                row
                | {
                    "value": row["difference"],
                    "lower": row["difference_lower"],
                    "upper": row["difference_upper"],
                }
            ),
            number(row["p_adjusted"], 3),
            row["note"] or "",
        ]
        for row in ordered.head(MOST_ROWS).to_dicts()
    ]


def _relations(published: Published, relations: pl.DataFrame) -> list[list[Any]]:
    """Give by target and quality the correlation, and what the quality adds to place."""
    rows = []
    ordered = relations.filter(pl.col("measure") != "direction_cosine").sort("target", "quality")
    for (target, quality), own in ordered.group_by(["target", "quality"], maintain_order=True):
        told = {row["measure"]: row for row in own.to_dicts()}
        correlation, gain = told.get("spearman", {}), told.get("gain_over_place", {})
        notes = {row["note"] for row in (correlation, gain) if row.get("note")}
        rows.append(
            [
                quality,
                published.study.called(str(target)),
                _cell(correlation),
                number(correlation.get("p_adjusted"), 3),
                *(_cell(told.get(measure)) for measure in ("r2_of_place", "r2_of_quality")),
                _cell(gain),
                own["area_count"].max(),
                "; ".join(sorted(notes)),
            ]
        )
    return rows[:MOST_ROWS]


def _cell(row: dict[str, Any] | None) -> Cell:
    return Cell(NONE) if not row or row.get("value") is None else score_cell(row)
