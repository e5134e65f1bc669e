"""Ways to break the tables of the small study, for the checks to find."""

from collections.abc import Callable
from datetime import date

import polars as pl

from streetview_assets.tables.registry import TABLES

Break = Callable[[object], None]
NOTHING = pl.lit(None)


def add_row(table: str, **values: object) -> Break:
    """Repeat the first row of a table with other values."""

    def damage(study) -> None:
        frame = study.lake.read(table)
        row = frame.row(0, named=True) | values
        study.write(table, pl.concat([frame, TABLES[table].frame([row])]))

    return damage


def alter(table: str, where: pl.Expr | None = None, **values: object) -> Break:
    schema = TABLES[table].schema
    columns = [pl.lit(value, schema[name]).alias(name) for name, value in values.items()]
    return lambda study: study.change(table, *columns, where=where)


def drop_rows(table: str, where: pl.Expr) -> Break:
    return lambda study: study.drop(table, where)


def in_mart(name: str, frame_of: Callable[[pl.DataFrame], pl.DataFrame]) -> Break:
    def damage(study) -> None:
        study.write_mart(name, frame_of(study.mart(name)))

    return damage


def target_scores(*area_counts: int) -> Break:
    """Write one pooled score for each of some targets, on so many areas, and those of its tails."""
    row = {"encoder": "made-up", "features": "pooled", "model": "ridge", "group_name": "all"}
    row |= {"validation": "blocks", "repeat": 1, "fold": 0, "metric": "r2", "value": 0.5}
    tails = {"bias_of_lowest_decile": 3, "bias_of_highest_decile": 3}
    rows = [
        row | {"target": f"t{n}", "metric": metric, "area_count": areas}
        for n, count in enumerate(area_counts)
        for metric, areas in {"r2": count, **tails}.items()
    ]
    return lambda study: study.write("target_scores", TABLES["target_scores"].frame(rows))


def group_models(*area_counts: int) -> Break:
    """Write one score for each of some clusters, on so many common areas."""
    row = {"grouping": "cluster", "area_set": "common", "target": "t", "encoder": "made-up"}
    row |= {"features": "pooled", "model": "ridge", "validation": "blocks", "repeat": 1, "fold": 0}
    row |= {"metric": "r2", "value": 0.5, "image_count": 8}
    rows = [
        row | {"group_name": f"cluster {n}", "area_count": count}
        for n, count in enumerate(area_counts, start=1)
    ]
    return lambda study: study.write("group_model_scores", TABLES["group_model_scores"].frame(rows))


def sample_sizes(areas: str, *area_counts: int) -> Break:
    """Write the score of one draw at some sizes, each on so many areas."""
    row = {"target": "t", "encoder": "made-up", "features": "pooled_median", "k": 2}
    row |= {"group_name": "cluster 1", "areas": areas, "repeat": 1, "model": "ridge"}
    row |= {"metric": "rmse", "value": 0.5, "image_count": 8}
    rows = [
        row | {"sample_size": 8 * n, "area_count": count}
        for n, count in enumerate(area_counts, start=1)
    ]
    return lambda study: study.write("sample_size_scores", TABLES["sample_size_scores"].frame(rows))


def exclusions(image_id: str, is_dropped: bool = True) -> Break:
    """Write that one image is excluded, and dropped or not."""
    row = {"authority_code": "E01", "image_id": image_id, "encoder": "colour-texture"}
    row |= {"reason": "indoor", "probability": 0.99, "is_dropped": is_dropped}
    return lambda study: study.write("image_exclusions", TABLES["image_exclusions"].frame([row]))


def put_into_a_group(image_id: str) -> Break:
    """Write that somebody put one image into a group, which nothing was pooled of yet."""
    row = {"group_name": "wet", "image_id": image_id, "status": "ok"}
    return lambda study: study.write("user_groups", TABLES["user_groups"].frame([row]))


def transfer(*counts: tuple[int, int]) -> Break:
    """Write the scores of one pair of authorities by areas learned from and tested on."""
    row = {"target": "t", "encoder": "made-up", "features": "pooled", "model": "ridge"}
    row |= {"train_authority": "E01", "test_authority": "E02", "metric": "r2", "value": 0.5}
    rows = [
        row | {"share_added": n / 10, "repeat": 1, "train_count": train, "area_count": test}
        for n, (train, test) in enumerate(counts)
    ]
    return lambda study: study.write("transfer_scores", TABLES["transfer_scores"].frame(rows))


def influences(**explained: float) -> Break:
    """Write the predictions of areas that their images are held against."""
    row = {"target": "imd_rank", "encoder": "colour-texture", "features": "median"}
    row |= {"model": "ridge", "validation": "blocks", "fold": 1, "image_count": 4}
    rows = [row | {"area_code": code, "predicted": value} for code, value in explained.items()]
    return lambda study: study.write("area_influences", TABLES["area_influences"].frame(rows))


