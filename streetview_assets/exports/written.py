"""What every export of a whole study shares: what it wrote, and what to say where nothing is."""

from dataclasses import dataclass
from pathlib import Path

from streetview_assets.errors import StudyError
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
