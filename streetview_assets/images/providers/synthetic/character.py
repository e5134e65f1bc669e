"""What a street is like and in what light it is seen: the few numbers a scene is built from.

Deprivation shows in what stands in the street (kinds of houses, hedges, boarded windows, litter).
Colour of walls, season, weather and camera are nuisances that differ by place and date, as in
real imagery, so that mean colour says little.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from streetview_assets.images.providers.synthetic.place import Place, chance, field

Colour = tuple[float, float, float]
Palette = tuple[Colour, ...]

MAIN_ROADS = frozenset({"trunk", "primary", "secondary", "tertiary"})
FOOTWAYS = frozenset({"footway", "path", "pedestrian", "cycleway", "steps", "track"})

BRICKS: Palette = (
    (150, 84, 66),
    (172, 108, 84),
    (188, 164, 124),
    (164, 146, 120),
    (186, 182, 172),
    (214, 208, 194),
)
_ROAD_WIDTH_M = {"trunk": 12.0, "primary": 11.0, "secondary": 9.5, "tertiary": 8.5}


@dataclass(frozen=True)
class Character:
    """A street: `worn` is what deprivation does to it, 0 to 1; the rest are nuisances or follow."""

    worn: float
    greenness: float
    density: float
    brick: Colour
    road_half_width_m: float
    pavement_m: float
    is_main_road: bool
    is_footway: bool
    setback_m: float
    verge: bool

    @property
    def kerb_m(self) -> float:
        """Distance from the middle of the road to where the pavement ends."""
        return self.road_half_width_m + self.pavement_m


@dataclass(frozen=True)
class Light:
    """Weather, season, sun and camera of one capture."""

    leaf: float
    leaf_colour: Colour
    overcast: float
    haze: float
    sky_top: Colour
    sky_low: Colour
    near_side: float
    far_side: float
    ends: tuple[float, float]
    gain: Colour
    contrast: float


def uniforms(*key: int) -> Iterator[float]:
    """Draw numbers in [0, 1) without end, from a key of whole numbers."""
    rng = np.random.default_rng([part & 0xFFFFFFFF for part in key])
    while True:
        yield from rng.random(1024).tolist()


def character(place: Place) -> Character:
    """Say what the street is like at a place."""
    rows = [chance(*place.key, channel) for channel in range(20, 28)]
    deprivation = field(place, 1, 900) if place.deprivation is None else place.deprivation
    # The sum of three uniform numbers is near enough to a normal one: sd 0.12.
    noise = (rows[0] + rows[1] + rows[2] - 1.5) * 0.24
    worn = min(1.0, max(0.0, deprivation + noise))
    road_class = place.road_class.removesuffix("_link")
    greenness = min(1.0, max(0.0, field(place, 2, 500) * 0.8 + rows[3] * 0.2))
    palette = field(place, 3, 700) * 1.6 - 0.3 + (rows[4] - 0.5) * 0.3
    is_main_road = road_class in MAIN_ROADS
    is_footway = road_class in FOOTWAYS
    width = 2.4 if is_footway else _ROAD_WIDTH_M.get(road_class, 5.6 + 1.6 * rows[5])
    return Character(
        worn=worn,
        greenness=greenness,
        density=field(place, 4, 600),
        brick=_between(BRICKS, min(0.999, max(0.0, palette))),
        road_half_width_m=width / 2,
        pavement_m=0.8 if is_footway else 1.9,
        is_main_road=is_main_road,
        is_footway=is_footway,
        setback_m=1.2 if is_main_road else 2.2 + 5.0 * (1 - worn) + 1.5 * rows[6],
        verge=rows[7] < 0.15 + 0.6 * worn,
    )


def light(place: Place, captured_on: date) -> Light:
    """Say in what light, season and by what camera the place was seen."""
    key = (*place.key, captured_on.toordinal())
    rows = [chance(*key, channel) for channel in range(10)]
    # Whatever was captured in one month in one quarter of the town had the same weather.
    month = captured_on.year * 12 + captured_on.month
    weather = field(place, 1000 + month, 900)
    camera = field(place, 3000 + captured_on.year, 1500)
    overcast = min(1.0, max(0.0, weather * 1.3 - 0.15 + (rows[0] - 0.5) * 0.3))
    warmth = (field(place, 5000 + month, 800) - 0.5) * 0.16 + (rows[1] - 0.5) * 0.06
    exposure = 0.80 + 0.38 * camera + (rows[2] - 0.5) * 0.16
    leaf, leaf_colour = _season(captured_on.month, rows[3])
    sun = (rows[4] - 0.5) * (1 - 0.8 * overcast) * 0.55
    end_sun = (rows[5] - 0.5) * (1 - 0.8 * overcast) * 0.5
    return Light(
        leaf=leaf,
        leaf_colour=leaf_colour,
        overcast=overcast,
        haze=0.003 + 0.008 * overcast * rows[6],
        sky_top=_mixed((86, 134, 200), (132, 138, 148), overcast),
        sky_low=_mixed((192, 216, 238), (186, 190, 197), overcast),
        near_side=0.92 + sun,
        far_side=0.92 - sun,
        ends=(0.84 + end_sun, 0.84 - end_sun),
        gain=(exposure * (1 + warmth), exposure, exposure * (1 - warmth)),
        contrast=0.70 + 0.60 * field(place, 7000 + captured_on.year, 1200),
    )


def _season(month: int, chance_of_tint: float) -> tuple[float, Colour]:
    tint = (chance_of_tint - 0.5) * 24
    if month in (12, 1, 2, 3):
        return 0.25, (104 + tint, 92 + tint / 2, 72)
    if month in (10, 11):
        return 0.75, (150 + tint, 116 + tint, 52)
    if month in (4, 5):
        return 0.85, (104 + tint, 142 + tint / 2, 62)
    return 1.0, (72 + tint, 110 + tint / 2, 50)


def _between(palette: Palette, position: float) -> Colour:
    step = position * (len(palette) - 1)
    index = int(step)
    return _mixed(palette[index], palette[index + 1], step - index)


def _mixed(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue
