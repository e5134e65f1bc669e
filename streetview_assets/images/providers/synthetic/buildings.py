"""Buildings along a street: terraces, pairs of semis, detached houses, blocks of flats, shops."""

from collections.abc import Callable, Iterator

from streetview_assets.images.providers.synthetic.character import BRICKS, Character, Colour
from streetview_assets.images.providers.synthetic.facades import (
    DETAIL_M,
    GLASS,
    SIGNS,
    WHITE,
    Span,
    body,
    chimney,
    distance_along,
    door,
    gable,
    graffiti,
    pitched_roof,
    window,
)
from streetview_assets.images.providers.synthetic.shapes import BUILDINGS, Shapes, tinted

Build = Callable[[Shapes, int, float, Span, Character, Iterator[float]], None]

_STEEL: Colour = (128, 132, 134)
_SLATE: Colour = (92, 92, 100)
_TILE: Colour = (142, 88, 66)
_STOREY_M = 2.75


def row_of_buildings(
    shapes: Shapes, side: int, nature: Character, draw: Iterator[float], reach_m: float
) -> list[tuple[Span, float]]:
    """Line one side of the street with buildings.

    Returns
    -------
    list of (from and to along the road, distance of the facade from the middle of the road)
    """
    kerb_m = nature.road_half_width_m + nature.pavement_m
    lots = []
    u = -reach_m + next(draw) * 6
    while u < reach_m:
        facade_m = kerb_m + nature.setback_m * (0.85 + 0.3 * next(draw))
        build, length_m, gap_m = _kind(nature, draw)
        span = (u, u + length_m)
        shapes.begin(BUILDINGS, facade_m, distance_along(span))
        build(shapes, side, facade_m, span, nature, draw)
        lots.append((span, facade_m))
        u += length_m + gap_m
    return lots


def _kind(nature: Character, draw: Iterator[float]) -> tuple[Build, float, float]:
    """Choose what is built next: how, its length and the gap after it, in m."""
    worn, pick = nature.worn, next(draw)
    if nature.is_main_road and next(draw) < 0.55:
        return _shops, 5.5 * (2 + int(3 * next(draw))), 0.0 if next(draw) < 0.6 else 2.5
    block = 0.04 + 0.38 * worn + 0.12 * (nature.density - 0.5)
    terrace = 0.12 + 0.36 * worn
    detached = 0.62 * (1 - worn)
    if pick < block:
        return _block, 18 + 14 * next(draw), 4 + 5 * next(draw)
    if pick < block + terrace:
        return _terrace, 4.8 * (4 + int(5 * next(draw))), 1.5 + 2 * next(draw)
    if pick > 1 - detached:
        return _detached, 8.5 + 3 * next(draw), 4 + 4 * next(draw)
    return _semis, 13.0, 2.6 + 1.5 * next(draw)


def _terrace(
    shapes: Shapes, side: int, v: float, span: Span, nature: Character, draw: Iterator[float]
) -> None:
    brick = tinted(nature.brick, draw)
    roof = tinted(_SLATE if next(draw) < 0.6 else _TILE, draw)
    body(shapes, side, v, span, 2 * _STOREY_M, brick, draw)
    pitched_roof(shapes, side, v, span, 2 * _STOREY_M, roof, hipped=False)
    units = max(1, round((span[1] - span[0]) / 4.8))
    for unit in range(units):
        u = span[0] + 4.8 * unit
        if next(draw) < 0.3:
            painted = BRICKS[3 + int(3 * next(draw))]
            shapes.wall(side, v - 0.02, (u, u + 4.8), (0, 2 * _STOREY_M), painted)
        empty = next(draw) < 0.42 * max(0.0, nature.worn - 0.15)
        door(shapes, side, v, u + 0.5, empty, draw)
        window(shapes, side, v, u + 2.2, 0.8, 1.6, 1.4, empty, draw)
        window(shapes, side, v, u + 0.6, _STOREY_M + 0.8, 1.1, 1.3, empty, draw)
        window(shapes, side, v, u + 2.8, _STOREY_M + 0.8, 1.1, 1.3, empty, draw)
        chimney(shapes, side, v + 4, u, 2 * _STOREY_M + 2.6, brick)
    graffiti(shapes, side, v, span, nature, draw)


