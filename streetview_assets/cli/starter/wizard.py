"""What `init` asks at a terminal; an answer of which no study file can be made is asked again."""

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from streetview_assets.cli.command import PlainConsole
from streetview_assets.cli.starter.study_text import Wanted, study_text
from streetview_assets.errors import StudyError
from streetview_assets.images.providers.registry import PROVIDERS
from streetview_assets.processes.stopping import as_keyboard_interrupt


@dataclass(frozen=True)
class _Question:
    """A question, what an empty answer means, and what an answer adds to what is wanted.

    One whose `key` was given as an option is not asked.
    """

    key: str
    text: str
    without: str
    put: Callable[[Wanted, str], Wanted]


QUESTIONS = (
    _Question(
        "areas",
        "File of the areas (boundaries)",
        "",
        lambda wanted, told: replace(wanted, areas=_file(told)),
    ),
    _Question(
        "lookup",
        "Table of areas and their authorities",
        "the areas file says it",
        lambda wanted, told: replace(wanted, lookup=_file(told)),
    ),
    _Question(
        "authorities",
        "Codes of the authorities to study, with blanks between",
        "all",
        lambda wanted, told: replace(wanted, authorities=tuple(told.replace(",", " ").split())),
    ),
    _Question(
        "roads",
        "File of the roads",
        "OpenStreetMap is asked for them",
        lambda wanted, told: replace(wanted, roads=_file(told)),
    ),
    _Question(
        "targets",
        "Table of values by area, to be predicted",
        "later",
        lambda wanted, told: replace(wanted, targets=(_file(told),)),
    ),
    _Question(
        "provider",
        f"Who has the images: {', '.join(PROVIDERS)}",
        "a program draws them",
        lambda wanted, told: replace(wanted, provider=told),
    ),
)


def asked(wanted: Wanted, folder: Path) -> Wanted:
    """Ask for what was not given, one question after the other.

    Parameters
    ----------
    wanted
        What the command was given.
    folder
        In which the study file will lie.

    Raises
    ------
    typer.Exit
        Where the input ends, or Ctrl-C is pressed; nothing is written then.
    """
    try:
        with as_keyboard_interrupt():
            for question in QUESTIONS:
                if not getattr(wanted, question.key):
                    wanted = _answered(question, wanted, folder)
    except typer.Abort as abort:
        PlainConsole().say("\nNothing was written.")
        is_ctrl_c = isinstance(abort.__context__, KeyboardInterrupt)
        raise typer.Exit(128 + signal.SIGINT if is_ctrl_c else 1) from None
    except KeyboardInterrupt:
        PlainConsole().say("\nNothing was written.")
        raise typer.Exit(128 + signal.SIGINT) from None
    return wanted


def _answered(question: _Question, wanted: Wanted, folder: Path) -> Wanted:
    console = PlainConsole()
    hint = f" (Enter: {question.without})" if question.without else ""
    console.say(f"{question.text}{hint}")
    while True:
        told = typer.prompt("", prompt_suffix="> ", default="", show_default=False).strip()
        if not told and question.without:
            return wanted
        try:
            made = question.put(wanted, told)
            study_text(made, folder)
            return made
        except StudyError as error:
            console.say(str(error), style="yellow")


def _file(told: str) -> Path:
    """Read a path as terminals paste it: in quotes, or with `~` for the home."""
    path = Path(told.strip("'\"")).expanduser()
    if not told:
        raise StudyError("A study needs this file.")
    if not path.is_file():
        beside = "" if path.is_absolute() else f" in {Path.cwd()}"
        raise StudyError(f"There is no file {path}{beside}.")
    return path
