"""A figure as a file: in full for the folder `figures/`, small enough for the metadata of an asset.

Figures are made with `matplotlib.figure.Figure` directly: pyplot keeps global state, which is
neither needed nor safe where several runs share a process.
"""

import io
import textwrap
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFont

from streetview_assets.text.safe_name import safe_name
from streetview_assets.text.visible_text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
else:
    # For annotations: Matplotlib takes longer to load than most commands take.
    Axes = Figure = Any

SYNTHETIC_NOTE = "synthetic images: drawn by a program, not of any real place"
INK, WARNING = "#222222", "#8a1c1c"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
"""Categorical colours that the colour-blind can tell apart (Okabe and Ito, 2008)."""


OF_STUDY = "study"
"""Folder of the figures that are of all authorities."""

PNG_LEVEL = 3
"""Of compression: half the time of the usual 6, for a twentieth more bytes."""

LONGEST_SHARE = 0.85
"""Of the width, or height, that titles and labels may take: they stand off the figure's middle."""

LARGEST_WEBP_PX = 16_383
"""Neither side of a WebP can be longer."""


def figures_folder(root: Path, authority: str | None = None) -> Path:
    """Say where figures lie in a study's folder of data: of an authority, or of the whole study.

    Parameters
    ----------
    root
        The study's folder of data.
    authority
        Code of the authority; None: of all.
    """
    return root / "figures" / (OF_STUDY if authority is None else safe_name(authority))


def new_figure(width_in: float = 7, height_in: float = 5, *, credit: str = "") -> Figure:
    """Make an empty figure, with a line at its foot that names whom its makers owe.

    Parameters
    ----------
    width_in, height_in
        Its size.
    credit
        Whose images or roads are behind it; of synthetic images `SYNTHETIC_NOTE`, which is a
        warning and is printed as one.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    if credit:
        figure.supxlabel(credit, fontsize=8, color=credit_ink(credit))
    return figure


def credit_ink(credit: str) -> str:
    """Give the colour of a credit line: red where it warns of synthetic images."""
    return WARNING if SYNTHETIC_NOTE in credit else INK


def text_font(size_px: int) -> ImageFont.FreeTypeFont:
    """Give the typeface for text on images; Pillow's own has no letter beyond ASCII.

    It has Latin, Greek, Cyrillic and Arabic, in which people's names are written.
    """
    from matplotlib import get_data_path

    return _VisibleFont(str(Path(get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), size_px)


class _VisibleFont(ImageFont.FreeTypeFont):
    """Draws control characters as escapes; Pillow's layout of a line with one fails."""

    def getmask2(self, text: Any, *how: Any, **options: Any) -> Any:
        return super().getmask2(visible(text), *how, **options)

    def getbbox(self, text: Any, *how: Any, **options: Any) -> tuple[float, float, float, float]:
        return super().getbbox(visible(text), *how, **options)

    def getlength(self, text: Any, *how: Any, **options: Any) -> float:
        return super().getlength(visible(text), *how, **options)


