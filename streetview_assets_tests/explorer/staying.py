"""What is dear to open, and is opened once for tests of many files."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any


class Staying:
    """What is entered once and stays until there is no more need of it."""

    def __init__(self) -> None:
        self._all = ExitStack()
        self._entered: dict[Any, Any] = {}

    def once(self, enter: Callable[..., AbstractContextManager[Any]], *told: Any) -> Any:
        """Enter a context, unless it is entered, and give what it gives."""
        if enter not in self._entered:
            self._entered[enter] = self._all.enter_context(enter(*told))
        return self._entered[enter]

    def end(self) -> None:
        """Leave all, the last first."""
        self._entered.clear()
        self._all.close()
