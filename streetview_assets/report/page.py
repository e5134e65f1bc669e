"""Templates to a page in one file that loads nothing.

Jinja escapes whatever a template is given: names of areas and authorities are others' words.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from streetview_assets.report.cells import rounded, shown_table
from streetview_assets.text.counted import counted

BROAD = 1.45
"""Width over height of a figure that takes the whole width of a printed page."""
PHONE_PX = 480
"""Width of a figure whose letters can still be read where it is as wide as a phone."""
TALL = 0.9
"""Width over height below which a figure takes a printed page of its own."""
_QUOTED = re.compile(r"`([^`]+)`")
_WITHIN_A_SENTENCE = re.compile(r"(?<!>)\s*\n\s*(?!<)")


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"shown_table": shown_table, "BROAD": BROAD, "TALL": TALL, "PHONE_PX": PHONE_PX}
    made.filters |= {
        "counted": counted,
        "thousands": "{:,}".format,
        "percent": "{:.0%}".format,
        "rounded": rounded,
        "coded": coded,
    }
    return made


def coded(text: str) -> Markup:
    """Set what stands between back quotes as code.

    Parameters
    ----------
    text
        Others' words, which are escaped; or what is on the page already.
    """
    return Markup(_QUOTED.sub(r"<code>\1</code>", str(escape(text))))


def rendered(template: str, **values: Any) -> Markup:
    """Fill in a template; a sentence that is broken over its lines becomes one line.

    Parameters
    ----------
    template
        Name of its file.
    **values
        What it is given; all that is no `Markup` stands on the page as text.
    """
    html = _templates().get_template(template).render(values)
    return Markup(_WITHIN_A_SENTENCE.sub(" ", html))
