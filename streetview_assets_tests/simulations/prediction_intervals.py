"""Whether prediction intervals hold in every kind of area, how wide they are, what is reported.

Towns of several authorities, whose images show two signals the better the more of them there are;
part of the target is a field that no image shows. The target is a rank, or has normal or heavy
tails; authorities differ by a shift. Beside the intervals stand: one width for all, from the errors
in other folds, at the same level; one width at the least level at which it holds what is asked of
intervals in every class and tenth; and intervals made of the errors of all draws together, as wide
as they would have to be were their law known. What is planted must be reported as a failure: one
authority's predictions three standard deviations off, its errors four times as large, intervals
half as wide everywhere.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import rankdata

from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.metrics.conformal import (
    HeldOut,
    calibrate,
    conformal_quantile,
    inside,
)
from streetview_assets.models.results.coverage_rows import coverage_failures, coverage_rows
from streetview_assets.models.results.rows import scores_frame
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.competitors import Competitors
from streetview_assets.models.validation.nested_cv import OutOfFold, cross_validate
from streetview_assets.models.validation.out_of_fold import Fold, folds_of
from streetview_assets.models.validation.prediction_intervals import prediction_intervals
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.study.models import Models
from streetview_assets_tests.simulations.fields import centres, dataset, gaussian_field, mixed

SETTINGS = Models(candidates=("ridge",), trials=1, block_km=2, buffer_km=0, deals=1)
CLASSES = ((1, 2), (3, 5), (6, 10), (11, 20), (21, 40), (41, 999))
TRUTHS = ("rank", "normal", "heavy", "rank, one town")
PLANTED = ("nothing", "bias", "noise", "narrow")
VALIDATION = "blocks"
SIGNAL_M, FIELD_M = 3_000.0, 2_000.0
"""How far the signals, and the field that no image shows, are alike."""
OWN_SD, IMAGE_SD = 0.5, 1.5
"""Of what a signal has in an area alone, and of the error of one image; what is smooth has 1."""


@dataclass(frozen=True)
class MadeUp:
    """Areas, and what made them.

    Attributes
    ----------
    data
        The areas.
    shown
        The signals with the error of so few images, (n, 2).
    slope, of_field, of_noise
        What the value has of the sum of the signals, of the field that no image shows, and of
        noise, each before it was standardised.
    """

    data: AreaDataset
    shown: np.ndarray
    slope: float
    of_field: float
    of_noise: float


def town(truth: str, count: int, shift: float, seed: int) -> AreaDataset:
    """Make areas up, of one authority where the truth says so, else of five side by side."""
    return made_up(truth, count, shift, seed).data


def made_up(truth: str, count: int, shift: float, seed: int) -> MadeUp:
    """Make areas up, and tell what of."""
    rng = np.random.default_rng(seed)
    place_m = centres(count, seed)
    authority = np.argsort(np.argsort(place_m[:, 0])) * (1 if "one" in truth else 5) // count
    images = np.clip(np.exp(rng.normal(2.2, 1.1, count)).round(), 1, 200)
    signals = np.column_stack([gaussian_field(place_m, SIGNAL_M, rng) for _ in range(2)])
    signals += OWN_SD * rng.normal(size=signals.shape)
    shown = signals + IMAGE_SD * rng.normal(size=signals.shape) / np.sqrt(images)[:, None]
    vectors = shown @ rng.normal(size=(2, 30)) + 0.2 * rng.normal(size=(count, 30))
    noise = rng.standard_t(3, count) if truth == "heavy" else rng.normal(size=count)
    parts = [
        (0.65, signals.sum(axis=1)),
        (0.15, gaussian_field(place_m, FIELD_M, rng)),
        (0.2, noise),
    ]
    value = mixed(parts)
    value += shift * rng.normal(size=5)[authority]
    value = rankdata(value) if "rank" in truth else value
    codes = [f"E{number}" for number in authority]
    data = dataset(place_m, vectors, value, authorities=codes, image_counts=images)
    return MadeUp(data, shown, *(float(np.sqrt(share) / part.std()) for share, part in parts))


def validated(data: AreaDataset, seed: int) -> OutOfFold:
    """Hold spatial blocks out."""
    return cross_validate(_ridge(), data, SETTINGS, VALIDATION, seed)


def authorities_held_out(data: AreaDataset, seed: int) -> Iterator[OutOfFold]:
    """Hold each authority out, as `held_out_model` does."""
    codes = np.array(data.authority_codes)
    for code in np.unique(codes):
        fold = Fold(1, codes == code, codes != code, seed)
        yield cross_validate(_ridge(), data, SETTINGS, "authorities", seed, folds=[fold])


def _ridge() -> Competitors:
    return Competitors([CANDIDATES["ridge"]], [], {})


def planted(split: OutOfFold, data: AreaDataset, what: str, seed: int) -> OutOfFold:
    """Spoil one authority's predictions and make the intervals anew, or halve the intervals."""
    predicted, observed = split.predicted[TUNED].copy(), split.areas.observed
    mine = np.array(data.authority_codes) == "E0"
    if what == "bias":
        predicted[mine] += 3 * np.std(observed - predicted)
    if what == "noise":
        predicted[mine] = observed[mine] - 4 * (observed - predicted)[mine]
    folds = folds_of(data, VALIDATION, SETTINGS, seed)
    lower, upper = prediction_intervals(
        data, folds, {TUNED: predicted}, {}, split.block, VALIDATION, SETTINGS.interval_level
    )
    if what == "narrow":
        lower[TUNED] = (lower[TUNED] + predicted) / 2
        upper[TUNED] = (upper[TUNED] + predicted) / 2
    return replace(split, predicted={TUNED: predicted}, lower=lower, upper=upper)


