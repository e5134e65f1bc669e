"""Scores of several deals of the same blocks, averaged."""

from collections.abc import Sequence

import numpy as np

from streetview_assets.models.results.rows import Row
from streetview_assets.text.counted import counted

_OWN = ("morans_i", "morans_p", "coverage", "coverage_p")
"""A p-value is no mean of p-values, and stands beside what it is of."""


def averaged(deals: Sequence[list[Row]]) -> list[Row]:
    """Put the mean over all deals in place of the pooled scores of the first.

    One deal is one of many ways to cut a map into blocks, and its score depends on which (by
    some 0.01 to 0.03 of R²). The ends of intervals are averaged too: the mean varies no more than
    a single deal does, so that its interval is not too short.

    Parameters
    ----------
    deals
        The rows of each deal, which are labelled with its repeat.

    Returns
    -------
    list
        The rows of all deals; those pooled over folds of the first are means, where every deal
        has the score, and their note says of how many.
    """
    if len(deals) < 2:
        return [row for deal in deals for row in deal]
    others = [{_name(row): row for row in deal if not row["fold"]} for deal in deals[1:]]
    first = [
        row if row["fold"] or row["metric"] in _OWN else _mean(row, [o[_name(row)] for o in others])
        for row in deals[0]
        if row["fold"] or all(_name(row) in other for other in others)
    ]
    return first + [row for deal in deals[1:] for row in deal]


def _name(row: Row) -> tuple[str, str, str]:
    return row["model"], row["group_name"], row["metric"]


def _mean(row: Row, others: Sequence[Row]) -> Row:
    rows = [row, *others]
    if any(one["value"] is None for one in rows):
        return row
    mean = {
        name: None if any(one[name] is None for one in rows) else np.mean([o[name] for o in rows])
        for name in ("value", "lower", "upper")
    }
    level = None if mean["lower"] is None else row["interval_level"]
    note = next((one["note"] for one in rows if one["note"]), None)
    note = note or f"mean of {counted(len(rows), 'deal')}"
    return row | mean | {"interval_level": level, "note": note}
