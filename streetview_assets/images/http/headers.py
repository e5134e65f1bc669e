"""Headers of an answer, which may say anything: `Retry-After`, and numbers."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_WHOLE = re.compile("[0-9]{1,15}")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`: seconds, or a date; None where it is neither."""
    value = headers.get("Retry-After", "").strip()
    if (seconds := whole_number(value)) is not None:
        return float(seconds)
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except Exception:  # noqa: BLE001  it has more ways to fail than it says; no date is no wish
        return None


def whole_number(text: str) -> int | None:
    """Read digits; None of anything else, the digits of other alphabets among it."""
    return int(text) if _WHOLE.fullmatch(text) else None