def failures(split: OutOfFold, data: AreaDataset, seed: int) -> list[str]:
    """Name the groups of areas that are reported as failures."""
    rows = coverage_rows(Scoring(SETTINGS, "t", "e", "f", seed), split, data.observed)
    return [row["group_name"] for row in coverage_failures(scores_frame(rows), split.validation)]


def measured(
    split: OutOfFold, values: np.ndarray, level_of_one_width: float | None = None
) -> list[float]:
    """Give coverage of all, by class of image count, in the outer tenths, and the mean width."""
    observed, images = split.areas.observed, split.areas.image_counts
    lower, upper, predicted = split.lower[TUNED], split.upper[TUNED], split.predicted[TUNED]
    if level_of_one_width:
        half = np.empty(len(observed))
        for fold in np.unique(split.fold):
            errors = np.abs(observed - predicted)[split.fold != fold]
            half[split.fold == fold] = conformal_quantile(errors, level_of_one_width)
        lower, upper = predicted - half, predicted + half
    held = inside(observed, lower, upper)
    low, high = np.quantile(values, [0.1, 0.9])
    groups = [(images >= least) & (images <= most) for least, most in CLASSES]
    groups += [observed <= low, observed >= high]
    shares = [held[group].mean() if group.any() else np.nan for group in groups]
    return [held.mean(), *shares, (upper - lower).mean() / values.std()]


def one_width_that_holds(splits: list[OutOfFold]) -> np.ndarray:
    """Measure one width, of the least level at which it holds 0.88 by class, 0.85 by tenth."""
    for level in np.arange(0.9, 0.999, 0.005):
        rows = np.array([measured(one, one.areas.observed, level) for one in splits])
        mean = np.nanmean(rows, axis=0)
        if mean[1:7].min() >= 0.88 and mean[7:9].min() >= 0.85:
            break
    return rows


def by_the_law(splits: list[OutOfFold]) -> np.ndarray:
    """Measure intervals made of the errors of all draws, each in units of its target's scatter."""
    sds = [one.areas.observed.std() for one in splits]
    parts = [
        (one.areas.observed / sd, one.predicted[TUNED] / sd, one.areas.image_counts)
        for one, sd in zip(splits, sds, strict=True)
    ]
    every = HeldOut(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    limits = float(every.observed.min()), float(every.observed.max())
    made = calibrate(every, limits, SETTINGS.interval_level)
    assert made is not None, "there are many areas"
    rows = []
    for one, sd, (_, predicted, images) in zip(splits, sds, parts, strict=True):
        lower, upper = made.interval(predicted, images)
        ends = replace(one, lower={TUNED: lower * sd}, upper={TUNED: upper * sd})
        rows.append(measured(ends, one.areas.observed))
    return np.array(rows)


def main() -> None:
    """Print coverage and width by truth, of authorities held out, and what is reported."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--areas", type=int, default=1_000)
    parser.add_argument("--shift", type=float, default=0.2, help="sd between authorities")
    parser.add_argument("--truths", nargs="+", default=TRUTHS)
    asked = parser.parse_args()
    names = ["all", *(f"{a}-{b}" for a, b in CLASSES), "tenth 1", "tenth 10", "width"]
    for truth in asked.truths:
        splits, unseen, told = [], [], {what: [] for what in PLANTED}
        for seed in range(asked.seed * 1_000, asked.seed * 1_000 + asked.draws):
            data = town(truth, asked.areas, asked.shift, seed)
            split = validated(data, seed)
            splits.append(split)
            for what in PLANTED:
                found = failures(planted(split, data, what, seed), data, seed)
                told[what].append(bool(found) if what in ("nothing", "narrow") else "E0" in found)
            if "one" not in truth:
                held = authorities_held_out(data, seed)
                unseen.append([measured(one, data.observed) for one in held])
        print(f"\n{truth}: {asked.draws} draws, Monte Carlo error in brackets")
        print(" " * 11 + "".join(f"{name:>14}" for name in names))
        level = SETTINGS.interval_level
        same = np.array([measured(one, one.areas.observed, level) for one in splits])
        adapted = np.array([measured(one, one.areas.observed) for one in splits])
        _print("one width", same)
        _print("that holds", one_width_that_holds(splits))
        _print("known law", by_the_law(splits))
        _print("adaptive", adapted)
        wider = adapted[:, -1] / same[:, -1]
        error = wider.std() / np.sqrt(len(wider))
        print(f"  adaptive by one width: {wider.mean():.3f} ({error:.3f})")
        if unseen:
            each = np.array(unseen)
            _print("unseen", np.nanmean(each, axis=1))
            covered = each[:, :, 0]
            print(
                f"  authorities held out: mean {covered.mean(axis=0).round(3)}, the least of each"
            )
            low = (covered < 0.85).mean()
            print(f"  draw {covered.min(axis=1).mean():.3f}, below 0.85: {low:.3f}")
        for what, found in told.items():
            if "one" not in truth or what in ("nothing", "narrow"):
                error = np.std(found) / np.sqrt(len(found))
                print(f"  reported where planted is {what}: {np.mean(found):.3f} ({error:.3f})")


def _print(name: str, rows: np.ndarray) -> None:
    mean, error = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0) / np.sqrt(len(rows))
    cells = (f"{m:.3f} ({e:.3f})" for m, e in zip(mean, error, strict=True))
    print(f"{name:<11}" + "".join(f"{cell:>14}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
