"""Whether an answer is the image that was asked for."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import TypeVar

from streetview_assets.images.http.answers import Answer, TryAgainError, UnusableError
from streetview_assets.images.quality_metrics import (
    BrokenImageError,
    Pixels,
    WrongSizeError,
    read_pixels,
)

Result = TypeVar("Result")

_THREADS = ThreadPoolExecutor(max(2, cpu_count() or 1), thread_name_prefix="decoding")
"""As many as cores: more of them wait for each other at Python's lock, and for the event loop."""


async def beside_the_loop(function: Callable[..., Result], *arguments: object) -> Result:
    """Do what takes milliseconds of computing in a thread for it, so that the loop goes on."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, function, *arguments)


def decoded(answer: Answer, size_px: Sequence[int] | None = None) -> Pixels:
    """Decode an answer in full; it takes milliseconds, so do it `beside_the_loop`.

    Parameters
    ----------
    answer
        What came, whose body should be a JPEG, PNG or another image that Pillow reads.
    size_px
        Width and height that were asked for; None where any size is good.

    Raises
    ------
    TryAgainError
        Where it is something else (a page that says why not) or only a part: the next may be good.
    UnusableError
        Where it has too many pixels, or not the asked size.
    """
    try:
        return read_pixels(answer.content, size_px)
    except WrongSizeError as error:
        raise UnusableError(str(error)) from None
    except BrokenImageError as error:
        kind = answer.headers.get("Content-Type", "no type").split(";")[0]
        raise TryAgainError(f"no good image ({kind}): {error}") from None
