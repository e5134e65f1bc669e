"""How old the imagery of each authority is, by what the study wants of it.

What is behind what it was made from is told by fingerprints, in which no time passes. Imagery
grows old by itself: so dates are reckoned here, which change only with the tables, and whether
they lie too far back is asked of a day that is given.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.study.images import Freshness
from streetview_assets.text.counted import counted

COLUMNS = {
    "panoramas": ["authority_code", "point_id", "status", "is_current", "last_seen_at"],
    "images": ["authority_code", "status", "is_current", "captured_on"],
}
"""Tables that know how old they are, with the columns that say so."""

_LIMITS = {"panoramas": ("lookup_days", "day", "d"), "images": ("imagery_months", "month", "mo")}
"""By table: the key of the study file, the unit in words, and as polars writes a duration."""


@dataclass(frozen=True)
class ImageryAge:
    """From when a table's part of an authority is, and until when that will do.

    Attributes
    ----------
    table, authority_code
        Whose age it is.
    dated_on
        Of `images`, when the median current image was captured; of `panoramas`, when the point was
        asked about that was left alone longest. None where no date is known.
    oldest_on
        Of `images`, when the oldest was captured; of `panoramas` the same as `dated_on`.
    due_on
        The last day on which that will do; None where no date is known.
    limit
        How old it may be, and which key of the study file says so.
    """

    table: str
    authority_code: str
    dated_on: date | None
    oldest_on: date | None
    due_on: date | None
    limit: str

    def is_overdue(self, as_of: date) -> bool:
        """Whether it is older than the study wants; so is what has no date.

        Parameters
        ----------
        as_of
            The day on which it is asked.
        """
        return self.due_on is None or as_of > self.due_on

    @property
    def why_overdue(self) -> str:
        """Why it is older than the study wants, where it is, in words that name no authority."""
        match self.table, self.dated_on:
            case "images", None:
                return f"no date of capture is known, and they are to be of the last {self.limit}"
            case "images", _:
                return f"half of them were captured more than {self.limit} ago"
            case _, None:
                return f"no look-up has succeeded, and one is due every {self.limit}"
            case _:
                return f"points were last asked about more than {self.limit} ago"


def aged_tables(policy: Freshness | None) -> tuple[str, ...]:
    """Name the tables that the study says how old they may be."""
    return tuple(
        table for table, (key, *_) in _LIMITS.items() if policy and getattr(policy, key) is not None
    )


def imagery_ages(table: str, rows: pl.DataFrame, policy: Freshness) -> Iterator[ImageryAge]:
    """Reckon the age of a table by authority, in the order of their codes.

    Parameters
    ----------
    table
        One of `aged_tables`.
    rows
        Its rows, with those columns at least.
    policy
        How old it may be.

    Yields
    ------
    ImageryAge
        None of an authority without an image, or without a point.
    """
    key, unit, duration = _LIMITS[table]
    count = getattr(policy, key)
    dated = _captured(rows) if table == "images" else _looked_up(rows)
    due_on = pl.col("dated_on").dt.offset_by(f"{count}{duration}")
    for row in dated.with_columns(due_on=due_on).sort("authority_code").iter_rows(named=True):
        yield ImageryAge(table, **row, limit=f"{counted(count, unit)} (freshness.{key})")


def _captured(images: pl.DataFrame) -> pl.DataFrame:
    there = images.filter(pl.col("is_current"), pl.col("status") == "ok")
    known = pl.col("captured_on").filter(pl.col("captured_on") > UNKNOWN_DATE).sort()
    lower_middle = (known.len().cast(pl.Int64) - 1) // 2
    return there.group_by("authority_code").agg(
        dated_on=known.slice(lower_middle, 1).first(), oldest_on=known.first()
    )


def _looked_up(panoramas: pl.DataFrame) -> pl.DataFrame:
    """Take no look-up that failed; what was known of its point before may still be current."""
    seen_on = pl.col("last_seen_at").dt.date().filter(pl.col("status") != "failed")
    by_point = (
        panoramas.filter("is_current").group_by("authority_code", "point_id").agg(seen_on.max())
    )
    longest_ago = pl.col("last_seen_at").min()
    return by_point.group_by("authority_code").agg(dated_on=longest_ago, oldest_on=longest_ago)
