"""Results as percept-knn-model writes them: a line on the console, a row of 11 columns in a CSV."""

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from streetview_assets.files.storage import writing
from streetview_assets.perception.published.scoring import Score
from streetview_assets.text.spreadsheet_text import guarded


@dataclass(frozen=True)
class LoggedRun:
    """What all rows of a run have in common.

    Attributes
    ----------
    model
        As the command names it.
    randomised
        The seed, `True` or `False`.
    stratified
        Whether each whole part of the scores was split by itself.
    normalisation
        By its name.
    env
        `None`, or how the environment joined and was told: `append+p0`.
    """

    model: str
    randomised: str
    stratified: bool
    normalisation: str
    env: str


def line_of(score: Score) -> str:
    """Give the line of a score on the console."""
    if score.mse is None:
        return f"category = {score.quality}; k = {score.k}; no score: {score.reason}"
    r2 = "nan" if score.r2 is None else f"{score.r2:.05f}"
    return f"category = {score.quality}; k = {score.k}; mse = {score.mse:.05f}; r2  = {r2}"


def row_of(score: Score, run: LoggedRun) -> list[object]:
    """Give the 11 columns of a score that there is; no spreadsheet runs the name of a quality."""
    category = guarded(pl.DataFrame({"category": [score.quality]})).item()
    return [
        *(category, run.model, score.k),
        *(f"random={run.randomised}", f"stratified={run.stratified}"),
        *(score.train_count, score.test_count),
        *(score.mse, "nan" if score.r2 is None else score.r2),
        *(run.normalisation, f"env={run.env}"),
    ]


def append_row(path: Path, row: list[object]) -> None:
    """Append a row to a CSV without a header, whole, so that several programs may write to it.

    Parameters
    ----------
    path
        The file, which need not be there.
    row
        Its cells.

    Raises
    ------
    StorageError
        Where the disk does not take it.
    """
    text = io.StringIO(newline="")
    csv.writer(text).writerow(row)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(text.getvalue().encode())
            file.flush()
            os.fsync(file.fileno())
