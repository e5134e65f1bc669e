"""What images cost by list price; all else that is said of money comes from here."""

from dataclasses import dataclass
from datetime import date

from streetview_assets.errors import StudyError
from streetview_assets.images.providers.registry import provider_class
from streetview_assets.study.images import Images


@dataclass(frozen=True)
class Tier:
    """A price that holds for requests up to a number in a calendar month; None: for all beyond."""

    up_to: int | None
    usd_per_1000: float


@dataclass(frozen=True)
class PriceList:
    """What images of a provider cost, by the number of those asked for in a calendar month.

    Attributes
    ----------
    as_of
        Date of the list. Look at the provider's page before a large order: later lists have a
        free monthly allowance (`images.free_per_month`) in place of a credit.
    tiers
        Prices, those of the first requests first.
    """

    as_of: date
    tiers: tuple[Tier, ...]

    def __str__(self) -> str:
        first, *rest = self.tiers
        said = f"{first.usd_per_1000:.2f} US$ per 1,000 images"
        for last, tier in zip(self.tiers, rest, strict=False):
            said += f", {tier.usd_per_1000:.2f} beyond {last.up_to:,} a month"
        return f"{said} ({self.as_of})"


def is_paid(provider: str) -> bool:
    """Whether images of a provider cost money."""
    return price_list(provider) is not None


def price_list(provider: str) -> PriceList | None:
    """Give what images of a provider cost; None where they cost nothing."""
    return provider_class(provider).prices


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
    prices = price_list(provider)
    if prices is None or nth_this_month <= free_per_month:
        return 0
    tier = next(tier for tier in prices.tiers if tier.up_to is None or nth_this_month <= tier.up_to)
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


def required_budget_usd(images: Images) -> float | None:
    """Give the most that a study may ever spend; None where its images cost nothing.

    Parameters
    ----------
    images
        The study's part ``images``, which names the provider.

    Raises
    ------
    StudyError
        Where they cost money and no budget is set: with what to write where.
    """
    prices = price_list(images.provider)
    if prices is None or images.budget_usd is not None:
        return None if prices is None else images.budget_usd
    raise StudyError(
        f"images.budget_usd is not set. Images of {images.provider} cost money "
        f"({prices.tiers[0].usd_per_1000:.2f} US$ per 1,000 by the list of {prices.as_of}), so the "
        "study says the most that it may ever spend, over all runs. `streetview plan` says what "
        "the rest would cost, from free look-ups alone."
    )
