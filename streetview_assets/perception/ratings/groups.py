"""Who rated: ages, genders, levels of education and regions, and the groups that a study names.

The region is told as the survey of the percept project tells it: by what a person wrote as country
or as postcode. Its patterns are looked for anywhere in the text and in any case of letters, so that
"The Netherlands" and "1234 ab" are Dutch too.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.study.perception import RaterGroups

ALL = "all"
"""The group of everybody."""
NL, NON_NL = "NL", "non-NL"
REGIONS = (NL, NON_NL)

_OLDEST = 120
_AGES = re.compile(r"\s*(\d{1,3})\s*(?:[-,]\s*(\d{1,3})|\+)?\s*")
_DUTCH = r"(?i)^\s*nl\s*$|nederland|netherl|netjerl|dutch|utrecht|amsterdam"
_DUTCH_POSTCODE = r"(?i)^\s*[0-9]{4}\s*[a-z]{2}\s*$"


@dataclass(frozen=True)
class RaterGroup:
    """A group of people whose ratings are looked at by themselves.

    Attributes
    ----------
    grouping
        `all`, `age`, `gender`, `region` or `education`.
    name
        As tables name it: `all`, `age 18-29`, `gender woman`, `region NL`.
    members
        Whether a row of a table with the columns of people is a member's; null counts as no.
    """

    grouping: str
    name: str
    members: pl.Expr


def age_range(text: str) -> tuple[int, int]:
    """Read `18-29`, `50+`, and, as the reference program writes them, `18,29` and `18`.

    Parameters
    ----------
    text
        Ages from and to; both are in it, and without an upper one all are up to 120.

    Raises
    ------
    StudyError
        Where it is none of these, or the first is above the second.
    """
    found = _AGES.fullmatch(text)
    if found is None:
        raise StudyError(
            f"age {text[:40]!r} is no range of ages. Write `18-29` or `18,29` (both are in it), "
            "`50+` or `50`."
        )
    youngest, oldest = int(found[1]), int(found[2] or max(_OLDEST, int(found[1])))
    if youngest > oldest:
        raise StudyError(f"age {text!r}: {youngest} is above {oldest}. Write the lower age first.")
    return youngest, oldest


def is_of_age(text: str) -> pl.Expr:
    """Say whether the column `age` lies in a range, both ends in it; see `age_range`."""
    return pl.col("age").is_between(*age_range(text))


def is_among(column: str, wanted: Iterable[str]) -> pl.Expr:
    """Say whether a text is one of some, whatever their case and the blanks around them.

    Parameters
    ----------
    column
        `gender`, `education` or another column of text.
    wanted
        The texts.
    """
    names = [name.strip().lower() for name in wanted]
    return _plain(column).is_in(names)


def is_from_nl(country: str = "country", postalcode: str = "postalcode") -> pl.Expr:
    """Say whether a person is from the Netherlands, by the country or the postcode given.

    Never null: who gave neither is not known to be from there.

    Parameters
    ----------
    country, postalcode
        The columns of text.
    """
    named = pl.col(country).str.contains(_DUTCH).fill_null(False)
    return named | pl.col(postalcode).str.contains(_DUTCH_POSTCODE).fill_null(False)


def region_of(country: str = "country", postalcode: str = "postalcode") -> pl.Expr:
    """Tell `NL` from `non-NL`; null for who gave neither country nor postcode.

    Parameters
    ----------
    country, postalcode
        The columns of text.
    """
    told = (pl.col(country).fill_null("") + pl.col(postalcode).fill_null("")).str.strip_chars()
    region = pl.when(is_from_nl(country, postalcode)).then(pl.lit(NL)).otherwise(pl.lit(NON_NL))
    return pl.when(told != "").then(region)


def rater_groups(wishes: RaterGroups, people: pl.DataFrame) -> list[RaterGroup]:
    """List the groups that a study names, the one of everybody first.

    Parameters
    ----------
    wishes
        The study's part `perception.groups`.
    people
        Rows with gender and education, whose values name the groups of these.

    Raises
    ------
    StudyError
        Where a region is not one of the two that are known, or ages are no range.
    """
    unknown = sorted(set(wishes.region) - set(REGIONS))
    if unknown:
        raise StudyError(
            f"perception.groups.region: {unknown[0]!r} is not known; {' and '.join(REGIONS)} are."
        )
    groups = [RaterGroup(ALL, ALL, pl.lit(True))]
    groups += [RaterGroup("age", f"age {ages}", is_of_age(ages)) for ages in wishes.age]
    named = [("gender", wishes.gender), ("education", wishes.education)]
    for column in (column for column, asked in named if asked):
        groups += [
            RaterGroup(column, f"{column} {value}", is_among(column, [value]))
            for value in _values(people, column)
        ]
    groups += [
        RaterGroup("region", f"region {name}", pl.col("region") == name) for name in wishes.region
    ]
    return groups


def _values(people: pl.DataFrame, column: str) -> Sequence[str]:
    return people.select(_plain(column)).to_series().drop_nulls().unique().sort().to_list()


def _plain(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().str.to_lowercase()
