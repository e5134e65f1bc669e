"""What every command shares: the study that it is given, and how it says what is wrong."""

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from streetview_assets.errors import StreetviewError, StudyError
from streetview_assets.files.storage import refused_below
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.processes import stopping
from streetview_assets.redaction import redacted
from streetview_assets.text.visible_text import in_one_line, visible

if TYPE_CHECKING:
    from streetview_assets.study_state.open_study import OpenStudy

StudyArgument = Annotated[
    Path | None, typer.Argument(help="The study file; default: $STREETVIEW_STUDY, else the demo.")
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        envvar="STREETVIEW_JOBS",
        help="Processes side by side, each for an authority or for assets that read nothing of one "
        "another; default: two, more from 12 cores on.",
    ),
]

_THE_DEMO = "No study file was named, so the demo is meant; name study.yaml for the one here."

NARROW: dict[str, Any] = {"box": SIMPLE_HEAD, "padding": (0, 1, 0, 0), "show_edge": False}
"""How a table of many columns is laid out, so that it has room in 80."""


def says_what_is_wrong(command: Callable[..., Any]) -> Callable[..., Any]:
    """Show a known fault as its message alone, with the exit code that belongs to it."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except stopping.Stopped:
            if not stopping.is_listening():
                raise
            stopping.end()
        except StreetviewError as error:
            PlainConsole(stderr=True).say(redacted(str(error)), style="red")
            raise typer.Exit(2 if isinstance(error, StudyError) else 1) from None
        except Exception as error:
            from streetview_assets.study_state.open_study import data_root

            # Databases of others write too, and each says in its own way what the disk refuses.
            if fault := refused_below(data_root(), error):
                PlainConsole(stderr=True).say(str(fault), style="red")
                raise typer.Exit(1) from error
            raise

    return run


class Commands(typer.Typer):
    """Commands, each of which shows a known fault as its message alone."""

    def command(self, name: str | None = None, **options: Any) -> Callable[..., Any]:
        """Register a command, as Typer does."""
        register = super().command(name, **options)
        return lambda command: register(says_what_is_wrong(command))


def is_study(text: str | None) -> bool:
    """Whether an argument names a study file."""
    return text is not None and Path(text).suffix in (".yaml", ".yml")


def opened_study(study: Path | None) -> "OpenStudy":
    """Open the study of a command, for the processes that it starts too."""
    from streetview_assets.study_state.open_study import open_study, study_path

    opened = open_study(study or study_path())
    here = Path("study.yaml")
    is_left_out = not study and "STREETVIEW_STUDY" not in os.environ and here.is_file()
    if is_left_out and not here.samefile(opened.study.path):
        PlainConsole(stderr=True).say(_THE_DEMO, style="yellow")
    os.environ["STREETVIEW_STUDY"] = str(opened.study.path)
    return opened


def refuse_unknown(opened: "OpenStudy", authorities: Iterable[str] | None) -> None:
    """Refuse authorities that a study has not."""
    unknown = sorted(set(authorities or ()) - set(opened.authorities))
    if not unknown:
        return
    from streetview_assets.areas.columns import did_you_mean, listed

    raise StudyError(
        f"{opened.study.path}: no such authority: {', '.join(unknown)}."
        f"{did_you_mean(unknown[0], opened.authorities)} "
        f"The study has {listed(opened.authorities, 10)}."
    )


def opened_to_read(study: Path | None) -> "OpenStudy":
    """Open a study of which something is shown, and say where that is out of date."""
    from streetview_assets.study_state.outdated import outdated

    opened = opened_study(study)
    if said := outdated(opened, at_a_glance=True):
        PlainConsole(stderr=True).say(in_one_line(said), style="yellow")
    return opened


def write_shown(opened: "OpenStudy", name: str, sheet: bytes) -> Path:
    """Write a sheet that a command shows, a PNG, among the figures of the study.

    Parameters
    ----------
    opened
        The study.
    name
        Of the file, without its ending; safe as a path.
    sheet
        The PNG.
    """
    path = opened.root / "figures" / "shown" / f"{name}.png"
    with written_aside(path) as aside:
        aside.write_bytes(sheet)
    return path


def from_here(path: Path) -> str:
    """Write a path as it can be typed here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def typed_command() -> str:
    """Name the command as it can be typed here: by its path, where no PATH leads to it."""
    if shutil.which("streetview"):
        return "streetview"
    return from_here(Path(sys.executable).with_name("streetview"))


def table_of(
    heads: Iterable[str | Column], rows: Iterable[Iterable[str | Text]], **options: Any
) -> Table:
    """Lay out rows under the heads of their columns; options as those of `rich.table.Table`."""
    table = Table(*heads, title_justify="left", **options)
    for row in rows:
        table.add_row(*row)
    return table


class PlainConsole(Console):
    """A console that takes text as text: `[red]` and `:name:` are not its markup."""

    def __init__(self, *, stderr: bool = False, file: IO[str] | None = None) -> None:
        super().__init__(stderr=stderr, file=file, markup=False, emoji=False)

    def say(self, *lines: str, style: str | None = None, indent: int = 0) -> None:
        """Print lines: in a terminal folded between words, to a pipe as long as they are.

        What has no blank, such as a path, is never broken, so that it can be copied.

        Parameters
        ----------
        lines
            Texts, each of one line or more.
        style
            Of all of them.
        indent
            Columns before what goes on in a new line.
        """
        for text in lines:
            for line in visible(text).splitlines() if self.is_terminal else [text]:
                self.say_as_typed(*self._folded(line, indent), style=style)

    def say_as_typed(self, *lines: str, style: str | None = None) -> None:
        """Print lines as long as they are, such as commands, for a terminal or a pipe to fold."""
        for line in lines:
            self.print(line, style=style, soft_wrap=True)

    def _folded(self, line: str, indent: int) -> list[str]:
        if not self.is_terminal:
            return [line]
        return textwrap.wrap(
            line,
            self.width,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]

    def render_str(self, text: str, **options: Any) -> Text:
        """Show each text, of tables too, with nothing in it that steers."""
        return super().render_str(visible(text), **options)
