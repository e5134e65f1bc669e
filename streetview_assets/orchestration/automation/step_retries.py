"""What Dagster tries again by itself: what may come right, and nothing that costs money in vain.

A step is tried again where a service did not answer and nothing was paid for it, which the class
of the error says; whatever else fails will fail again. A run is tried again where its process was
lost (`run_retries` of `dagster.yaml`), unless it has begun to buy: what was under way then may have
been billed. Runs of the command are not: somebody is there, who is told to run it again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from streetview_assets.errors import UnavailableError
from streetview_assets.images.budget.prices import is_paid
from streetview_assets.study.study_file import Study

PAUSES_S = (60.0, 600.0)
"""Before each further attempt: the client of a provider has been patient for a minute before."""

NOT_AGAIN = {"dagster/max_retries": "0"}
"""Tag of a run that Dagster does not start again, and whose steps are tried once."""


@contextmanager
def tried_again(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Have Dagster try the step again where a service did not answer in the block.

    Parameters
    ----------
    context
        Of the step.

    Raises
    ------
    dagster.RetryRequested
        In place of an `UnavailableError`; when patience has ended, the step fails by that.
    """
    try:
        yield
    except UnavailableError as error:
        if NOT_AGAIN.items() <= context.run.tags.items():
            raise
        pause_s = PAUSES_S[min(context.retry_number, len(PAUSES_S) - 1)]
        raise dg.RetryRequested(max_retries=len(PAUSES_S), seconds_to_wait=pause_s) from error


def let_run_once(context: dg.AssetExecutionContext, asset: str, study: Study) -> None:
    """Note that a run is about to buy: when its process is lost, a person decides.

    Parameters
    ----------
    context
        Of the step.
    asset
        What it makes.
    study
        The study, which says where its images come from.
    """
    if asset == "images" and is_paid(study.images.provider):
        context.instance.add_run_tags(context.run.run_id, NOT_AGAIN)
