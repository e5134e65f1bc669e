"""What images add to place, what they tell alone, and what the target's ends do, in words."""

from collections.abc import Callable, Sequence

from streetview_assets.models.candidates.baselines import PLACE, PLACE_AND_IMAGES
from streetview_assets.models.candidates.other_features import (
    PLACE_AND_SATELLITE,
    PLACE_DESCRIBED,
    PLACE_DESCRIBED_AND_IMAGES,
    PLACE_IMAGES_AND_SATELLITE,
)
from streetview_assets.models.evaluations.gains import AT_RANDOM, IMAGES, NOTHING
from streetview_assets.models.metrics.heavy_tails import HEAVY
from streetview_assets.models.results.rows import Row
from streetview_assets.models.results.tail_rows import LARGEST_ROBUST_Z, OBSERVED
from streetview_assets.text.amounts import amount
from streetview_assets.text.counted import counted
from streetview_assets.validations import VALIDATIONS

Find = Callable[..., Row | None]
APART = 0.1
"""So much more of the ranks than of the values is worth a warning."""
FindGain = Callable[[str, str, str], Row | None]
"""Finds the row of a validation, of features and of what they are compared with."""

LEAST_GAIN = 0.01
"""A hundredth of the variance lies within what another way to interpolate would gain."""
NOTICEABLE = 0.05
"""A difference of R² that is worth a word."""


def added_to_place(find: FindGain, validation: str) -> str:
    """Say whether images add to what place tells: only beyond chance, and beyond a hundredth.

    Parameters
    ----------
    find
        Finds a row of the table `gains` that has a value.
    validation
        How areas were held out.
    """
    return _added(find, validation, (PLACE_AND_IMAGES, PLACE), ("place tells", "place"))


def added_to_satellite(find: FindGain, validation: str) -> str:
    """Say whether images add to what satellites and place tell together; empty without these.

    Parameters
    ----------
    find, validation
        As `added_to_place`.
    """
    pair = (PLACE_IMAGES_AND_SATELLITE, PLACE_AND_SATELLITE)
    return _added(find, validation, pair, ("satellites and place tell", "satellites with place"))


def added_to_description(find: FindGain, validation: str) -> str:
    """Say what describes a place adds to where it lies, and images to both; empty without these.

    Parameters
    ----------
    find, validation
        As `added_to_place`.
    """
    described = _added(
        find,
        validation,
        (PLACE_DESCRIBED, PLACE),
        ("coordinates tell", "place"),
        whose="Descriptions of place",
        by="its description",
    )
    pair = (PLACE_DESCRIBED_AND_IMAGES, PLACE_DESCRIBED)
    words = ("place tells with its description", "place described")
    beside = _added(find, validation, pair, words)
    return " ".join(filter(None, (described, beside)))


def _added(
    find: FindGain,
    validation: str,
    pair: tuple[str, str],
    words: tuple[str, str],
    whose: str = "Images",
    by: str = "images",
) -> str:
    gain = find(validation, *pair)
    both, known = (find(validation, one, NOTHING) for one in pair)
    if gain is None or known is None or both is None:
        return ""
    tells, name = words
    scores = (
        f"R² is {number(known['value'])} by {name} alone and {number(both['value'])} by {name} and "
        f"{by}, {VALIDATIONS[validation].phrase} ({counted(gain['area_count'], 'area')})"
    )
    amount = f"{number(gain['value'])} in R²{interval_or_why(gain)}"
    if gain["lower"] is None:
        whether = f"Whether {whose[0].lower()}{whose[1:]} add"
        return f"{whether} to what {tells} cannot be said: {amount}; {scores}."
    if gain["lower"] > LEAST_GAIN:
        return f"{whose} add to what {tells}: {amount}; {scores}."
    if gain["upper"] < 0:
        return f"{whose} take away from what {tells}: {amount}; {scores}."
    return f"{whose} are not shown to add to what {tells}: {amount}; {scores}."


def told_by_images(find: FindGain, validation: str) -> str:
    """Say how much images tell by themselves.

    Parameters
    ----------
    find
        Finds a row of the table `gains` that has a value.
    validation
        How areas were held out.
    """
    row = find(validation, IMAGES, NOTHING)
    if row is None:
        return ""
    share = row["value"]
    meaning = f"tell {share:.0%} of the variance" if share > 0 else "tell nothing"
    way = VALIDATIONS[validation].phrase
    return (
        f"{way[0].upper()}{way[1:]}, images alone {meaning}: "
        f"R² {number(share)} ({interval(row)}, {counted(row['area_count'], 'area')})."
    )


