"""Table ``group_ratings``: how each group of people rates, and whether it differs from the rest."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import polars as pl
from scipy.stats import t

from streetview_assets.models.data.splits import seed_of
from streetview_assets.perception.agreement.group_differences import Difference, difference, holm
from streetview_assets.perception.agreement.rows import numbered
from streetview_assets.perception.ratings.groups import ALL, RaterGroup
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

SIGNIFICANT = 0.05

_UNNAMED = "not tested: the file does not name the people, and people are what is sampled"
_NOTHING_SHARED = "not tested: no image was rated by the group and by others"


def group_ratings(
    ratings: pl.DataFrame,
    scores: pl.DataFrame,
    groups: Sequence[RaterGroup],
    *,
    least_raters: int,
    level: float,
    seed: int,
) -> pl.DataFrame:
    """Tell of each group and quality how people rate and whether others do otherwise.

    Parameters
    ----------
    ratings
        Rows of ``ratings`` with status `ok`, and `unit`, what each is of.
    scores
        Table ``image_ratings``: a group that has no rows there had too few raters.
    groups
        Groups of people; of everybody nothing is told.
    least_raters
        Fewest people on either side of a comparison.
    level
        Of the intervals.
    seed
        Of the test.

    Returns
    -------
    polars.DataFrame
        Table ``group_ratings``, by its key.
    """
    rows = []
    for quality in ratings["quality"].unique().sort():
        said = ratings.filter(quality=quality)
        units = scores.filter(quality=quality, method="mean").unique(["group_name", "unit"])
        for group in groups:
            if group.name != ALL:
                own = units.filter(group_name=group.name).sort("unit")
                chance = seed_of(seed, "groups", quality, group.name)
                row = _row(said, own, group, least_raters, level, chance)
                rows.append({"quality": quality} | row)
    table = TABLES["group_ratings"]
    frame = pl.DataFrame(rows, schema=table.schema)
    return _adjusted(frame).select(table.schema.names()).sort(table.key)


def differences_in_words(differences: pl.DataFrame) -> dict[str, str]:
    """Say which groups differ from the rest, in what and by how much.

    Parameters
    ----------
    differences
        Table ``group_ratings``.
    """
    found = differences.filter(pl.col("differs"))
    return {
        f"{row['quality']}, {row['group_name']}": f"{row['note']}: {row['difference']:+.2g} "
        f"({row['difference_lower']:.2g} to {row['difference_upper']:.2g}), "
        f"p {row['p_adjusted']:.2g} by Holm"
        for row in found.iter_rows(named=True)
    }


def _row(
    said: pl.DataFrame,
    own: pl.DataFrame,
    group: RaterGroup,
    least_raters: int,
    level: float,
    seed: int,
) -> dict[str, object]:
    row = {"grouping": group.grouping, "group_name": group.name, "image_count": own.height}
    if own.is_empty():
        few = f"nothing is told: fewer than {counted(least_raters, 'rater')}"
        return row | {"note": few}
    single = said.filter(pl.col("group_name").is_null(), rating_count=1).drop_nulls("rater_id")
    known = single.filter(pl.col(group.grouping).is_not_null()).sort("unit", "rating_id")
    members = known.filter(group.members.fill_null(False))
    counts = own["rating_count"]
    row |= {
        "rating_count": None if counts.has_nulls() else counts.sum(),
        "rater_count": members["rater_id"].n_unique() if members.height else None,
    }
    row |= _mean(own["score"].to_numpy(), members, level)
    if members.is_empty():
        return row | {"note": _UNNAMED}
    others = known["rater_id"].n_unique() - members["rater_id"].n_unique()
    if others < least_raters:
        few = f"not tested: {counted(others, 'other rater')}, fewer than {least_raters}"
        return row | {"note": few}
    found = _tested(known, members, level, seed)
    return row | ({"note": _NOTHING_SHARED} if found is None else _columns(found))


def _mean(score: np.ndarray, members: pl.DataFrame, level: float) -> dict[str, object]:
    """Give the mean of images' scores, with an interval by raters, or by images without them."""
    middle, count, error = float(score.mean()), len(score), float("nan")
    if members.height:
        apart = members.with_columns(off=pl.col("value") - pl.col("value").mean())
        sums = (
            apart.group_by("rater_id", maintain_order=True)
            .agg(pl.col("off").sum())["off"]
            .to_numpy()
        )
        count = len(sums)
        error = float(np.sqrt(count / max(count - 1, 1) * np.sum(sums**2))) / members.height
    elif count > 1:
        error = float(score.std(ddof=1) / np.sqrt(count))
    if count < 2:
        return {"mean": middle}
    reach = float(t.ppf((1 + level) / 2, count - 1)) * error
    return {
        "mean": middle,
        "lower": middle - reach,
        "upper": middle + reach,
        "interval_level": level,
    }


def _tested(
    known: pl.DataFrame, members: pl.DataFrame, level: float, seed: int
) -> Difference | None:
    people = known["rater_id"].unique().sort()
    return difference(
        known["value"].to_numpy(),
        numbered(known["unit"]),
        numbered(known["rater_id"]),
        people.is_in(members["rater_id"].unique().implode()).to_numpy(),
        level=level,
        seed=seed,
    )


def _columns(found: Difference) -> dict[str, object]:
    told = asdict(found)
    return {
        "difference": told["value"],
        "difference_lower": told["lower"],
        "difference_upper": told["upper"],
        "shared_image_count": told["image_count"],
        "p_value": told["p_value"],
        "note": "which images are rated higher" if told["in_order"] else "the level of ratings",
    }


def _adjusted(frame: pl.DataFrame) -> pl.DataFrame:
    """Adjust all p-values together; what differs is told only where something does."""
    tested = frame.filter(pl.col("p_value").is_not_null())
    if tested.is_empty():
        return frame
    adjusted = pl.Series("p_adjusted", holm(tested["p_value"].to_numpy()))
    differs = adjusted < SIGNIFICANT
    note = pl.when("differs").then("differs in " + pl.col("note"))
    told = tested.with_columns(adjusted, differs.alias("differs")).with_columns(note=note)
    return pl.concat([told, frame.filter(pl.col("p_value").is_null())])
