"""What a study holds: its tables, the scores side by side, the verdict in words."""

import polars as pl
from rich.table import Column, Table

from streetview_assets.cli.command import NARROW, PlainConsole, table_of
from streetview_assets.figures import SYNTHETIC_NOTE
from streetview_assets.lake.parquet_lake import read_provenance
from streetview_assets.study_state.lineage import written_by
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.visible_text import in_one_line
from streetview_assets.validations import headline_validation, mild_first

PERCEIVED = (
    "select quality, max(value) filter (where metric = 'r2') as r2, "
    "max(value) filter (where metric = 'ceiling_share') as share from perception_scores "
    "where model = 'chosen' and validation = 'random' and group_name = 'all' "
    "and features = 'images' group by quality having r2 is not null order by quality"
)
"""How well the chosen model tells what everybody says, by quality."""


def show_summary(opened: OpenStudy) -> None:
    """Show what the study holds now and how good its model is, with the words to be careful."""
    console = PlainConsole()
    console.print(_tables(opened))
    console.print(_scores(opened))
    console.say(*opened.sql("select sentence from findings order by position limit 2")["sentence"])
    console.say(*perceived_in_words(opened.sql(PERCEIVED)))
    if opened.study.is_synthetic:
        console.say(f"All figures rest on {SYNTHETIC_NOTE}.", style="yellow")


def perceived_in_words(scores: pl.DataFrame) -> list[str]:
    """Say of each quality how well images tell it, and of how much that people agree on.

    Parameters
    ----------
    scores
        What `PERCEIVED` asks for.
    """
    return [
        f"{in_one_line(quality)}, as people see it: R² {r2:.2f} on images held out at random"
        + ("" if share is None else f", {share:.0%} of what people's agreement allows")
        for quality, r2, share in scores.iter_rows()
    ]


def _tables(opened: OpenStudy) -> Table:
    counts = {
        name: sum(read_provenance(path).row_count for path in opened.lake.files(name))
        for name in written_by()
    }
    rows = [(name, f"{count:,}", written_by()[name]) for name, count in counts.items() if count]
    heads = ("table", Column("rows", justify="right"), "made by")
    return table_of(heads, rows, title="What was made", **NARROW)


def _scores(opened: OpenStudy) -> Table:
    """R² of every model under every validation, pooled out of fold; what counts with intervals."""
    scores = opened.sql(
        "select model, validation, value, lower, upper, interval_level from all_scores "
        "where scope = 'study' and metric = 'r2' and fold = 0 and group_name = 'all' "
        "and repeat = 1 and value is not null "
        "union all "
        "select model, validation, "
        "1 - sum(residual ** 2) / (var_pop(observed) * count(*)), null, null, null "
        "from all_predictions where scope = 'held_out' and repeat = 1 group by model, validation"
    )
    validations = mild_first(scores["validation"])
    held_out = opened.sql("select count(distinct authority_code) from held_out_predictions").item()
    counts = headline_validation(opened.study.models.task, held_out, set(scores["validation"]))
    best = scores.filter(validation=counts).sort("value", descending=True)["model"].to_list()
    rows = [
        (model, *(_score(scores, model, one, with_interval=one == counts) for one in validations))
        for model in best
    ]
    level = scores["interval_level"].max()
    interval = f" with its {level:.0%} interval" if isinstance(level, float) else ""
    title = f"R² out of fold, pooled; what counts{interval}: {counts}"
    heads = [Column(head, no_wrap=True) for head in ("model", *validations)]
    return table_of(heads, rows, title=title, **NARROW)


def _score(scores: pl.DataFrame, model: str, validation: str, *, with_interval: bool) -> str:
    rows = scores.filter(model=model, validation=validation)
    if rows.is_empty():
        return ""
    _, _, value, lower, upper, _ = rows.row(0)
    has_interval = with_interval and lower is not None
    return _told(value) + (f" [{_told(lower)}, {_told(upper)}]" if has_interval else "")


def _told(score: float) -> str:
    return f"{round(score, 2) + 0:.2f}"  # never -0.00
