"""The end of a run: what was made, what is missing and why, what came of it, what to do next."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict

from streetview_assets.cli.command import PlainConsole, from_here, typed_command
from streetview_assets.cli.runs.summary import show_summary
from streetview_assets.orchestration.runs.materialise import RunReport
from streetview_assets.orchestration.runs.one_run import Failure
from streetview_assets.orchestration.runs.status import study_status
from streetview_assets.orchestration.sql import PUBLISHED
from streetview_assets.study_state.lineage import specs
from streetview_assets.study_state.open_study import DEMO_STUDY, OpenStudy
from streetview_assets.tables.stages import STAGES
from streetview_assets.text.counted import counted
from streetview_assets.text.strict_json import to_json
from streetview_assets.text.visible_text import in_one_line
from streetview_assets.warehouse.published_query import DATABASE

End = Callable[[OpenStudy, RunReport], None]
"""How the end of a run is told."""
NOTHING_FAILED = (
    "Nothing to do: no row has failed. `streetview run` makes what is missing or out of date."
)
PUBLICATION = "publication"
CHECKED = re.compile(r"^(check \w+): [\d,]+ offending rows?: (.*?)[.:] .*", re.DOTALL)
"""Whatever else a check says is of one authority, and in the UI."""
HEADLINE = "select sentence from findings order by position limit 2"


def show_report(
    opened: OpenStudy, report: RunReport, *, retry: bool = False, with_scores: bool = False
) -> None:
    """Say what a run made and could not make, and lead to what came of it.

    Parameters
    ----------
    opened
        The study.
    report
        What came of the run.
    retry
        Whether it tried again what had failed, and only that.
    with_scores
        Whether all tables and all scores are shown, as at the end of the demo.
    """
    console = PlainConsole()
    if report.closed_runs:
        closed = counted(report.closed_runs, "run")
        console.print(f"Closed {closed} that an earlier command left behind.")
    files = opened.provenance("image_files", None)
    # Which of one's own images are left out is said whatever else the run did.
    if opened.study.points.origin == "images" and files is not None and files.note:
        console.say(files.note, style="yellow")
    if not report.made and not report.failures:
        console.say(NOTHING_FAILED if retry else "Nothing to do: everything is up to date.")
        if not with_scores:
            return
    else:
        console.say(f"Made in {report.seconds:.0f} s: {_by_stage(report.made)}")
    if ("deprivation_model", None) in report.made and opened.study.target:
        # Here, since MLflow takes a second to load and is needed by no other command's table.
        from streetview_assets.orchestration.tracking.mlflow_resource import model_promotion

        if promotion := model_promotion(opened):
            console.say(f"Model: {promotion}.")
    console.say(*_told_once("Warning", report.warnings), style="yellow")
    console.say(*_told_once("Failed", report.failures), style="red")
    if report.failures:
        console.say(*_not_made(opened), style="red")
    elif with_scores:
        show_summary(opened)
    elif any(asset == PUBLISHED for asset, _ in report.made):
        console.say(*opened.sql(HEADLINE)["sentence"])
    console.say(f"The study's data: {opened.root}")
    console.print("Next:", style="bold")
    console.say_as_typed(*_next(opened, report))


def say_as_data(opened: OpenStudy, report: RunReport) -> None:
    """Say what a run made and could not make, for a program."""
    print(to_json(asdict(report) | {"study": opened.study.name}, indent=2))


def say_failures(opened: OpenStudy, report: RunReport) -> None:
    """End a run of which another command tells more, but for what failed."""
    PlainConsole(stderr=True).say(*_told_once("Failed", report.failures), style="red")


def _by_stage(made: list[tuple[str, str | None]]) -> str:
    """Count what was made by stage, each asset once an authority."""
    known = specs()
    stages = Counter(known[one].stage if one in known else PUBLICATION for one, _ in made)
    told = [f"{stage} {stages[stage]}" for stage in (*STAGES, PUBLICATION) if stages[stage]]
    return ", ".join(told) or "nothing"


def _told_once(what: str, failures: Iterable[Failure]) -> Iterator[str]:
    """Say each message once, with the authorities that it is of; of a check, what it looks for."""
    authorities: dict[tuple[str, str], list[str]] = {}
    for failure in failures:
        message = CHECKED.sub(r"\1: \2.", failure.message)
        of = authorities.setdefault((failure.asset, message), [])
        of += [failure.authority] if failure.authority else []
    for (asset, message), named in authorities.items():
        place = f" of {in_one_line(', '.join(named))}" if named else ""
        yield f"{what}: {asset}{place}: {message}"


def _not_made(opened: OpenStudy) -> Iterator[str]:
    """Say how much is missing of each stage, once what failed is left out."""
    counts = Counter(state.stage for state in study_status(opened) if state.state == "missing")
    if counts:
        told = ", ".join(f"{stage} {count}" for stage, count in counts.items())
        yield f"Not there, with what hangs on it: {told}"


def _next(opened: OpenStudy, report: RunReport) -> Iterator[str]:
    """Name three commands: of what failed, or of what there is to see."""
    command, study = typed_command(), _argument(opened)
    if report.failures:
        yield f"  {command} status{study}"
        yield f"  {command} retry{study}"
        yield f"  {command} doctor{study}"
    elif (opened.root / DATABASE).is_file() and opened.lake.files("images"):
        yield f"  {command} report{study}    # one page to pass on"
        yield f"  {command} explore{study}   # all images, by likeness and on the map"
        yield f'  {command} sql{study} "select * from area_profile limit 5"'
    else:
        if (opened.root / DATABASE).is_file():
            yield f"  {command} report{study}    # the points on a map"
        yield f"  {command} plan{study}      # what the rest would take"
        yield f"  {command} run{study}       # make it"


def _argument(opened: OpenStudy) -> str:
    path = opened.study.path
    return "" if path == DEMO_STUDY else f" {in_one_line(from_here(path))}"
