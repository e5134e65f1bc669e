"""How long the sample-size experiment takes on vectors of the published size.

    SAMPLE_SIZE_K=5 SAMPLE_SIZE_REPEATS=2 python -m pytest -s \
        -o python_files='bench_sample_size.py' streetview_assets_tests/benchmarks

runs a part of it; by default it is the whole, k 2 to 10, twelve sizes and ten repeats, areas free
and constant. SAMPLE_SIZE_IMAGES and SAMPLE_SIZE_PROCESSES say how many there are of these.

Beside it, on a sample of the same draws, the loop that anybody would write: numpy's median of each
area's images, StandardScaler and RidgeCV; and the published recipe's XGBoost, of which the time
for all is reckoned from a few fits. Vectors and values are made up.
"""

import os
import resource
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl
import psutil
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.embeddings.vectors import unit
from streetview_assets.models.charts.sample_size_curves import draw_sample_sizes
from streetview_assets.models.data.splits import holdout_split
from streetview_assets.models.evaluations.sample_size import (
    HELD_OUT,
    Draw,
    Experiment,
    draw_order,
    draw_rows,
    seed_of_draw,
)
from streetview_assets.models.evaluations.sample_size_runs import (
    model_count,
    run_draws,
    seconds_of_a_model,
)
from streetview_assets.models.evaluations.sample_size_summary import free_and_constant
from streetview_assets.models.validation.ridge_cv import PENALTIES_PER_FEATURE
from streetview_assets.processes.threads import cores, limit_threads
from streetview_assets.study.sample_size import SampleSize

IMAGES = int(os.environ.get("SAMPLE_SIZE_IMAGES", "75586"))
KS = tuple(int(k) for k in os.environ.get("SAMPLE_SIZE_K", "2 3 4 5 6 7 8 9 10").split())
REPEATS = int(os.environ.get("SAMPLE_SIZE_REPEATS", "10"))
PROCESSES = int(os.environ.get("SAMPLE_SIZE_PROCESSES", str(cores())))
AREAS, WIDTH = 1_695, 512
BESIDE = 6
"""Models that the plain loop is timed on, of sizes from the smallest to the largest."""
MOST_SECONDS, MOST_GB = 12 * 60, 4


def made_up() -> tuple[Experiment, np.ndarray]:
    """Give images around a direction of their area and one of their scene, k by k."""
    rng = np.random.default_rng(1)
    area = np.sort(rng.integers(0, AREAS, IMAGES))
    value = rng.normal(size=AREAS)
    places = np.column_stack([value, rng.normal(size=(AREAS, 9))]) @ rng.normal(size=(10, WIDTH))
    clusters = {k: scenes(k, rng) for k in KS}
    scene = clusters[max(KS)]
    seen = np.where(scene % 2 == 0, 0.3, 0.1)[:, None]
    kinds = 3 * rng.normal(size=(max(KS) + 1, WIDTH))
    vectors = np.empty((IMAGES, WIDTH), dtype=np.float32)
    for start in range(0, IMAGES, 10_000):
        rows = slice(start, start + 10_000)
        own = seen[rows] * places[area[rows]] + kinds[scene[rows]]
        vectors[rows] = unit(own + 3 * rng.normal(size=own.shape))
    experiment = Experiment(
        target="made-up",
        encoder="made-up",
        features="pooled_median",
        area_codes=tuple(f"A{row:05}" for row in range(AREAS)),
        observed=16_000 + 6_000 * value,
        area=area.astype(np.int32),
        clusters=clusters,
        settings=SampleSize(k=KS, repeats=REPEATS),
        statistic="median",
        seed=42,
    )
    return experiment, vectors


def core_seconds() -> float:
    """Give the time that this process and those that it waited for were on a core."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def scenes(k: int, rng: np.random.Generator) -> np.ndarray:
    """Deal images out to clusters of unlike size, as those of photographs are."""
    shares = np.arange(k, 0, -1) + 1.0
    return rng.choice(k, size=IMAGES, p=shares / shares.sum()).astype(np.int16) + 1


def plain(experiment: Experiment, vectors: np.ndarray, draw: Draw, size: int) -> float:
    """Give R² by a loop over the areas and by scikit-learn's RidgeCV."""
    seed = seed_of_draw(experiment, draw)
    images = experiment.images_of(draw)
    smallest = min(experiment.settings.sizes)
    order = draw_order(experiment.area[images], "free", smallest, seed)
    drawn = images[order[:size]]
    area = experiment.area[drawn]
    rows = np.unique(area)
    pooled = np.array([np.median(vectors[drawn[area == row]], axis=0) for row in rows])
    observed = experiment.observed[rows]
    train, test = holdout_split([experiment.area_codes[row] for row in rows], HELD_OUT, seed)
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=PENALTIES_PER_FEATURE * WIDTH))
    return model.fit(pooled[train], observed[train]).score(pooled[test], observed[test])


