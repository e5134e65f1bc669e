"""`streetview protocol`: train on some authorities, test on others, fixed before it is scored."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetview_assets.cli.command import (
    Commands,
    PlainConsole,
    StudyArgument,
    from_here,
    opened_study,
    table_of,
)

if TYPE_CHECKING:
    import polars as pl

    from streetview_assets.models.towns.protocol_file import Protocol
    from streetview_assets.models.towns.protocol_records import CarriedOut

protocols = Commands(
    no_args_is_help=True,
    help="Train on some towns, test on others, by a file that is written before the test.",
)
FileArgument = Annotated[Path, typer.Argument(help="The protocol.")]
SHOWN = ("tuned", "place", "place_and_images")


@protocols.command()
def write(
    study: StudyArgument = None,
    train: Annotated[
        list[str] | None,
        typer.Option(help="Authority to train on; may be repeated. Default: all but the tested."),
    ] = None,
    test: Annotated[
        list[str] | None,
        typer.Option(help="Authority to test on; may be repeated, and need not be there yet."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="What is reported; may be repeated. Default: all that can be."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    expected: Annotated[str | None, typer.Option(help="What you expect to come out.")] = None,
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("protocol.json"),
) -> None:
    """Fix data, settings, seed, towns and metrics, and say what had been looked at by then."""
    from streetview_assets.errors import StudyError
    from streetview_assets.models.towns.protocol_file import write_protocol
    from streetview_assets.orchestration.protocols.compose import compose

    opened = opened_study(study)
    if not test:
        raise StudyError(
            f"name the authorities to test on with --test; the study has "
            f"{', '.join(opened.authorities[:10])}"
        )
    learned = train or [code for code in opened.authorities if code not in test]
    protocol = compose(opened, learned, test, metrics=metric or (), name=name, expected=expected)
    write_protocol(output, protocol)
    console = PlainConsole()
    console.say(f"Wrote {from_here(output.absolute())}, sha256 {protocol.sha256}")
    console.say(_registered(protocol))


@protocols.command()
def run(
    file: FileArgument,
    study: StudyArgument = None,
    despite: Annotated[
        list[str] | None,
        typer.Option(
            help="A table, a key or `encoder` that may differ from the protocol, or `anything`; "
            "may be repeated, and is recorded."
        ),
    ] = None,
) -> None:
    """Train and test as a protocol says, on this study or another's, and record the result."""
    from streetview_assets.models.towns.protocol_file import read_protocol
    from streetview_assets.orchestration.protocols.carry_out import carry_out
    from streetview_assets.warehouse.marts import publish_study
    from streetview_assets.warehouse.published_query import DATABASE

    protocol, opened = read_protocol(file), opened_study(study)
    done, path = carry_out(opened, protocol, despite=despite or ())
    _show_result(done)
    console = PlainConsole()
    console.say(f"Recorded: {from_here(path)}")
    if (opened.root / DATABASE).is_file():
        publish_study(opened)
        console.say("Published: table protocol_scores")
    else:
        console.say("The table protocol_scores is published at the end of `streetview run`.")


@protocols.command()
def show(file: FileArgument, study: StudyArgument = None) -> None:
    """Say what a protocol fixes, and what came of it in a study."""
    from streetview_assets.models.towns.protocol_file import read_protocol
    from streetview_assets.models.towns.protocol_records import protocol_scores

    protocol, console = read_protocol(file), PlainConsole()
    rows = [
        ["name", protocol.name],
        ["sha256", protocol.sha256],
        ["written", f"{protocol.written_at:%Y-%m-%d %H:%M} UTC, by {protocol.program}"],
        ["study", f"{protocol.study}: {protocol.target} (higher is {protocol.more_is})"],
        ["trained on", ", ".join(protocol.train)],
        ["tested on", ", ".join(protocol.test)],
        ["reported", ", ".join(protocol.metrics)],
        ["encoder", str(protocol.encoder.get("encoder", "none"))],
        ["held out", "; ".join(f"{key} {value}" for key, value in protocol.folds.items())],
        *([["expected", protocol.expected]] if protocol.expected else []),
    ]
    console.print(table_of(["", ""], rows, show_header=False, box=None))
    console.say(_registered(protocol))
    if study is not None:
        found = protocol_scores(opened_study(study).root)
        for (run_at,), mine in found.filter(protocol=protocol.short).group_by(
            "run_at", maintain_order=True
        ):
            console.say(f"Carried out {run_at:%Y-%m-%d %H:%M} UTC:")
            _show_scores(mine)
        if found.filter(protocol=protocol.short).is_empty():
            console.say("Not carried out in this study yet.")


def _registered(protocol: "Protocol") -> str:
    from streetview_assets.models.towns.protocol_records import told_looks

    if not protocol.looked_at:
        return "Written before any score of the tested authorities, as far as the study knows."
    return (
        f"Written after scores of tested authorities were there: {told_looks(protocol.looked_at)}"
    )


def _show_result(done: "CarriedOut") -> None:
    from streetview_assets.models.towns.protocol_records import told_looks
    from streetview_assets.tables.registry import TABLES

    console, table = PlainConsole(), TABLES["protocol_scores"]
    kept = [{name: row.get(name) for name in table.schema} for row in done.rows]
    _show_scores(table.frame(kept))
    if done.differs:
        console.say(f"Not as the protocol has it: {', '.join(done.differs)}.", style="yellow")
    if done.is_preregistered:
        console.say("Written before any score of the tested authorities, as far as is known.")
    else:
        said = told_looks(done.looks_before)
        console.say(f"Not registered before the test: {said}", style="yellow")


def _show_scores(rows: "pl.DataFrame") -> None:
    """Print a row a group and model, a column a score, and below what limits them."""
    import polars as pl

    mine = rows.filter(pl.col("model").is_in(SHOWN))
    metrics = mine["metric"].unique(maintain_order=True).to_list()
    by = ["group_name", "model"]
    table = []
    for group, part in mine.group_by(by, maintain_order=True):
        of = {row["metric"]: row for row in part.iter_rows(named=True)}
        cells = [_cell(of[metric]) if metric in of else "" for metric in metrics]
        table.append([*map(str, group), f"{max(part['area_count'].to_list()):,}", *cells])
    console = PlainConsole()
    heads = ["of", "model", "areas", *(metric.replace("_", " ") for metric in metrics)]
    console.print(table_of(heads, table, box=None))
    limits = mine.drop_nulls("note").select("group_name", "note").unique(maintain_order=True)
    console.say(*(f"{group}: {note}" for group, note in limits.iter_rows()))


def _cell(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return "none"
    ends = [row["lower"], row["upper"]]
    between = "" if None in ends else f" ({ends[0]:.2f} to {ends[1]:.2f})"
    return f"{row['value']:.2f}{between}"
