"""Whether an answer is the picture that was asked for."""

from collections.abc import Sequence

from streetview_assets.images.client import Answer, TryAgainError, UnusableError
from streetview_assets.images.pixels import BrokenPictureError, Pixels, WrongSizeError, read_pixels


def decoded(answer: Answer, size_px: Sequence[int] | None = None) -> Pixels:
    """Decode an answer in full; it takes milliseconds, so call it in a thread.

    Parameters
    ----------
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
    except BrokenPictureError as error:
        kind = answer.headers.get("Content-Type", "no type").split(";")[0]
        raise TryAgainError(f"no good picture ({kind}): {error}", paid=True) from None
