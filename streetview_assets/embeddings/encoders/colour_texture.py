"""The encoder `colour-texture`: a descriptor without weights, every number of which has a meaning.

An image is looked at in 192 × 192 pixels, whatever its shape. Rows matter in a street scene (sky
above, facades in the middle, road below), so nearly all is counted by place: in a grid of 6 rows
and 4 columns, or in 3 or 6 bands of rows. The 516 numbers, in this order:

| numbers | part | meaning |
|---|---|---|
| 96 | `colour_grid` | per cell: mean luminance less 0.5, sd of luminance, mean red against green, mean yellow against blue |
| 60 | `colour_histogram` | per third of the height: 12 hues weighted by chroma, and 8 steps of luminance |
| 192 | `gradients` | per cell: 8 orientations of edges, weighted by strength (HOG) |
| 72 | `texture` | per band: log energy of horizontal, vertical and diagonal detail at 2, 4, 8, 16 px |
| 48 | `local_patterns` | per third: 16 patterns of a pixel against its four neighbours (LBP) |
| 48 | `edge_density` | per cell: share of pixels with a clear edge, and with a strong one |

Histograms are square roots of shares, so that their Euclidean distance is that of Hellinger, and
orientations have unit length per cell, so that contrast counts in `edge_density` and `texture`
alone. Each part is then scaled by a constant to about the same length, and the whole to length 1.
"""  # noqa: E501

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from streetview_assets.embeddings.encoders.base import EncoderIdentity
from streetview_assets.embeddings.vectors import unit
from streetview_assets.errors import StudyError

if TYPE_CHECKING:
    from streetview_assets.study.embeddings import Encoder

SIDE_PX = 192
ROWS, COLUMNS = 6, 4
THIRDS = 3
HUES, LUMINANCES, ORIENTATIONS, SCALES, PATTERNS = 12, 8, 8, 4, 16
CLEAR_EDGE, STRONG_EDGE = 0.05, 0.2
"""Gradient of luminance, in shares of the range from black to white over two pixels."""

PARTS: dict[str, int] = {
    "colour_grid": ROWS * COLUMNS * 4,
    "colour_histogram": THIRDS * (HUES + LUMINANCES),
    "gradients": ROWS * COLUMNS * ORIENTATIONS,
    "texture": ROWS * SCALES * 3,
    "local_patterns": THIRDS * PATTERNS,
    "edge_density": ROWS * COLUMNS * 2,
}
"""The parts of a vector, in order, and how many numbers each has."""

DIMENSION = sum(PARTS.values())


@dataclass(frozen=True)
class ColourTexture:
    """The descriptor as an encoder: all the work is done in `prepare`, an image at a time."""

    identity: EncoderIdentity
    batch_size: int = 256
    device: str = "cpu"
    computes_on_cores: bool = False
    least_side_px: int | None = None
    needs_torch: bool = False

    @property
    def preparation(self) -> "ColourTexture":
        """The encoder itself: it has no weights, and is small."""
        return self

    def prepare(self, image: Image.Image) -> np.ndarray:
        """Describe one image."""
        return describe(image)

    def encode(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        """Scale descriptors to unit length."""
        return unit(np.stack(batch))

    def begin(self, batch: Sequence[np.ndarray]) -> Callable[[], np.ndarray]:
        """Encode at once: there is hardly anything to do."""
        vectors = self.encode(batch)
        return lambda: vectors


def load(settings: "Encoder") -> ColourTexture:
    """Make the encoder; it takes neither a checkpoint nor options.

    Raises
    ------
    StudyError
        Where the study gives it one.
    """
    check(settings)
    return ColourTexture(
        EncoderIdentity(
            encoder=settings.slug,
            library="streetview_assets",
            model="colour-texture 1",
            weights_sha256=None,
            preprocessing=f"RGB, resized to {SIDE_PX}x{SIDE_PX}, bilinear",
            precision="fp32",
            dimension=DIMENSION,
        )
    )


def check(settings: "Encoder") -> None:
    """Refuse a checkpoint, options or a rule for shapes, which `colour-texture` would not heed.

    Raises
    ------
    StudyError
        With the key that it would not heed.
    """
    for key in ("checkpoint", "options"):
        if getattr(settings, key):
            raise StudyError(f"encoder.{key}: colour-texture has no weights and takes no {key}")
    if settings.fit != "crop":
        raise StudyError(
            f"encoder.fit: {settings.fit} is for networks, which look at squares; colour-texture "
            "sees the whole of every image, whatever its shape. Leave out encoder.fit."
        )


def describe(image: Image.Image) -> np.ndarray:
    """Describe one image of any size in the 516 numbers of this module, float32."""
    small = image.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR)
    red, green, blue = np.moveaxis(np.asarray(small, dtype=np.float32) / 255, 2, 0)
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    red_green = red - green
    yellow_blue = (red + green) / 2 - blue
    across, down = _gradients(luminance)
    strength = np.hypot(across, down)
    parts = (
        _colour_grid(luminance, red_green, yellow_blue) * 0.6,
        _colour_histogram(luminance, red_green, yellow_blue) / np.sqrt(2 * THIRDS),
        _orientations(across, down, strength) / np.sqrt(ROWS * COLUMNS),
        _texture(luminance) / 20,
        _local_patterns(luminance) / np.sqrt(THIRDS),
        _edge_density(strength) / 3,
    )
    return np.concatenate([part.ravel() for part in parts]).astype(np.float32)


