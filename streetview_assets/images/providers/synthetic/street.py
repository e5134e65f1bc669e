"""What lies and stands between the buildings: ground, hedges and walls, trees, cars, litter."""

from collections.abc import Iterator

from streetview_assets.images.providers.synthetic.character import Character, Colour
from streetview_assets.images.providers.synthetic.facades import Span
from streetview_assets.images.providers.synthetic.shapes import (
    BACKDROP,
    FRONT,
    GROUND,
    Shapes,
    tinted,
)
from streetview_assets.images.providers.synthetic.trees import tree

_GRASS: Colour = (112, 132, 74)
_ASPHALT: Colour = (104, 104, 106)
_PAVING: Colour = (150, 147, 142)
_GRAVEL: Colour = (158, 150, 138)
_HEDGE: Colour = (62, 88, 46)
_PAINT: Colour = (224, 224, 216)
_CARS: tuple[Colour, ...] = (
    (34, 36, 40),
    (122, 126, 132),
    (206, 208, 210),
    (150, 34, 34),
    (40, 62, 112),
    (84, 88, 84),
)
_LITTER: tuple[Colour, ...] = (
    (236, 234, 226),
    (206, 60, 52),
    (52, 116, 184),
    (226, 196, 92),
    (40, 40, 44),
)
_FAR_M = 260.0


def ground(shapes: Shapes, nature: Character, draw: Iterator[float], reach_m: float) -> None:
    """Lay the ground: fields behind, pavements, kerbs, the road and its paint."""
    half, kerb = nature.road_half_width_m, nature.road_half_width_m + nature.pavement_m
    far = (-_FAR_M, _FAR_M)
    grass, paving = tinted(_GRASS, draw), tinted(_PAVING, draw, 10)
    asphalt = tinted(_ASPHALT, draw, 16)
    shapes.begin(GROUND, 1000, 0)
    shapes.slab(1, far, (-_FAR_M, _FAR_M), 0, grass)
    shapes.begin(GROUND, 100, 0)
    shapes.slab(1, far, (-kerb, kerb), 0.01, paving)
    if nature.verge and not nature.is_main_road:
        for side in (-1, 1):
            shapes.slab(side, far, (half + 0.2, half + 1.0), 0.02, grass)
    if nature.is_footway:
        shapes.slab(1, far, (-half, half), 0.02, asphalt)
        return
    edge = (paving[0] * 0.8, paving[1] * 0.8, paving[2] * 0.8)
    for side in (-1, 1):
        shapes.slab(
            side,
            far,
            (half, half + 0.14),
            0.03,
            (paving[0] * 1.1, paving[1] * 1.1, paving[2] * 1.1),
        )
    shapes.slab(1, far, (-half, half), 0.0, asphalt)
    for side in (-1, 1):
        shapes.slab(side, far, (half - 0.12, half), 0.01, edge)
    _road_paint(shapes, nature, half, reach_m)
    for _ in range(int(3 + 14 * nature.worn * (0.6 + 0.8 * next(draw)))):
        u, v = (next(draw) * 2 - 1) * 32, (next(draw) * 2 - 1) * (half - 0.8)
        darker = 0.74 + 0.12 * next(draw)
        patch = (asphalt[0] * darker, asphalt[1] * darker, asphalt[2] * darker)
        shapes.slab(
            1, (u, u + 0.6 + 2.6 * next(draw)), (v, v + 0.4 + 0.8 * next(draw)), 0.02, patch
        )


def _road_paint(shapes: Shapes, nature: Character, half: float, reach_m: float) -> None:
    if nature.is_main_road:
        for dash in range(-round(reach_m / 6), round(reach_m / 6)):
            shapes.slab(1, (dash * 6.0, dash * 6.0 + 3.5), (-0.06, 0.06), 0.02, _PAINT)
        for side in (-1, 1):
            for offset in (0.3, 0.55):
                shapes.slab(
                    side,
                    (-reach_m, reach_m),
                    (half - offset - 0.1, half - offset),
                    0.02,
                    (214, 182, 62),
                )


