"""What a provider answered, and what may be said of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Answer:
    """What a provider answered.

    Attributes
    ----------
    status_code
        Of HTTP.
    headers
        By name, whatever its case.
    content
        The body, unpacked.
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes


Reader = Callable[[Answer], Awaitable[Result]]
"""Makes the result of an answer, or raises one of the errors below."""


class TryAgainError(Exception):
    """It may come right.

    Parameters
    ----------
    reason
        Why it is not right yet.
    after_s
        How long the provider asks to wait.
    busy
        Whether the provider says that it was asked too much.
    """

    def __init__(self, reason: str, after_s: float | None = None, *, busy: bool = False) -> None:
        super().__init__(reason)
        self.after_s = after_s
        self.busy = busy


class UnusableError(Exception):
    """It will not come right: an answer that cannot be used; its text is the reason."""


class NotThereError(Exception):
    """The provider says that it has no such thing."""


class NotSentError(Exception):
    """No connection came about: nothing was asked, and nothing is billed."""
