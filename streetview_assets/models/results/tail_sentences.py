"""What the ends of a target do to its scores, in words."""

from collections.abc import Callable

from streetview_assets.models.metrics.heavy_tails import HEAVY
from streetview_assets.models.results.rows import Row
from streetview_assets.models.results.tail_rows import LARGEST_ROBUST_Z, OBSERVED
from streetview_assets.models.results.wording import amount, interval, level_of, number

Find = Callable[..., Row | None]
APART = 0.1
"""So much more of the ranks than of the values is worth a warning."""


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
        f"areas of the {end} decile of {row['target']} are predicted {_bias(row)}"
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
