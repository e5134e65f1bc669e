"""Other people's text for a terminal, a log or an image: it is shown, and steers nothing."""

import re

_STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Controls, line separators and marks of direction; line feeds and tabs stay."""
_HALVES = re.compile("[\ud800-\udfff]")

LONGEST_LABEL = 30
"""Letters of somebody's name in a figure."""


def visible(text: str) -> str:
    r"""Write what would steer a terminal as an escape, `\x1b`; so too halves of characters."""
    return _HALVES.sub(_escaped, _STEERS.sub(_escaped, text))


def in_one_line(text: str) -> str:
    r"""Write line feeds and tabs as escapes too, so that a name makes no line of its own."""
    return visible(text.replace("\n", r"\n").replace("\t", r"\t"))


def shortened(name: str, letters: int = LONGEST_LABEL) -> str:
    """Give a name with so many letters at most, the last a mark of what is left out."""
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