def flattery(find: FindGain, validation: str) -> str:
    """Say how much higher images score where the neighbours of an area are learned from.

    Parameters
    ----------
    find
        Finds a row of the table `gains` that has a value.
    validation
        The strict one.
    """
    gap = find(validation, AT_RANDOM, IMAGES)
    strict = find(validation, IMAGES, NOTHING)
    if gap is None or strict is None:
        return ""
    random = f"R² {number(strict['value'] + gap['value'])} under random folds"
    by = f"{number(gap['value'])} ({interval(gap)})"
    if gap["lower"] is None:
        return f"{random[0].upper()}{random[1:]} is higher by {by}."
    if gap["lower"] <= 0 or gap["value"] < NOTICEABLE:
        return f"A random split is not shown to flatter it: {random}, higher by {by}."
    sentence = (
        f"A random split flatters it by {by}: {random}, where the neighbours of an area are "
        "learned from."
    )
    if strict["value"] <= 0:
        sentence += " All that it scores there comes from neighbours."
    return sentence


def against_baseline(
    find: FindGain, validation: str, baselines: Sequence[str]
) -> tuple[str, Row | None]:
    """Compare images with the best of what tells least: the mean, counts, colours.

    Parameters
    ----------
    find
        Finds a row of the table `gains` that has a value.
    validation
        How areas were held out.
    baselines
        Their names.

    Returns
    -------
    tuple
        The sentence, empty without such a comparison, and the row that it rests on.
    """
    rows = [row for name in baselines if (row := find(validation, IMAGES, name))]
    if not rows:
        return "", None
    gain = min(rows, key=lambda row: float(row["value"]))
    best = f"the best baseline ({gain['against'].replace('_', ' ')})"
    amount = f"{number(gain['value'])} in R²{interval_or_why(gain)}"
    if gain["lower"] is None:
        return f"Whether images alone beat {best} cannot be said: {amount}.", gain
    if gain["lower"] > 0:
        return f"Images alone beat {best} by {amount}.", gain
    if gain["upper"] < 0:
        return f"Images alone are worse than {best}: {amount}.", gain
    return f"Images alone do not beat {best} beyond chance: {amount}.", gain


def heavy_tails(find: Find, validation: str) -> str:
    """Warn where a few areas decide R², and tell the score of ranks beside it.

    Parameters
    ----------
    find
        Finds the row of a metric, a validation and a model (default: the one chosen).
    validation
        The one that counts.
    """
    farthest = find(LARGEST_ROBUST_Z, validation, OBSERVED)
    r2, of_ranks = find("r2", validation), find("r2_of_ranks", validation)
    if farthest is None or r2 is None or of_ranks is None:
        return ""
    beside = (
        f"on ranks R² is {number(of_ranks['value'])} ({interval(of_ranks)}), "
        f"on values {number(r2['value'])}"
    )
    if farthest["value"] > HEAVY:
        return (
            f"Few areas decide R², since {r2['target']} has heavy tails or an outlier: one area "
            f"lies {amount(farthest['value'])} robust standard deviations from the median, where "
            f"{HEAVY:g} are much; {beside}."
        )
    if of_ranks["value"] > r2["value"] + APART:
        return f"The order of areas is told better than their values: {beside}."
    return ""


def regression_to_the_mean(find: Find, validation: str) -> str:
    """Say how far areas at either end are predicted towards the middle.

    Parameters
    ----------
    find
        Finds the row of a metric and a validation.
    validation
        The one that counts.
    """
    told = [
        f"areas of the {end} decile of the target are predicted {_bias(row)}"
        for end in ("lowest", "highest")
        if (row := find(f"bias_of_{end}_decile", validation))
    ]
    said = ", ".join(told)
    return f"{said[0].upper()}{said[1:]}." if told else ""


def _bias(row: Row) -> str:
    value = row["value"]
    way = "too high" if value > 0 else "too low"
    if row["lower"] is None or row["upper"] is None:
        return f"{amount(abs(value))} {way} on average (no interval)"
    if row["lower"] <= 0 <= row["upper"]:
        way += ", which may be chance"
    near, far = sorted(row[bound] if value > 0 else -row[bound] for bound in ("lower", "upper"))
    return (
        f"{amount(abs(value))} {way} on average ({level_of(row)} {amount(near)} to {amount(far)})"
    )


def number(value: float) -> str:
    """Write a score with two decimals and a true minus sign."""
    text = f"{value:.2f}"
    return text[1:] if text == "-0.00" else text.replace("-", "−")


def interval(row: Row) -> str:
    """Write the interval of a score, or that it has none."""
    if row["lower"] is None or row["upper"] is None:
        return "no interval"
    return f"{level_of(row)} {number(row['lower'])} to {number(row['upper'])}"


def interval_or_why(row: Row) -> str:
    """Write the interval of a gain behind it, or why it has none."""
    return f", {row['note']}" if row["lower"] is None and row["note"] else f" ({interval(row)})"


def level_of(row: Row) -> str:
    """Name the interval of a score by its level."""
    return f"{row['interval_level']:.0%} interval" if row["interval_level"] else "interval"
