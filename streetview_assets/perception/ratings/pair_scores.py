"""Scores of images that people compared in pairs, by group: Bradley–Terry and TrueSkill."""

from collections.abc import Sequence

import polars as pl

from streetview_assets.perception.ratings.groups import ALL, RaterGroup
from streetview_assets.perception.scaling import bradley_terry, trueskill
from streetview_assets.text.counted import counted

_JUDGED = ("left", "right", "equal")
_ELSEWHERE = "\x1f"
"""Before the name of an image that is none of the study, which no image_id begins with."""


def pair_scores(
    comparisons: pl.DataFrame, groups: Sequence[RaterGroup], least_raters: int
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Score the images of pairs, by quality and group.

    Images that are none of the study tie the others together: they are compared with all, and left
    out of the result. TrueSkill takes comparisons in the order of their ids.

    Parameters
    ----------
    comparisons
        Table ``comparisons``.
    groups
        Groups of people; the one of everybody has no least number.
    least_raters
        Fewest people of a group who compared images by a quality; people whom the file does not
        name are one.

    Returns
    -------
    scores, left_out
        quality, group_name, image_id and unit, score, standard_error, rating_count, rater_count,
        trueskill, trueskill_error, component; and of each group that is left out, why.
    """
    frames, left_out = [], dict[str, str]()
    judged = comparisons.filter(
        pl.col("choice").is_in(_JUDGED), pl.col("status") != "not_asked"
    ).with_columns(_side("left"), _side("right"))
    for (quality, *_), rows in judged.sort("quality", "comparison_id").group_by(
        "quality", maintain_order=True
    ):
        for group in groups:
            own = rows.filter(group.members)
            raters = max(own["rater_id"].drop_nulls().n_unique(), min(own.height, 1))
            if group.name != ALL and raters < least_raters:
                left_out[f"{group.name}, {quality}"] = (
                    f"{counted(raters, 'rater')}, fewer than perception.least_raters {least_raters}"
                )
                continue
            scored = _scored(own).with_columns(
                quality=pl.lit(quality, pl.String), group_name=pl.lit(group.name)
            )
            frames.append(scored)
    return (pl.concat(frames) if frames else pl.DataFrame(schema=_SCORED)), left_out


_SCORED = pl.Schema(
    {
        "image_id": pl.String(),
        "unit": pl.String(),
        "score": pl.Float64(),
        "standard_error": pl.Float64(),
        "component": pl.Int64(),
        "rating_count": pl.Int64(),
        "trueskill": pl.Float64(),
        "trueskill_error": pl.Float64(),
        "rater_count": pl.Int64(),
        "quality": pl.String(),
        "group_name": pl.String(),
    }
)


def _scored(rows: pl.DataFrame) -> pl.DataFrame:
    left, right, choice = (rows[column].to_list() for column in ("left", "right", "choice"))
    skills = trueskill.fit(left, right, choice)
    fitted = bradley_terry.fit(left, right, choice).join(skills, on="image_id", how="left")
    sides = pl.concat([rows.select("rater_id", image_id=side) for side in ("left", "right")])
    raters = sides.group_by("image_id").agg(
        rater_count=pl.when(pl.col("rater_id").is_not_null().all()).then(
            pl.col("rater_id").n_unique()
        )
    )
    named = fitted.join(raters, on="image_id", how="left").rename(
        {"strength": "score", "comparison_count": "rating_count"}
    )
    of_study = named.filter(~pl.col("image_id").str.starts_with(_ELSEWHERE))
    return of_study.with_columns(unit="image_id").match_to_schema(
        pl.Schema({name: _SCORED[name] for name in _SCORED if name not in _OF_GROUP}),
        integer_cast="upcast",
    )


_OF_GROUP = ("quality", "group_name")


def _side(side: str) -> pl.Expr:
    elsewhere = pl.lit(_ELSEWHERE) + pl.col(f"{side}_name")
    return pl.coalesce(f"{side}_id", elsewhere).alias(side)
