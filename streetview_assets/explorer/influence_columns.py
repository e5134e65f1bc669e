"""What moves the predictions of areas, as columns: a row an image or a word of an area."""

from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.explorer.columns import coded, write_coded, write_numbers
from streetview_assets.explorer.facts import Facts


def write_influences(folder: Path, facts: Facts) -> dict[str, Any] | None:
    """Write by area the images and the words that move its prediction, the farthest first.

    Parameters
    ----------
    folder
        Of the explorer.
    facts
        What `explorer_facts` gave; images that are not shown are left out.

    Returns
    -------
    dict or None
        None where nothing is known of it.
    """
    of_area = facts.areas.select("area_code").with_row_index("area")
    row = facts.images.select("image_id").with_row_index("row")
    images = _farthest_first(facts.image_influences.join(of_area, on="area_code"))
    images = images.join(row, on="image_id", maintain_order="left")
    words = facts.word_influences.drop_nulls("change").join(of_area, on="area_code")
    words = _farthest_first(words)
    if images.is_empty() and words.is_empty():
        return None
    return {
        "images": _columns(folder, "influence", images)
        | {"row": write_numbers(folder, "influence_row", images["row"], "u4")},
        "words": _columns(folder, "word_influence", words)
        | {"label": write_coded(folder, "word_influence_label", coded(words["label"]))},
    }


def _farthest_first(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("area", pl.col("change").abs(), descending=[False, True], maintain_order=True)


def _columns(folder: Path, name: str, rows: pl.DataFrame) -> dict[str, Any]:
    return {
        "area": write_numbers(folder, f"{name}_area", rows["area"], "u4"),
        "change": write_numbers(folder, f"{name}_change", rows["change"], "f4"),
    }
