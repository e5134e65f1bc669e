"""What lies around the buildings: road and pavements, gardens and their bounds, the distance."""

from streetview_assets.images.providers.synthetic.character import Colour
from streetview_assets.images.providers.synthetic.street import (
    BACKDROP,
    FRONT,
    GROUND,
    Span,
    Street,
    distance_along,
    scaled,
)
from streetview_assets.images.providers.synthetic.trees import tree

_GRASS: Colour = (112, 132, 74)
_ASPHALT: Colour = (104, 104, 106)
_PAVING: Colour = (150, 147, 142)
_GRAVEL: Colour = (158, 150, 138)
_HEDGE: Colour = (62, 88, 46)
_PAINT: Colour = (224, 224, 216)
_YELLOW: Colour = (214, 182, 62)
_FAR_M = 260.0


def ground(street: Street) -> None:
    """Lay the ground: fields behind, pavements, kerbs, the road and its paint."""
    nature, draw = street.nature, street.draw
    half, far = nature.road_half_width_m, (-_FAR_M, _FAR_M)
    grass, paving = street.tinted(_GRASS), street.tinted(_PAVING, 10)
    asphalt = street.tinted(_ASPHALT, 16)
    street.begin(GROUND, 1000, 0)
    street.slab(far, far, 0, grass)
    street.begin(GROUND, 100, 0)
    street.slab(far, (-nature.kerb_m, nature.kerb_m), 0.01, paving)
    if nature.verge and not nature.is_main_road:
        _on_both_sides(street, far, (half + 0.2, half + 1.0), 0.02, grass)
    if nature.is_footway:
        street.slab(far, (-half, half), 0.02, asphalt)
        return
    _on_both_sides(street, far, (half, half + 0.14), 0.03, scaled(paving, 1.1))
    street.slab(far, (-half, half), 0.0, asphalt)
    _on_both_sides(street, far, (half - 0.12, half), 0.01, scaled(paving, 0.8))
    if nature.is_main_road:
        _road_paint(street, half)
    for _ in range(int(3 + 14 * nature.worn * (0.6 + 0.8 * next(draw)))):
        u, v = (next(draw) * 2 - 1) * 32, (next(draw) * 2 - 1) * (half - 0.8)
        patch = scaled(asphalt, 0.74 + 0.12 * next(draw))
        ends = u + 0.6 + 2.6 * next(draw), v + 0.4 + 0.8 * next(draw)
        street.slab((u, ends[0]), (v, ends[1]), 0.02, patch)


def _road_paint(street: Street, half: float) -> None:
    for dash in range(-round(street.reach_m / 6), round(street.reach_m / 6)):
        street.slab((dash * 6.0, dash * 6.0 + 3.5), (-0.06, 0.06), 0.02, _PAINT)
    along = (-street.reach_m, street.reach_m)
    for side in street.sides():
        for offset in (0.3, 0.55):
            side.slab(along, (half - offset - 0.1, half - offset), 0.02, _YELLOW)


def _on_both_sides(street: Street, u: Span, v: Span, z: float, colour: Colour) -> None:
    for side in street.sides():
        side.slab(u, v, z, colour)


def backdrop(street: Street) -> None:
    """Raise what stands behind the houses and at the ends of the street."""
    draw, nature, reach_m = street.draw, street.nature, street.reach_m
    leafy = street.light.leaf_colour
    for side in street.sides():
        u = -reach_m
        while u < reach_m:
            distance = 24 + 18 * next(draw)
            side.begin(BACKDROP, 300 + distance, u)
            if next(draw) < 0.25 + 0.5 * nature.greenness:
                radius = 2.2 + 2.4 * next(draw)
                side.ball(u, side.side * distance, radius + 1, radius, side.tinted(leafy))
            else:
                across, height = (u, u + 9 + 9 * next(draw)), 5 + 4 * next(draw)
                side.wall(distance, across, (0, height), side.tinted(nature.brick, 20))
                side.wall(distance, across, (height, height + 2), side.tinted((96, 92, 96)))
            u += 7 + 5 * next(draw)
    for toward in (-1, 1):
        for _ in range(16):
            v, u = (next(draw) * 2 - 1) * 60, toward * (reach_m + 12 + 30 * next(draw))
            street.begin(BACKDROP, 900 - abs(u), u)
            if next(draw) < 0.4 + 0.4 * nature.greenness:
                radius = 2.5 + 2.5 * next(draw)
                street.ball(u, v, radius + 0.6, radius, street.tinted(leafy))
            else:
                height = 5 + 5 * next(draw)
                street.end(u, (v, v + 9), (0, height), street.tinted(nature.brick, 20))
                roof = street.tinted((128, 128, 124), 20)
                street.end(u, (v, v + 9), (height, height + 2), roof)


def gardens(street: Street, lots: list[tuple[Span, float]]) -> None:
    """Lay out the front of each building: lawn or paving, and what bounds it.

    Parameters
    ----------
    street
        On the side that is laid out.
    lots
        What `row_of_buildings` gave.
    """
    nature, draw, edge = street.nature, street.draw, street.nature.kerb_m
    for span, facade in lots:
        depth = facade - edge
        street.begin(GROUND, 90, span[0])
        lawn = next(draw) < 0.4 + 0.5 * nature.worn
        surface = street.tinted(_GRASS if lawn else _GRAVEL)
        street.slab((span[0] - 2, span[1] + 2), (edge, facade + 6), 0.02, surface)
        if depth < 1.6:
            continue
        plot = span[0]
        while plot < span[1] - 2:
            plot_end = min(plot + 6.5, span[1])
            _boundary(street, (plot, plot_end - 1.3), edge + 0.2)
            plot = plot_end
        if nature.greenness * next(draw) * (1.25 - 0.5 * nature.worn) > 0.22 and depth > 3:
            u = span[0] + (span[1] - span[0]) * next(draw)
            tree(street, u, edge + 1.1 + 0.4 * next(draw), 0.55 + 0.25 * next(draw))


def _boundary(street: Street, u: Span, v: float) -> None:
    worn, draw = street.nature.worn, street.draw
    pick = next(draw)
    street.begin(FRONT, v, distance_along(u))
    if pick < 0.82 * (1 - worn) + 0.03:
        _hedge(street, u, v, 0.9 + 0.6 * next(draw))
    elif pick < 0.86 - 0.3 * worn:
        wall = street.tinted(street.nature.brick)
        street.box(u, (v, v + 0.25), (0, 0.8 + 0.3 * next(draw)), wall)
    elif pick < 0.93 and min(abs(u[0]), abs(u[1])) < 40:
        rail = street.tinted((72, 74, 76))
        street.wall(v, u, (0.95, 1.0), rail)
        step = u[0]
        while step < u[1]:
            street.wall(v, (step, step + 0.05), (0, 1.05), rail)
            step += 0.45


def _hedge(street: Street, u: Span, v: float, height_m: float) -> None:
    draw = street.draw
    green = street.tinted(_HEDGE)
    street.box(u, (v, v + 0.8), (0, height_m), green)
    nearest = distance_along(u)
    if nearest > 28:
        return
    count = int((u[1] - u[0]) * (9 if nearest < 12 else 4))
    for _ in range(count):
        along, z = u[0] + (u[1] - u[0]) * next(draw), height_m * (0.1 + 0.95 * next(draw))
        lift = 0.72 + 0.5 * z / height_m * next(draw)
        leaf = (green[0] * lift, green[1] * lift * 1.05, green[2] * lift)
        street.ball(along, street.side * (v - 0.02), z, 0.09 + 0.10 * next(draw), leaf)
