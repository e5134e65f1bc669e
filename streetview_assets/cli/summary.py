"""The end of the demo: what was made, the scores beside the baselines, what to try next."""

import shutil
import sys
from pathlib import Path

import polars as pl
from rich.table import Table

from streetview_assets.cli.command import PlainConsole
from streetview_assets.figures import SYNTHETIC_NOTE
from streetview_assets.lake.parquet_lake import read_provenance
from streetview_assets.study_state.lineage import written_by
from streetview_assets.study_state.open_study import OpenStudy

VALIDATIONS = ("random", "blocks", "authorities")


def show_summary(opened: OpenStudy) -> None:
    """Show what the study holds now and how good its model is, with the words to be careful."""
    console = PlainConsole()
    console.print(_tables(opened))
    console.print(_scores(opened))
    if opened.study.is_synthetic:
        console.print(f"All figures rest on {SYNTHETIC_NOTE}.", style="yellow", soft_wrap=True)
    console.print("Next:", style="bold")
    command = _command()
    console.print(f"  {command} ui")
    console.print(
        f'  {command} sql "select area_name, observed, predicted from area_profile '
        'order by residual limit 5"',
        soft_wrap=True,
    )
    console.print(f"  {command} init YOUR_AREAS YOUR_ROADS")


def _command() -> str:
    """Name the command as it can be typed here: by its path, where no PATH leads to it."""
    if shutil.which("streetview"):
        return "streetview"
    path = Path(sys.executable).with_name("streetview")
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _tables(opened: OpenStudy) -> Table:
    table = Table("table", "rows", "made by", title="What was made", title_justify="left")
    rows: dict[str, int] = {}
    for name in written_by():
        rows[name] = sum(read_provenance(path).row_count for path in opened.lake.files(name))
    for name, count in rows.items():
        table.add_row(name, f"{count:,}", written_by()[name])
    return table


def _scores(opened: OpenStudy) -> Table:
    """R² of every model under every validation, pooled out of fold, with its interval."""
    scores = opened.sql(
        "select model, validation, value, lower, upper from all_scores "
        "where scope = 'study' and metric = 'r2' and fold = 0 and group_name = 'all' "
        "and repeat = 1 and value is not null "
        "union all "
        "select model, validation, "
        "1 - sum(residual ** 2) / (var_pop(observed) * count(*)), null, null "
        "from all_predictions where scope = 'held_out' and repeat = 1 group by model, validation"
    )
    validations = [v for v in VALIDATIONS if v in set(scores["validation"])]
    best = scores.filter(validation="blocks").sort("value", descending=True)["model"].to_list()
    table = Table(
        "model",
        *validations,
        title="R² out of fold, pooled [90 % interval]; the headline is blocks",
        title_justify="left",
    )
    for model in best:
        mine = scores.filter(model=model)
        table.add_row(model, *(_score(mine.filter(validation=v)) for v in validations))
    return table


def _score(rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return ""
    _, _, value, lower, upper = rows.row(0)
    return f"{value:.2f}" + (f" [{lower:.2f}, {upper:.2f}]" if lower is not None else "")
