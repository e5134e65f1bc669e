"""Buildings along a street: terraces, pairs of semis, detached houses, blocks of flats, shops."""

from collections.abc import Callable

from streetview_assets.images.providers.synthetic import facades
from streetview_assets.images.providers.synthetic.character import BRICKS, Colour
from streetview_assets.images.providers.synthetic.street import (
    BUILDINGS,
    Span,
    Street,
    distance_along,
)

Build = Callable[[Street, float, Span], None]

_STEEL: Colour = (128, 132, 134)
_SLATE: Colour = (92, 92, 100)
_TILE: Colour = (142, 88, 66)
_STOREY_M = 2.75


def row_of_buildings(street: Street) -> list[tuple[Span, float]]:
    """Line one side of the street with buildings.

    Returns
    -------
    list of (from and to along the road, distance of the facade from the middle of the road)
    """
    nature, draw = street.nature, street.draw
    lots = []
    u = -street.reach_m + next(draw) * 6
    while u < street.reach_m:
        facade_m = nature.kerb_m + nature.setback_m * (0.85 + 0.3 * next(draw))
        build, length_m, gap_m = _kind(street)
        span = (u, u + length_m)
        street.begin(BUILDINGS, facade_m, distance_along(span))
        build(street, facade_m, span)
        if build is not _detached:
            facades.graffiti(street, facade_m, span)
        lots.append((span, facade_m))
        u += length_m + gap_m
    return lots


def _kind(street: Street) -> tuple[Build, float, float]:
    """Choose what is built next: how, its length and the gap after it, in m."""
    nature, draw = street.nature, street.draw
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


def _terrace(street: Street, v: float, span: Span) -> None:
    draw = street.draw
    brick = street.tinted(street.nature.brick)
    roof = street.tinted(_SLATE if next(draw) < 0.6 else _TILE)
    facades.body(street, v, span, 2 * _STOREY_M, brick)
    facades.pitched_roof(street, v, span, 2 * _STOREY_M, roof)
    units = max(1, round((span[1] - span[0]) / 4.8))
    for unit in range(units):
        u = span[0] + 4.8 * unit
        if next(draw) < 0.3:
            painted = BRICKS[3 + int(3 * next(draw))]
            street.wall(v - 0.02, (u, u + 4.8), (0, 2 * _STOREY_M), painted)
        empty = _is_empty(street, 0.42)
        facades.door(street, v, u + 0.5, empty)
        facades.window(street, v, u + 2.2, 0.8, (1.6, 1.4), empty)
        facades.window(street, v, u + 0.6, _STOREY_M + 0.8, (1.1, 1.3), empty)
        facades.window(street, v, u + 2.8, _STOREY_M + 0.8, (1.1, 1.3), empty)
        facades.chimney(street, v + 4, u, 2 * _STOREY_M + 2.6, brick)


def _semis(street: Street, v: float, span: Span) -> None:
    draw = street.draw
    brick = street.tinted(street.nature.brick if next(draw) < 0.65 else BRICKS[5])
    roof = street.tinted(_TILE if next(draw) < 0.6 else _SLATE)
    eaves_m = 2 * _STOREY_M
    facades.body(street, v, span, eaves_m, brick)
    facades.pitched_roof(street, v, span, eaves_m, roof, hipped=True)
    middle = (span[0] + span[1]) / 2
    for direction in (-1, 1):
        empty = _is_empty(street, 0.34)
        bay = middle + direction * 2.2
        u = (bay - 1.3, bay + 1.3)
        street.box(u, (v - 0.7, v), (0, eaves_m - 0.1), street.tinted(facades.WHITE))
        for storey in (0, 1):
            facades.window(street, v - 0.7, u[0] + 0.2, storey * _STOREY_M + 0.8, (2.2, 1.4), empty)
        edge = middle + direction * 4.6
        facades.door(street, v, edge - 0.5, empty)
        facades.window(street, v, edge - 0.5, _STOREY_M + 1.0, (1.0, 1.1), empty)
    facades.chimney(street, v + 4, middle - 0.5, eaves_m + 2.4, brick)


def _detached(street: Street, v: float, span: Span) -> None:
    draw = street.draw
    brick = street.tinted(street.nature.brick if next(draw) < 0.7 else BRICKS[4])
    roof = street.tinted(_TILE if next(draw) < 0.5 else _SLATE)
    eaves_m = 2 * _STOREY_M - 0.2
    facades.body(street, v, span, eaves_m, brick)
    facades.pitched_roof(street, v, span, eaves_m, roof, hipped=next(draw) < 0.5)
    front = (span[0] + 0.3, span[0] + 3.9)
    facades.gable(street, v - 0.8, front, eaves_m, street.tinted(BRICKS[5]))
    empty = _is_empty(street, 0.2, 0.2)
    for storey in (0, 1):
        facades.window(street, v - 0.8, front[0] + 0.7, storey * _STOREY_M + 0.8, (2.2, 1.3), empty)
    facades.door(street, v, front[1] + 0.5, empty)
    street.slab((front[1] + 0.2, front[1] + 1.8), (v - 0.9, v), 2.4, roof)
    u = front[1] + 2.1
    while u < span[1] - 1.9:
        facades.window(street, v, u, 0.9, (1.6, 1.2), empty)
        facades.window(street, v, u, _STOREY_M + 0.9, (1.6, 1.2), empty)
        u += 3.1
    facades.chimney(street, v + 4, span[1] - 1.4, eaves_m + 2.4, brick)