def backdrop(shapes: Shapes, nature: Character, draw: Iterator[float], reach_m: float) -> None:
    """Raise what stands behind the houses and at the ends of the street."""
    leafy, bare = shapes.light.leaf_colour, (128, 128, 124)
    for side in (-1, 1):
        u = -reach_m
        while u < reach_m:
            distance = 24 + 18 * next(draw)
            shapes.begin(BACKDROP, 300 + distance, u)
            if next(draw) < 0.25 + 0.5 * nature.greenness:
                radius = 2.2 + 2.4 * next(draw)
                shapes.ball(u, side * distance, radius + 1, radius, tinted(leafy, draw))
            else:
                width, height = 9 + 9 * next(draw), 5 + 4 * next(draw)
                wall = tinted(nature.brick, draw, 20)
                shapes.wall(side, distance, (u, u + width), (0, height), wall)
                shapes.wall(
                    side, distance, (u, u + width), (height, height + 2), tinted((96, 92, 96), draw)
                )
            u += 7 + 5 * next(draw)
    for toward in (-1, 1):
        for _ in range(16):
            v, u = (next(draw) * 2 - 1) * 60, toward * (reach_m + 12 + 30 * next(draw))
            shapes.begin(BACKDROP, 900 - abs(u), u)
            if next(draw) < 0.4 + 0.4 * nature.greenness:
                radius = 2.5 + 2.5 * next(draw)
                shapes.ball(u, v, radius + 0.6, radius, tinted(leafy, draw))
            else:
                height = 5 + 5 * next(draw)
                shapes.end(1, u, (v, v + 9), (0, height), tinted(nature.brick, draw, 20))
                shapes.end(1, u, (v, v + 9), (height, height + 2), tinted(bare, draw, 20))


def gardens(
    shapes: Shapes,
    side: int,
    nature: Character,
    lots: list[tuple[Span, float]],
    draw: Iterator[float],
) -> None:
    """Lay out the front of each building: lawn or paving, and what bounds it."""
    edge = nature.road_half_width_m + nature.pavement_m
    for span, facade in lots:
        depth = facade - edge
        shapes.begin(GROUND, 90, span[0])
        lawn = next(draw) < 0.4 + 0.5 * nature.worn
        surface = tinted(_GRASS if lawn else _GRAVEL, draw)
        shapes.slab(side, (span[0] - 2, span[1] + 2), (edge, facade + 6), 0.02, surface)
        if depth < 1.6:
            continue
        plot = span[0]
        while plot < span[1] - 2:
            plot_end = min(plot + 6.5, span[1])
            _boundary(shapes, side, nature, (plot, plot_end - 1.3), edge + 0.2, draw)
            plot = plot_end
        if nature.greenness * next(draw) * (1.25 - 0.5 * nature.worn) > 0.22 and depth > 3:
            u = span[0] + (span[1] - span[0]) * next(draw)
            tree(shapes, side, u, edge + 1.1 + 0.4 * next(draw), 0.55 + 0.25 * next(draw), draw)


def _boundary(
    shapes: Shapes, side: int, nature: Character, u: Span, v: float, draw: Iterator[float]
) -> None:
    pick = next(draw)
    near = min(abs(u[0]), abs(u[1])) < 40
    shapes.begin(FRONT, v, 0 if u[0] < 0 < u[1] else min(abs(u[0]), abs(u[1])))
    if pick < 0.82 * (1 - nature.worn) + 0.03:
        _hedge(shapes, side, u, v, 0.9 + 0.6 * next(draw), draw)
    elif pick < 0.86 - 0.3 * nature.worn:
        wall = tinted(nature.brick, draw)
        shapes.box(side, u, (v, v + 0.25), (0, 0.8 + 0.3 * next(draw)), wall)
    elif pick < 0.93 and near:
        rail = tinted((72, 74, 76), draw)
        shapes.wall(side, v, u, (0.95, 1.0), rail)
        step = u[0]
        while step < u[1]:
            shapes.wall(side, v, (step, step + 0.05), (0, 1.05), rail)
            step += 0.45


def _hedge(
    shapes: Shapes, side: int, u: Span, v: float, height_m: float, draw: Iterator[float]
) -> None:
    green = tinted(_HEDGE, draw)
    shapes.box(side, u, (v, v + 0.8), (0, height_m), green)
    nearest = 0.0 if u[0] < 0 < u[1] else min(abs(u[0]), abs(u[1]))
    if nearest > 28:
        return
    count = int((u[1] - u[0]) * (9 if nearest < 12 else 4))
    for _ in range(count):
        along, z = u[0] + (u[1] - u[0]) * next(draw), height_m * (0.1 + 0.95 * next(draw))
        lift = 0.72 + 0.5 * z / height_m * next(draw)
        leaf = (green[0] * lift, green[1] * lift * 1.05, green[2] * lift)
        shapes.ball(along, side * (v - 0.02), z, 0.09 + 0.10 * next(draw), leaf)


def parked_cars(
    shapes: Shapes, side: int, nature: Character, draw: Iterator[float], reach_m: float
) -> None:
    """Park cars along the kerb; where people are poorer, fewer and older ones."""
    if nature.is_footway:
        return
    share = (0.18 if nature.is_main_road else 0.48) * (1.15 - 0.45 * nature.worn)
    v = nature.road_half_width_m - 1.95
    u = -reach_m + 6 * next(draw)
    while u < reach_m:
        if abs(u) > 5.5 and next(draw) < share:
            _car(shapes, side, u, v, next(draw) < nature.worn, draw)
        u += 5.6 + 1.6 * next(draw)


