"""Why a step failed, in the words that are meant for people."""

import re
from typing import NamedTuple

import dagster as dg

from streetview_assets import errors
from streetview_assets.redaction import redacted


class FailureReason(NamedTuple):
    """Why an asset was not made.

    Attributes
    ----------
    asset
        Its name.
    message
        What is wrong, without secrets.
    kind
        Name of the error; `StudyError` where one is among those that led to it.
    """

    asset: str
    message: str
    kind: str


def failure_reason(event: dg.DagsterEvent) -> FailureReason:
    """Say why a step failed: our own error, else the one that started it.

    What lies behind an error of ours is in Dagster's log of the run.

    Parameters
    ----------
    event
        The failure of the step.
    """
    chain = []
    error = event.step_failure_data.error
    while error is not None:
        chain.append(error)
        error = error.cause
    ours = {kind.__name__ for kind in _errors_of(errors.StreetviewError)}
    found = next((error for error in chain if error.cls_name in ours), chain[-1] if chain else None)
    message = found.message.strip() if found else "no reason was given"
    kind = (found.cls_name or "") if found else ""
    asset = (event.step_key or "").replace("__", "/")
    plain = re.sub(rf"^([\w.]+\.)?{re.escape(kind)}: ", "", message)
    of_study = any(error.cls_name == errors.StudyError.__name__ for error in chain)
    return FailureReason(asset, redacted(plain), errors.StudyError.__name__ if of_study else kind)


def _errors_of(kind: type[Exception]) -> set[type[Exception]]:
    return {kind}.union(*(_errors_of(one) for one in kind.__subclasses__()))
