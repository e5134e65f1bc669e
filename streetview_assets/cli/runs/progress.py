"""Progress in a terminal as bars, of the run and of what is under way; in a log as plain lines."""

import io
import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import RenderableType
from rich.constrain import Constrain
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from streetview_assets.cli.command import PlainConsole
from streetview_assets.orchestration.progress import Listener
from streetview_assets.orchestration.progress import Progress as Told
from streetview_assets.processes import stopping
from streetview_assets.text.visible_text import in_one_line

SECONDS_BETWEEN_LINES = 15.0
WIDE_ENOUGH = 70
"""Columns of a terminal in which there is room for a bar beside the words."""
WIDEST = 100
ROOM_FOR_ECHO = 3
"""The terminal writes `^C` where the cursor is; at the edge, that would begin a line of its own."""


@contextmanager
def shown_progress(*, in_lines: bool = False) -> Iterator[Listener]:
    """Show progress while the block runs; yields whom to tell.

    Parameters
    ----------
    in_lines
        A line an asset in a terminal too, where other lines go between.
    """
    with _the_terminals() as stream:
        if sys.stderr.isatty() and not in_lines:
            with _bars(stream) as listener:
                yield listener
        else:
            yield _lines(stream)


def hear_nothing(told: Told) -> None:
    """Listen to progress that is not shown."""


@contextmanager
def _the_terminals() -> Iterator[TextIO]:
    """Give standard error as it is now.

    While a step runs, Dagster leads descriptor 2 into the log of the run, where no progress
    belongs, and where a bar that is moved on in the terminal leaves its ghost.
    """
    try:
        descriptor = os.dup(sys.stderr.fileno())
    except (OSError, io.UnsupportedOperation):
        yield sys.stderr
        return
    with os.fdopen(descriptor, "w", encoding=sys.stderr.encoding, errors="replace") as stream:
        yield stream


def _name(told: Told) -> str:
    return in_one_line(f"{told.authority_code or 'study'} {told.asset}")


class _Amount(ProgressColumn):
    """How many of how many, how fast, and how long it will take."""

    def render(self, task: Task) -> Text:
        """Say it in the words that are known."""
        said = [f"{task.completed:,.0f} of {task.total or 0:,.0f}"]
        if task.fields["has_pace"] and task.speed:
            said.append(
                f"{task.speed:,.0f}/s" if task.speed >= 1 else f"{1 / task.speed:,.0f} s each"
            )
            if task.time_remaining:
                said.append(f"{_duration(task.time_remaining)} left")
        return Text(" · ".join(said))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


class _Bars(Progress):
    """Bars that leave nothing behind where somebody types or makes the window narrower."""

    drawn_columns = 0

    def get_renderables(self) -> Iterator[RenderableType]:
        """Draw them a little narrower than the window; erase what a narrower one has folded."""
        if not self.tasks:  # as when it is being made
            return
        columns = max(min(self.console.width - ROOM_FOR_ECHO, WIDEST), 1)
        drawn = self.live._live_render
        if self.console.width < self.drawn_columns and drawn._shape is not None:
            _, lines = drawn._shape
            drawn._shape = (columns, lines * math.ceil(self.drawn_columns / self.console.width))
        self.drawn_columns = columns
        yield Constrain(self.make_tasks_table(self.tasks), columns)


@contextmanager
def _bars(stream: TextIO) -> Iterator[Listener]:
    console = PlainConsole(file=stream)
    words = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns: list[Any] = [
        TextColumn("{task.description}", markup=False, table_column=words),
        BarColumn(bar_width=20),
        _Amount(table_column=Column(no_wrap=True, justify="right")),
    ]
    if console.width < WIDE_ENOUGH:
        del columns[1]
    bars = _Bars(*columns, console=console, transient=True, expand=True)
    # A cursor that is hidden stays so after the command.
    with bars, stopping.in_the_end(bars.stop):
        whole = bars.add_task("all", total=None, visible=False, has_pace=False)
        tasks: dict[str, Any] = {}

        def hear(told: Told) -> None:
            if told.is_of_the_run:
                bars.update(whole, completed=told.done, total=told.total, visible=True)
                return
            name = _name(told)
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=told.total, has_pace=not told.is_whole)
            bars.update(
                tasks[name], completed=told.done, total=told.total, has_pace=not told.is_whole
            )
            if told.done >= told.total:
                bars.remove_task(tasks.pop(name))
                if told.is_whole:
                    bars.advance(whole)
                    console.print(Text.assemble(("✓", "green"), f" {name}"))

        yield hear


def _lines(stream: TextIO) -> Listener:
    started: dict[str, float] = {}
    last: dict[str, float] = {}
    whole = {"done": 0, "total": 0}

    def hear(told: Told) -> None:
        if told.is_of_the_run:
            whole.update(done=told.done, total=told.total)
            return
        name, now = _name(told), time.monotonic()
        if told.is_whole and told.done == 0:
            started[name] = now
        elif told.is_whole:
            whole["done"] += 1
            place = f"[{whole['done']} of {whole['total']}] " if whole["total"] else ""
            seconds = now - started.get(name, now)
            print(f"{place}{name}: made in {seconds:.1f} s", file=stream, flush=True)
        elif now - last.get(name, started.get(name, now)) >= SECONDS_BETWEEN_LINES:
            last[name] = now
            print(f"{name}: {told.done:,} of {told.total:,}", file=stream, flush=True)

    return hear