def _fit_texts(figure: Figure) -> None:
    """Break titles and labels into lines as long as there is room for, and take no formulas.

    A dollar sign in other people's names would begin a formula, and might not end it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
    renderer = FigureCanvasAgg(figure).get_renderer()
    for text, room_px in _rooms(figure):
        box = text.get_window_extent(renderer)
        length_px = max(box.width, box.height)
        if length_px > room_px:
            lines = text.get_text().split("\n")
            most = max(1, int(max(map(len, lines)) * room_px / length_px))
            text.set_text("\n".join(textwrap.fill(line, most) for line in lines))


def _rooms(figure: Figure) -> Iterator[tuple[Any, float]]:
    """Yield titles and labels of axes with the length that each may have, in dots."""
    width_px, height_px = figure.bbox.size
    for text in figure.texts:
        yield text, LONGEST_SHARE * width_px
    for axes in figure.axes:
        spec = axes.get_subplotspec()
        rows, columns = spec.get_gridspec().get_geometry() if spec else (1, 1)
        across_px = LONGEST_SHARE * width_px / columns
        yield axes.title, across_px
        yield axes.xaxis.label, across_px
        yield axes.yaxis.label, LONGEST_SHARE * height_px / rows


def to_png(figure: Figure, dpi: int = 110) -> bytes:
    """Render a figure as a PNG, with its words as they stand.

    Parameters
    ----------
    figure
        Of matplotlib; it stays open.
    dpi
        Dots an inch.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    _fit_texts(figure)
    before = figure.dpi
    figure.dpi = dpi
    canvas = FigureCanvasAgg(figure)
    # `savefig` draws twice, once for the layout alone. That is needed where a map keeps its shape:
    # only where its size is known is there room for what stands above it.
    layout = figure.get_layout_engine()
    if layout and any(axes.get_aspect() != "auto" for axes in figure.axes):
        layout.execute(figure)
    canvas.draw()
    buffer = io.BytesIO()
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba()))
    drawn.save(buffer, format="PNG", dpi=(dpi, dpi), compress_level=PNG_LEVEL)
    figure.dpi = before
    return buffer.getvalue()


def to_vectors(figure: Figure, kind: str, dpi: int) -> bytes:
    """Render a figure as SVG or PDF: the same figure gives the same bytes, text stays text.

    Parameters
    ----------
    figure
        Of matplotlib; it stays open.
    kind
        `svg` or `pdf`.
    dpi
        Dots an inch of what is drawn as pixels in it: a crowd of dots (`charts.dots`).
    """
    from matplotlib import rc_context

    _fit_texts(figure)
    buffer = io.BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "streetview", "pdf.fonttype": 42}):
        figure.savefig(buffer, format=kind, dpi=dpi, metadata={_DATED[kind]: None})
    return buffer.getvalue()


_DATED = {"svg": "Date", "pdf": "CreationDate"}
"""What a file of each kind would say of when it was written."""


def lead(title: str) -> str:
    """Give a title as what leads a line: with a colon, where there is any title."""
    return f"{title}: " if title else ""


def over(title: str) -> str:
    """Give a title as what stands over a line, where there is any title."""
    return f"{title}\n" if title else ""


def image_png(image: Image.Image, *, is_flat: bool = False) -> bytes:
    """Write an image as a PNG.

    Parameters
    ----------
    image
        A sheet of ours, or a figure that was read again.
    is_flat
        Whether it has few colours, as a chart has. Of photographs no stretch comes twice: not to
        look for any takes two thirds of the time.
    """
    buffer = io.BytesIO()
    strategy = zlib.Z_DEFAULT_STRATEGY if is_flat else zlib.Z_RLE
    image.save(buffer, format="PNG", compress_level=PNG_LEVEL, compress_type=strategy)
    return buffer.getvalue()


def shrink_to_webp(png: bytes, max_bytes: int) -> bytes:
    """Turn a PNG into a WebP of at most `max_bytes` bytes, smaller in size where it has to be.

    A map or a sheet of photographs keeps three times the width that it would have as a PNG.

    Parameters
    ----------
    png
        The bytes of a PNG.
    max_bytes
        Of the WebP.
    """
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.thumbnail((LARGEST_WEBP_PX, LARGEST_WEBP_PX))
    while True:
        buffer = io.BytesIO()
        # A fifth of the bytes less than by the quickest method, in half the time of the usual one.
        image.save(buffer, format="WEBP", quality=75, method=2)
        if buffer.tell() <= max_bytes or max(image.size) == 1:
            return buffer.getvalue()
        # Bytes fall slower than pixels do, by the power of 0.7 or so: this mostly fits at once.
        scale = min(0.93, (max_bytes / buffer.tell()) ** 0.7)
        image = image.resize(
            (max(1, int(image.width * scale)), max(1, int(image.height * scale))),
            Image.Resampling.LANCZOS,
        )
