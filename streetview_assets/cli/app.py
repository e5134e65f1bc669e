"""The command `streetview`."""

import os
import sys
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetview_assets.cli.command import (
    Commands,
    JobsOption,
    PlainConsole,
    StudyArgument,
    is_study,
    opened_study,
    opened_to_read,
    refuse_unknown,
)
from streetview_assets.cli.diff import diff
from streetview_assets.cli.exports import exports
from streetview_assets.cli.perception.answers import score
from streetview_assets.cli.perception.command import perception
from streetview_assets.cli.protocol import protocols
from streetview_assets.errors import StudyError
from streetview_assets.tables.stages import STAGES
from streetview_assets.text.strict_json import to_json
from streetview_assets.text.visible_text import visible

if TYPE_CHECKING:
    from streetview_assets.cli.runs.run_end import End
    from streetview_assets.study_state.open_study import OpenStudy

app = Commands(
    help="Street-level imagery into knowledge about places.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
perception.command()(score)
for name, commands in {"export": exports, "perception": perception, "protocol": protocols}.items():
    app.add_typer(commands, name=name)

AuthorityOption = Annotated[
    list[str] | None, typer.Option("--authority", help="Only this authority; may be repeated.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="As data, for a program.")]
StageOption = Annotated[str | None, typer.Option(help=f"One of: {', '.join(STAGES)}.")]


def _say_version(is_asked: bool) -> None:
    if is_asked:
        from streetview_assets.version import version_in_words

        typer.echo(version_in_words())
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option("--version", is_eager=True, callback=_say_version, help="Which version this is."),
]


@app.callback()
def versions(version: VersionOption = False) -> None:
    """Street-level imagery into knowledge about places."""


@app.command()
def demo(
    satellite: Annotated[
        bool,
        typer.Option("--satellite", help="With a made-up raster over the town, and fewer images."),
    ] = False,
    jobs: JobsOption = None,
) -> None:
    """Run the bundled study: a made-up town, without network, keys or weights."""
    from streetview_assets.cli.runs.run_end import show_report
    from streetview_assets.study_state.open_study import DEMO_STUDY

    study = DEMO_STUDY.with_name("satellite.yaml") if satellite else DEMO_STUDY
    _materialise(opened_study(study), partial(show_report, with_scores=True), jobs=jobs)


@app.command()
def init(
    areas: Annotated[
        Path | None, typer.Argument(help="Boundaries: .gpkg, .geojson, .shp or .parquet.")
    ] = None,
    roads: Annotated[
        Path | None,
        typer.Argument(help="Roads: lines, .osm, .osm.pbf or .graphml; default: OpenStreetMap."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the study.")] = None,
    output: Annotated[Path, typer.Option(help="Where to write it.")] = Path("study.yaml"),
    lookup: Annotated[Path | None, typer.Option(help="CSV of areas and their authorities.")] = None,
    targets: Annotated[
        list[Path] | None, typer.Option(help="CSV of values by area; may be repeated.")
    ] = None,
    authority: AuthorityOption = None,
    provider: Annotated[
        str | None, typer.Option(help="Who has the images; default: drawn by a program.")
    ] = None,
) -> None:
    """Write a commented study file, with the columns guessed from the files."""
    from streetview_assets.cli.starter.start import Wanted, start_study

    wanted = Wanted(
        areas, roads, name, lookup, tuple(targets or ()), tuple(authority or ()), provider
    )
    start_study(wanted, output)


@app.command()
def run(
    study: StudyArgument = None,
    authority: AuthorityOption = None,
    until: StageOption = None,
    anew_from: Annotated[
        str | None, typer.Option("--from", help="Make this stage and all after it anew.")
    ] = None,
    jobs: JobsOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose", "-v", count=True, help="Log lines: -v what is done, -vv each request too."
        ),
    ] = 0,
    as_json: JsonOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be made, and why.")
    ] = False,
) -> None:
    """Make what is missing or out of date, up to the published database."""
    opened = opened_study(study)
    for stage in (until, anew_from):
        if stage and stage not in STAGES:
            from streetview_assets.areas.columns import did_you_mean

            near = did_you_mean(stage, STAGES)
            raise StudyError(f"no stage {stage!r}.{near} The stages are: {', '.join(STAGES)}.")
    if dry_run:
        from streetview_assets.cli.runs.dry_run import show_dry_run

        refuse_unknown(opened, authority)
        show_dry_run(opened, authority, until, anew_from)
        return
    from streetview_assets.cli.runs.run_end import say_as_data, show_report

    options: Any = {"authorities": authority, "until": until, "anew_from": anew_from, "jobs": jobs}
    end = say_as_data if as_json else show_report
    if verbose:
        from streetview_assets.processes.log_lines import ask_for_log_lines

        ask_for_log_lines(verbose)
    _materialise(opened, end, quiet=quiet, **options)


@app.command()
def retry(study: StudyArgument = None, jobs: JobsOption = None) -> None:
    """Try again what failed, and only that."""
    from streetview_assets.cli.runs.run_end import show_report

    _materialise(opened_study(study), partial(show_report, retry=True), retry=True, jobs=jobs)


@app.command()
def plan(
    study: StudyArgument = None, authority: AuthorityOption = None, as_json: JsonOption = False
) -> None:
    """Look for imagery free of charge, and say what fetching it would take."""
    from streetview_assets.cli.runs.run_end import say_failures
    from streetview_assets.cli.tables import show_forecast
    from streetview_assets.orchestration.runs.forecast import LOOK_UPS, forecast

    opened = opened_study(study)
    _materialise(opened, say_failures, authorities=authority, only=LOOK_UPS)
    told = forecast(opened, authority)
    if as_json:
        typer.echo(to_json(asdict(told), indent=2))
    else:
        show_forecast(told)


@app.command()
def status(study: StudyArgument = None, as_json: JsonOption = False) -> None:
    """Show authorities × stages: rows, failures by reason, age."""
    from streetview_assets.cli.runs.status_table import show_status, status_as_data
    from streetview_assets.orchestration.runs.status import study_status

    states = study_status(opened_study(study))
    if as_json:
        typer.echo(to_json(status_as_data(states), indent=2, default=str))
    else:
        show_status(states, datetime.now(UTC).date())


@app.command()
def verify(study: StudyArgument = None) -> None:
    """Hold every file against what was written, and list what is damaged, missing or unread."""
    from streetview_assets.cli.tables import show_findings
    from streetview_assets.study_state.verify import verify as findings_of

    if show_findings(findings_of(opened_study(study))):
        raise typer.Exit(1)


@app.command()
def sql(
    first: Annotated[
        str | None,
        typer.Argument(help="The study file, or the query; without a query: a prompt."),
    ] = None,
    second: Annotated[str | None, typer.Argument(help="The query.")] = None,
    with_vectors: Annotated[
        bool, typer.Option(help="Add vectors of images and panoramas.")
    ] = False,
) -> None:
    """Ask the published database: one query, or at a prompt one after the other."""
    from streetview_assets.cli.tables import show_frame

    if is_study(second) and not is_study(first):
        first, second = second, first
    study = Path(first) if first and (second is not None or is_study(first)) else None
    query = second if study else first
    opened = opened_to_read(study)
    if query is not None:
        show_frame(opened.sql(query, with_vectors=with_vectors))
        return
    from streetview_assets.cli.sql_prompt import ask_in_turn

    ask_in_turn(opened)


@app.command()
def describe(
    study: StudyArgument = None,
    table: Annotated[str | None, typer.Option(help="Its columns, instead of all tables.")] = None,
    output: Annotated[Path | None, typer.Option(help="Write all of it as Markdown.")] = None,
) -> None:
    """Describe the published tables: rows, age, columns, how much is filled, what it means."""
    from streetview_assets.cli.describe import describe_table, describe_tables, write_dictionary

    opened = opened_to_read(study)
    if output is not None:
        write_dictionary(opened, output)
        typer.echo(visible(f"Wrote {output}"))
    else:
        describe_tables(opened) if table is None else describe_table(opened, table)


@app.command()
def show(
    identifier: Annotated[str, typer.Argument(help="An image_id or an area_code.")],
    study: StudyArgument = None,
    as_json: JsonOption = False,
) -> None:
    """Show an image or an area: what is known of it, what moves its prediction, a sheet."""
    from streetview_assets.cli.show.show import say_identifier, show_identifier

    (say_identifier if as_json else show_identifier)(opened_to_read(study), identifier)


app.command()(diff)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help='What to look for: "boarded-up shop".')],
    study: StudyArgument = None,
    count: Annotated[int, typer.Option(min=1, max=100, help="Images to show.")] = 12,
) -> None:
    """Find the images that are most like a text: a list, and a sheet of them."""
    from streetview_assets.cli.search import show_search

    show_search(opened_to_read(study), query, count)


