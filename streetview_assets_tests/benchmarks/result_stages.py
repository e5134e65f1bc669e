"""Stages from models to what is published, each beside the plain way and the limit for it."""

import io
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import polars as pl

from streetview_assets_tests.benchmarks.image_stages import PHOTOS, write_photos
from streetview_assets_tests.benchmarks.stage import Stage

AREAS, WIDTH, FOLDS, TRIALS_EACH = 1_695, 512, 5, 10
TUNED = ("ridge", "kernel_ridge", "gradient_boosting")
TOWNS, AREAS_EACH, DIMENSION, TABLE_ROWS = 8, 100, 64, 349_902
SHOWN = 8_000


def areas_and_folds() -> tuple[Any, list[Any]]:
    """Make areas of the published size, and folds at random."""
    from streetview_assets.models.data.splits import random_folds, splits_of
    from streetview_assets_tests.benchmarks.bench_models import made_up

    data = made_up(AREAS, WIDTH)
    return data, splits_of(random_folds(data.area_codes, FOLDS, seed=1))


def our_tuning(folder: Path) -> Callable[[], Any]:
    """Tune as each fold of `model_selection` does."""
    from streetview_assets.models.candidates.registry import CANDIDATES
    from streetview_assets.models.validation.tuning import fitting_context, tune_candidates

    data, splits = areas_and_folds()
    candidates = [CANDIDATES[name] for name in TUNED]

    def run() -> None:
        with fitting_context(len(data)):
            tune_candidates(candidates, data, splits, trials=TRIALS_EACH * len(TUNED), seed=1)

    return run


def sklearn_tuning(folder: Path) -> Callable[[], Any]:
    """Search by scikit-learn: the same pipelines' kinds and ranges, as many draws and folds."""
    from scipy.stats import loguniform, randint
    from sklearn.decomposition import PCA
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import RandomizedSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from streetview_assets.processes.threads import limit_threads

    data, splits = areas_and_folds()
    spread = data.observed.std()
    trees = HistGradientBoostingRegressor(max_iter=60, early_stopping=False)
    searched = (
        (
            make_pipeline(StandardScaler(), Ridge()),
            {"ridge__alpha": loguniform(1e-3 * WIDTH, 1e3 * WIDTH)},
        ),
        (
            make_pipeline(StandardScaler(), KernelRidge(kernel="rbf")),
            {
                "kernelridge__alpha": loguniform(1e-3, 100),
                "kernelridge__gamma": loguniform(0.01 / WIDTH, 10 / WIDTH),
            },
        ),
        (
            make_pipeline(StandardScaler(), PCA(), trees),
            {
                "pca__n_components": randint(1, 21),
                "histgradientboostingregressor__learning_rate": loguniform(0.02, 0.3),
                "histgradientboostingregressor__max_leaf_nodes": randint(2, 16),
                "histgradientboostingregressor__min_samples_leaf": randint(3, 21),
            },
        ),
    )
    folds = [(np.flatnonzero(one.learning), np.flatnonzero(one.held_out)) for one in splits]
    centred = (data.observed - data.observed.mean()) / spread

    @limit_threads()  # several wait for each other on so little, and that would count for ours
    def run() -> None:
        for pipeline, drawn in searched:
            RandomizedSearchCV(
                pipeline, drawn, n_iter=TRIALS_EACH, cv=folds, random_state=1, refit=False,
                scoring="neg_root_mean_squared_error",
            ).fit(data.vectors, centred)  # fmt: skip

    return run


def write_lake(folder: Path) -> None:
    """Write the tables of some towns with all their marts, as they are before a publication."""
    from streetview_assets.study_state.open_study import open_study
    from streetview_assets.warehouse.marts import make_mart, marts
    from streetview_assets_tests.benchmarks.simulated_england import made_lake, made_study
    from streetview_assets_tests.benchmarks.simulated_england.stages import sources

    os.environ |= {"STREETVIEW_DATA": str(folder / "data"), "GOOGLE_MAPS_API_KEY": "nobody"}
    squares = made_study.made_squares(TOWNS, AREAS_EACH, seed=1)
    opened = open_study(made_study.write_study(folder / "study", *squares, seed=1))
    sources(opened)
    made_lake.write_lake(opened, DIMENSION)
    for query in marts():
        make_mart(opened, query)


