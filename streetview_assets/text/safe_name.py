"""Any text as the name of one file or folder: safe, told apart from all others, readable.

Codes and names come from other people's files: one may hold a slash, be `..`, or be longer than
the name of a file can be. What a study writes under such a text it writes under its `safe_name`.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

LONGEST_BYTES = 120
"""File systems take 255, of which an ending, and the name of the file aside, need some."""

_MARK = "%-"
"""Comes of no percent-encoding: stands for an empty text, and before the digest of a long one."""
_DIGEST_DIGITS = 32
_UNSAFE = (
    r"[^\w .-]"  # separates, quotes, expands, escapes or steers
    r"|^[ .]|[ .]\Z"  # hides a file, or is dropped from the end of its name
    r"|(?<=\.)\."  # leads up, or is read as a range
    r"|^(?=(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z))."  # a device of Windows
    r"|^(?=(?:study|shown)\Z)."  # a folder beside those of authorities
)
_UNSAFE_IN_TEXT = re.compile(_UNSAFE, re.IGNORECASE)
_UNSAFE_IN_ASCII = re.compile(_UNSAFE, re.IGNORECASE | re.ASCII)


def safe_name(text: str) -> str:
    """Turn a text into the name of one file or folder; Dagster takes it as a partition key, too.

    Letters, digits, `_`, `-`, and dots and spaces between them stay. All else is percent-encoded,
    so that `urllib.parse.unquote` gives the text back. Different texts get different names; a name
    longer than 120 bytes is cut and ends in a digest of its text.

    Parameters
    ----------
    text
        Anything: empty, with line breaks or NUL, with half of a surrogate pair.

    Returns
    -------
    str
        Never hidden, never a device of Windows, and the same on every machine.
    """
    # Some file systems hold letters for equal that are composed differently: one way stays as is.
    is_composed = unicodedata.is_normalized("NFC", text)
    unsafe = _UNSAFE_IN_TEXT if is_composed else _UNSAFE_IN_ASCII
    name = unsafe.sub(_percent_encoded, text) or _MARK
    if len(name.encode()) <= LONGEST_BYTES:
        return name
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_DIGITS]
    room = LONGEST_BYTES - len(_MARK) - _DIGEST_DIGITS
    return name.encode()[:room].decode(errors="ignore") + _MARK + digest


def _percent_encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))


def told_apart_by_case(texts: Iterable[str]) -> tuple[str, ...]:
    """Give the first texts whose names are one to a file system that ignores case; else none."""
    seen: dict[str, list[str]] = {}
    for text in texts:
        seen.setdefault(safe_name(text).casefold(), []).append(text)
    return next((tuple(alike) for alike in seen.values() if len(alike) > 1), ())


def ignores_case(folder: Path) -> bool:
    """Whether the file system of a folder, or of the nearest one above it, ignores case."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    other = there.with_name(there.name.swapcase()) if there.name else there
    return other.name != there.name and other.exists() and other.samefile(there)
