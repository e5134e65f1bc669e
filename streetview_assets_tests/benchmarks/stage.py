"""What a row of the table of stages measures: one stage, done in up to three ways."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Way = Callable[[Path], Callable[[], Any]]
"""Takes the folder of the stage's input, gets ready, and gives back what is then timed.
What that returns, if it can be called, is called afterwards and says how good the result is."""


@dataclass(frozen=True)
class Stage:
    """One stage, three ways.

    Attributes
    ----------
    name, amount, unit
        What is done, and to how many of what.
    ours, plain, limit
        The platform's way, what anybody would write, and a part of the work that no way can leave
        out; None where there is none.
    plain_is, limit_is
        What those are, in words.
    prepare
        Writes the input into a folder.
    """

    name: str
    amount: int
    unit: str
    ours: Way
    plain: Way
    plain_is: str
    limit: Way | None = None
    limit_is: str = ""
    prepare: Callable[[Path], None] = lambda folder: None