@app.command()
def report(
    study: StudyArgument = None,
    output: Annotated[
        Path | None, typer.Option(help="Default: report.html in the study's folder of data.")
    ] = None,
) -> None:
    """Write what came of a study as one HTML page, to be passed on."""
    from streetview_assets.report.build import write_report

    typer.echo(visible(f"Wrote {write_report(opened_study(study), output)}"))


@app.command()
def explore(
    study: StudyArgument = None,
    export: Annotated[
        Path | None, typer.Option(help="Write the page as a folder for any web server.")
    ] = None,
    zipped: Annotated[bool, typer.Option("--zip", help="Write a ZIP of the folder too.")] = False,
    images: Annotated[
        bool, typer.Option("--images", help="Put full images into the folder, not only thumbnails.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page.")] = 5000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Look at all images of a study on one page: by likeness, and on the map."""
    from streetview_assets.cli.explore import export_explorer, serve_explorer

    opened = opened_to_read(study)
    if (zipped or images) and export is None:
        raise StudyError("--zip and --images are of the folder that --export names: give both")
    if export is not None:
        export_explorer(opened, export, zipped=zipped, images=images)
    else:
        serve_explorer(opened, host, port, opens_browser=browser)


@app.command()
def doctor(study: StudyArgument = None, as_json: JsonOption = False) -> None:
    """Check keys, disk, encoder, instance and ports, a line each."""
    from streetview_assets.cli.doctor import COLOURS, examine

    found, console = [], PlainConsole()
    for level, text in examine(opened_study(study)):
        found.append({"level": level, "told": text})
        if not as_json:
            console.say(f"{level.ljust(8)} {text}", style=COLOURS[level], indent=9)
    if as_json:
        typer.echo(to_json(found, indent=2))
    if any(one["level"] == "fault" for one in found):
        raise typer.Exit(1)


@app.command()
def ledger(
    study: StudyArgument = None,
    adopt: Annotated[
        bool,
        typer.Option(help="Enter as spent what was bought and the ledger does not know."),
    ] = False,
) -> None:
    """Hold the ledger against the images that were bought; say what is spent."""
    from streetview_assets.cli.ledger import show_ledger

    show_ledger(opened_study(study), adopt=adopt)


@app.command()
def ui(
    study: StudyArgument = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the web UI.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Open the Dagster UI with the daemon, on the instance that the command uses."""
    from streetview_assets.orchestration.runs.instance import prepare_home, write_workspace
    from streetview_assets.orchestration.ui.launch import let_in, ui_command

    opened = opened_study(study)
    home = prepare_home(opened)
    os.environ.setdefault("STREETVIEW_DATA", str(opened.root.parent))
    workspace = write_workspace(opened, home)
    typer.echo(visible(f"All images on one page: streetview explore {opened.study.path}"))
    if warning := let_in(host):
        typer.secho(visible(warning), fg="yellow", err=True)
    # In place of this process: whoever ends the command ends the UI and its daemon with it.
    os.execv(sys.executable, ui_command(workspace, host, port))


def _materialise(
    opened: "OpenStudy", end: "End", *, quiet: bool = False, jobs: int | None = 1, **options: Any
) -> None:
    """Check the inputs, run the study with a progress bar, and end with what came of it."""
    from streetview_assets.cli.runs.progress import hear_nothing, shown_progress
    from streetview_assets.orchestration.runs.instance import prepare_home
    from streetview_assets.orchestration.runs.materialise import run_study
    from streetview_assets.orchestration.runs.preflight import check_inputs
    from streetview_assets.processes.log_lines import SILENT, log_level

    refuse_unknown(opened, options.get("authorities"))
    only_looks = "only" in options or options.get("until") in ("areas", "points")
    checked = check_inputs(opened, to_be_paid=not only_looks)
    prepare_home(opened)
    checked.store()
    shown = nullcontext(hear_nothing) if quiet else shown_progress(in_lines=log_level() != SILENT)
    with shown as listener:
        report = run_study(opened, listener=listener, jobs=jobs, **options)
    end(opened, report)
    if any(failure.kind == "StudyError" for failure in report.failures):
        raise typer.Exit(2)
    if report.failures:
        raise typer.Exit(1)