class most_memory:
    """Watch what this process and its workers have in memory of their own, while the block runs."""

    def __enter__(self) -> "most_memory":
        self.gb, self.ended = 0.0, threading.Event()
        self.watch = threading.Thread(target=self.look, daemon=True)
        self.watch.start()
        return self

    def look(self) -> None:
        me = psutil.Process()
        while not self.ended.wait(0.5):
            total = 0
            for one in (me, *me.children(recursive=True)):
                try:
                    total += one.memory_full_info().pss
                except psutil.Error:  # It ended meanwhile.
                    continue
            self.gb = max(self.gb, total / 1e9)

    def __exit__(self, *error: object) -> None:
        self.ended.set()
        self.watch.join()


@pytest.fixture(scope="module")
def made() -> tuple[Experiment, np.ndarray]:
    return made_up()


@pytest.fixture(scope="module")
def vectors_file(made: tuple[Experiment, np.ndarray], tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("vectors") / "vectors.npy"
    np.save(path, made[1])
    return path


def test_the_experiment(made: tuple[Experiment, np.ndarray], vectors_file: Path) -> None:
    """Print how long it takes, and hold the whole to its limits."""
    experiment, _ = made
    draws = experiment.draws()
    began = time.perf_counter()
    before = core_seconds()
    pieces = []
    with most_memory() as memory:
        for piece in run_draws(experiment, vectors_file, draws, processes=PROCESSES):
            pieces.append(piece)
            if len(pieces) % 50 == 0:
                print(f"  {len(pieces)}/{len(draws)}, {time.perf_counter() - began:,.0f} s")
    seconds = time.perf_counter() - began
    scores = pl.concat(pieces)
    models = scores.filter(metric="rmse", model="ridge").group_by("areas").len().sort("areas")
    after = core_seconds()
    own_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"\n{IMAGES:,} images x {WIDTH}, {AREAS:,} areas, k {KS}, {REPEATS} repeats: "
        f"{dict(models.rows())} models in {seconds:,.0f} s on {PROCESSES} processes, "
        f"{1000 * (after - before) / models['len'].sum():.0f} ms of a core each; "
        f"at most {memory.gb:.1f} GB in all, {own_gb:.1f} GB of the first process"
    )
    print(free_and_constant(scores, "nrmse"))
    if folder := os.environ.get("SAMPLE_SIZE_FIGURES"):
        for areas in ("free", "constant"):
            figure = draw_sample_sizes(scores, areas=areas, metric="nrmse", title="made up")
            figure.savefig(Path(folder) / f"sample_size_{areas}.png", dpi=110)
    assert seconds < MOST_SECONDS
    assert memory.gb < MOST_GB


def test_beside_the_plain_loop(made: tuple[Experiment, np.ndarray]) -> None:
    """Print the time of both on the same models, which have to agree."""
    experiment, vectors = made
    sizes = [size for size in experiment.settings.sizes if size <= IMAGES // 4]
    chosen = sorted({sizes[place] for place in np.linspace(0, len(sizes) - 1, BESIDE).astype(int)})
    settings = experiment.settings.model_copy(
        update={"sizes": tuple(chosen), "areas": ("free",), "repeats": 1}
    )
    part = Experiment(**{**vars(experiment), "settings": settings})
    draw = Draw(1, 1, 1)
    with limit_threads():
        began = time.process_time()
        rows = draw_rows(part, vectors, draw)
        ours_s = time.process_time() - began
        began = time.process_time()
        expected = {size: plain(part, vectors, draw, size) for size in chosen}
        plain_s = time.process_time() - began
    print(
        f"\n{len(chosen)} models of {chosen} images, on one core: the plain loop "
        f"{plain_s:.2f} s, ours {ours_s:.2f} s, {plain_s / ours_s:.1f} times as fast"
    )
    for row in rows:
        if row["model"] == "ridge" and row["metric"] == "r2":
            assert row["value"] == pytest.approx(expected[row["sample_size"]], abs=1e-5)


def test_the_published_recipe(made: tuple[Experiment, np.ndarray], vectors_file: Path) -> None:
    """Print how long XGBoost would take for all, from a sample of its fits."""
    experiment, _ = made
    settings = experiment.settings.model_copy(update={"recipe": "published"})
    each = seconds_of_a_model(
        Experiment(**{**vars(experiment), "settings": settings}), vectors_file
    )
    models = model_count(experiment, experiment.draws())
    print(
        f"\npublished recipe: {each:.2f} s a model, {models:,} models on {PROCESSES} "
        f"processes: {models * each / PROCESSES / 3600:.1f} h"
    )
