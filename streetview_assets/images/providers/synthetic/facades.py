"""Parts of buildings: walls, roofs, gables, windows (some boarded up), doors, graffiti."""

from streetview_assets.images.providers.synthetic.character import Colour, Palette
from streetview_assets.images.providers.synthetic.street import Span, Street, distance_along, scaled

WHITE: Colour = (226, 226, 222)
GLASS: Colour = (66, 78, 92)
_BOARD: Colour = (146, 122, 88)
_DOORS: Palette = ((122, 34, 34), (30, 56, 92), (34, 78, 54), (236, 234, 228), (52, 48, 46))
SIGNS: Palette = ((176, 40, 40), (28, 82, 142), (36, 112, 68), (222, 176, 44), (60, 46, 92))
DETAIL_M = 42.0


def body(street: Street, v: float, span: Span, height_m: float, colour: Colour) -> None:
    """Raise the walls of a house, with courses of brick where one stands close."""
    street.box(span, (v, v + 8), (0, height_m), colour)
    street.wall(v - 0.01, span, (0, 0.35), scaled(colour, 0.7))
    if distance_along(span) < 14:
        courses = street.tinted(scaled(colour, 0.9), 3)
        z = 0.6
        while z < height_m:
            street.wall(v - 0.01, span, (z, z + 0.07), courses)
            z += 0.34


def pitched_roof(
    street: Street, v: float, span: Span, eaves_m: float, colour: Colour, *, hipped: bool = False
) -> None:
    """Put on a roof with its ridge along the road."""
    ridge_v, ridge_m = street.side * (v + 4), eaves_m + 2.9
    eave_v, low = street.side * (v - 0.35), eaves_m - 0.1
    inset = 2.6 if hipped else 0.0
    left, right = span[0] - 0.2, span[1] + 0.2
    if left > 0 or right < 0:
        u, top_u = (left, left + inset) if left > 0 else (right, right - inset)
        top = (top_u, ridge_v, ridge_m)
        flank = colour if hipped else scaled(colour, 0.8)
        street.quad(((u, eave_v, low), (u, street.side * (v + 8), low), top, top), flank, 0.85)
    ridge = (right - inset, ridge_v, ridge_m), (left + inset, ridge_v, ridge_m)
    street.quad(((left, eave_v, low), (right, eave_v, low), *ridge), colour)
    street.wall(v - 0.36, (left, right), (low - 0.12, low + 0.06), WHITE)


def gable(street: Street, v: float, u: Span, eaves_m: float, colour: Colour) -> None:
    """Raise a gable that looks on the road."""
    street.box(u, (v, v + 0.8), (0, eaves_m), colour)
    top = ((u[0] + u[1]) / 2, eaves_m + 1.7)
    street.upright(v, ((u[0], eaves_m), (u[1], eaves_m), top, top), colour)


def window(
    street: Street, v: float, u: float, z: float, size_m: tuple[float, float], empty: bool
) -> None:
    """Set a window: glass, frame and curtains, or boards where the house is empty."""
    width_m, height_m = size_m
    shade, boarded = next(street.draw), next(street.draw) < 0.8 and empty
    right, top = u + width_m, z + height_m
    if abs(u) > DETAIL_M:
        street.wall(v - 0.03, (u, right), (z, top), _BOARD if boarded else GLASS)
        return
    street.wall(v - 0.03, (u - 0.09, right + 0.09), (z - 0.1, top + 0.08), WHITE)
    if boarded:
        across = (u - 0.05, right + 0.05)
        street.wall(v - 0.05, across, (z - 0.05, top + 0.05), street.tinted(_BOARD, 20))
        middle = z + height_m * (0.4 + 0.2 * shade)
        street.wall(v - 0.06, across, (middle, middle + 0.05), (96, 78, 54))
        return
    glass = (GLASS[0] + 40 * shade, GLASS[1] + 44 * shade, GLASS[2] + 50 * shade)
    street.wall(v - 0.04, (u, right), (z, top), glass)
    if shade < 0.45:
        for curtain in ((u, u + width_m * 0.24), (right - width_m * 0.24, right)):
            street.wall(v - 0.045, curtain, (z, top), (196, 188, 176))
    middle = u + width_m / 2
    street.wall(v - 0.05, (middle - 0.04, middle + 0.04), (z, top), WHITE)


def door(street: Street, v: float, u: float, empty: bool) -> None:
    """Set a front door."""
    colour = street.tinted(_BOARD if empty else _DOORS[int(5 * next(street.draw))])
    street.wall(v - 0.03, (u - 0.08, u + 1.03), (0, 2.3), WHITE)
    street.wall(v - 0.04, (u, u + 0.95), (0.05, 2.05), colour)


def chimney(street: Street, v: float, u: float, z: float, colour: Colour) -> None:
    """Put up a chimney."""
    if abs(u) < DETAIL_M * 1.3:
        street.box((u - 0.3, u + 0.5), (v - 0.4, v + 0.4), (z, z + 1.3), colour)


def graffiti(street: Street, v: float, span: Span) -> None:
    """Spray some graffiti on the wall; more where the street is worn."""
    draw = street.draw
    if next(draw) > 0.55 * street.nature.worn or distance_along(span) > DETAIL_M:
        return
    u = span[0] + next(draw) * max(0.5, span[1] - span[0] - 3)
    colour = SIGNS[int(5 * next(draw))]
    for _ in range(9):
        left, low = u + 2.6 * next(draw), 0.5 + 1.1 * next(draw)
        lean, tall = (next(draw) - 0.5) * 0.8, 0.4 + 0.5 * next(draw)
        foot = (left, low), (left + 0.13, low)
        head = (left + lean + 0.13, low + tall), (left + lean, low + tall)
        street.upright(v - 0.06, (*foot, *head), colour)
