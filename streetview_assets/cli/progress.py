"""Progress in a terminal as bars, in a log as plain lines."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from streetview_assets.cli.command import PlainConsole
from streetview_assets.orchestration.progress import Listener
from streetview_assets.orchestration.progress import Progress as Told
from streetview_assets.processes import stopping
from streetview_assets.text.visible_text import in_one_line

SECONDS_BETWEEN_LINES = 15.0


@contextmanager
def shown_progress() -> Iterator[Listener]:
    """Show progress while the block runs; yields whom to tell."""
    if sys.stderr.isatty():
        with _bars() as listener:
            yield listener
    else:
        yield _lines()


def _name(told: Told) -> str:
    return in_one_line(f"{told.authority_code or 'study'} {told.asset}")


@contextmanager
def _bars() -> Iterator[Listener]:
    columns = (
        TextColumn("{task.description:<36}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bars = Progress(*columns, console=PlainConsole(stderr=True), transient=True)
    # A cursor that is hidden stays so after the command.
    with bars, stopping.in_the_end(bars.stop):
        tasks: dict[str, object] = {}

        def hear(told: Told) -> None:
            name = _name(told)
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=told.total)
            bars.update(tasks[name], completed=told.done, total=told.total)  # type: ignore[arg-type]
            if told.done >= told.total:
                bars.remove_task(tasks.pop(name))  # type: ignore[arg-type]
                if told.total == 1:
                    bars.console.print(Text.assemble(("✓", "green"), f" {name}"))

        yield hear


def _lines() -> Listener:
    started: dict[str, float] = {}
    last: dict[str, float] = {}

    def hear(told: Told) -> None:
        name, now = _name(told), time.monotonic()
        if told.total == 1 and told.done == 0:
            started[name] = now
        elif told.total == 1 and told.done == 1:
            seconds = now - started.get(name, now)
            print(f"{name}: made in {seconds:.1f} s", file=sys.stderr, flush=True)
        elif now - last.get(name, started.get(name, now)) >= SECONDS_BETWEEN_LINES:
            last[name] = now
            print(f"{name}: {told.done:,} of {told.total:,}", file=sys.stderr, flush=True)

    return hear
