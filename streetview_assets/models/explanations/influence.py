"""Which images, and which words, move the prediction of an area: by leaving them out.

The influence of an image is the prediction of its area less that without the image, all else as it
is: the prediction difference of Robnik-Šikonja and Kononenko (2008, IEEE Trans. Knowl. Data Eng.
20: 589-600), representation erasure of Li, Monroe and Jurafsky (2016, arXiv:1612.08220). A median,
least or greatest value hardly moves with one image: there it is the prediction less that without
what the image adds to groups of the others, on average (`pooling.leave_out`). A model that answers
in steps, as trees do, hardly moves either: there it is what the image adds to the prediction of
groups of the others (`semivalues`), which are drawn. Else nothing is sampled, and nothing ever
fitted in the place of the model, as LIME does. A word is left out with all the images that are most
like it. How far the tenth of the images with the largest influences moves the
prediction, beside a tenth by lot, is the comprehensiveness of DeYoung et al. (2020, ACL:
4443-4458).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.explanations.features_left import FeatureMaker, ImagesOfArea
from streetview_assets.models.explanations.semivalues import groups_of, semivalues

Predict = Callable[[np.ndarray], np.ndarray]

TENTH = 0.1
DRAWS = 20
"""Tenths by lot that stand beside the one with the largest influences."""
MEANS, STATISTICS, FEATURES = 4_000, 1_600, 400
"""Groups that are drawn of an area's images for a model that answers in steps: of means, of other
statistics and of other features, which take longer."""

ONE_IMAGE = "the area has no other image"
ONE_WORD = "all images of the area are most like this one"


@dataclass(frozen=True)
class Influences:
    """What an area's prediction owes to its images and to its words.

    Attributes
    ----------
    predicted
        With all images, as the model says it: not held inside the range of the target.
    of_images
        By image the change, the prediction less that without it; of images that are all but the
        same, one stands for all. NaN where nothing is left.
    copies
        By image how many are left out with it, itself among them.
    of_words
        By label the change, with as many images left out; NaN where nothing is left.
    word_counts
        By label the images that are most like it.
    top_tenth
        How far the prediction moves without the tenth of the images, one at least, that moves it
        farthest to one side; None where fewer than two images would stay.
    random_tenth
        How far without a tenth by lot, on average.
    """

    predicted: float
    of_images: Mapping[str, float]
    copies: Mapping[str, int]
    of_words: Mapping[str, float] = field(default_factory=dict)
    word_counts: Mapping[str, int] = field(default_factory=dict)
    top_tenth: float | None = None
    random_tenth: float | None = None


def influences(
    areas: Sequence[ImagesOfArea],
    maker: FeatureMaker,
    predict: Predict,
    *,
    seed: int,
    in_steps: bool = False,
) -> list[Influences]:
    """Find what the predictions of areas owe to each image and each word, one by one.

    Parameters
    ----------
    areas
        Their images; each has one at least.
    maker
        Makes of them what the model sees.
    predict
        The model: features (m, width) to predictions (m,).
    seed
        Of the tenths, and of groups, that are drawn by lot; each area draws its own.
    in_steps
        Whether the model answers in steps, as trees do.
    """
    parts = [_left_out_one_by_one(area) for area in areas]
    if in_steps:
        both = zip(areas, parts, strict=True)
        values = [_values(area, left, maker, predict, seed) for area, left in both]
        parts = [replace(left, images={}) for left in parts]
    rows = [_features(area, maker, left) for area, left in zip(areas, parts, strict=True)]
    single = [_told(*one) for one in zip(areas, parts, _predicted(predict, rows), strict=True)]
    if in_steps:
        by_image = zip(single, values, strict=True)
        single = [replace(one, of_images=changes, copies=same) for one, (changes, same) in by_image]
    tenths = [_tenths(*one, seed) for one in zip(areas, single, strict=True)]
    told = zip(areas, tenths, strict=True)
    moved = _predicted(predict, [_rows_of(area, maker, masks) for area, masks in told])
    return [_with_tenths(one, found) for one, found in zip(single, moved, strict=True)]


@dataclass(frozen=True)
class _LeftOut:
    """What is left out of an area: each image with those that show the same, then each word."""

    images: dict[str, np.ndarray]
    words: dict[str, np.ndarray]

    @property
    def of_images(self) -> list[np.ndarray]:
        """Images that go, (n,), of those alone that leave something."""
        return [one for one in self.images.values() if not one.all()]

    @property
    def of_words(self) -> list[np.ndarray]:
        """Images that go with each word, (n,), of those alone that leave something."""
        return [one for one in self.words.values() if not one.all()]


def _left_out_one_by_one(area: ImagesOfArea) -> _LeftOut:
    same_as, labels = np.array(area.same_as), np.array(area.labels)
    images = {
        image_id: same_as == original
        for image_id, original in zip(area.image_ids, area.same_as, strict=True)
        if image_id == original
    }
    words = {str(label): labels == label for label in np.unique(labels) if label}
    return _LeftOut(images, words)


def _values(
    area: ImagesOfArea, left_out: _LeftOut, maker: FeatureMaker, predict: Predict, seed: int
) -> tuple[dict[str, float], dict[str, int]]:
    """Draw what each image adds to groups of the others; of those that show the same, the sum."""
    copies = {name: int(goes.sum()) for name, goes in left_out.images.items()}
    if not left_out.of_images:
        return dict.fromkeys(copies, np.nan), copies
    rng = np.random.default_rng(seed_of(seed, "groups", *area.image_ids[:1]))
    of_pooled = MEANS if maker.leaves_out else STATISTICS
    groups = groups_of(len(area), of_pooled if maker.takes_statistics else FEATURES, rng)
    value = semivalues(groups, predict(maker.of_groups(area, groups)))
    changes = {name: float(value[goes].sum()) for name, goes in left_out.images.items()}
    return changes, copies


def _features(area: ImagesOfArea, maker: FeatureMaker, left_out: _LeftOut) -> np.ndarray:
    """Make the features of all images, then those without what is left out; (1 + m, width)."""
    whole = maker.of(area, np.ones(len(area), dtype=bool))
    rows = [whole]
    less_each = maker.less_each(area) if left_out.of_images else np.empty((0, 0))
    for goes in left_out.of_images:
        if maker.adds_up:
            rows.append(whole + (less_each[goes] - whole).sum(axis=0))
        else:
            rows.append(less_each[goes][0] if goes.sum() == 1 else maker.of(area, ~goes))
    rows += [maker.of(area, ~goes) for goes in left_out.of_words]
    return np.stack(rows)


def _told(area: ImagesOfArea, left_out: _LeftOut, found: np.ndarray) -> Influences:
    changes = iter(found[0] - found[1:])
    by_image, by_word = (
        {name: np.nan if goes.all() else float(next(changes)) for name, goes in parts.items()}
        for parts in (left_out.images, left_out.words)
    )
    return Influences(
        predicted=float(found[0]),
        of_images=by_image,
        copies={name: int(goes.sum()) for name, goes in left_out.images.items()},
        of_words=by_word,
        word_counts={name: int(goes.sum()) for name, goes in left_out.words.items()},
    )


def _tenths(area: ImagesOfArea, one: Influences, seed: int) -> list[np.ndarray]:
    """Give the images that go, (n,): the tenth that moves most to either side, then by lot."""
    count = max(1, round(TENTH * len(area)))
    if len(area) - count < 1 or len(one.of_images) < 2:
        return []
    change = np.array([one.of_images[original] for original in area.same_as])
    order = np.argsort(change, kind="stable")
    rising, falling = order[::-1][:count], order[:count]
    rng = np.random.default_rng(seed_of(seed, "tenths", *area.image_ids[:1]))
    drawn = [rng.permutation(len(area))[:count] for _ in range(DRAWS)]
    return [np.isin(np.arange(len(area)), goes) for goes in (rising, falling, *drawn)]


def _with_tenths(one: Influences, found: np.ndarray) -> Influences:
    if not len(found):
        return one
    moved = np.abs(one.predicted - found)
    return replace(one, top_tenth=float(moved[:2].max()), random_tenth=float(moved[2:].mean()))


def _rows_of(area: ImagesOfArea, maker: FeatureMaker, masks: Sequence[np.ndarray]) -> np.ndarray:
    rows = [maker.of(area, ~goes) for goes in masks]
    return np.stack(rows) if rows else np.empty((0, 0))


def _predicted(predict: Predict, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Predict the rows of all areas at once, since a call of a model costs more than a row."""
    there = [one for one in rows if len(one)]
    found = predict(np.vstack(there)) if there else np.empty(0)
    ends = np.cumsum([len(one) for one in rows])
    return np.split(found, ends[:-1])
