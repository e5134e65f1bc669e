"""What a person is told of a step that failed: our own words, whatever was raised beneath them."""

from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest

from streetview_assets import errors
from streetview_assets.orchestration.runs.one_run import RunSpec, failure_of

OURS = "its weights cannot be had. Ways out:\n  - a local file\n  - network"


def _chain(*links: Exception) -> Exception:
    for outer, inner in pairwise(links):
        outer.__cause__ = inner
    return links[0]


def _own_errors() -> list[type[errors.StreetviewError]]:
    found = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return [kind for kind in found if issubclass(kind, errors.StreetviewError)]


@pytest.mark.parametrize(
    ("raised", "message", "kind"),
    [
        *(
            pytest.param(
                (kind(OURS), OSError("check your connection"), KeyError("x")),
                OURS,
                kind.__name__,
                id=kind.__name__,
            )
            for kind in _own_errors()
        ),
        pytest.param(
            (errors.EncoderError(OURS), errors.StudyError("a.yaml: encoder"), OSError("gone")),
            OURS,
            "StudyError",
            id="a fault of the study beneath",
        ),
        pytest.param(
            (RuntimeError("in a group"), errors.StudyError(OURS), OSError("gone")),
            OURS,
            "StudyError",
            id="ours within another's",
        ),
        pytest.param(
            (RuntimeError("it failed"), ValueError("since this")),
            "since this",
            "ValueError",
            id="none of ours",
        ),
    ],
)
def test_our_own_error_wins_over_what_caused_it(raised, message, kind):
    @dg.asset
    def areas() -> None:
        raise _chain(*raised)

    result = dg.materialize([areas], raise_on_error=False)
    (event,) = [event for event in result.all_events if event.is_step_failure]
    failure = failure_of(event, RunSpec(Path("a.yaml"), None, ("areas",)))
    assert (failure.asset, failure.message, failure.kind) == ("areas", message, kind)
    beneath = [repr(error).split("(")[0] for error in raised]
    logged = event.step_failure_data.error.to_string()
    assert all(name in logged for name in beneath)
