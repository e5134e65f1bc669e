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


def shrink_to_webp(png: bytes, max_bytes: int) -> bytes:
    """Turn a PNG into a WebP of at most `max_bytes` bytes, smaller in size where it has to be.

    A map or a sheet of photographs keeps three times the width that it would have as a PNG.
    """
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    while True:
        buffer = io.BytesIO()
        picture.save(buffer, format="WEBP", quality=75, method=6)
        if buffer.tell() <= max_bytes or max(picture.size) == 1:
            return buffer.getvalue()
        picture = picture.resize(
            (max(1, picture.width * 7 // 8), max(1, picture.height * 7 // 8)),
            Image.Resampling.LANCZOS,
        )
