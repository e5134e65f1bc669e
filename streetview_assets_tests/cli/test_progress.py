"""Progress as it reaches a terminal of any width, a pipe, and never the log of a run."""

import fcntl
import os
import pty
import struct
import sys
import termios
import textwrap

import pytest

from streetview_assets_tests.started import programs

TOLD = textwrap.dedent(
    """
    import os, sys, time
    from pathlib import Path
    from streetview_assets.cli.runs.progress import shown_progress
    from streetview_assets.orchestration.progress import Progress

    with shown_progress() as listener:
        listener(Progress("", None, 11, 45))
        listener(Progress("areas", "X01", 0, 1, is_whole=True))
        listener(Progress("areas", "X01", 1, 1, is_whole=True))
        kept, log = os.dup(2), os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 2)  # as Dagster does while a step runs
        listener(Progress("images", "X01", 0, 1, is_whole=True))
        seen, done, ends = Path(sys.argv[1] + ".seen"), 400, time.monotonic() + 60
        listener(Progress("images", "X01", 0, 4_800))
        while done < 4_400 and time.monotonic() < ends:
            listener(Progress("images", "X01", done, 4_800))
            time.sleep(0.05)
            if not os.isatty(1) or seen.exists():  # however long the screen takes to be drawn
                done += 400
        listener(Progress("images", "X01", 4_800, 4_800))
        listener(Progress("images", "X01", 1, 1))  # one unit of its own is not the asset
        listener(Progress("images", "X01", 1, 1, is_whole=True))
        os.dup2(kept, 2)
    """
)


ERASED_ABOVE = "\x1b[1A\x1b[2K"


def _in_a_terminal(columns: int, log, *, narrowed_to: int | None = None) -> str:
    """Run it in a terminal of its own, and give all that reached this."""
    ours, theirs = pty.openpty()
    _size(theirs, columns)
    inherited = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    child = programs.Brief(
        [sys.executable, "-c", TOLD, str(log)],
        stderr=theirs, stdin=theirs, stdout=theirs,
        env=inherited | {"TERM": "xterm-256color", "NO_COLOR": "1"},
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while True:
        if narrowed_to and b" of 4,800" in said:
            _size(ours, narrowed_to)
        if b"400 of 4,800" in said:
            log.with_name(f"{log.name}.seen").touch()
        try:
            part = os.read(ours, 65_536)
        except OSError:  # as Linux ends a terminal that nobody writes to
            break
        said += part
        if not part:
            break
    os.close(ours)
    assert child.wait(timeout=60) == 0
    return said.decode()


def _size(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))


@pytest.mark.parametrize("columns", [48, 80, 140])
def test_a_terminal_shows_the_run_and_what_is_under_way_and_the_log_nothing(tmp_path, columns):
    log = tmp_path / "log"
    said = _in_a_terminal(columns, log)
    for told in ("✓ X01 areas", "12 of 45", "400 of 4,800", "/s", "left", "✓ X01 images"):
        assert told in said
    assert log.read_bytes() == b""
    assert "\x1b[31m" not in said  # NO_COLOR
    assert said.rstrip().endswith("\x1b[?25h") or said.count("\x1b[?25l") == said.count("\x1b[?25h")
    widest = max(len(line) for line in said.replace("\r", "\n").split("\n") if "\x1b" not in line)
    assert widest <= columns - len("^C"), "the echo of Ctrl-C would begin a line"


def test_what_a_narrower_window_folds_is_erased(tmp_path):
    told = _in_a_terminal(100, tmp_path / "log", narrowed_to=50)
    assert ERASED_ABOVE * 3 in told, "two bars are four lines there"
    assert ERASED_ABOVE * 3 not in _in_a_terminal(100, tmp_path / "log")


def test_a_pipe_gets_a_line_an_asset_with_its_place_in_the_run(tmp_path):
    log = tmp_path / "log"
    options = {"capture_output": True, "text": True, "timeout": 60, "by": programs.Brief}
    done = programs.run([sys.executable, "-c", TOLD, str(log)], **options)
    lines = done.stderr.splitlines()
    assert [line.partition(": made in")[0] for line in lines] == [
        "[12 of 45] X01 areas", "[13 of 45] X01 images",
    ]  # fmt: skip
    assert log.read_bytes() == b""
