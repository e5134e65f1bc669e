"""What people see in an image, by quality and group of people: means, with what they are worth.

The standard error of a mean rests on the spread that ratings of one image have, pooled over all
images of the quality and group (the within mean square of a one-way analysis of variance; Searle,
Casella and McCulloch, Variance Components, 1992, section 3.2): of two or three ratings the spread
alone would often be 0.
"""

from collections.abc import Sequence

import polars as pl

from streetview_assets.perception.ratings.groups import ALL, RaterGroup, rater_groups
from streetview_assets.perception.ratings.pair_scores import pair_scores
from streetview_assets.study.perception import RaterGroups
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

MEANS = pl.Schema(
    {
        "quality": pl.String(),
        "group_name": pl.String(),
        "unit": pl.String(),
        "score": pl.Float64(),
        "standard_error": pl.Float64(),
        "spread": pl.Float64(),
        "rating_count": pl.Int64(),
        "rater_count": pl.Int64(),
    }
)
"""Columns of the means of what was rated."""

_OF_UNIT = ("quality", "group_name", "unit")
_OF_GROUP = ("quality", "group_name")


def used(ratings: pl.DataFrame) -> pl.DataFrame:
    """Give the ratings that are used, each with `unit`: the image or place that it is of.

    Parameters
    ----------
    ratings
        Table ``ratings``.
    """
    return ratings.filter(status="ok").with_columns(unit=pl.coalesce("place_id", "image_id"))


def asked_groups(ratings: pl.DataFrame, wishes: RaterGroups) -> list[RaterGroup]:
    """List the groups that a study asks for, with those of which the files hold averages alone.

    Parameters
    ----------
    ratings
        Rows of ``ratings`` or ``comparisons``.
    wishes
        The study's part `perception.groups`.
    """
    groups = rater_groups(wishes, ratings)
    if "group_name" not in ratings.columns:
        return groups
    named = {group.name for group in groups}
    for name in ratings["group_name"].drop_nulls().unique().sort():
        grouping = name.partition(" ")[0]
        if name not in named and (grouping == "gender" and wishes.gender):
            groups.append(RaterGroup(grouping, name, pl.lit(False)))
    return groups


def mean_scores(
    ratings: pl.DataFrame, groups: Sequence[RaterGroup], least_raters: int
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Average the ratings of each image or place, for each group that has raters enough.

    Parameters
    ----------
    ratings
        Rows of ``ratings`` that are used (status `ok`), with `unit`, what each is of.
    groups
        Groups of people; the one of everybody has no least number.
    least_raters
        Fewest people of a group who rated a quality. Where the file does not name people, they are
        at least as many as the most ratings of one image.

    Returns
    -------
    means, left_out
        Columns `MEANS`, by quality, group and unit; and of each group that is left out, why.
    """
    frames, left_out = [pl.DataFrame(schema=MEANS)], dict[str, str]()
    for group in groups:
        own = pl.col("group_name").is_null() & group.members
        rows = ratings.filter(own | (pl.col("group_name") == group.name)).with_columns(
            group_name=pl.lit(group.name)
        )
        few = _few(rows, least_raters) if group.name != ALL else {}
        left_out |= {f"{group.name}, {quality}": why for quality, why in few.items()}
        frames.append(_means(rows.filter(~pl.col("quality").is_in(list(few)))))
    return pl.concat(frames).sort(_OF_UNIT), left_out


def _few(rows: pl.DataFrame, least_raters: int) -> dict[str, str]:
    """Say of which qualities a group has too few raters."""
    known = rows.group_by("quality").agg(named=pl.col("rater_id").drop_nulls().n_unique())
    by_unit = rows.group_by("quality", "unit").agg(pl.col("rating_count").fill_null(1).sum())
    most = by_unit.group_by("quality").agg(most=pl.col("rating_count").max())
    raters = pl.when(pl.col("named") > 0).then("named").otherwise("most").alias("raters")
    counts = most.join(known, on="quality").select("quality", raters)
    few = counts.filter(pl.col("raters") < least_raters).sort("quality")
    return {
        quality: f"{counted(raters, 'rater')}, fewer than perception.least_raters {least_raters}"
        for quality, raters in few.rows()
    }


def _means(rows: pl.DataFrame) -> pl.DataFrame:
    weight, value = pl.col("rating_count").fill_null(1), pl.col("value")
    mean = (weight * value).sum() / weight.sum()
    within = ((weight - 1) * pl.col("spread") ** 2).fill_null(0).sum()
    untold = (pl.col("rating_count").is_null() | ((weight > 1) & pl.col("spread").is_null())).any()
    units = rows.group_by(_OF_UNIT).agg(
        score=mean,
        squares=pl.when(~untold).then(within + (weight * (value - mean) ** 2).sum()),
        rating_count=pl.when(pl.col("rating_count").is_not_null().all()).then(weight.sum()),
        rater_count=pl.col("rater_id").n_unique(),
        has_raters=pl.col("rater_id").is_not_null().all(),
        lone_spread=pl.when(pl.len() == 1).then(pl.col("spread").first()),
    )
    units = units.sort(_OF_UNIT)  # sums of one order are the same to the bit
    beyond_one = pl.col("rating_count") - 1
    pooled = pl.col("squares").sum() / beyond_one.filter(pl.col("squares").is_not_null()).sum()
    own = (pl.col("squares") / beyond_one).sqrt()
    return units.with_columns(
        standard_error=(pooled.over(_OF_GROUP) / pl.col("rating_count")).sqrt().fill_nan(None),
        spread=pl.when(beyond_one > 0).then(own).otherwise("lone_spread"),
        rater_count=pl.when("has_raters").then(pl.col("rater_count").cast(pl.Int64)),
    ).match_to_schema(MEANS, extra_columns="ignore")


def image_scores(
    ratings: pl.DataFrame,
    comparisons: pl.DataFrame,
    near: pl.DataFrame,
    *,
    groups: RaterGroups,
    least_raters: int,
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Score every rated image, for everybody and for each group of people.

    Parameters
    ----------
    ratings, comparisons
        The tables.
    near
        The images of rated places, as `images_of_places` gives them.
    groups
        The study's part `perception.groups`.
    least_raters
        As `mean_scores`.

    Returns
    -------
    scores, left_out
        Table ``image_ratings``, by its key; and of each group that is left out, why.
    """
    rated = used(ratings)
    means, left_out = mean_scores(rated, asked_groups(rated, groups), least_raters)
    itself = rated.filter(pl.col("place_id").is_null()).select("image_id", unit="image_id").unique()
    images = pl.concat([near.rename({"place_id": "unit"}), itself], how="diagonal")
    of_pairs, too_few = pair_scores(comparisons, rater_groups(groups, comparisons), least_raters)
    scored = [
        images.join(means, on="unit").with_columns(method=pl.lit("mean")),
        of_pairs.with_columns(method=pl.lit("bradley_terry")),
    ]
    table = TABLES["image_ratings"]
    rows = pl.concat(scored, how="diagonal").match_to_schema(table.schema, missing_columns="insert")
    return rows.sort(table.key), left_out | too_few


def in_words(scores: pl.DataFrame) -> dict[str, str]:
    """Say of each quality how many images and groups are scored.

    Parameters
    ----------
    scores
        Table ``image_ratings``.
    """
    counts = scores.group_by("quality", "group_name").len().sort("quality", "group_name")
    return {
        f"{quality}, {group}": counted(count, "image") for quality, group, count in counts.rows()
    }
