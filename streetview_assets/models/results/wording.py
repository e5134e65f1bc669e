"""How numbers and their intervals stand in a sentence."""

import math

from streetview_assets.models.results.rows import Row


def number(value: float) -> str:
    """Write a score with two decimals and a true minus sign."""
    text = f"{value:.2f}"
    return text[1:] if text == "-0.00" else text.replace("-", "−")


def amount(value: float) -> str:
    """Write a value in units of the target with three digits that count, as in `4,200`."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    digits = min(0, 2 - math.floor(math.log10(abs(value))))
    return f"{round(value, digits):,.{decimals}f}".replace("-", "−")


def interval(row: Row) -> str:
    """Write the interval of a score, or that it has none."""
    if row["lower"] is None or row["upper"] is None:
        return "no interval"
    return f"{level_of(row)} {number(row['lower'])} to {number(row['upper'])}"


def level_of(row: Row) -> str:
    """Name the interval of a score by its level."""
    return f"{row['interval_level']:.0%} interval" if row["interval_level"] else "interval"
