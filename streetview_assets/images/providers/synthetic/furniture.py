"""What stands and lies in the street: parked cars, litter and bins, lamp posts."""

from streetview_assets.images.providers.synthetic.character import Colour, Palette
from streetview_assets.images.providers.synthetic.street import FRONT, Street

_CARS: Palette = (
    (34, 36, 40),
    (122, 126, 132),
    (206, 208, 210),
    (150, 34, 34),
    (40, 62, 112),
    (84, 88, 84),
)
_LITTER: Palette = ((236, 234, 226), (206, 60, 52), (52, 116, 184), (226, 196, 92), (40, 40, 44))
_BINS: Palette = ((52, 62, 54), (60, 60, 64), (46, 84, 58))
_DARK: Colour = (26, 26, 28)
_GLASS: Colour = (48, 56, 64)


def parked_cars(street: Street) -> None:
    """Park cars along the kerb; where people are poorer, fewer and older ones."""
    nature, draw = street.nature, street.draw
    if nature.is_footway:
        return
    share = (0.18 if nature.is_main_road else 0.48) * (1.15 - 0.45 * nature.worn)
    u = -street.reach_m + 6 * next(draw)
    while u < street.reach_m:
        if abs(u) > 5.5 and next(draw) < share:
            _car(street, u, nature.road_half_width_m - 1.95, next(draw) < nature.worn)
        u += 5.6 + 1.6 * next(draw)


def _car(street: Street, u: float, v: float, old: bool) -> None:
    draw, side = street.draw, street.side
    street.begin(FRONT, v, u)
    colour = street.tinted(_CARS[int(6 * next(draw))])
    length, width = 3.9 + 0.6 * next(draw), 1.75
    top = 1.35 if old else 1.5
    start, end = u - length / 2, u + length / 2
    cabin = (start + 0.9, end - (0.7 if old else 0.3))
    street.box((start, end), (v, v + width), (0.25, 0.85), colour)
    street.box(cabin, (v + 0.15, v + width - 0.15), (0.8, top), colour)
    street.wall(v + 0.14, (cabin[0] + 0.15, cabin[1] - 0.15), (0.88, top - 0.1), _GLASS)
    # The end that looks at the camera.
    screen, bumper = (cabin[0] - 0.02, start - 0.02) if u > 0 else (cabin[1] + 0.02, end + 0.02)
    street.end(screen, (v + 0.25, v + width - 0.25), (0.9, top - 0.1), _GLASS)
    street.end(bumper, (v, v + width), (0.22, 0.42), _DARK)
    lamp: Colour = (196, 48, 40) if (u > 0) == (side < 0) else (240, 238, 220)
    for offset in (0.08, width - 0.36):
        street.end(bumper, (v + offset, v + offset + 0.28), (0.58, 0.74), lamp)
    for wheel in (start + 0.85, end - 0.85):
        street.ball(wheel, side * v, 0.3, 0.3, _DARK)
        street.ball(wheel, side * (v - 0.02), 0.3, 0.15, (120, 122, 124))


def litter_and_bins(street: Street) -> None:
    """Strew litter over gutter and pavement, and leave bins and bags out."""
    nature, draw, side = street.nature, street.draw, street.side
    half, worn = nature.road_half_width_m, nature.worn
    for _ in range(int(75 * worn**1.3 * (0.5 + next(draw)))):
        u, v = (next(draw) * 2 - 1) * 22, half - 0.5 + (nature.pavement_m + 0.6) * next(draw)
        size = 0.08 + 0.16 * next(draw)
        street.begin(FRONT, v, u)
        colour = street.tinted(_LITTER[int(5 * next(draw))])
        turn, w = size * (next(draw) - 0.5), side * v
        near = (u, w, 0.03), (u + size, w + turn, 0.03)
        far = (u + size - turn, w + size, 0.09), (u - turn, w + size, 0.06)
        street.quad((*near, *far), colour)
    edge = nature.kerb_m - 0.7
    for _ in range(int(5 * worn * next(draw) + 1.2 * next(draw))):
        u = (next(draw) * 2 - 1) * 30
        street.begin(FRONT, edge, u)
        colour = street.tinted(_BINS[int(3 * next(draw))], 8)
        street.box((u, u + 0.58), (edge, edge + 0.6), (0.1, 1.0), colour)
        street.box((u - 0.03, u + 0.61), (edge - 0.04, edge + 0.64), (1.0, 1.07), colour)
    for _ in range(int(4.5 * worn * next(draw))):
        u, v = (next(draw) * 2 - 1) * 18, edge + 0.1
        street.begin(FRONT, v, u)
        for _ in range(4):
            place = u + 0.7 * next(draw), side * (v + 0.3 * next(draw)), 0.2
            street.ball(*place, 0.2 + 0.12 * next(draw), street.tinted((34, 34, 38), 8))


def lamp_posts(street: Street) -> None:
    """Set lamp posts along one side."""
    draw = street.draw
    steel, v = street.tinted((118, 122, 122)), street.nature.road_half_width_m + 0.35
    w, inner, tall = street.side * v, street.side * (v - 1.1), 6.5
    u = -street.reach_m + 28 * next(draw)
    while u < street.reach_m:
        street.begin(FRONT, v, u)
        street.wall(v, (u - 0.06, u + 0.06), (0, tall), steel)
        head = (u, w + 0.05, tall), (u, w - 0.05, tall)
        street.quad(((u, w - 0.06, 0), (u, w + 0.06, 0), *head), steel)
        arm = (u, inner, tall + 0.2), (u, inner, tall + 0.32)
        street.quad(((u, w, tall), *arm, (u, w, tall + 0.1)), steel)
        u += 26 + 4 * next(draw)
