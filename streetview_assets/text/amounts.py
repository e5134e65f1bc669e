"""Values in units of a target, as people read them."""

import math


def amount(value: float) -> str:
    """Write a value in units of the target with three digits that count, as in `4,200`.

    Parameters
    ----------
    value
        In those units.
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, digits):,.{max(0, digits)}f}".replace("-", "−")


def change(value: float) -> str:
    """Write a difference in units of the target as `amount` does, with its sign.

    Parameters
    ----------
    value
        In those units.
    """
    return f"{'+' if value >= 0 else ''}{amount(value)}"
