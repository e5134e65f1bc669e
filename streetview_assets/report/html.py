"""Pieces of a page: headings, paragraphs, tables and figures in one file that loads nothing.

Every text goes through `escaped`: names of areas and authorities are others' words.
"""

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from PIL import Image

from streetview_assets.figures import to_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NONE = "–"
DPI = 130
MOST_BYTES = 240_000
"""A figure above this keeps 256 colours, which is a third of the size."""
BROAD = 1.45
"""Width over height of a figure that a phone shows in full size, to be moved sideways."""
TALL = 0.9
"""Width over height below which a figure takes a printed page of its own."""

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1rem 4rem; max-width: 60rem; background: #fff; color: #1c1c1c;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1rem 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; margin: 2.6rem 0 .6rem; padding-top: .6rem; border-top: 2px solid #ddd; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p, li { max-width: 46rem; overflow-wrap: break-word; }
ul { padding-left: 1.2rem; }
a { color: #0b4f85; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; padding: 0; }
code { font-size: .9em; overflow-wrap: anywhere; }
.headline { font-size: 1.15rem; border-left: 5px solid #0072B2; padding: .3rem 0 .3rem .9rem; }
.warning { border: 2px solid #8a1c1c; background: #fdf3f3; color: #5f1010; padding: .6rem .9rem;
  font-weight: 600; max-width: none; }
.quiet { color: #505050; font-size: .92rem; }
dl.facts { display: flex; flex-wrap: wrap; gap: .7rem 1.4rem; margin: 1.2rem 0; }
dl.facts div { border-top: 1px solid #ccc; padding-top: .3rem; flex: 1 1 auto; min-width: 6rem; }
dl.facts dt { color: #505050; font-size: .88rem; }
dl.facts dd { margin: 0; font-size: 1.08rem; font-weight: 600; overflow-wrap: anywhere; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; min-width: min(100%, 36rem);
  font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .4rem; font-weight: 600; }
caption div { position: sticky; left: 0; max-width: min(46rem, 100vw - 2.6rem); }
caption span { font-weight: 400; color: #505050; }
th, td { padding: .28rem .7rem .28rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #e2e2e2; }
thead th { border-bottom: 2px solid #888; vertical-align: bottom; }
th[scope=row] { font-weight: 500; }
td.number, th.number { text-align: right; }
td small { color: #505050; white-space: nowrap; display: block; }
tr.strong th, tr.strong td { font-weight: 700; background: #eef5fa; }
figure { margin: 1.2rem 0; break-inside: avoid; }
figure img { max-width: 100%; height: auto; display: block; }
figcaption { color: #505050; font-size: .92rem; max-width: 46rem; margin-top: .3rem; }
footer { margin-top: 3rem; border-top: 2px solid #ddd; padding-top: .6rem; }
@media (max-width: 30rem) { h1 { font-size: 1.5rem; } body { padding: .6rem .8rem 3rem; }
  table { font-size: .82rem; } th, td { padding-right: .5rem; }
  figure { overflow-x: auto; } figure img.broad { max-width: none; width: 40rem; } }
@media print { html { font-size: 10pt; } body { max-width: none; padding: 0; }
  nav { display: none; } figure img { max-height: 13cm; width: auto; }
  figure img.tall { max-height: 23cm; }
  .wide { overflow: visible; } caption div { max-width: none; } table { font-size: 8pt; }
  tr, h2, h3 { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; } thead { display: table-header-group; } }
"""


@dataclass(frozen=True)
class Section:
    """A chapter of the page: its anchor, its heading and its HTML."""

    anchor: str
    heading: str
    html: str


@dataclass(frozen=True)
class Cell:
    """A cell of a table: a number as it is shown, with what belongs below it in small."""

    text: str
    small: str = ""


Row = Sequence[Cell | str | int | None]
"""A row of a table: texts, counts and cells; None where there is nothing."""


def escaped(text: object) -> str:
    """Make any text safe between tags and in attributes."""
    return escape(str(text), quote=True)


def paragraph(text: str, kind: str = "") -> str:
    """Make a paragraph of plain text; `kind` is `headline`, `warning` or `quiet`."""
    marked = f' class="{kind}"' if kind else ""
    return f"<p{marked}>{escaped(text)}</p>\n"


def heading(text: str) -> str:
    """Make a heading inside a section."""
    return f"<h3>{escaped(text)}</h3>\n"


def listed(texts: Iterable[str]) -> str:
    """Make a list of plain texts; nothing of none."""
    items = "".join(f"<li>{escaped(text)}</li>\n" for text in texts)
    return f"<ul>\n{items}</ul>\n" if items else ""


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Make a row of names with their values."""
    items = "".join(
        f"<div><dt>{escaped(name)}</dt><dd>{escaped(value)}</dd></div>\n" for name, value in pairs
    )
    return f'<dl class="facts">\n{items}</dl>\n'


def table(
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    note: str = "",
    strong: frozenset[str] = frozenset(),
) -> str:
    """Make a table whose first column names the rows.

    Parameters
    ----------
    caption, note
        What it shows; the note follows the caption in a lighter face.
    columns
        Headings.
    rows
        A text, a `Cell` or a count for each column; None is shown as a dash.
    strong
        Names of rows that are marked.
    """
    numeric = [
        any(isinstance(row[place], (Cell, int)) for row in rows) for place in range(len(columns))
    ]
    head = "".join(
        f'<th scope="col"{_number(place > 0 and numeric[place])}>{escaped(name)}</th>'
        for place, name in enumerate(columns)
    )
    body = "".join(_row(row, numeric, strong) for row in rows)
    after = f" <span>{escaped(note)}</span>" if note else ""
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escaped(caption)}">\n<table>\n'
        f"<caption><div>{escaped(caption)}{after}</div></caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )


def _row(row: Row, numeric: Sequence[bool], strong: frozenset[str]) -> str:
    marked = ' class="strong"' if row[0] in strong else ""
    cells = "".join(
        f"<td{_number(numeric[place])}>{_shown(value)}</td>"
        for place, value in enumerate(row)
        if place
    )
    return f'<tr{marked}><th scope="row">{_shown(row[0])}</th>{cells}</tr>\n'


def _number(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _shown(value: Cell | str | int | None) -> str:
    if isinstance(value, Cell):
        small = f"<small>{escaped(value.small)}</small>" if value.small else ""
        return escaped(value.text) + small
    if isinstance(value, int):
        return f"{value:,}"
    return NONE if value is None else escaped(value)


def number(value: float | None, digits: int = 2) -> Cell:
    """Give a number as a cell; a dash where there is none."""
    return Cell(NONE if value is None else rounded(value, digits))


def rounded(value: float, digits: int = 2) -> str:
    """Write a number with so many decimals; with fewer from a hundred, without from a thousand."""
    size = abs(value)
    kept = 0 if size >= 1000 else min(digits, 1) if size >= 100 else digits
    return minus(f"{value:,.{kept}f}")


def percent(value: float | None) -> Cell:
    """Give a share of 0 to 1 as a cell."""
    return Cell(NONE if value is None else f"{value:.0%}")


def minus(text: str) -> str:
    """Write a minus as a minus; nothing that rounds to nought has one."""
    if text.startswith("-"):
        return text[1:] if not text.strip("-0.,") else f"−{text[1:]}"
    return text


def chart(figure: "Figure", alt: str, caption: str) -> str:
    """Draw a figure of our own into the page.

    Parameters
    ----------
    figure
        Of matplotlib.
    alt
        What stands for it where it is not seen.
    caption
        The line below it.
    """
    drawn = Image.open(io.BytesIO(to_png(figure, DPI))).convert("RGB")
    width, height = drawn.size
    shown = (round(width * 96 / DPI), round(height * 96 / DPI))
    return image(flat_png(drawn), "image/png", shown, alt, caption)


def flat_png(drawn: Image.Image) -> bytes:
    """Write an image of few colours as a PNG; a large one keeps 256 of them."""
    small = io.BytesIO()
    drawn.save(small, format="PNG", optimize=True)
    if small.tell() > MOST_BYTES:
        few = drawn.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        small = io.BytesIO()
        few.save(small, format="PNG", optimize=True)
    return small.getvalue()


def image(content: bytes, media_type: str, size_px: tuple[int, int], alt: str, caption: str) -> str:
    """Put an image into the page, with the words that stand for it where it is not seen.

    Parameters
    ----------
    content
        The bytes of a file that browsers show.
    media_type
        Such as `image/png`.
    size_px
        Width and height as shown, in CSS pixels.
    alt
        What stands for it where it is not seen.
    caption
        The line below it.
    """
    data = base64.b64encode(content).decode()
    shape = size_px[0] / size_px[1]
    marked = ' class="broad"' if shape > BROAD else ' class="tall"' if shape < TALL else ""
    return (
        f'<figure>\n<img{marked} src="data:{media_type};base64,{data}" width="{size_px[0]}" '
        f'height="{size_px[1]}" alt="{escaped(alt)}">\n'
        f"<figcaption>{escaped(caption)}</figcaption>\n</figure>\n"
    )


def page(title: str, opening: str, sections: Sequence[Section], closing: str) -> str:
    """Put a page together.

    Parameters
    ----------
    title
        Plain text.
    opening, closing
        HTML above and below the chapters.
    sections
        The chapters, in their order.
    """
    links = "".join(
        f'<li><a href="#{one.anchor}">{escaped(one.heading)}</a></li>\n' for one in sections
    )
    body = "".join(
        f'<section id="{one.anchor}">\n<h2>{escaped(one.heading)}</h2>\n{one.html}</section>\n'
        for one in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{escaped(title)}</h1>\n{opening}</header>\n"
        f'<nav aria-label="Chapters">\n<ul>\n{links}</ul>\n</nav>\n<main>\n{body}</main>\n'
        f"<footer>\n{closing}</footer>\n</body>\n</html>\n"
    )
