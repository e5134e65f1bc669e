"""What of an answer is read before anybody asks what it means: how long to wait, and its body.

Headers may say anything; the body is read to its end, unless it is a redirect or grows too long.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

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


class AnsweredError(Exception):
    """An answer that is not worth reading to its end."""

    def __init__(self, status_code: int, reason: str) -> None:
        super().__init__(reason)
        self.status_code = status_code


async def body_of(response: httpx.Response, most_bytes: int) -> bytes:
    """Read the body of an answer.

    Parameters
    ----------
    response
        Of which only the head has been read.
    most_bytes
        Longer bodies are refused as they come in, unpacked.

    Raises
    ------
    AnsweredError
        Where it is a redirect, or longer than `most_bytes`.
    httpx.TransportError, httpx.DecodingError
        Where the connection ends before it does.
    """
    if response.is_redirect:
        target = _host(response.headers.get("Location", "")) or "the same host"
        raise AnsweredError(response.status_code, f"a redirect to {target} was refused")
    too_long = f"an answer of more than {most_bytes / 1e6:.0f} MB was refused"
    announced = whole_number(response.headers.get("Content-Length", ""))
    if announced is not None and announced > most_bytes:
        raise AnsweredError(response.status_code, too_long)
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > most_bytes:
            raise AnsweredError(response.status_code, too_long)
    return bytes(content)


def _host(address: str) -> str:
    try:
        return httpx.URL(address).host
    except httpx.InvalidURL:
        return "no address"
