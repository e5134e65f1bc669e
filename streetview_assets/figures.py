"""A figure as a PNG: in full for the folder `figures/`, small enough for the metadata of an asset.

Figures are made with `matplotlib.figure.Figure` directly: pyplot keeps global state, which is
neither needed nor safe where several runs share a process.
"""

import io
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SYNTHETIC_NOTE = "synthetic pictures: drawn by a program, not of any real place"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
"""Categorical colours that the colour-blind can tell apart (Okabe and Ito, 2008)."""


def new_figure(width_in: float = 7, height_in: float = 5, *, synthetic: bool = False) -> "Figure":
    """Make an empty figure, marked at its foot where the pictures behind it are synthetic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    if synthetic:
        figure.supxlabel(SYNTHETIC_NOTE, fontsize=8, color="#8a1c1c")
    return figure


def to_png(figure: "Figure", dpi: int = 110) -> bytes:
    """Render a figure as a PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def shrink_png(png: bytes, max_bytes: int) -> bytes:
    """Reduce a PNG in colours, then in size, until it has at most `max_bytes` bytes."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    small = png
    while len(small) > max_bytes:
        buffer = io.BytesIO()
        picture.quantize(64).save(buffer, format="PNG", optimize=True)
        small = buffer.getvalue()
        picture = picture.resize(
            (max(1, picture.width * 4 // 5), max(1, picture.height * 4 // 5)),
            Image.Resampling.LANCZOS,
        )
    return small