def _block(street: Street, v: float, span: Span) -> None:
    draw, nature = street.draw, street.nature
    storeys = 3 + int(3.2 * next(draw) + 2.5 * nature.worn)
    colour = street.tinted(nature.brick if next(draw) < 0.3 else BRICKS[4 + int(2 * next(draw))])
    height_m = storeys * _STOREY_M + 0.5
    facades.body(street, v, span, height_m, colour)
    balconies = next(draw) < 0.55 and distance_along(span) < facades.DETAIL_M
    for storey in range(storeys):
        z = storey * _STOREY_M
        if storey:
            street.wall(v - 0.02, span, (z - 0.18, z), (104, 102, 100))
        u = span[0] + 0.8
        while u < span[1] - 1.8:
            facades.window(street, v, u, z + 0.9, (1.5, 1.3), _is_empty(street, 0.26, 0.1))
            if balconies and storey and int(u) % 2:
                street.wall(v - 0.9, (u - 0.4, u + 2.0), (z, z + 0.95), (170, 172, 170))
            u += 2.7
    stair = span[0] + (span[1] - span[0]) * 0.45
    street.wall(v - 0.05, (stair, stair + 2.0), (0, height_m), (112, 114, 116))
    street.wall(v - 0.07, (stair + 0.4, stair + 1.6), (0, 2.2), (64, 70, 78))


def _shops(street: Street, v: float, span: Span) -> None:
    brick = street.tinted(street.nature.brick)
    storeys = 2 + int(1.6 * next(street.draw))
    height_m = storeys * _STOREY_M + 0.6
    facades.body(street, v, span, height_m, brick)
    facades.pitched_roof(street, v, span, height_m, street.tinted(_SLATE))
    for unit in range(round((span[1] - span[0]) / 5.5)):
        u = span[0] + 5.5 * unit
        _shopfront(street, v, u)
        for storey in range(1, storeys):
            empty = _is_empty(street, 0.3)
            for offset in (0.7, 3.2):
                facades.window(street, v, u + offset, storey * _STOREY_M + 1.1, (1.3, 1.4), empty)


def _shopfront(street: Street, v: float, u: float) -> None:
    draw = street.draw
    closed = next(draw) < 0.10 + 0.55 * street.nature.worn
    sign = street.tinted(facades.SIGNS[int(5 * next(draw))])
    street.wall(v - 0.05, (u + 0.1, u + 5.4), (0, 2.7), street.tinted(sign, 30))
    if closed:
        street.wall(v - 0.08, (u + 0.4, u + 5.1), (0.1, 2.6), street.tinted(_STEEL))
        if abs(u) < facades.DETAIL_M:
            for rib in range(8):
                z = 0.3 + rib * 0.3
                street.wall(v - 0.09, (u + 0.4, u + 5.1), (z, z + 0.06), (84, 86, 88))
    else:
        glass = street.tinted((92, 104, 112), 26)
        for pane in (0.4, 2.3):
            street.wall(v - 0.08, (u + pane, u + pane + 1.7), (0.5, 2.5), glass)
        street.wall(v - 0.08, (u + 4.2, u + 5.1), (0.1, 2.4), street.tinted(facades.GLASS))
        if next(draw) < 0.35:
            w = street.side * v
            outer = w - street.side * 1.3
            edge = (u + 5.2, outer, 2.35), (u + 0.3, outer, 2.35)
            street.quad(((u + 0.3, w, 2.8), (u + 5.2, w, 2.8), *edge), street.tinted(sign, 40))
    street.wall(v - 0.14, (u + 0.1, u + 5.4), (2.7, 3.35), sign)
    if abs(u) < facades.DETAIL_M:
        lettering = 0.8 + next(draw)
        for letter in range(4 + int(5 * next(draw))):
            left = u + lettering + letter * 0.34
            street.wall(v - 0.16, (left, left + 0.2), (2.88, 3.18), facades.WHITE)


def _is_empty(street: Street, most: float, from_worn: float = 0.15) -> bool:
    """Whether a home stands empty: the likelier, the more the street is worn."""
    return next(street.draw) < most * max(0.0, street.nature.worn - from_worn)