def _semis(
    shapes: Shapes, side: int, v: float, span: Span, nature: Character, draw: Iterator[float]
) -> None:
    brick = tinted(nature.brick if next(draw) < 0.65 else BRICKS[5], draw)
    roof = tinted(_TILE if next(draw) < 0.6 else _SLATE, draw)
    eaves_m = 2 * _STOREY_M
    body(shapes, side, v, span, eaves_m, brick, draw)
    pitched_roof(shapes, side, v, span, eaves_m, roof, hipped=True)
    middle = (span[0] + span[1]) / 2
    for direction in (-1, 1):
        empty = next(draw) < 0.34 * max(0.0, nature.worn - 0.15)
        bay = middle + direction * 2.2
        u = (bay - 1.3, bay + 1.3)
        shapes.box(side, u, (v - 0.7, v), (0, eaves_m - 0.1), tinted(WHITE, draw))
        for storey in (0, 1):
            window(
                shapes, side, v - 0.7, u[0] + 0.2, storey * _STOREY_M + 0.8, 2.2, 1.4, empty, draw
            )
        edge = middle + direction * 4.6
        door(shapes, side, v, edge - 0.5, empty, draw)
        window(shapes, side, v, edge - 0.5, _STOREY_M + 1.0, 1.0, 1.1, empty, draw)
    chimney(shapes, side, v + 4, middle - 0.5, eaves_m + 2.4, brick)
    graffiti(shapes, side, v, span, nature, draw)


def _detached(
    shapes: Shapes, side: int, v: float, span: Span, nature: Character, draw: Iterator[float]
) -> None:
    brick = tinted(nature.brick if next(draw) < 0.7 else BRICKS[4], draw)
    roof = tinted(_TILE if next(draw) < 0.5 else _SLATE, draw)
    eaves_m = 2 * _STOREY_M - 0.2
    body(shapes, side, v, span, eaves_m, brick, draw)
    pitched_roof(shapes, side, v, span, eaves_m, roof, hipped=next(draw) < 0.5)
    front = (span[0] + 0.3, span[0] + 3.9)
    gable(shapes, side, v - 0.8, front, eaves_m, tinted(BRICKS[5], draw))
    empty = next(draw) < 0.2 * max(0.0, nature.worn - 0.2)
    for storey in (0, 1):
        window(
            shapes, side, v - 0.8, front[0] + 0.7, storey * _STOREY_M + 0.8, 2.2, 1.3, empty, draw
        )
    door(shapes, side, v, front[1] + 0.5, empty, draw)
    shapes.slab(side, (front[1] + 0.2, front[1] + 1.8), (v - 0.9, v), 2.4, roof)
    u = front[1] + 2.1
    while u < span[1] - 1.9:
        window(shapes, side, v, u, 0.9, 1.6, 1.2, empty, draw)
        window(shapes, side, v, u, _STOREY_M + 0.9, 1.6, 1.2, empty, draw)
        u += 3.1
    chimney(shapes, side, v + 4, span[1] - 1.4, eaves_m + 2.4, brick)


