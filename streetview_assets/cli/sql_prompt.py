"""A prompt for questions to the published database, one after the other."""

import sys
from collections.abc import Iterator
from pathlib import Path

from streetview_assets.cli.command import PlainConsole
from streetview_assets.cli.describe import describe_table, describe_tables
from streetview_assets.cli.tables import show_frame
from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading
from streetview_assets.processes import stopping
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.visible_text import in_one_line

HELP = (
    r"A select ends with `;`. \d lists the tables, \d TABLE its columns, .read FILE asks what a "
    r"file asks, \q ends. Tab completes."
)
DISCARD = "\x03"
"""Ctrl-C: what has been typed of a question counts no more."""
NAMES = (
    "select table_name as name from duckdb_tables() where database_name = 'streetview' "
    "union select column_name from duckdb_columns() where database_name = 'streetview'"
)
KEYWORDS = ("select", "from", "where", "group by", "order by", "limit", "join", "using", "count(*)")


def ask_in_turn(opened: OpenStudy) -> None:
    """Answer questions until there are no more: typed at a prompt, or those of a file or pipe.

    Parameters
    ----------
    opened
        A study with a published database.

    Raises
    ------
    StudyError
        Where a question of a file or pipe is refused; at a prompt it is told, and the next asked.
    """
    console = PlainConsole()
    if not sys.stdin.isatty():
        for question in _questions(iter(sys.stdin)):
            _answer(opened, question)
        return
    _complete([*opened.sql(NAMES)["name"], *KEYWORDS])
    console.say(HELP)
    for question in _questions(_typed()):
        if question == r"\q":
            return
        try:
            _answer(opened, question)
        except StudyError as error:
            console.say(str(error), style="red")


def _questions(lines: Iterator[str]) -> Iterator[str]:
    """Put lines together to questions, each of which ends with a semicolon or is a command."""
    begun: list[str] = []
    for line in lines:
        if line == DISCARD:
            begun = []
            continue
        text = line.strip()
        if not begun and text.startswith(("\\", ".")):
            yield text
            continue
        begun += [line.rstrip("\n")] if text else []
        if text.endswith(";"):
            yield "\n".join(begun).strip().removesuffix(";")
            begun = []
    if begun:
        yield "\n".join(begun)


def _typed() -> Iterator[str]:
    prompt = "streetview> "
    while True:
        try:
            with stopping.as_keyboard_interrupt():
                line = input(prompt)
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            line = DISCARD
        yield line
        if line == DISCARD:
            prompt = "streetview> "
            continue
        ended = not line.strip() or line.strip().endswith(";") or line.startswith(("\\", "."))
        prompt = "streetview> " if ended else "        ... "


def _lines(path: Path) -> list[str]:
    with reading(str(path), "a file of questions", "Name a file of selects."):
        return path.expanduser().read_text(encoding="utf-8").splitlines()


def _comments(question: str) -> list[str]:
    return [line.lstrip("- ") for line in question.splitlines() if line.startswith("--")]


def _answer(opened: OpenStudy, question: str) -> None:
    console = PlainConsole()
    command, _, name = question.partition(" ")
    if command == r"\d" and name.strip():
        describe_table(opened, name.strip().removesuffix(";"))
    elif command == r"\d":
        describe_tables(opened)
    elif command == ".read":
        for one in _questions(iter(_lines(Path(name.strip())))):
            console.say(*_comments(one), style="bold")
            _answer(opened, one)
    elif command.startswith(("\\", ".")):
        raise StudyError(in_one_line(f"no command {command!r}. {HELP}"))
    else:
        show_frame(opened.sql(question))


def _complete(names: list[str]) -> None:
    """Let the terminal complete names, where Python was built with a library for it."""
    try:
        import readline
    except ImportError:
        return

    def complete(begun: str, number: int) -> str | None:
        found = [name for name in names if name.startswith(begun)]
        return found[number] if number < len(found) else None

    readline.set_completer(complete)
    readline.parse_and_bind("tab: complete")
