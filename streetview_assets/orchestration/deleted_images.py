"""Images whose pixels were deleted on purpose: who wants to encode them now is told the price."""

import polars as pl

from streetview_assets.errors import EncoderError
from streetview_assets.images.budget.prices import is_paid, price_of_next_usd
from streetview_assets.images.retention import without_pixels
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.text.counted import counted


def refuse_deleted(work: AssetContext, images: pl.DataFrame, encoder: str) -> None:
    """Refuse to encode images of which nothing but the row is left.

    Parameters
    ----------
    work
        The asset's partition, which knows what was deleted on purpose.
    images
        Rows of the table ``images`` that are to be encoded now.
    encoder
        Slug of the encoder that has no vectors of them yet.

    Raises
    ------
    EncoderError
        How many they are, and what fetching them again costs.
    """
    gone = without_pixels(images, work.deleted_images, work.opened.root)
    if gone.is_empty():
        return
    have = "has" if gone.height == 1 else "have"
    raise EncoderError(
        f"{gone.height:,} of {counted(images.height, 'image')} of {work.authority} that {encoder} "
        f"is to encode {have} no pixels any more: images.keep_images is false, so they were "
        f"deleted after the encoders of that time had run. {_way_back(work, gone.height)} Vectors "
        "that are there are kept: go back to the encoder that made them, and nothing is fetched."
    )


def _way_back(work: AssetContext, count: int) -> str:
    """Say how the pixels can be had again, and what that costs by list price."""
    images = work.study.images
    if not is_paid(images.provider):
        return (
            f"To have them again costs no money: set `images.keep_images: true`, and "
            f"{images.provider} gives them at the next run."
        )
    ledger = work.ledger
    asked_count = ledger.asked_this_month(images.provider)
    price_usd = price_of_next_usd(images.provider, count, asked_count, images.free_per_month)
    budget_usd = ledger.spent_usd() + price_usd
    return (
        f"Fetching them again costs {price_usd:,.2f} US$ by list price: set "
        f"`images.keep_images: true` and an images.budget_usd of at least {budget_usd:,.2f} (what "
        "is spent so far counts), then run again."
    )
