"""Whose ratings are looked at: filters by what people said of themselves."""

from dataclasses import dataclass

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.perception.ratings.groups import NL, REGIONS, is_among, is_from_nl, is_of_age
from streetview_assets.text.counted import counted


@dataclass(frozen=True)
class RaterFilters:
    """Filters of ratings, as the options of the command give them; None: of all.

    Attributes
    ----------
    gender, education
        Values separated by commas.
    region
        `NL` or `non-NL`.
    age
        `MIN` or `MIN,MAX`, both in it.
    """

    gender: str | None = None
    region: str | None = None
    age: str | None = None
    education: str | None = None

    @property
    def given(self) -> list[str]:
        """The options that are given, as they were written."""
        told = vars(self).items()
        return [f"--{name} {value}" for name, value in told if value is not None]

    def keeps(self) -> pl.Expr:
        """Say of a row of the demographics whether it passes; what is not known does not.

        Raises
        ------
        StudyError
            Where the region is not one of the two that are known, or the age no range.
        """
        passes = [pl.lit(True)]
        for column in ("gender", "education"):
            if (wanted := getattr(self, column)) is not None:
                passes.append(is_among(column, wanted.split(",")))
        if self.region is not None:
            if self.region not in REGIONS:
                raise StudyError(
                    f"--region: {self.region!r} is not known; {' and '.join(REGIONS)} are"
                )
            passes.append(is_from_nl() if self.region == NL else ~is_from_nl())
        if self.age is not None:
            passes.append(is_of_age(self.age))
        return pl.all_horizontal(passes).fill_null(False)


def kept_ratings(ratings: pl.DataFrame, filters: RaterFilters, place: str) -> pl.DataFrame:
    """Keep the ratings that pass the filters.

    Parameters
    ----------
    ratings
        Rows as `read_demographics` gives them.
    filters
        Which to keep.
    place
        The file, for messages.

    Raises
    ------
    StudyError
        Where none passes, with what people said.
    """
    kept = ratings.filter(filters.keeps())
    if kept.is_empty():
        raise StudyError(
            f"{place}: not one of {counted(ratings.height, 'rating')} passes "
            f"{' '.join(filters.given)}; {_said(ratings)}. Widen the filters"
        )
    return kept


def _said(ratings: pl.DataFrame) -> str:
    """Say what there is to choose from."""
    ages = ratings["age"].drop_nulls().sort().to_list()
    parts = [f"ages are {ages[0]:g} to {ages[-1]:g}" if ages else "no age is told"]
    for column in ("gender", "education"):
        values = ratings[column].drop_nulls().unique().sort().to_list()
        shown = ", ".join(repr(value[:40]) for value in values[:8]) or "none"
        parts.append(f"{column} is {shown}")
    from_nl = ratings.select(is_from_nl().sum()).item()
    return "; ".join([*parts, f"{counted(from_nl, 'rating is', 'ratings are')} from NL"])
