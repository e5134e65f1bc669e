"""The ledger in the terminal: whether it knows what was bought, and how it learns of it again."""

import typer

from streetview_assets.errors import StudyError
from streetview_assets.images.budget.prices import is_paid
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.purchases import bought_images, check_ledger
from streetview_assets.text.counted import counted


def show_ledger(opened: OpenStudy, *, adopt: bool) -> None:
    """Say what a study has spent, by a ledger that knows all that was bought.

    Parameters
    ----------
    opened
        The study.
    adopt
        Enter what was bought and is not in the ledger: one request an image, at list price. What
        was spent besides (requests that brought nothing) stays unknown.

    Raises
    ------
    StudyError
        Where the study's provider costs nothing.
    LedgerError
        Where the ledger does not know all, and it is not told to adopt it.
    """
    images = opened.study.images
    if not is_paid(images.provider):
        raise StudyError(f"images of {images.provider} cost nothing: there is no ledger to hold")
    if adopt:
        count = opened.ledger.adopt(
            bought_images(opened, opened.authorities), images.provider, images.free_per_month
        )
        typer.echo(f"Entered {counted(count, 'image')} as spent, one request each.")
    check_ledger(opened, opened.authorities)
    budget = "no budget" if images.budget_usd is None else f"{images.budget_usd:,.2f} US$"
    typer.echo(f"{opened.ledger.path}: {opened.ledger.spent_usd():,.2f} US$ spent of {budget}")