def _block(
    shapes: Shapes, side: int, v: float, span: Span, nature: Character, draw: Iterator[float]
) -> None:
    storeys = 3 + int(3.2 * next(draw) + 2.5 * nature.worn)
    colour = tinted(nature.brick if next(draw) < 0.3 else BRICKS[4 + int(2 * next(draw))], draw)
    height_m = storeys * _STOREY_M + 0.5
    body(shapes, side, v, span, height_m, colour, draw)
    balconies = next(draw) < 0.55
    near = abs(distance_along(span)) < DETAIL_M
    for storey in range(storeys):
        z = storey * _STOREY_M
        if storey:
            shapes.wall(side, v - 0.02, span, (z - 0.18, z), (104, 102, 100))
        u = span[0] + 0.8
        while u < span[1] - 1.8:
            empty = next(draw) < 0.26 * max(0.0, nature.worn - 0.1)
            window(shapes, side, v, u, z + 0.9, 1.5, 1.3, empty, draw)
            if balconies and storey and near and int(u) % 2:
                shapes.wall(side, v - 0.9, (u - 0.4, u + 2.0), (z, z + 0.95), (170, 172, 170))
            u += 2.7
    stair = span[0] + (span[1] - span[0]) * 0.45
    shapes.wall(side, v - 0.05, (stair, stair + 2.0), (0, height_m), (112, 114, 116))
    shapes.wall(side, v - 0.07, (stair + 0.4, stair + 1.6), (0, 2.2), (64, 70, 78))
    graffiti(shapes, side, v, span, nature, draw)


def _shops(
    shapes: Shapes, side: int, v: float, span: Span, nature: Character, draw: Iterator[float]
) -> None:
    brick = tinted(nature.brick, draw)
    storeys = 2 + int(1.6 * next(draw))
    height_m = storeys * _STOREY_M + 0.6
    body(shapes, side, v, span, height_m, brick, draw)
    pitched_roof(shapes, side, v, span, height_m, tinted(_SLATE, draw), hipped=False)
    for unit in range(round((span[1] - span[0]) / 5.5)):
        u = span[0] + 5.5 * unit
        closed = next(draw) < 0.10 + 0.55 * nature.worn
        _shopfront(shapes, side, v, u, closed, draw)
        for storey in range(1, storeys):
            empty = next(draw) < 0.3 * max(0.0, nature.worn - 0.15)
            for offset in (0.7, 3.2):
                window(shapes, side, v, u + offset, storey * _STOREY_M + 1.1, 1.3, 1.4, empty, draw)
    graffiti(shapes, side, v, span, nature, draw)


def _shopfront(
    shapes: Shapes, side: int, v: float, u: float, closed: bool, draw: Iterator[float]
) -> None:
    sign = tinted(SIGNS[int(5 * next(draw))], draw)
    shapes.wall(side, v - 0.05, (u + 0.1, u + 5.4), (0, 2.7), tinted(sign, draw, 30))
    if closed:
        shapes.wall(side, v - 0.08, (u + 0.4, u + 5.1), (0.1, 2.6), tinted(_STEEL, draw))
        if abs(u) < DETAIL_M:
            for rib in range(8):
                z = 0.3 + rib * 0.3
                shapes.wall(side, v - 0.09, (u + 0.4, u + 5.1), (z, z + 0.06), (84, 86, 88))
    else:
        glass = tinted((92, 104, 112), draw, 26)
        for pane in (0.4, 2.3):
            shapes.wall(side, v - 0.08, (u + pane, u + pane + 1.7), (0.5, 2.5), glass)
        shapes.wall(side, v - 0.08, (u + 4.2, u + 5.1), (0.1, 2.4), tinted(GLASS, draw))
        if next(draw) < 0.35:
            w = side * v
            shapes.quad(
                (
                    (u + 0.3, w, 2.8),
                    (u + 5.2, w, 2.8),
                    (u + 5.2, w - side * 1.3, 2.35),
                    (u + 0.3, w - side * 1.3, 2.35),
                ),
                tinted(sign, draw, 40),
            )
    shapes.wall(side, v - 0.14, (u + 0.1, u + 5.4), (2.7, 3.35), sign)
    if abs(u) < DETAIL_M:
        lettering = 0.8 + next(draw)
        for letter in range(4 + int(5 * next(draw))):
            left = u + lettering + letter * 0.34
            shapes.wall(side, v - 0.16, (left, left + 0.2), (2.88, 3.18), WHITE)
