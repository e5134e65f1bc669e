"""A street that is built: flat shapes in metres, in the order in which they are to be painted.

The street is a straight corridor: `u` runs along the road, `v` to its right, `z` up; the camera
stands at the origin. A thing farther from the middle never hides a nearer one, so layers and
distances give an order that is right without a depth buffer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from streetview_assets.images.providers.synthetic.character import Character, Colour, Light

GROUND, BACKDROP, BUILDINGS, FRONT = range(4)
"""Layers, painted in this order."""

Order = tuple[float, float, float]
Point = tuple[float, float, float]
Quad = tuple[Point, Point, Point, Point]
Span = tuple[float, float]
"""From and to, in metres."""


@dataclass
class Street:
    """What stands in a street: quadrilaterals by their corners, balls by centre and radius.

    Walls, ends, slabs and boxes are given at a distance `v > 0` from the middle of the road, on the
    side at hand.

    Attributes
    ----------
    light, nature
        How the street is seen, and what it is like.
    draw
        Gives numbers from 0 to 1 that depend on the place alone.
    reach_m
        How far along the road there is anything.
    side
        +1 (right) or -1 (left): where the next things stand.
    corners, radius_m, colour, order
        Of the shapes so far; the corners as one row of numbers, twelve a shape.
    now
        Where in the order the next shapes come.
    """

    light: Light
    nature: Character
    draw: Iterator[float]
    reach_m: float
    side: int = 1
    corners: list[float] = field(default_factory=list)
    radius_m: list[float] = field(default_factory=list)
    colour: list[Colour] = field(default_factory=list)
    order: list[Order] = field(default_factory=list)
    now: Order = (GROUND, 0, 0)

    def sides(self) -> Iterator[Self]:
        """Give the same street to build on its left side, then on its right."""
        return (replace(self, side=side) for side in (-1, 1))

    def begin(self, layer: int, v: float, u: float) -> None:
        """Begin a thing: the shapes that follow are painted in the place that is given here."""
        away = 0.0 if layer == BUILDINGS else -abs(v)
        self.now = (layer, away, -abs(u))

    def quad(self, points: Quad, colour: Colour, shade: float = 1.0) -> None:
        """Add a quadrilateral: four corners, one after the other."""
        self._add((*points[0], *points[1], *points[2], *points[3]), 0.0, scaled(colour, shade))

    def ball(self, u: float, v: float, z: float, radius: float, colour: Colour) -> None:
        """Add a ball."""
        self._add((u, v, z) * 4, radius, colour)

    def wall(self, v: float, u: Span, z: Span, colour: Colour) -> None:
        """Add an upright face along the road."""
        (left, right), (low, high), w = u, z, self.side * v
        shade = self.light.near_side if self.side > 0 else self.light.far_side
        points = (left, w, low, right, w, low, right, w, high, left, w, high)
        self._add(points, 0.0, scaled(colour, shade))

    def upright(self, v: float, points: tuple[Span, Span, Span, Span], colour: Colour) -> None:
        """Add an upright face along the road, by `u` and `z` of its corners."""
        w = self.side * v
        (a, b), (c, d), (e, f), (g, h) = points
        self.quad(((a, w, b), (c, w, d), (e, w, f), (g, w, h)), colour)

    def end(self, u: float, v: Span, z: Span, colour: Colour) -> None:
        """Add an upright face across the road."""
        (near, far), (low, high) = self._from_middle(v), z
        points = ((u, near, low), (u, far, low), (u, far, high), (u, near, high))
        self.quad(points, colour, self.light.ends[u > 0])

    def slab(self, u: Span, v: Span, z: float, colour: Colour) -> None:
        """Add a level face."""
        near, far = self._from_middle(v)
        self.quad(((u[0], near, z), (u[1], near, z), (u[1], far, z), (u[0], far, z)), colour)

    def box(self, u: Span, v: Span, z: Span, colour: Colour) -> None:
        """Add the faces of a box that can be seen from the middle of the road."""
        if u[0] > 0 or u[1] < 0:
            self.end(u[0] if u[0] > 0 else u[1], v, z, colour)
        self.wall(v[0], u, z, colour)
        if z[1] < 2.3:
            self.slab(u, v, z[1], scaled(colour, 1.08))

    def tinted(self, colour: Colour, spread: float = 14) -> Colour:
        """Change a colour a little, in lightness and in hue."""
        lightness = (next(self.draw) - 0.5) * 2 * spread
        hue = (next(self.draw) - 0.5) * spread * 0.6
        return colour[0] + lightness + hue, colour[1] + lightness, colour[2] + lightness - hue

    def _from_middle(self, v: Span) -> Span:
        return self.side * v[0], self.side * v[1]

    def _add(self, corners: tuple[float, ...], radius_m: float, colour: Colour) -> None:
        self.corners.extend(corners)
        self.radius_m.append(radius_m)
        self.colour.append(colour)
        self.order.append(self.now)


@dataclass(frozen=True)
class Painted:
    """Shapes as arrays, in the order of painting.

    Attributes
    ----------
    corners
        (3, 4, n): along the road, to its right and up, in metres, of four corners each.
    radius_m
        (n,): of balls, which have one corner four times; 0 of all else.
    colour
        (n, 3): red, green and blue, 0 to 255.
    """

    corners: np.ndarray
    radius_m: np.ndarray
    colour: np.ndarray


def in_order(street: Street) -> Painted:
    """Sort the shapes from back to front; shapes of one thing keep their order."""
    order = np.lexsort(np.array(street.order).T[::-1])
    return Painted(
        np.array(street.corners).reshape(-1, 4, 3)[order].transpose(2, 1, 0).copy(),
        np.array(street.radius_m)[order],
        np.array(street.colour)[order],
    )


def scaled(colour: Colour, factor: float) -> Colour:
    """Make a colour lighter or darker."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def distance_along(span: Span) -> float:
    """Measure along the road from the camera to the nearest part of a thing, in m."""
    return 0.0 if span[0] <= 0 <= span[1] else min(abs(span[0]), abs(span[1]))
