"""What a study holds: its tables, the scores side by side, the verdict in words."""

import polars as pl
from rich.table import Table

from streetview_assets.cli.command import PlainConsole, table_of
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
    rows = [(name, f"{count:,}", written_by()[name]) for name, count in counts.items()]
    return table_of(("table", "rows", "made by"), rows, title="What was made")


def _scores(opened: OpenStudy) -> Table:
    """R² of every model under every validation, pooled out of fold, with its interval."""
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
        (model, *(_score(scores.filter(model=model, validation=v)) for v in validations))
        for model in best
    ]
    level = scores["interval_level"].max()
    interval = f" [{level:.0%} interval]" if isinstance(level, float) else ""
    title = f"R² out of fold, pooled{interval}; what counts: {counts}"
    return table_of(("model", *validations), rows, title=title)


def _score(rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return ""
    _, _, value, lower, upper, _ = rows.row(0)
    return f"{value:.2f}" + (f" [{lower:.2f}, {upper:.2f}]" if lower is not None else "")
