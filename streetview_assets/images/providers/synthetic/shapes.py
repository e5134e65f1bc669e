"""The solids of a scene as flat shapes in metres, in the order in which they are to be painted.

The street is a straight corridor: `u` runs along the road, `v` to its right, `z` up; the camera
stands at the origin. Things are given at a distance `v > 0` from the middle of the road and a
side, +1 (right) or -1 (left). A thing farther from the middle never hides a nearer one, so layers
and distances give an order that is right without a depth buffer.

All that draws takes the same: `shapes`, to which it adds; `side`; `u`, `v` and `z` in metres, one
number or from and to; `nature`, what the street is like; `draw`, which gives numbers from 0 to 1
that depend on the place alone; `reach_m`, how far along the road there is anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from streetview_assets.images.providers.synthetic.character import Colour, Light

GROUND, BACKDROP, BUILDINGS, FRONT, AIR = range(5)
"""Layers, painted in this order."""

Order = tuple[float, float, float]
Point = tuple[float, float, float]
Quad = tuple[Point, Point, Point, Point]


@dataclass
class Shapes:
    """Shapes of a scene: quadrilaterals by their corners, balls by centre and radius."""

    light: Light
    corners: list[Quad] = field(default_factory=list)
    radius_m: list[float] = field(default_factory=list)
    colour: list[Colour] = field(default_factory=list)
    order: list[Order] = field(default_factory=list)
    now: Order = (GROUND, 0, 0)

    def begin(self, layer: int, v: float, u: float) -> None:
        """Begin a thing: the shapes that follow are painted in the place that is given here."""
        away = 0.0 if layer == BUILDINGS else -abs(v)
        self.now = (layer, away, -abs(u))

    def quad(self, points: Quad, colour: Colour, shade: float = 1.0) -> None:
        """Add a quadrilateral: four corners, one after the other."""
        self.corners.append(points)
        self.radius_m.append(0.0)
        self.colour.append((colour[0] * shade, colour[1] * shade, colour[2] * shade))
        self.order.append(self.now)

    def ball(self, u: float, v: float, z: float, radius: float, colour: Colour) -> None:
        """Add a ball."""
        centre = (u, v, z)
        self.corners.append((centre, centre, centre, centre))
        self.radius_m.append(radius)
        self.colour.append(colour)
        self.order.append(self.now)

    def wall(
        self, side: int, v: float, u: tuple[float, float], z: tuple[float, float], colour: Colour
    ) -> None:
        """Add an upright face along the road."""
        w = side * v
        shade = self.light.near_side if side > 0 else self.light.far_side
        self.quad(
            ((u[0], w, z[0]), (u[1], w, z[0]), (u[1], w, z[1]), (u[0], w, z[1])), colour, shade
        )

    def end(
        self, side: int, u: float, v: tuple[float, float], z: tuple[float, float], colour: Colour
    ) -> None:
        """Add an upright face across the road."""
        shade = self.light.ends[u > 0]
        first, last = side * v[0], side * v[1]
        self.quad(
            ((u, first, z[0]), (u, last, z[0]), (u, last, z[1]), (u, first, z[1])), colour, shade
        )

    def slab(
        self, side: int, u: tuple[float, float], v: tuple[float, float], z: float, colour: Colour
    ) -> None:
        """Add a level face."""
        first, last = side * v[0], side * v[1]
        self.quad(((u[0], first, z), (u[1], first, z), (u[1], last, z), (u[0], last, z)), colour)

    def box(
        self,
        side: int,
        u: tuple[float, float],
        v: tuple[float, float],
        z: tuple[float, float],
        colour: Colour,
    ) -> None:
        """Add the faces of a box that can be seen from the middle of the road."""
        if u[0] > 0:
            self.end(side, u[0], v, z, colour)
        elif u[1] < 0:
            self.end(side, u[1], v, z, colour)
        self.wall(side, v[0], u, z, colour)
        if z[1] < 2.3:
            self.slab(side, u, v, z[1], _brighter(colour, 1.08))


@dataclass(frozen=True)
class Painted:
    """Shapes as arrays, in the order of painting."""

    corners: np.ndarray
    radius_m: np.ndarray
    colour: np.ndarray


def in_order(shapes: Shapes) -> Painted:
    """Sort the shapes from back to front; shapes of one thing keep their order."""
    order = np.lexsort(np.array(shapes.order).T[::-1])
    numbers = chain.from_iterable(chain.from_iterable(shapes.corners))
    return Painted(
        np.fromiter(numbers, float).reshape(-1, 4, 3)[order],
        np.array(shapes.radius_m)[order],
        np.array(shapes.colour)[order],
    )


def tinted(colour: Colour, draw: Iterator[float], spread: float = 14) -> Colour:
    """Change a colour a little, in lightness and in hue."""
    lightness = (next(draw) - 0.5) * 2 * spread
    hue = (next(draw) - 0.5) * spread * 0.6
    return colour[0] + lightness + hue, colour[1] + lightness, colour[2] + lightness - hue


def _brighter(colour: Colour, factor: float) -> Colour:
    return colour[0] * factor, colour[1] * factor, colour[2] * factor
