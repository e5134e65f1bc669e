"""Chapter "The direction of deprivation": how stable it is, which words and images it shows."""

from typing import Any

import polars as pl

from streetview_assets.models.direction.direction import (
    OF_CONTROLS,
    OF_PROMPTS,
    OF_RESAMPLES,
    OF_WORDS,
)
from streetview_assets.report.database import Published
from streetview_assets.report.scores_table import score_cell

MOST_ROWS = 24


def direction(published: Published) -> dict[str, Any]:
    """Find which way vectors point as areas become more deprived."""
    rows = published.of_encoder("deprivation_direction")
    if rows.is_empty():
        why = published.why_empty("deprivation_direction") or "it has not been looked for yet"
        return {"why": why}
    of_kind = {
        kind: rows.filter(kind=kind) for kind in (OF_RESAMPLES, OF_WORDS, OF_PROMPTS, OF_CONTROLS)
    }
    return {
        "why": "",
        "resamples": of_kind[OF_RESAMPLES].to_dicts(),
        "controls": of_kind[OF_CONTROLS].to_dicts(),
        "telling": int(of_kind[OF_PROMPTS]["says_something"].sum()),
        "words": {
            name: _along(of_kind[kind])
            for name, kind in {"label": OF_WORDS, "text": OF_PROMPTS}.items()
            if of_kind[kind].height
        },
    }


def _along(mine: pl.DataFrame) -> dict[str, Any]:
    """Show the texts of a kind, or those at both ends where they are many."""
    ordered = mine.sort("cosine", "name", descending=[True, False])
    half = MOST_ROWS // 2
    shown = ordered if mine.height <= MOST_ROWS else ordered.head(half).vstack(ordered.tail(half))
    groups = ["prompt_group"] if shown["prompt_group"].count() else []
    rows = [
        [
            _marked(row),
            *(row[group] for group in groups),
            score_cell(row | {"value": row["cosine"]}),
        ]
        for row in shown.iter_rows(named=True)
    ]
    return {
        "rows": rows,
        "columns": [*(["group"] if groups else []), "cosine"],
        "count": mine.height,
    }


def _marked(row: dict[str, Any]) -> str:
    return f"{row['name']} *" if row["says_something"] else str(row["name"])
