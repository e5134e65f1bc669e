"""How areas are held out: one row a validation, with its name, its order and how it is told.

Tables, queries, charts, the report and the command take names, order and words from here.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Validation = Literal["authorities", "knndm", "blocks", "holdout", "random"]

AUTHORITIES: Validation = "authorities"
ENOUGH_AUTHORITIES = 10
"""Of fewer towns little is known of how far the next may differ: their scores taken together have
no interval, and that of the next town leans on scores being about normal between towns."""


@dataclass(frozen=True)
class ValidationScheme:
    """One way to hold areas out.

    Attributes
    ----------
    name
        As the column `validation` has it.
    symbol
        Short, for panels and legends.
    label
        In words, for a table of the report.
    phrase
        As a sentence has it: "R² is 0.3 …".
    is_spatial
        Whether areas held out lie apart from those learned from.
    of_each_area
        Whether every area is held out once in each deal.
    """

    name: Validation
    symbol: str
    label: str
    phrase: str
    is_spatial: bool = True
    of_each_area: bool = True


_SCHEMES = (
    ValidationScheme(
        AUTHORITIES,
        "authorities held out",
        "whole authorities held out",
        "with whole authorities held out",
    ),
    ValidationScheme(
        "knndm",
        "distances matched",
        "held out as far away as the task",
        "with areas held out as far away as those to be predicted",
    ),
    ValidationScheme(
        "blocks", "spatial blocks", "spatial blocks held out", "with whole spatial blocks held out"
    ),
    ValidationScheme(
        "holdout", "hold-out", "a share held out once", "on the hold-out", False, False
    ),
    ValidationScheme("random", "random folds", "random folds", "under random folds", False),
)
VALIDATIONS: Mapping[str, ValidationScheme] = {one.name: one for one in _SCHEMES}
"""By name, the strictest first: what it holds out is farthest from what was learned."""


def strict_first(names: Iterable[str]) -> list[Validation]:
    """Put validations in order, each once, the strictest first.

    Parameters
    ----------
    names
        Such as the column `validation` of a table; others than validations are left out.
    """
    there = set(names)
    return [one.name for one in _SCHEMES if one.name in there]


def mild_first(names: Iterable[str]) -> list[Validation]:
    """Put validations in order, each once, the strictest last: as charts show them.

    Parameters
    ----------
    names
        Such as the column `validation` of a table; others than validations are left out.
    """
    return strict_first(names)[::-1]


def headline_validation(
    task: str, authority_count: int, among: Collection[str] | None = None
) -> Validation:
    """Say which validation answers the question that the study asks.

    Gaps between sampled areas are as far from them as distance matching holds areas out. A town
    that was never seen is an authority held out, where there are enough of them; of fewer,
    distance matching holds areas out as far away as another town would be.

    Parameters
    ----------
    task
        The key `models.task`: ``new town`` or ``fill gaps``.
    authority_count
        Authorities with areas that are learned from.
    among
        The validations that there are; default: all.

    Returns
    -------
    Validation
        The first that there is of authorities (for a new town), distance matching, blocks and
        random folds.
    """
    order = [one.name for one in VALIDATIONS.values() if one.of_each_area]
    if task != "new town" or authority_count < ENOUGH_AUTHORITIES:
        order.remove(AUTHORITIES)
    return next((name for name in order if among is None or name in among), order[-1])
