"""Trees along a street, in leaf or bare."""

from collections.abc import Iterator

from streetview_assets.images.providers.synthetic.character import Character, Colour, uniforms
from streetview_assets.images.providers.synthetic.shapes import FRONT, Point, Shapes, tinted


def street_trees(
    shapes: Shapes, side: int, nature: Character, draw: Iterator[float], reach_m: float
) -> None:
    """Plant trees along the kerb."""
    share = nature.greenness * (1.0 - 0.35 * nature.worn) * (0.5 if nature.is_main_road else 0.8)
    u = -reach_m + 10 * next(draw)
    while u < reach_m:
        if next(draw) < share:
            v = nature.road_half_width_m + 0.7
            tree(shapes, side, u, v, 0.8 + 0.5 * next(draw), draw)
        u += 9 + 5 * next(draw)


def tree(
    shapes: Shapes, side: int, u: float, v: float, scale: float, draw: Iterator[float]
) -> None:
    """Plant one tree, `scale` 1 of about 8 m; in winter it is bare."""
    shapes.begin(FRONT, v, u)
    bark, w = tinted((86, 72, 58), draw), side * v
    trunk = 0.16 * scale
    height_m = 2.6 * scale + 1.0
    shapes.wall(side, v, (u - trunk, u + trunk), (0, height_m), bark)
    shapes.quad(
        ((u, w - trunk, 0), (u, w + trunk, 0), (u, w + trunk, height_m), (u, w - trunk, height_m)),
        bark,
    )
    # A stream of its own: what else stands in the street is the same in every season.
    crown = uniforms(int(next(draw) * 2**32))
    if shapes.light.leaf < 0.5:
        _bare_crown(shapes, (u, w, height_m), scale, bark, crown)
    else:
        _leafy_crown(shapes, (u, w, height_m), scale, crown)


def _leafy_crown(shapes: Shapes, top: Point, scale: float, draw: Iterator[float]) -> None:
    u, w, height_m = top
    count, size = (60, 0.5) if abs(u) < 22 else (18, 0.85) if abs(u) < 45 else (6, 1.3)
    fullness = shapes.light.leaf
    count = int(count * (0.5 + 0.5 * fullness))
    for index in range(count):
        rise = index / count
        reach = 1.9 * scale * (1 - (2 * rise - 0.9) ** 2 * 0.7)
        lift = 0.72 + 0.5 * rise
        colour = tinted(shapes.light.leaf_colour, draw, 10)
        shapes.ball(
            u + (next(draw) * 2 - 1) * reach,
            w + (next(draw) * 2 - 1) * reach,
            height_m - 0.4 + rise * 3.4 * scale,
            size * scale * (0.4 + 0.6 * fullness) * (0.6 + 0.6 * next(draw)),
            (colour[0] * lift, colour[1] * lift, colour[2] * lift),
        )


def _bare_crown(
    shapes: Shapes,
    top: Point,
    scale: float,
    bark: Colour,
    draw: Iterator[float],
) -> None:
    u, w, height_m = top
    for index in range(16 if abs(u) < 22 else 9 if abs(u) < 45 else 4):
        low = height_m * (0.75 + 0.25 * next(draw))
        end_u = u + (next(draw) * 2 - 1) * 2.0 * scale
        end_w = w + (next(draw) * 2 - 1) * 2.0 * scale
        high = low + (0.8 + 2.6 * next(draw)) * scale
        thick = 0.07 * scale
        shapes.quad(
            (
                (u - thick, w, low - thick),
                (u + thick, w, low + thick),
                (end_u + 0.02, end_w, high + 0.02),
                (end_u - 0.02, end_w, high - 0.02),
            ),
            bark,
        )
        if index % 2:
            twigs = tinted(shapes.light.leaf_colour, draw, 10)
            shapes.ball(end_u, end_w, high, (0.12 + 0.14 * next(draw)) * scale, twigs)
