"""The images' own categories as a study wants them: renamed, put together, left out."""

from collections.abc import Mapping

import polars as pl


def named_categories(images: pl.DataFrame, categories: Mapping[str, str | None]) -> pl.DataFrame:
    """Give each image its category by the names of the study file.

    Parameters
    ----------
    images
        The table `images`, or part of it.
    categories
        Other names; null leaves a category out. What is not named stays as it is.

    Returns
    -------
    pl.DataFrame
        `images`, `category` by its new name; null where the image has none, or is left out.
    """
    if not categories:
        return images
    old, new = list(categories), pl.Series(list(categories.values()), dtype=pl.String)
    return images.with_columns(
        pl.col("category").replace_strict(old, new, default=pl.col("category"))
    )


def unknown_categories(images: pl.DataFrame, categories: Mapping[str, str | None]) -> list[str]:
    """List the names of the study file that no image has: a slip of the pen, as a rule.

    Parameters
    ----------
    images
        The table `images`.
    categories
        The part `categories` of the study file.
    """
    return sorted(set(categories) - set(images["category"].drop_nulls()))
