"""The part `targets` of the study file."""

import re
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from streetview_assets.study.fields import Code, ExistingFile, Month, Part

INDICES_OF_DEPRIVATION = {
    "IMD|Index of Multiple Deprivation": "All domains",
    "Income": "Income",
    "Employment": "Employment",
    "Education|Children and Young People|Adult Skills": "Education, skills and training",
    "Health": "Health and disability",
    "Crime": "Crime",
    "Barriers to Housing|Housing and|Geographical Barriers|Wider Barriers": "Housing and services",
    "Living Environment|Environment|Indoors|Outdoors": "Living environment",
}
"""Domains of the English indices, and sub-domains with them, by how their columns begin."""
_OF_AN_INDEX = r"({})\b.*[ _]([Ss]core|[Rr]ank|[Dd]ecile)\b.*"


class TargetLookup(Part):
    """Which area a postcode or a smaller area of a target's table belongs to."""

    path: ExistingFile = Field(description="CSV, Excel or Parquet")
    code: Code = Field(description="column of the postcodes or smaller areas, as in the table")
    area_code: Code = Field(description="column of the codes of the study's areas")
    aggregate: Literal["mean", "weighted_mean", "sum", "median"] = Field(
        description="how the values of an area's parts become its own; `sum` adds up the counts of "
        "a share before it divides them, the others take the parts' shares"
    )
    weight: Code | None = Field(
        None, description="for `weighted_mean`: column of the weights, such as the population"
    )

    @model_validator(mode="after")
    def _weights_have_a_use(self) -> Self:
        if (self.aggregate == "weighted_mean") != (self.weight is not None):
            raise ValueError("`aggregate: weighted_mean` and `weight` go together")
        return self


class Target(Part):
    """A value of an area that the models are to predict: a column, or a share of columns."""

    name: str = Field(
        pattern=r"^[a-z0-9_]+$", description="its name in tables: a to z, 0 to 9 and `_`"
    )
    label: str | None = Field(
        None,
        min_length=1,
        max_length=80,
        description="what people call it, in figures and pages; default: its name, in words",
    )
    domain: str | None = Field(
        None,
        min_length=1,
        max_length=80,
        description="what it belongs to among several targets, which figures and tables of all are "
        "grouped by; default: the domain, of a column that the English indices of deprivation have",
    )
    path: ExistingFile = Field(description="CSV, Excel or Parquet, or a pickle (see `trust`)")
    area_code: Code = Field(
        description="column of the area codes, or of the codes that `lookup` joins to areas"
    )
    value: Code | None = Field(None, description="column of the values; or give `share` and `of`")
    more_is: Literal["worse", "better"] = Field(
        description="what a higher value means, of the rank and the decile too"
    )
    share: tuple[Code, ...] | None = Field(
        None, min_length=1, description="columns whose sum is divided by that of `of`"
    )
    of: tuple[Code, ...] | None = Field(
        None, min_length=1, description="columns of the whole: its parts, or the one total"
    )
    category: Code | None = Field(
        None,
        description="in a table with one row for each area and category: the column of the "
        "categories. `share` and `of` then name categories, `value` the column of the counts",
    )
    given_as: Literal["value", "rank", "decile"] = Field(
        "value",
        alias="as",
        description="`rank` and `decile` are taken among the areas of the study that have a value, "
        "1 lowest whatever `more_is`; equal values share the mean of their ranks, or one decile",
    )
    is_decile: bool | None = Field(
        None,
        description="whether the values are deciles as they stand, 1 that of the lowest; has to be "
        "said where all are whole numbers from 1 to 10",
    )
    lookup: TargetLookup | None = None
    measured_on: Month | None = Field(
        None,
        description="month that the values are of: with it, scores are told by how many years lie "
        "between an area's images and the target",
    )
    sheet: str | None = Field(None, description="sheet of an Excel file")
    model_config = ConfigDict(populate_by_name=True)

    @property
    def called(self) -> str:
        """What people call it."""
        return self.label or self.name.replace("_", " ")

    @property
    def of_domain(self) -> str | None:
        """What it belongs to: as the study says, or by the name of its column."""
        if self.domain or self.value is None:
            return self.domain
        column = self.value.replace("_", " ")
        known = INDICES_OF_DEPRIVATION.items()
        return next(
            (name for start, name in known if re.fullmatch(_OF_AN_INDEX.format(start), column)),
            None,
        )

    @property
    def holds_deciles(self) -> bool:
        """Whether its values are deciles, made here or as they stand."""
        return self.given_as == "decile" or bool(self.is_decile)

    @model_validator(mode="after")
    def _one_kind_of_value(self) -> Self:
        if (self.share is None) != (self.of is None):
            raise ValueError("`share` and `of` go together: these columns, out of those")
        if self.category and not (self.value and self.share):
            raise ValueError(
                "`category` needs `value` (the column of the counts), `share` and `of`"
            )
        if not self.category and (self.value is None) == (self.share is None):
            raise ValueError("give either `value`, a column, or `share` and `of`, columns")
        if self.is_decile is not None and self.given_as != "value":
            raise ValueError(
                f"`is_decile` is said of values as they stand, not of `as: {self.given_as}`: leave "
                "one of the two out"
            )
        for key, columns in (("share", self.share), ("of", self.of)):
            if columns and len(set(columns)) < len(columns):
                raise ValueError(f"`{key}` names one twice")
        return self
