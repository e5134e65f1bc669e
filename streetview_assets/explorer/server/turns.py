"""So much at a time: what is sent, and who waits for an answer, take a bounded part of memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.exceptions import HTTPException
from starlette.requests import Request

PATIENCE_S = 30.0
"""How long the sending of a body may take."""


class Turns:
    """One question after another; a few wait, and who comes then is told to come again."""

    def __init__(self, waiting: int) -> None:
        """Let `waiting` questions wait for the one that is answered."""
        self._free = waiting + 1
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[asyncio.Lock]:
        """Take a place among those who wait; what is given is the turn itself, to be held.

        Raises
        ------
        HTTPException
            Where all places are taken.
        """
        if not self._free:
            raise HTTPException(503, "too many ask at once; try again", {"Retry-After": "2"})
        self._free -= 1
        try:
            yield self._turn
        finally:
            self._free += 1


async def body_of(request: Request, most_bytes: int) -> bytes:
    """Read what was sent, as far as it is bounded.

    Parameters
    ----------
    request
        What sends it.
    most_bytes
        More is refused: at once where its length is told, else as soon as it is more.

    Raises
    ------
    HTTPException
        Where it is more, or takes too long.
    """
    too_much = HTTPException(413, f"at most {most_bytes / 1e6:g} MB are taken")
    told = request.headers.get("content-length", "0")
    if not told.isdecimal() or int(told) > most_bytes:
        raise too_much
    parts, size = [], 0
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for part in request.stream():
                size += len(part)
                if size > most_bytes:
                    raise too_much
                parts.append(part)
    except TimeoutError:
        raise HTTPException(408, "what was sent took too long") from None
    return b"".join(parts)