def our_publication(folder: Path) -> Callable[[], Any]:
    """Publish: every table by its key, marts, views, comments, and all said about it."""
    from streetview_assets.study_state.open_study import open_study
    from streetview_assets.warehouse.marts import publish_study

    return partial(publish_study, open_study(folder / "study" / "study.yaml"))


def duckdb_alone(folder: Path) -> Callable[[], Any]:
    """Create the tables from their files by DuckDB, as they come and with nothing said."""
    import duckdb

    from streetview_assets.study_state.open_study import open_study
    from streetview_assets.tables.registry import TABLES

    opened = open_study(folder / "study" / "study.yaml")
    files = {name: [str(one) for one in opened.lake.files(name)] for name in TABLES}

    def run() -> None:
        with duckdb.connect(str(Path(mkdtemp(dir=folder)) / "plain.duckdb")) as connection:
            for name, paths in files.items():
                if paths:
                    columns = ", ".join(TABLES[name].published_columns)
                    connection.execute(
                        f"create table {name} as select {columns} from read_parquet(?)", [paths]
                    )

    return run


def made_up_facts(folder: Path) -> Any:
    """Make what a page shows of images, which take turns with the photos of the folder."""
    from streetview_assets_tests.benchmarks import bench_explorer

    bench_explorer.IMAGES = SHOWN
    return bench_explorer.made_up(sorted(folder.glob("*.jpg")))


def our_page(folder: Path) -> Callable[[], Any]:
    """Write the explorer's folder: thumbnails of two sizes in sprites, columns of numbers."""
    from streetview_assets.explorer.atlas import draw_atlas
    from streetview_assets.explorer.static_site import drawn_images, write_folder

    facts, kept = made_up_facts(folder), Path(mkdtemp(dir=folder))
    about = {"name": "town", "credit": "", "meaning": "", "mayPassOn": True, "serves": None}

    def run() -> None:
        write_folder(kept, facts, about, draw_atlas(drawn_images(facts), kept / "study", kept))

    return run


def loop_page(folder: Path) -> Callable[[], Any]:
    """Write a thumbnail a file by Pillow, and all that is known of images as JSON."""
    from PIL import Image

    facts, kept = made_up_facts(folder), Path(mkdtemp(dir=folder))

    def run() -> None:
        for image_id, path in facts.images.select("image_id", "path").iter_rows():
            image = Image.open(path)
            image.thumbnail((64, 64))
            image.save(kept / f"{image_id}.jpg", quality=72)
        rows = facts.images.with_columns(pl.col("captured_on").cast(pl.String)).to_dicts()
        (kept / "images.json").write_text(json.dumps(rows))

    return run


def small_decoding(folder: Path) -> Callable[[], Any]:
    """Decode each photo at the smallest scale that JPEG has for it, and keep nothing."""
    from PIL import Image

    photos = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]

    def run() -> None:
        for number in range(SHOWN):
            image = Image.open(io.BytesIO(photos[number % len(photos)]))
            image.draft("RGB", (64, 64))
            np.asarray(image)

    return run


RESULT_STAGES = (
    Stage(
        "models",
        TRIALS_EACH * len(TUNED) * FOLDS,
        f"fits of three kinds to {AREAS:,} areas x {WIDTH}",
        our_tuning,
        sklearn_tuning,
        "scikit-learn's random search, every trial to its end",
    ),
    Stage(
        "publication",
        TABLE_ROWS,
        "rows of tables and marts",
        our_publication,
        duckdb_alone,
        "DuckDB, tables alone, unsorted",
        prepare=write_lake,
    ),
    Stage(
        "explorer",
        SHOWN,
        f"images of {PHOTOS} photos",
        our_page,
        loop_page,
        "a thumbnail a file by Pillow, one size, and JSON",
        small_decoding,
        "the smallest decoding of each",
        write_photos,
    ),
)
