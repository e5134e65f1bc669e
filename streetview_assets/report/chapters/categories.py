"""Chapter "Categories": how well vectors tell the categories that the images came with."""

import polars as pl

from streetview_assets.report.database import Published
from streetview_assets.report.figures import kept_figure
from streetview_assets.report.html import Cell, Row, Section, number, paragraph, percent, table

MOST_CATEGORIES = 30
"""Rows of a table of categories; a confusion of more cannot be read."""


def categories_section(published: Published) -> Section | None:
    """Show the scores of a classifier on the vectors; None where nothing was scored."""
    rows = published.of_encoder("category_scores")
    if rows.drop_nulls("value").is_empty():
        return None
    whole = {
        row["measure"]: row for row in rows.filter(pl.col("category") == "").iter_rows(named=True)
    }
    figure = kept_figure(
        published,
        "category_confusion",
        "Of the images of each category, the share taken for each; the diagonal is right.",
    )
    html = _accuracy(whole) + _by_category(rows) + _confusion(rows) + figure
    return Section("categories", "Categories", html)


def _accuracy(whole: dict[str, dict[str, object]]) -> str:
    found = {measure: row["value"] for measure, row in whole.items()}
    accuracy, largest = found.get("accuracy"), found.get("largest_share")
    if not isinstance(accuracy, float) or not isinstance(largest, float):
        return ""
    row = whole["accuracy"]
    balanced = found.get("balanced_accuracy")
    mean = (
        f"; the mean over categories, each counting alike, is {balanced:.0%}"
        if isinstance(balanced, float)
        else ""
    )
    return paragraph(
        f"A classifier on the vectors, held out by whole areas, tells the images' own category "
        f"in {accuracy:.0%} of {row['image_count']:,} images from {row['group_count']:,} places; "
        f"always naming the largest category would be right in {largest:.0%}{mean}."
    )


def _by_category(rows: pl.DataFrame) -> str:
    named = rows.filter(pl.col("category") != "", pl.col("predicted_category") == "")
    value = {(c, m): v for c, m, v in named.select("category", "measure", "value").iter_rows()}
    counts = dict(
        named.filter(pl.col("measure") == "recall").select("category", "image_count").iter_rows()
    )
    names = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_CATEGORIES]
    shown: list[Row] = [
        [name, counts[name], *(percent(value.get((name, m))) for m in ("precision", "recall")),
         number(value.get((name, "f1")))]
        for name in names
    ]  # fmt: skip
    if not shown:
        return ""
    columns = ("category", "images", "precision", "recall", "F1")
    note = "Precision: of those taken for it, how many are; recall: of those that are, how many are"
    return table(
        "How well vectors tell each category", columns, shown, note=f"{note} taken for it."
    )


def _confusion(rows: pl.DataFrame) -> str:
    pairs = rows.filter(pl.col("measure") == "confusion")
    count = {
        (own, taken): value
        for own, taken, value in pairs.select("category", "predicted_category", "value").iter_rows()
    }
    names = sorted({name for pair in count for name in pair})
    if not names or len(names) > MOST_CATEGORIES:
        return ""
    shown: list[Row] = [
        [own, *(Cell(f"{count.get((own, taken)) or 0:,.0f}") for taken in names)] for own in names
    ]
    note = "Rows: the images' own category; columns: what they are taken for."
    return table("Images by category", ("category", *names), shown, note=note)
