"""How often a planted difference between groups of raters is found, and how often one that is not.

People of two groups rate images in several qualities; in one of them the groups differ, in level
(`--shift`) or in which images they rate higher (`--turned`). Each draw tests both groups in all
qualities, adjusted by Holm.
"""

import argparse

import numpy as np

from streetview_assets.perception.agreement.group_differences import difference, holm

SIGNIFICANT, LEVEL = 0.05, 0.9


def p_values(asked: argparse.Namespace, seed: int) -> tuple[np.ndarray, bool]:
    """Give the p-values of all qualities, the planted one first, and whether its interval holds."""
    rng, found, held = np.random.default_rng(seed), [], True
    rater = np.repeat(np.arange(asked.people), asked.each)
    member = np.arange(asked.people) % 2 == 0
    for quality in range(asked.qualities):
        image, other = rng.normal(size=(2, asked.images))
        unit = np.concatenate(
            [rng.choice(asked.images, asked.each, replace=False) for _ in range(asked.people)]
        )
        lenient, noise = rng.normal(size=asked.people) * 0.5, rng.normal(size=len(unit))
        value = image[unit] + lenient[rater] + noise
        shift = asked.shift if quality == 0 else 0.0
        if quality == 0:
            turned = asked.turned * (other[unit] - image[unit])
            value = value + member[rater] * (shift + turned)
        told = difference(value, unit, rater, member, level=LEVEL, seed=seed)
        assert told is not None
        found += [told.p_value] * 2
        held = told.lower < shift < told.upper if quality == 0 else held
    return holm(np.array(found)), held


def main() -> None:
    """Print one line: shares over the draws."""
    parser = argparse.ArgumentParser(description=__doc__)
    counts = {"images": 120, "people": 60, "each": 20, "qualities": 8, "draws": 100, "seed": 0}
    for name, count in counts.items():
        parser.add_argument(f"--{name}", type=int, default=count)
    parser.add_argument("--shift", type=float, default=0.0)
    parser.add_argument("--turned", action="store_true")
    asked = parser.parse_args()
    drawn = [p_values(asked, asked.seed + draw) for draw in range(asked.draws)]
    planted = np.mean([found[0] < SIGNIFICANT for found, _ in drawn])
    others = np.mean([np.any(found[2:] < SIGNIFICANT) for found, _ in drawn])
    held = np.mean([inside for _, inside in drawn])
    print(
        f"planted found {planted:.2f}, any other {others:.2f}, its interval holds {held:.2f}, "
        f"{asked.draws} draws"
    )


if __name__ == "__main__":
    main()
