"""What every export of a whole study shares: what it wrote, and what to say where nothing is."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from streetview_assets.errors import StudyError
from streetview_assets.files.storage import writing
from streetview_assets.study_state.open_study import OpenStudy

NO_POINTS = "there is nothing to export, since the study has no points yet"


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    path
        The file or folder.
    counts
        What went in, by the word for it.
    said
        What a person should know of it, sentence by sentence.
    """

    path: Path
    counts: dict[str, int]
    said: list[str]

    def __str__(self) -> str:
        """Say in a line what was written."""
        return f"{self.path}: " + ", ".join(f"{n:,} {what}" for what, n in self.counts.items())


@contextmanager
def written_folder(folder: Path) -> Iterator[Path]:
    """Give a folder beside the one that is wanted, which takes its place when the block ends.

    Parameters
    ----------
    folder
        Empty, or not there.

    Raises
    ------
    StudyError
        Where something lies in it.
    StorageError
        Where it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudyError(f"{folder} holds something else already; name an empty or a new folder")
    aside = folder.absolute().with_name(f".{folder.absolute().name}.{uuid4().hex}")
    with writing(folder):
        try:
            aside.mkdir(parents=True)
            yield aside
            if folder.exists():
                folder.rmdir()
            aside.rename(folder.absolute())
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def to_be_run(opened: OpenStudy, what: str, until: str | None = None) -> StudyError:
    """Make the error that says what an export lacks, and which command makes it.

    Parameters
    ----------
    opened
        The study.
    what
        What is lacking, as a clause.
    until
        The stage that makes it; None: the command goes on to the end.
    """
    path = opened.study.path
    stage = f" --until {until}" if until else ""
    return StudyError(f"{path}: {what}. Run it first: streetview run {path}{stage}")
