"""The files of ratings that a study names, whichever of their forms they have."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from streetview_assets.areas.columns import CSV, did_you_mean
from streetview_assets.errors import StudyError
from streetview_assets.files.csv_file import open_csv, read_columns
from streetview_assets.files.geo_file import JSON
from streetview_assets.perception.ratings.averages_geojson import AVERAGE, Averages, read_averages
from streetview_assets.perception.ratings.comparisons import read_comparisons
from streetview_assets.perception.ratings.demographics import read_demographics
from streetview_assets.perception.ratings.rating_columns import ALIASES, is_of_pairs
from streetview_assets.perception.ratings.rating_table import read_rating_table
from streetview_assets.perception.ratings.rows import as_rows
from streetview_assets.study.perception import Perception, RatingColumns

RATINGS, COMPARISONS = "perception.ratings", "perception.comparisons"
_SURVEY = ("image_id", "category_id", "rating")
_NOTHING = pl.DataFrame(schema={"quality": pl.String})


@dataclass(frozen=True)
class RatingRows:
    """Ratings or comparisons as they came.

    Attributes
    ----------
    frame
        Rows of the table `ratings` or `comparisons`, without the images that they are of.
    """

    frame: pl.DataFrame


def read_ratings(wishes: Perception) -> RatingRows:
    """Read what a study names as ratings of images or places.

    Parameters
    ----------
    wishes
        The study's part `perception`.

    Returns
    -------
    RatingRows
        Without rows where all are pairs.

    Raises
    ------
    StudyError
        With the file, the place in it and the remedy.
    """
    path = wishes.ratings
    if path is None or _pairs(wishes, path):
        return RatingRows(as_rows(_NOTHING, "ratings", RATINGS))
    return RatingRows(_ratings(wishes, path))


def read_pairs(wishes: Perception) -> RatingRows:
    """Read what a study names as comparisons, as `comparisons` or as `ratings`.

    Parameters
    ----------
    wishes
        The study's part `perception`.

    Returns
    -------
    RatingRows
        Without rows where there are no pairs.

    Raises
    ------
    StudyError
        With the file, the place in it and the remedy.
    """
    files = [(wishes.comparisons, COMPARISONS)] if wishes.comparisons else []
    if wishes.ratings and _pairs(wishes, wishes.ratings):
        files.append((wishes.ratings, RATINGS))
    frames = [
        read_comparisons(open_csv(path, key), wishes.columns, wishes.qualities)
        for path, key in files
        if path
    ]
    return RatingRows(pl.concat([as_rows(_NOTHING, "comparisons", COMPARISONS), *frames]))


def check_qualities(wishes: Perception, ratings: RatingRows, pairs: RatingRows) -> None:
    """Refuse a quality that a study names and nobody rated, and one that came in two ways.

    Parameters
    ----------
    wishes
        The study's part `perception`.
    ratings, pairs
        What came in.

    Raises
    ------
    StudyError
        With the closest name and those that are there.
    """
    rated, compared = ({*rows.frame["quality"].unique()} for rows in (ratings, pairs))
    known = sorted(rated | compared)
    for quality in wishes.qualities or ():
        if quality not in known:
            raise StudyError(
                f"perception.qualities: nobody rated {quality[:80]!r}."
                f"{did_you_mean(quality, known)} Rated are: {', '.join(known)[:400]}."
            )
    if both := sorted(rated & compared):
        raise StudyError(
            f"{COMPARISONS}: {both[0][:80]!r} is compared there and rated in {RATINGS}, and scores "
            "of the two have different scales. Name the quality otherwise in one of the files."
        )


def _ratings(wishes: Perception, path: Path) -> pl.DataFrame:
    if wishes.demographics:
        return _of_survey(wishes.demographics, _names_by_id(path))
    if path.suffix.lower() in JSON:
        return _of_averages(read_averages(path, RATINGS), path)
    file = open_csv(path, RATINGS)
    if all(file.find(name) for name in _SURVEY) and wishes.columns == RatingColumns():
        return _of_survey(path, key=RATINGS)
    return read_rating_table(file, wishes.columns, wishes.qualities)


def _names_by_id(path: Path) -> pl.DataFrame:
    """Read by what other name each image_id goes: its URL, or its file."""
    if path.suffix.lower() in JSON:
        return read_averages(path, RATINGS).scores.select("image_id", name="url").drop_nulls()
    file = open_csv(path, RATINGS)
    others = (name for name in ALIASES["image"] if name != "image_id")
    columns = file.find("image_id"), file.find(*others)
    if None in columns:
        return pl.DataFrame(schema=dict.fromkeys(("image_id", "name"), pl.String))
    image_id, name = (str(column) for column in columns)
    named = read_columns(file, (image_id, name)).select(image_id=image_id, name=name)
    return named.drop_nulls().unique("image_id", keep="first", maintain_order=True)


def _pairs(wishes: Perception, path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in JSON:
        return False
    if suffix not in CSV:
        raise StudyError(
            f"{RATINGS}: {path}: files of kind {suffix or '(no suffix)'!r} are not read as "
            f"ratings; give GeoJSON ({', '.join(JSON)}) or CSV ({', '.join(CSV)})."
        )
    return is_of_pairs(open_csv(path, RATINGS), wishes.columns)


def _of_averages(averages: Averages, path: Path) -> pl.DataFrame:
    scores = averages.scores
    rows = scores.select(
        pl.coalesce("url", "image_id").alias("image_name"),
        *(f"{AVERAGE}{quality}" for quality in averages.qualities),
    ).unpivot(index="image_name", variable_name="quality")
    named = rows.with_columns(
        pl.col("quality").str.strip_prefix(AVERAGE), source=pl.lit("averages")
    )
    return as_rows(named, "ratings", f"{RATINGS}: {path}")


def _of_survey(
    path: Path, names: pl.DataFrame | None = None, key: str = "perception.demographics"
) -> pl.DataFrame:
    """Read one row a rating; where a file beside it names images by their ids, these count."""
    rows = read_demographics(path, key).with_columns(
        image_name="image_id", source=pl.lit("ratings"), rating_count=pl.lit(1, pl.Int64)
    )
    if names is not None:
        named = rows.join(names, on="image_id", how="left", maintain_order="left")
        rows = named.with_columns(image_name=pl.coalesce("name", "image_name"))
    return as_rows(rows.drop("image_id"), "ratings", f"{key}: {path}")
