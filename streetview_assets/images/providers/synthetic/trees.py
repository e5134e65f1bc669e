"""Trees along a street, in leaf or bare."""

from dataclasses import replace

from streetview_assets.images.providers.synthetic.character import Colour, uniforms
from streetview_assets.images.providers.synthetic.street import FRONT, Point, Street, scaled


def street_trees(street: Street) -> None:
    """Plant trees along the kerb."""
    nature, draw = street.nature, street.draw
    share = nature.greenness * (1.0 - 0.35 * nature.worn) * (0.5 if nature.is_main_road else 0.8)
    u = -street.reach_m + 10 * next(draw)
    while u < street.reach_m:
        if next(draw) < share:
            tree(street, u, nature.road_half_width_m + 0.7, 0.8 + 0.5 * next(draw))
        u += 9 + 5 * next(draw)


def tree(street: Street, u: float, v: float, scale: float) -> None:
    """Plant one tree, in winter a bare one.

    Parameters
    ----------
    street
        On the side where the tree stands.
    u, v
        Where its trunk is.
    scale
        1 of about 8 m.
    """
    street.begin(FRONT, v, u)
    bark, w = street.tinted((86, 72, 58)), street.side * v
    trunk = 0.16 * scale
    height_m = 2.6 * scale + 1.0
    street.wall(v, (u - trunk, u + trunk), (0, height_m), bark)
    head = (u, w + trunk, height_m), (u, w - trunk, height_m)
    street.quad(((u, w - trunk, 0), (u, w + trunk, 0), *head), bark)
    # A stream of its own: what else stands in the street is the same in every season.
    crown = replace(street, draw=uniforms(int(next(street.draw) * 2**32)))
    if street.light.leaf < 0.5:
        _bare_crown(crown, (u, w, height_m), scale, bark)
    else:
        _leafy_crown(crown, (u, w, height_m), scale)


def _leafy_crown(street: Street, top: Point, scale: float) -> None:
    (u, w, height_m), draw, fullness = top, street.draw, street.light.leaf
    count, size = (60, 0.5) if abs(u) < 22 else (18, 0.85) if abs(u) < 45 else (6, 1.3)
    count = int(count * (0.5 + 0.5 * fullness))
    for index in range(count):
        rise = index / count
        reach = 1.9 * scale * (1 - (2 * rise - 0.9) ** 2 * 0.7)
        colour = street.tinted(street.light.leaf_colour, 10)
        street.ball(
            u + (next(draw) * 2 - 1) * reach,
            w + (next(draw) * 2 - 1) * reach,
            height_m - 0.4 + rise * 3.4 * scale,
            size * scale * (0.4 + 0.6 * fullness) * (0.6 + 0.6 * next(draw)),
            scaled(colour, 0.72 + 0.5 * rise),
        )


def _bare_crown(street: Street, top: Point, scale: float, bark: Colour) -> None:
    (u, w, height_m), draw = top, street.draw
    for index in range(16 if abs(u) < 22 else 9 if abs(u) < 45 else 4):
        low = height_m * (0.75 + 0.25 * next(draw))
        end_u = u + (next(draw) * 2 - 1) * 2.0 * scale
        end_w = w + (next(draw) * 2 - 1) * 2.0 * scale
        high = low + (0.8 + 2.6 * next(draw)) * scale
        thick = 0.07 * scale
        foot = (u - thick, w, low - thick), (u + thick, w, low + thick)
        head = (end_u + 0.02, end_w, high + 0.02), (end_u - 0.02, end_w, high - 0.02)
        street.quad((*foot, *head), bark)
        if index % 2:
            twigs = street.tinted(street.light.leaf_colour, 10)
            street.ball(end_u, end_w, high, (0.12 + 0.14 * next(draw)) * scale, twigs)
