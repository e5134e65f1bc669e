"""List prices of imagery, with their date; all else that is said of money comes from here."""

from dataclasses import dataclass
from datetime import date

AS_OF = date(2025, 2, 28)
"""Date of the lists that these prices were taken from. Look at the provider's page before a large
order: later lists have a free monthly allowance (`images.free_per_month`) in place of a credit."""


@dataclass(frozen=True)
class Tier:
    """A price that holds for requests up to a number in a calendar month; None: for all beyond."""

    up_to: int | None
    usd_per_1000: float


PRICES: dict[str, tuple[Tier, ...]] = {
    # Street View Static API, SKU "Static Street View", pay as you go. Beyond 500,000 a month the
    # price is a matter of contract; the list's last one stands for it.
    "google": (Tier(100_000, 7.00), Tier(None, 5.60)),
}
"""By provider; one that is not here costs nothing."""


def is_paid(provider: str) -> bool:
    """Whether images of a provider cost money."""
    return provider in PRICES


def price_microusd(provider: str, nth_this_month: int, free_per_month: int = 0) -> int:
    """Price the n-th image request of a calendar month, in millionths of a US dollar.

    Parameters
    ----------
    provider
        Name of the provider; of one that is not paid every request costs 0.
    nth_this_month
        From 1.
    free_per_month
        The first so many cost nothing.
    """
    if not is_paid(provider) or nth_this_month <= free_per_month:
        return 0
    tier = next(
        tier for tier in PRICES[provider] if tier.up_to is None or nth_this_month <= tier.up_to
    )
    return round(tier.usd_per_1000 * 1000)


def price_of_next_usd(
    provider: str, request_count: int, asked_this_month: int, free_per_month: int = 0
) -> float:
    """Price so many requests that follow on those of this month, in US dollars.

    Parameters
    ----------
    provider
        Name of the provider.
    request_count
        Requests to come.
    asked_this_month
        Requests of this calendar month that were sent before.
    free_per_month
        The first so many of a month cost nothing.
    """
    first = asked_this_month + 1
    prices = (
        price_microusd(provider, nth, free_per_month) for nth in range(first, first + request_count)
    )
    return sum(prices) / 1_000_000


def without_budget(provider: str) -> str:
    """Say why a paid provider does not start, and what to write where."""
    usd = PRICES[provider][0].usd_per_1000
    return (
        f"images.budget_usd is not set. Images of {provider} cost money "
        f"({usd:.2f} US$ per 1,000 by the list of {AS_OF}), so the study says the most that it may "
        "ever spend, over all runs. `streetview plan` says what the rest would cost, from free "
        "look-ups alone."
    )
