"""Texts by group: those of a user's file, and the ready-made ones of the folder `prompts`."""

from functools import cache
from pathlib import Path

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading

CONTROL = "control"
"""The group of texts that have nothing to do with streets, and should say nothing of them."""

_READY_MADE = Path(__file__).with_name("prompts")

PLACES = _READY_MADE / "places.csv"
"""Texts about places, with which a direction among images is compared."""


def prompts_by_group(path: Path) -> dict[str, tuple[str, ...]]:
    """Read texts by group.

    Parameters
    ----------
    path
        A CSV with the columns `group` and `prompt`.

    Raises
    ------
    StudyError
        Where the file is no such table, a row says nothing, or a text stands there twice.
    """
    with reading(str(path), "CSV", "Save it as CSV in UTF-8, with the columns group and prompt."):
        table = pl.read_csv(path, infer_schema=False, glob=False)
    if missing := [name for name in ("group", "prompt") if name not in table.columns]:
        raise StudyError(
            f"{path}: no column {' or '.join(missing)}; a file of prompts has the columns group "
            f"and prompt (found: {', '.join(table.columns)})"
        )
    rows = table.select(pl.col("group", "prompt").str.strip_chars().fill_null(""))
    for line, (group, prompt) in enumerate(rows.iter_rows(), start=2):
        if not (group and prompt):
            what = "prompt" if group else "group"
            raise StudyError(f"{path}, row {line}: no {what}; fill it in, or take the row out")
    if twice := rows.filter(pl.col("prompt").is_duplicated())["prompt"].to_list():
        raise StudyError(f"{path}: {twice[0]!r} stands there twice; name each prompt once")
    if rows.height < 2:
        raise StudyError(
            f"{path}: fewer than two prompts; they are compared with each other, so give more"
        )
    by_group = rows.group_by("group", maintain_order=True).agg("prompt")
    return {group: tuple(prompts) for group, prompts in by_group.iter_rows()}


@cache
def scene_classes() -> dict[str, tuple[str, ...]]:
    """Give ten kinds of scene that street-level images show, ten prompts each."""
    return prompts_by_group(_READY_MADE / "scene_classes.csv")


def exclusion_reasons() -> dict[str, tuple[str, ...]]:
    """Give ready-made reasons to set an image aside, ten prompts each."""
    inside = prompts_by_group(_READY_MADE / "inside_a_car.csv")
    return {"indoor": scene_classes()["indoor"], **inside}
