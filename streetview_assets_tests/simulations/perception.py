"""Whether intervals of perceived scores hold, and what is reported of a made-up town's ratings.

Images show two signals of a quality, by vectors that know one of them well and the other badly;
part of what people see lies in no image but in the place. Raters have their own leanings, give
whole numbers from 1 to 5 and disagree. Beside the intervals of rated images, out of fold, stand
those of images that nobody rated, held against what as many people as usual would have said.
"""

import argparse
from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.models.metrics.conformal import inside
from streetview_assets.perception.prediction.final_model import final_model
from streetview_assets.perception.prediction.rated import rated_images
from streetview_assets.perception.prediction.validation.evaluation import Plan, evaluate
from streetview_assets.study.perception import Perception
from streetview_assets_tests.simulations.fields import centres, gaussian_field

QUALITY, ENCODER = "safety", "made_up"
WIDTH = 32
USUAL = 6


@dataclass(frozen=True)
class Town:
    """Images of a town, and the tables that perception makes of those that were rated.

    Attributes
    ----------
    embeddings, image_ratings, ratings
        The tables `rated_embeddings`, `image_ratings` and `ratings`.
    new_vectors, new_scores
        Of images that nobody rated: what `USUAL` people would say of them.
    """

    embeddings: pl.DataFrame
    image_ratings: pl.DataFrame
    ratings: pl.DataFrame
    new_vectors: np.ndarray
    new_scores: np.ndarray


def settings(**named: object) -> Perception:
    """Make the part `perception` of a study."""
    return Perception.model_construct(**{"method": "ridge", "k": (10, 20, 50), **named})


def plan(seed: int, **named: object) -> Plan:
    """Say how to evaluate."""
    return Plan(settings(**named), ENCODER, "images", 1.0, 0.9, seed)


def town(count: int, seed: int, *, per_unit: int = 1, raters: int = 40) -> Town:
    """Make a town up, with as many rated images and as many that nobody rated.

    Parameters
    ----------
    count
        Rated images.
    seed
        Of all that is drawn.
    per_unit
        Images that stand for one thing that was rated.
    raters
        People.
    """
    rng = np.random.default_rng(seed)
    place_m = centres(2 * count, seed)
    shown = np.column_stack([gaussian_field(place_m, 1_500, rng) for _ in range(2)])
    shown = 0.5 * shown + rng.normal(size=shown.shape)
    vectors = shown * [1.0, 0.3] @ rng.normal(size=(2, WIDTH)) + rng.normal(size=(2 * count, WIDTH))
    true = 3 + 0.6 * shown.sum(axis=1) + 0.3 * gaussian_field(place_m, 1_000, rng)
    unit = np.arange(2 * count) // per_unit
    true = true[unit * per_unit]
    rater_leaning = rng.normal(0, 0.3, raters)
    counts = rng.integers(2, 11, 2 * count)[unit]
    cells = []
    for image in range(0, count, per_unit):
        for rater in rng.choice(raters, counts[image], replace=False):
            said = true[image] + rater_leaning[rater] + rng.normal(0, 0.8)
            value = float(np.clip(np.round(said), 1, 5))
            cells += [(image + one, f"rater {rater}", value) for one in range(per_unit)]
    said = true[count:, None] + rng.choice(rater_leaning, (count, USUAL))
    fresh = np.clip(np.round(said + rng.normal(0, 0.8, said.shape)), 1, 5).mean(axis=1)
    return Town(
        _embeddings(vectors[:count], place_m[:count]),
        *_rated(cells, unit),
        vectors[count:],
        fresh,
    )


def no_agreement() -> pl.DataFrame:
    """Give an empty table `rating_agreement`, as far as predictions read it."""
    names = ("quality", "group_name", "measure", "note")
    numbers = ("value", "lower", "upper")
    schema = dict.fromkeys(names, pl.String) | dict.fromkeys(numbers, pl.Float64)
    return pl.DataFrame(schema=schema)


def image_id(number: int) -> str:
    """Name an image."""
    return f"image {number:05}"


def _embeddings(vectors: np.ndarray, place_m: np.ndarray) -> pl.DataFrame:
    count = len(vectors)
    ids = [image_id(number) for number in range(count)]
    east, north = (place_m - place_m.mean(axis=0)).T / 111_000
    authority = np.where(east < np.median(east), "E1", "E2")
    return pl.DataFrame(
        {
            "image_id": ids,
            "encoder": ENCODER,
            "in_authority": authority,
            "same_as": ids,
            "longitude": -3 + east,
            "latitude": north,
            **{
                f"{name}_mean": vectors[:, at] / 20 + 0.5
                for at, name in enumerate(("red", "green", "blue"))
            },
            "embedding": pl.Series(vectors.astype(np.float32)).cast(pl.List(pl.Float32)),
        }
    )


def _rated(
    cells: list[tuple[int, str, float]], unit: np.ndarray
) -> tuple[pl.DataFrame, pl.DataFrame]:
    ratings = pl.DataFrame(cells, schema=["row", "rater_id", "value"], orient="row").with_columns(
        quality=pl.lit(QUALITY),
        image_id=pl.format("image {}", pl.col("row").cast(pl.String).str.zfill(5)),
        unit=pl.Series(unit).gather([row for row, _, _ in cells]).cast(pl.String),
    )
    images = ratings.group_by("quality", "image_id", "unit").agg(
        score=pl.col("value").mean(), rating_count=pl.len().cast(pl.Int64)
    )
    images = images.with_columns(
        group_name=pl.lit("all"), method=pl.lit("mean"), component=pl.lit(None, pl.Int64)
    ).sort("image_id")
    return images, ratings.with_columns(image_name=pl.col("image_id"))


def main() -> None:
    """Measure coverage over draws, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--method", default="ridge")
    asked = parser.parse_args()
    found: dict[str, list[float]] = {}
    for draw in range(asked.draws):
        made = town(asked.images, draw)
        how = plan(draw, method=asked.method)
        scores, predictions = evaluate(
            made.image_ratings, made.ratings, no_agreement(), made.embeddings, how
        )
        for row in scores.filter(model="chosen").iter_rows(named=True):
            if row["value"] is not None:
                found.setdefault(f"{row['validation']} {row['metric']}", []).append(row["value"])
        rated = rated_images(made.image_ratings, made.embeddings)
        random = predictions.filter(validation="random")
        told = final_model(rated, random, how.settings, "mean", how.level).tell(made.new_vectors)
        held = inside(made.new_scores, told.lower, told.upper)
        found.setdefault("new images covered", []).append(float(np.nanmean(held)))
        found.setdefault("new images unlike", []).append(float(told.is_unlike.mean()))
    for name, values in sorted(found.items()):
        error = np.std(values) / np.sqrt(len(values))
        print(f"{name:32} {np.mean(values):7.4f} ± {error:.4f} ({len(values)} draws)")


if __name__ == "__main__":
    main()
