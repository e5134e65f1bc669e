"""What the end of a run says: each reason once, for all authorities that it is of."""

from streetview_assets.cli.runs.run_end import _told_once
from streetview_assets.orchestration.runs.one_run import Failure

SEASONS = "Captured partly with leaves, partly without: mixed. Of few images one drive decides."


def test_a_check_that_warns_in_several_authorities_is_said_once_and_shortly():
    warnings = [
        Failure("images", code, f"check one_season: {count} offending rows: {SEASONS} First: x", "")
        for code, count in (("A1", "3"), ("A2", "1,204"))
    ]
    warnings.append(Failure("images", "A2", "check dark: 1 offending row: Too dark. First: y", ""))
    assert list(_told_once("Warning", warnings)) == [
        "Warning: images of A1, A2: check one_season: Captured partly with leaves, partly without.",
        "Warning: images of A2: check dark: Too dark.",
    ]


def test_a_failure_is_said_in_full():
    (said,) = _told_once("Failed", [Failure("images", None, "no key: set A. Then run.", "")])
    assert said == "Failed: images: no key: set A. Then run."