def _car(shapes: Shapes, side: int, u: float, v: float, old: bool, draw: Iterator[float]) -> None:
    shapes.begin(FRONT, v, u)
    colour = tinted(_CARS[int(6 * next(draw))], draw)
    length, width = 3.9 + 0.6 * next(draw), 1.75
    top = 1.35 if old else 1.5
    start, end = u - length / 2, u + length / 2
    cabin = (start + 0.9, end - (0.7 if old else 0.3))
    shapes.box(side, (start, end), (v, v + width), (0.25, 0.85), colour)
    shapes.box(side, cabin, (v + 0.15, v + width - 0.15), (0.8, top), colour)
    glass: Colour = (48, 56, 64)
    shapes.wall(side, v + 0.14, (cabin[0] + 0.15, cabin[1] - 0.15), (0.88, top - 0.1), glass)
    nearest = cabin[0] if u > 0 else cabin[1]
    shapes.end(
        side,
        nearest - 0.02 if u > 0 else nearest + 0.02,
        (v + 0.25, v + width - 0.25),
        (0.9, top - 0.1),
        glass,
    )
    dark: Colour = (26, 26, 28)
    bumper = start - 0.02 if u > 0 else end + 0.02
    shapes.end(side, bumper, (v, v + width), (0.22, 0.42), dark)
    lamp: Colour = (196, 48, 40) if (u > 0) == (side < 0) else (240, 238, 220)
    for offset in (0.08, width - 0.36):
        shapes.end(side, bumper, (v + offset, v + offset + 0.28), (0.58, 0.74), lamp)
    for wheel in (start + 0.85, end - 0.85):
        shapes.ball(wheel, side * v, 0.3, 0.3, dark)
        shapes.ball(wheel, side * (v - 0.02), 0.3, 0.15, (120, 122, 124))


def litter_and_bins(shapes: Shapes, side: int, nature: Character, draw: Iterator[float]) -> None:
    """Strew litter over gutter and pavement, and leave bins out."""
    half = nature.road_half_width_m
    for _ in range(int(75 * nature.worn**1.3 * (0.5 + next(draw)))):
        u, v = (next(draw) * 2 - 1) * 22, half - 0.5 + (nature.pavement_m + 0.6) * next(draw)
        size = 0.08 + 0.16 * next(draw)
        shapes.begin(FRONT, v, u)
        colour = tinted(_LITTER[int(5 * next(draw))], draw)
        turn = size * (next(draw) - 0.5)
        w = side * v
        shapes.quad(
            (
                (u, w, 0.03),
                (u + size, w + turn, 0.03),
                (u + size - turn, w + size, 0.09),
                (u - turn, w + size, 0.06),
            ),
            colour,
        )
    edge = half + nature.pavement_m - 0.7
    for _ in range(int(5 * nature.worn * next(draw) + 1.2 * next(draw))):
        u = (next(draw) * 2 - 1) * 30
        shapes.begin(FRONT, edge, u)
        colour = tinted(((52, 62, 54), (60, 60, 64), (46, 84, 58))[int(3 * next(draw))], draw, 8)
        shapes.box(side, (u, u + 0.58), (edge, edge + 0.6), (0.1, 1.0), colour)
        shapes.box(side, (u - 0.03, u + 0.61), (edge - 0.04, edge + 0.64), (1.0, 1.07), colour)
    for _ in range(int(4.5 * nature.worn * next(draw))):
        u, v = (next(draw) * 2 - 1) * 18, edge + 0.1
        shapes.begin(FRONT, v, u)
        for _ in range(4):
            shapes.ball(
                u + 0.7 * next(draw),
                side * (v + 0.3 * next(draw)),
                0.2,
                0.2 + 0.12 * next(draw),
                tinted((34, 34, 38), draw, 8),
            )


def lamp_posts(
    shapes: Shapes, side: int, nature: Character, draw: Iterator[float], reach_m: float
) -> None:
    """Set lamp posts along one side."""
    steel, v = tinted((118, 122, 122), draw), nature.road_half_width_m + 0.35
    u = -reach_m + 28 * next(draw)
    while u < reach_m:
        shapes.begin(FRONT, v, u)
        w, tall = side * v, 6.5
        shapes.wall(side, v, (u - 0.06, u + 0.06), (0, tall), steel)
        shapes.quad(
            ((u, w - 0.06, 0), (u, w + 0.06, 0), (u, w + 0.05, tall), (u, w - 0.05, tall)), steel
        )
        inner = side * (v - 1.1)
        shapes.quad(
            ((u, w, tall), (u, inner, tall + 0.2), (u, inner, tall + 0.32), (u, w, tall + 0.1)),
            steel,
        )
        u += 26 + 4 * next(draw)
