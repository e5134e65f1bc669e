"""Other people's text in a terminal: it is shown, and steers nothing."""

import io
import sys

import polars as pl
import pytest
from rich.table import Table

from streetview_assets.cli.command import PlainConsole
from streetview_assets.cli.runs.progress import shown_progress
from streetview_assets.cli.tables import show_frame
from streetview_assets.orchestration.progress import Progress
from streetview_assets.text.visible_text import in_one_line, visible

HOSTILE = (
    "\x1b[31m\x1b]0;owned\x07 [red]x[/] [link=http://x]y[/link] :smile: \x9b2J \u202eab \ud800"
)
SHOWN = r"\x1b[31m\x1b]0;owned\x07 [red]x[/] [link=http://x]y[/link] :smile: \x9b2J \u202eab \ud800"


def test_what_steers_a_terminal_is_shown_as_an_escape():
    assert visible(HOSTILE) == SHOWN
    assert visible("Łódź\n\ttwo 東京 😀") == "Łódź\n\ttwo 東京 😀"
    assert in_one_line("a\nerror: b\tc") == r"a\nerror: b\tc"


def test_lines_and_tables_take_text_as_text(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    console = PlainConsole()
    table = Table(HOSTILE, title=HOSTILE)
    table.add_row(HOSTILE)
    console.print(table)
    console.print(f"of {HOSTILE}", soft_wrap=True)
    said = capsys.readouterr().out
    assert said.count(SHOWN) == 4
    assert not set(said) & set("\x1b\x07\x9b\u202e")


def test_the_answer_to_a_query_steers_nothing(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    name = HOSTILE.removesuffix("\ud800")
    show_frame(pl.DataFrame({name: [name]}))
    show_frame(pl.DataFrame({f"{number} {name}": [name] for number in range(9)}))
    said = capsys.readouterr().out
    assert said.count(SHOWN.removesuffix(r"\ud800")) == 2 + 18
    assert "\x1b" not in said


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_names_authorities_as_they_are(monkeypatch, is_terminal):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return is_terminal

    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with shown_progress() as listener:
        for done in (0, 1):
            listener(Progress("areas", f"{HOSTILE}\nforged", done, 1, is_whole=True))
    assert f"{SHOWN}\\nforged areas" in sys.stderr.getvalue()
    assert "\x1b]0" not in sys.stderr.getvalue()


def test_numbers_within_a_value_have_the_digits_of_those_beside_it(capsys):
    show_frame(pl.DataFrame({"share": [1 / 3], "shares": [[1 / 3, 2 / 3]], "of": [{"a": 1 / 7}]}))
    told = capsys.readouterr().out
    assert "0.333333, 0.666667" in told
    assert "a: 0.142857" in told
    assert "0.3333333" not in told