def ordinal(*points: dict[str, object]) -> Break:
    """Write what an ordinal network says of some points of one area."""
    sound = {
        "area_code": "A1",
        "target": "imd_rank",
        "encoder": "made-up",
        "fold": 1,
        "validation": "blocks",
        "continuous": 0.0,
        "decile": 5,
        "observed": 5,
        "share_added": 0.0,
    }
    rows = [sound | {"point_id": f"point {n}"} | point for n, point in enumerate(points)]
    return lambda study: study.write("ordinal_outputs", TABLES["ordinal_outputs"].frame(rows))


def changed(**fault: object) -> Break:
    """Write one change between two images of a point."""
    sound = {
        "authority_code": "E01",
        "to_image_id": "A1p-0",
        "encoder": "made-up",
        "from_image_id": "A1p-90",
        "point_id": "A1p",
        "area_code": "A1",
        "heading_deg": 0.0,
        "from_on": date(2012, 6, 1),
        "to_on": date(2021, 6, 1),
        "cosine": 0.5,
        "from_cluster": 1,
        "to_cluster": 2,
    }
    rows = [sound, sound | {"to_image_id": "A1p-180"} | fault]
    return lambda study: study.write("capture_changes", TABLES["capture_changes"].frame(rows))


def many_images(*vectors_of_two_years: list[float]) -> Break:
    """Make 150 images of each of two years, all of a year with the same vector."""

    def damage(study) -> None:
        image = study.lake.read("images").row(0, named=True)
        embedding = study.lake.read("image_embeddings").row(0, named=True)
        images, embeddings = [], []
        for number in range(300):
            year = number % 2
            name = {"image_id": f"image {number}"}
            images.append(image | name | {"captured_on": date(2019 + year, 6, 1)})
            embeddings.append(embedding | name | {"embedding": vectors_of_two_years[year]})
        study.write("images", TABLES["images"].frame(images))
        study.write("image_embeddings", TABLES["image_embeddings"].frame(embeddings))

    return damage


def panorama(**values: object) -> Break:
    """Give one panorama a vector of its own, which is sound but for some values."""
    key = {"authority_code": "E01", "panorama_id": "pano A1p", "captured_on": date(2021, 6, 1)}
    key |= {"image_id": "A1p"}
    sound = {"views": "mean", "image_count": 4, "status": "ok", "embedding": [0.0, 0.6, 0.8]}
    row = key | {"encoder": "colour-texture"} | sound | values
    return lambda study: study.write(
        "panorama_embeddings", TABLES["panorama_embeddings"].frame([row])
    )


def all_may_fail(damage: Break) -> Break:
    """Do damage to a study that allows every image to fail."""

    def allow(study) -> None:
        images = study.study.images.model_copy(update={"max_failed_share": 1.0})
        study.study = study.study.model_copy(update={"images": images})

    return each(allow, damage)


def each(*breaks: Break) -> Break:
    def damage(study) -> None:
        for one in breaks:
            one(study)

    return damage


def captured_in(*months: int) -> Break:
    """Make 60 images, of these months in turn."""

    def damage(study) -> None:
        image = study.lake.read("images").row(0, named=True)
        rows = [
            image
            | {
                "image_id": f"image {number}",
                "captured_on": date(2024, months[number % len(months)], 1),
            }
            for number in range(60)
        ]
        study.write("images", TABLES["images"].frame(rows))

    return damage


def areas_of_which_imaged(wanted: int, imaged: int) -> Break:
    """Put a point into each of so many areas, and an image into the first few."""

    def damage(study) -> None:
        image = study.lake.read("images").row(0, named=True)
        point = study.lake.read("sample_points").row(0, named=True)
        areas = [{"area_code": f"N{number:02d}"} for number in range(wanted)]
        points = [point | area | {"point_id": area["area_code"]} for area in areas]
        images = [image | area | {"image_id": area["area_code"]} for area in areas[:imaged]]
        study.write("sample_points", TABLES["sample_points"].frame(points))
        study.write("images", TABLES["images"].frame(images))

    return damage


def profile_of(areas: int, images: Callable[[int], int]) -> Break:
    """Make a profile of areas whose target is their rank, with so many images each."""

    def damage(study) -> None:
        profile = study.mart("area_profile")
        rows = pl.concat([profile.head(1)] * areas).with_columns(
            area_code=pl.Series([f"N{rank:02d}" for rank in range(areas)]),
            observed=pl.Series([float(rank) for rank in range(areas)]),
            image_count=pl.Series([images(rank) for rank in range(areas)]),
            point_count=pl.lit(1, pl.Int64),
        )
        study.write_mart("area_profile", rows)

    return damage
