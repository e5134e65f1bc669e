"""Parts of buildings: walls, roofs, gables, windows (some boarded up), doors, graffiti."""

from collections.abc import Iterator

from streetview_assets.images.providers.synthetic.character import Character, Colour
from streetview_assets.images.providers.synthetic.shapes import Shapes, tinted

Span = tuple[float, float]

WHITE: Colour = (226, 226, 222)
GLASS: Colour = (66, 78, 92)
_BOARD: Colour = (146, 122, 88)
_DOORS: tuple[Colour, ...] = (
    (122, 34, 34),
    (30, 56, 92),
    (34, 78, 54),
    (236, 234, 228),
    (52, 48, 46),
)
SIGNS: tuple[Colour, ...] = (
    (176, 40, 40),
    (28, 82, 142),
    (36, 112, 68),
    (222, 176, 44),
    (60, 46, 92),
)
DETAIL_M = 42.0


def body(
    shapes: Shapes,
    side: int,
    v: float,
    span: Span,
    height_m: float,
    colour: Colour,
    draw: Iterator[float],
) -> None:
    """Raise the walls of a house, with courses of brick where one stands close."""
    shapes.box(side, span, (v, v + 8), (0, height_m), colour)
    shapes.wall(
        side, v - 0.01, span, (0, 0.35), (colour[0] * 0.7, colour[1] * 0.7, colour[2] * 0.7)
    )
    if abs(distance_along(span)) < 14:
        courses = tinted((colour[0] * 0.9, colour[1] * 0.9, colour[2] * 0.9), draw, 3)
        z = 0.6
        while z < height_m:
            shapes.wall(side, v - 0.01, span, (z, z + 0.07), courses)
            z += 0.34


def pitched_roof(
    shapes: Shapes, side: int, v: float, span: Span, eaves_m: float, colour: Colour, *, hipped: bool
) -> None:
    """Put on a roof with its ridge along the road."""
    ridge_v, ridge_m = side * (v + 4), eaves_m + 2.9
    eave_v, low = side * (v - 0.35), eaves_m - 0.1
    inset = 2.6 if hipped else 0.0
    left, right = span[0] - 0.2, span[1] + 0.2
    back_v = side * (v + 8)
    flank: Colour = colour if hipped else (colour[0] * 0.8, colour[1] * 0.8, colour[2] * 0.8)
    if left > 0 or right < 0:
        u, top = (left, left + inset) if left > 0 else (right, right - inset)
        shapes.quad(
            ((u, eave_v, low), (u, back_v, low), (top, ridge_v, ridge_m), (top, ridge_v, ridge_m)),
            flank,
            0.85,
        )
    shapes.quad(
        (
            (left, eave_v, low),
            (right, eave_v, low),
            (right - inset, ridge_v, ridge_m),
            (left + inset, ridge_v, ridge_m),
        ),
        colour,
    )
    shapes.wall(side, v - 0.36, (left, right), (low - 0.12, low + 0.06), WHITE)


def gable(shapes: Shapes, side: int, v: float, u: Span, eaves_m: float, colour: Colour) -> None:
    """Raise a gable that looks on the road."""
    shapes.box(side, u, (v, v + 0.8), (0, eaves_m), colour)
    w, middle = side * v, (u[0] + u[1]) / 2
    shapes.quad(
        (
            (u[0], w, eaves_m),
            (u[1], w, eaves_m),
            (middle, w, eaves_m + 1.7),
            (middle, w, eaves_m + 1.7),
        ),
        colour,
    )


def window(
    shapes: Shapes,
    side: int,
    v: float,
    u: float,
    z: float,
    width_m: float,
    height_m: float,
    empty: bool,
    draw: Iterator[float],
) -> None:
    """Set a window: glass, frame and curtains, or boards where the house is empty."""
    shade, boarded = next(draw), next(draw)
    right, top = u + width_m, z + height_m
    if abs(u) > DETAIL_M:
        glass = _BOARD if empty and boarded < 0.8 else GLASS
        shapes.wall(side, v - 0.03, (u, right), (z, top), glass)
        return
    shapes.wall(side, v - 0.03, (u - 0.09, right + 0.09), (z - 0.1, top + 0.08), WHITE)
    if empty and boarded < 0.8:
        board = tinted(_BOARD, draw, 20)
        shapes.wall(side, v - 0.05, (u - 0.05, right + 0.05), (z - 0.05, top + 0.05), board)
        middle = z + height_m * (0.4 + 0.2 * shade)
        shapes.wall(side, v - 0.06, (u - 0.05, right + 0.05), (middle, middle + 0.05), (96, 78, 54))
        return
    glass = (GLASS[0] + 40 * shade, GLASS[1] + 44 * shade, GLASS[2] + 50 * shade)
    shapes.wall(side, v - 0.04, (u, right), (z, top), glass)
    if shade < 0.45:
        curtain = (196, 188, 176)
        shapes.wall(side, v - 0.045, (u, u + width_m * 0.24), (z, top), curtain)
        shapes.wall(side, v - 0.045, (right - width_m * 0.24, right), (z, top), curtain)
    middle = u + width_m / 2
    shapes.wall(side, v - 0.05, (middle - 0.04, middle + 0.04), (z, top), WHITE)


def door(shapes: Shapes, side: int, v: float, u: float, empty: bool, draw: Iterator[float]) -> None:
    """Set a front door."""
    colour = tinted(_BOARD if empty else _DOORS[int(5 * next(draw))], draw)
    shapes.wall(side, v - 0.03, (u - 0.08, u + 1.03), (0, 2.3), WHITE)
    shapes.wall(side, v - 0.04, (u, u + 0.95), (0.05, 2.05), colour)


def chimney(shapes: Shapes, side: int, v: float, u: float, z: float, colour: Colour) -> None:
    """Put up a chimney."""
    if abs(u) < DETAIL_M * 1.3:
        shapes.box(side, (u - 0.3, u + 0.5), (v - 0.4, v + 0.4), (z, z + 1.3), colour)


def graffiti(
    shapes: Shapes, side: int, v: float, span: Span, nature: Character, draw: Iterator[float]
) -> None:
    """Spray some graffiti on the wall; more where the street is worn."""
    if next(draw) > 0.55 * nature.worn or abs(distance_along(span)) > DETAIL_M:
        return
    u = span[0] + next(draw) * max(0.5, span[1] - span[0] - 3)
    colour = SIGNS[int(5 * next(draw))]
    w = side * (v - 0.06)
    for _ in range(9):
        left, low = u + 2.6 * next(draw), 0.5 + 1.1 * next(draw)
        lean, tall = (next(draw) - 0.5) * 0.8, 0.4 + 0.5 * next(draw)
        shapes.quad(
            (
                (left, w, low),
                (left + 0.13, w, low),
                (left + lean + 0.13, w, low + tall),
                (left + lean, w, low + tall),
            ),
            colour,
        )


def distance_along(span: Span) -> float:
    """Measure along the road from the camera to the nearest part of a thing, in m."""
    return 0.0 if span[0] <= 0 <= span[1] else min(abs(span[0]), abs(span[1]))
