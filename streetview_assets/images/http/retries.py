"""How long a provider is asked again: so often, with such pauses, and less where it may bill."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from streetview_assets.images.budget.reservations import Outcome
from streetview_assets.images.http.answers import Answer

ATTEMPTS = 6
PAID_ATTEMPTS = 3
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 20.0
LONGEST_RETRY_AFTER_S = 120.0
"""A provider that asks for more patience has no service to give now."""


@dataclass
class Order:
    """One thing that is asked for, as often as it takes.

    Attributes
    ----------
    url
        Where to ask.
    most_bytes
        Longer answers are refused.
    headers
        Sent beside the client's own.
    pay_for
        Id of the image that the request pays for; None where it costs nothing.
    says
        See `Client.ask`.
    most_attempts
        Requests until patience ends.
    attempts
        Requests so far.
    billed
        Those of them that the provider may bill, whatever became of them: all that left for a
        thing that is paid for, unless the answer was a refusal.
    """

    url: httpx.URL
    most_bytes: int
    headers: Mapping[str, str] | None
    pay_for: str | None
    says: Callable[[Answer], None] | None
    most_attempts: int = ATTEMPTS
    attempts: int = 0
    billed: int = 0

    @property
    def is_given_up(self) -> bool:
        """Whether patience has ended: sooner where each attempt may cost."""
        return self.attempts >= self.most_attempts or self.billed >= PAID_ATTEMPTS


def outcome_of(status_code: int) -> Outcome:
    """Count a request as spent, unless the provider has answered that it gave nothing."""
    return "not_charged" if 400 <= status_code < 500 else "charged"


def pause_s(attempts: int, after_s: float | None) -> float:
    """Wait as long as the provider asks; else twice as long each time, with full jitter.

    Parameters
    ----------
    attempts
        Requests so far, at least 1.
    after_s
        How long the provider asks to wait; None where it says nothing.
    """
    grown_s: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (attempts - 1))
    # Seconds, not results: nothing that is made depends on this chance.
    jitter_s = random.uniform(0.5, 1) * grown_s
    if after_s is not None:
        return min(after_s, LONGEST_RETRY_AFTER_S) + 0.1 * jitter_s
    return jitter_s
