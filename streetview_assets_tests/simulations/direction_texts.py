"""How many texts are said to tell something of a target that images have nothing to do with.

Vectors of areas vary over the map, in some directions more than in others, and so does the target.
84 texts about places vary along the same directions, 20 controls less. To see what is found, two
texts to either side point along a number that makes up half of a second target.
"""

import argparse

import numpy as np

from streetview_assets.embeddings.vectors import unit
from streetview_assets.models.direction.direction import direction_rows, find_direction
from streetview_assets_tests.simulations.fields import centres, gaussian_field, mixed

TEXTS, CONTROLS, WIDTH = 84, 20, 48
SHOWN = 2
"""Which of the numbers shows the second target."""


def made_up_texts(
    spectrum: np.ndarray, pointing: bool, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Make texts that lie apart from images, by name, and their groups."""
    size = np.where(np.arange(TEXTS + CONTROLS) < TEXTS, 1.0, 0.6)[:, None]
    sides = size * spectrum * rng.normal(size=(TEXTS + CONTROLS, WIDTH))
    sides += 0.3 * rng.normal(size=sides.shape)
    if pointing:
        sides[:4, SHOWN] += 2 * np.array([1, 1, -1, -1])
    vectors = unit(np.hstack([np.full((len(sides), 1), 5.0), sides]))
    names = [f"text {number:03}" for number in range(len(sides))]
    group_of = {
        name: "control" if number >= TEXTS else "pointing" if number < 4 else "place"
        for number, name in enumerate(names)
    }
    return dict(zip(names, vectors, strict=True)), group_of


def draw(
    place_m: np.ndarray, range_m: float, pointing: bool, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Give the share of texts outside the band, of those that are told, and of those that point."""
    spectrum = 1 / np.arange(1, WIDTH + 1) ** 0.7
    fields = np.array([gaussian_field(place_m, range_m, rng) for _ in range(WIDTH)]).T
    numbers = 0.8 * fields + 0.6 * rng.normal(size=fields.shape)
    vectors = np.hstack([np.full((len(place_m), 1), 3.0), numbers * spectrum])
    target = gaussian_field(place_m, range_m, rng)
    if pointing:
        target = mixed([(0.5, numbers[:, SHOWN]), (0.5, target)])
    texts, group_of = made_up_texts(spectrum, pointing, rng)
    found = find_direction(vectors, target, place_m, more_is="worse", seed=1)
    rows = direction_rows(
        found, {}, target="made up", encoder="made up", interval_level=0.9,
        prompts=texts, group_of=group_of,
    )  # fmt: skip
    low, high = rows.filter(kind="controls").select("lower", "upper").row(0)
    told = rows.filter(kind="prompt").filter(prompt_group="place")
    point = rows.filter(prompt_group="pointing")["says_something"].fill_null(value=False)
    outside = (~told["cosine"].is_between(low, high)).mean()
    return outside, told["says_something"].fill_null(value=False).mean(), point.mean()


def main() -> None:
    """Print the share of texts that are told, without and with a relation, by range."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--areas", type=int, default=400)
    parser.add_argument("--side_m", type=float, default=1_000.0, help="of the square of an area")
    parser.add_argument("--ranges_km", type=float, nargs="+", default=[0, 1, 3, 6])
    asked = parser.parse_args()
    place_m = centres(asked.areas, asked.seed, asked.side_m)
    print("range km   outside the band   told: no relation   found: texts that point")
    for range_km in asked.ranges_km:
        rng = np.random.default_rng(asked.seed)
        none, some = (
            np.array([draw(place_m, range_km * 1_000, related, rng) for _ in range(asked.draws)])
            for related in (False, True)
        )
        cells = [
            f"{part.mean():.3f} ± {part.std() / np.sqrt(asked.draws):.3f}"
            for part in (none[:, 0], none[:, 1], some[:, 2])
        ]
        print(f"{range_km:8g}   " + "   ".join(f"{cell:>17}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