def _by_cell(plane: np.ndarray, statistic: Callable[..., np.ndarray]) -> np.ndarray:
    """Apply a statistic to the pixels of each cell of the grid."""
    cells = plane.reshape(ROWS, SIDE_PX // ROWS, COLUMNS, SIDE_PX // COLUMNS)
    return statistic(cells, axis=(1, 3))


def _colour_grid(
    luminance: np.ndarray, red_green: np.ndarray, yellow_blue: np.ndarray
) -> np.ndarray:
    mean, sd = _by_cell(luminance, np.mean) - 0.5, _by_cell(luminance, np.std)
    colours = (_by_cell(plane, np.mean) for plane in (red_green, yellow_blue))
    return np.stack([mean, sd, *colours], axis=-1)


def _colour_histogram(
    luminance: np.ndarray, red_green: np.ndarray, yellow_blue: np.ndarray
) -> np.ndarray:
    """Count hues, weighted by chroma, and luminances; grey pixels have no say in hue.

    In half the resolution: colour varies less from pixel to pixel than light does.
    """
    luminance, red_green, yellow_blue = map(_halve, (luminance, red_green, yellow_blue))
    chroma = np.hypot(red_green, yellow_blue)
    hue = np.arctan2(yellow_blue, red_green) * np.float32(HUES / (2 * np.pi))
    third = _thirds(SIDE_PX // 2)
    hues = _soft_histogram(hue, chroma, third, THIRDS, HUES, circular=True)
    steps = _soft_histogram(
        luminance * (LUMINANCES - 1), None, third, THIRDS, LUMINANCES, circular=False
    )
    counts = np.concatenate([hues, steps], axis=1)
    return np.asarray(np.sqrt(counts / (luminance.size / THIRDS)))


def _halve(plane: np.ndarray) -> np.ndarray:
    fours = plane[::2, ::2] + plane[::2, 1::2] + plane[1::2, ::2] + plane[1::2, 1::2]
    return np.asarray(fours / 4)


def _orientations(across: np.ndarray, down: np.ndarray, strength: np.ndarray) -> np.ndarray:
    angle = np.arctan2(down, across) * np.float32(ORIENTATIONS / np.pi)
    cells = ROWS * COLUMNS
    counts = _soft_histogram(angle, strength, _cells(), cells, ORIENTATIONS, circular=True)
    lengths = np.linalg.norm(counts, axis=1, keepdims=True)
    quiet = 0.02 * (SIDE_PX // ROWS) * (SIDE_PX // COLUMNS) / ORIENTATIONS
    return np.asarray(counts / (lengths + quiet))


def _texture(luminance: np.ndarray) -> np.ndarray:
    """Measure the energy of detail by scale and direction, with Haar wavelets."""
    energies = []
    plane = luminance
    for _ in range(SCALES):
        top_left, top_right = plane[::2, ::2], plane[::2, 1::2]
        low_left, low_right = plane[1::2, ::2], plane[1::2, 1::2]
        top, low = top_left + top_right, low_left + low_right
        left_less_right = top_left - top_right + low_left - low_right
        diagonal = top_left - top_right - low_left + low_right
        for detail in (top - low, left_less_right, diagonal):
            energies.append(np.square(detail / 2).reshape(ROWS, -1).mean(axis=1))
        plane = (top + low) / 4
    return np.asarray(np.log1p(1000 * np.stack(energies, axis=-1)))


def _local_patterns(luminance: np.ndarray) -> np.ndarray:
    """Count which of a pixel's four neighbours are clearly lighter than it."""
    centre = luminance[1:-1, 1:-1] + np.float32(0.01)
    neighbours = (
        luminance[:-2, 1:-1],
        luminance[1:-1, 2:],
        luminance[2:, 1:-1],
        luminance[1:-1, :-2],
    )
    code = np.zeros(centre.shape, dtype=np.int64)
    for bit, neighbour in enumerate(neighbours):
        code += (neighbour > centre).astype(np.int64) << bit
    third = _thirds(SIDE_PX).reshape(SIDE_PX, SIDE_PX)[1:-1, 1:-1]
    counts = np.bincount((third * PATTERNS + code).ravel(), minlength=THIRDS * PATTERNS)
    shares = counts.reshape(THIRDS, PATTERNS) / (centre.size / THIRDS)
    return np.asarray(np.sqrt(shares))


def _edge_density(strength: np.ndarray) -> np.ndarray:
    densities = [_by_cell(strength > limit, np.mean) for limit in (CLEAR_EDGE, STRONG_EDGE)]
    return np.stack(densities, axis=-1)


def _gradients(luminance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Difference of the neighbours on both sides, across and down; zero at the border."""
    across, down = np.zeros_like(luminance), np.zeros_like(luminance)
    across[:, 1:-1] = luminance[:, 2:] - luminance[:, :-2]
    down[1:-1] = luminance[2:] - luminance[:-2]
    return across, down


def _soft_histogram(
    position: np.ndarray,
    weight: np.ndarray | None,
    place: np.ndarray,
    places: int,
    bins: int,
    *,
    circular: bool,
) -> np.ndarray:
    """Histogram per place; a value between two bins counts in both, so that nothing jumps.

    Positions of a circle lie between minus and plus the number of bins; of a line, between the
    first bin and the last.
    """
    lower = np.floor(position).ravel()
    upper = position.ravel() - lower
    whole = np.float32(1) if weight is None else weight.ravel()
    upper *= whole
    first = lower.astype(np.int64)
    if circular:
        first = _around(bins)[first]
    first += place * bins
    share, next_share = (
        np.bincount(first, weights=weights, minlength=places * bins).reshape(places, bins)
        for weights in (whole - upper, upper)
    )
    # What lies on the last bin of a line lies there in full: its share of the next is nothing.
    return share + np.roll(next_share, 1, axis=1)


@cache
def _around(bins: int) -> np.ndarray:
    """Which bin of a circle each number from 0 to `bins` is, and those below, counted backwards."""
    return np.concatenate([np.arange(bins), [0], np.arange(bins)])


@cache
def _thirds(side_px: int) -> np.ndarray:
    """Which third of the height each pixel of a square image lies in."""
    return np.repeat(np.arange(side_px) * THIRDS // side_px, side_px)


@cache
def _cells() -> np.ndarray:
    """Which cell of the grid each pixel lies in."""
    row = np.arange(SIDE_PX) * ROWS // SIDE_PX
    column = np.arange(SIDE_PX) * COLUMNS // SIDE_PX
    return (row[:, None] * COLUMNS + column[None, :]).ravel()
