"""What the files of areas and of their targets are converted to, once; it is read again and again.

What reads the files is not needed for that, and takes longer to load than most commands take.
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Boundaries:
    """The areas of a study and what was done to them.

    Attributes
    ----------
    areas
        Table ``areas`` of all authorities of the study, by authority and area code.
    crs
        The CRS in metres in which things are measured, as text.
    mended_count
        How many of these areas had an invalid outline.
    file_area_count
        How many areas the file has, those of other authorities included.
    """

    areas: pl.DataFrame
    crs: str
    mended_count: int
    file_area_count: int


@dataclass(frozen=True)
class TargetJoin:
    """The targets of areas and what the join found.

    Attributes
    ----------
    targets
        Table ``targets``: one row for every area and target, by authority, area and target.
    without_value
        How many of the areas have no value, by target.
    source_row_count
        How many rows the target's file has, by target.
    """

    targets: pl.DataFrame
    without_value: dict[str, int]
    source_row_count: dict[str, int]
