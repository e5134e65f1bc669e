"""Chapter "What each kind of scene tells": models of one cluster's or one label's images."""

import polars as pl

from streetview_assets.metrics import REGRESSION
from streetview_assets.models.charts.groups import in_order
from streetview_assets.models.evaluations.models_by_group import ALL, COMMON, GAIN, OWN, RIDGE_ALL
from streetview_assets.models.evaluations.selection import HEADLINE
from streetview_assets.models.validation.ridge_cv import RIDGE
from streetview_assets.report.database import Published
from streetview_assets.report.figures import kept_figure
from streetview_assets.report.html import (
    NONE,
    Cell,
    Row,
    Section,
    heading,
    listed,
    minus,
    paragraph,
    table,
)
from streetview_assets.report.scores_table import one_score, score_cell

KINDS = {"cluster": "Clusters", "label": "Labels"}
FIGURE_ENDINGS = {"cluster": "", "label": "_labels"}
AREA_SETS = {
    COMMON: "areas that all groups have, where only the images differ",
    OWN: "each group's own areas, where the areas differ too",
}
METRICS = [metric for metric in REGRESSION.values() if metric.name != "spearman"]
MOST_GROUPS = 40


def group_scores_section(published: Published) -> Section:
    """Show what the images of each cluster and label alone tell, beside all images."""
    section = "group-scores", "What each kind of scene tells"
    scores = published.of_encoder("group_model_scores").filter(
        pl.col("fold") == 0, pl.col("repeat") == 1
    )
    if scores.drop_nulls("value").is_empty():
        told = published.why_empty("group_model_scores") or _why_none(scores)
        return Section(*section, paragraph(f"No kind of scene has a model of its own: {told}."))
    opening = paragraph(
        "One ridge for each kind of scene, which sees of an area only its images of that kind. "
        "Clusters were found without the target in all images, those of held-out areas among "
        "them. Of many kinds some score high or low by chance."
    )
    parts = [
        _of_grouping(published, scores.filter(pl.col("grouping") == grouping), grouping)
        for grouping in KINDS
        if grouping in set(scores["grouping"])
    ]
    return Section(*section, opening + "".join(parts))


def _why_none(scores: pl.DataFrame) -> str:
    notes = scores["note"].drop_nulls().unique().sort().to_list()
    return "; ".join(notes) or "they have not been made yet"


def _of_grouping(published: Published, scores: pl.DataFrame, grouping: str) -> str:
    ending = FIGURE_ENDINGS[grouping]
    mine = scores.filter(pl.col("target") == (published.target or ""))
    blocks = mine.filter(pl.col("validation") == HEADLINE)
    figure = kept_figure(
        published,
        f"group_scores{ending}",
        "R² of each kind alone, on the common areas and on its own; the diamond is a model of all "
        "images of the same areas.",
    )
    matrix = kept_figure(
        published,
        f"group_targets{ending}",
        "R² of every target by every kind of scene, held out by spatial blocks.",
    )
    return (
        heading(KINDS[grouping])
        + _said(published, blocks)
        + "".join(_scores(blocks.filter(pl.col("area_set") == name), name) for name in AREA_SETS)
        + listed(_notes(blocks))
        + figure
        + _matrix(published, scores.filter(pl.col("validation") == HEADLINE))
        + matrix
    )


def _said(published: Published, blocks: pl.DataFrame) -> str:
    """Say which kinds tell more, and which less, than all images of the same areas do."""
    common = blocks.filter(pl.col("area_set") == COMMON)
    gains = [
        row
        for name in in_order(common)
        if (row := one_score(common.filter(pl.col("group_name") == name), RIDGE, HEADLINE, GAIN))
    ]
    if not gains:
        return ""
    more = [str(row["group_name"]) for row in gains if _at(row, "lower") > 0]
    fewer = [str(row["group_name"]) for row in gains if _at(row, "upper") < 0]
    told = [
        f"{', '.join(names)} tell{'s' if len(names) == 1 else ''} {way} than all images together"
        for names, way in ((more, "more"), (fewer, "less"))
        if names
    ]
    areas = f"On the {gains[0]['area_count']:,} areas that all groups have, "
    level = f"{gains[0]['interval_level']:.0%}"
    said = (
        f"{areas}{'; '.join(told)} (the {level} interval of the difference in R² leaves out 0)."
        if told
        else f"{areas}no kind alone tells more or less of {published.target} than all images "
        f"together by more than chance (the {level} intervals of all differences in R² hold 0)."
    )
    return paragraph(said)


def _at(row: dict[str, object], end: str) -> float:
    return 0.0 if row[end] is None else float(str(row[end]))


def _scores(scores: pl.DataFrame, area_set: str) -> str:
    rows: list[Row] = []
    for name in in_order(scores)[: MOST_GROUPS + 1]:
        mine = scores.filter(pl.col("group_name") == name)
        found = {metric.name: one_score(mine, RIDGE, HEADLINE, metric.name) for metric in METRICS}
        best = found["r2"]
        if best is None:
            continue
        whole = None if name == ALL else one_score(mine, RIDGE_ALL, HEADLINE)
        rows.append(
            [
                "all images" if name == ALL else name,
                _count(best["area_count"]),
                _count(best["image_count"]),
                *map(score_cell, found.values()),
                score_cell(whole),
                score_cell(one_score(mine, RIDGE, HEADLINE, GAIN)),
            ]
        )
    if not rows:
        return ""
    symbols = [metric.symbol for metric in METRICS]
    columns = ("images of", "areas", "images", *symbols, "R² of all images", "difference")
    note = (
        "Held out by spatial blocks, with bootstrap intervals. NRMSE is RMSE over the standard "
        "deviation of the target; the last two columns are of the same areas."
    )
    strong = frozenset({"all images"})
    return table(f"On {AREA_SETS[area_set]}", columns, rows, note=note, strong=strong)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _notes(blocks: pl.DataFrame) -> list[str]:
    silent = blocks.filter(pl.col("value").is_null(), pl.col("metric") == "r2")
    told = silent.select("group_name", "note").drop_nulls().unique().sort("group_name", "note")
    return [f"{name}: {note}" for name, note in told.iter_rows()]


def _matrix(published: Published, blocks: pl.DataFrame) -> str:
    """Show R² of every target by every group, on the common areas."""
    r2 = blocks.filter(
        pl.col("metric") == "r2", pl.col("model") == RIDGE, pl.col("area_set") == COMMON
    )
    there = set(r2["target"])
    targets = [one.name for one in published.study.targets if one.name in there]
    if len(targets) < 2:
        return ""
    value = {
        (target, name): found
        for target, name, found in r2.select("target", "group_name", "value").iter_rows()
        if found is not None
    }
    names = [
        name for name in in_order(r2)[: MOST_GROUPS + 1] if any((t, name) in value for t in targets)
    ]
    if not names:
        return ""
    rows: list[Row] = [
        [
            target,
            *(
                Cell(minus(f"{value[target, name]:.2f}") if (target, name) in value else NONE)
                for name in names
            ),
        ]
        for target in targets
    ]
    return table(
        "R² of every target by every kind of scene",
        ("target", *("all images" if name == ALL else name for name in names)),
        rows,
        note=f"On {AREA_SETS[COMMON]}; held out by spatial blocks.",
    )
