"""Draws by one process or several, killed half-way, or called off."""

import pickle
import signal
import sys
import time

import numpy as np
import psutil
import pytest

from streetview_assets.errors import StudyError
from streetview_assets.lake.checkpoint_shards import Shards, latest
from streetview_assets.models.evaluations.sample_size import TABLE, Experiment
from streetview_assets.models.evaluations.sample_size_runs import (
    model_count,
    run_draws,
    seconds_of_a_model,
)
from streetview_assets.study.sample_size import SampleSize
from streetview_assets_tests.started import programs

PATIENCE_S = 240
WORKER = """
import pickle
import sys
from pathlib import Path

from streetview_assets.lake.checkpoint_shards import Shards
from streetview_assets.models.evaluations.sample_size_runs import run_draws

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    experiment = pickle.loads((folder / "experiment.pickle").read_bytes())
    shards = Shards(folder / "shards", "sample_size_scores")
    for piece in run_draws(experiment, folder / "vectors.npy", experiment.draws(), processes=2):
        shards.append(piece)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An experiment of some seconds, its vectors' file, and what it comes to undisturbed."""
    folder = tmp_path_factory.mktemp("experiment")
    rng = np.random.default_rng(4)
    area = np.sort(rng.integers(0, 300, 4000))
    value = rng.normal(size=300)
    vectors = value[area][:, None] * rng.normal(size=128) + 3 * rng.normal(size=(4000, 128))
    experiment = Experiment(
        target="t",
        encoder="e",
        features="pooled_median",
        area_codes=tuple(f"A{row:03}" for row in range(300)),
        observed=value,
        area=area,
        clusters={2: rng.integers(1, 3, 4000), 3: rng.integers(1, 4, 4000)},
        settings=SampleSize(k=(2, 3), sizes=(100, 400, 1000), repeats=6),
        statistic="median",
        seed=1,
    )
    (folder / "experiment.pickle").write_bytes(pickle.dumps(experiment))
    np.save(folder / "vectors.npy", vectors.astype(np.float32))
    (folder / "worker.py").write_text(WORKER)
    whole = latest(list(run_draws(experiment, folder / "vectors.npy", experiment.draws(),
                                  processes=1)), TABLE)  # fmt: skip
    return experiment, folder, whole


def test_killed_half_way_it_leaves_nobody_and_goes_on_to_the_same_result(made):
    experiment, folder, whole = made
    process = programs.Brief([sys.executable, folder / "worker.py", folder])
    shards = Shards(folder / "shards", TABLE)
    end = time.monotonic() + PATIENCE_S
    while len(list(shards.folder.glob("*.parquet"))) < 4 and time.monotonic() < end:
        assert process.poll() is None
        time.sleep(0.02)
    others = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert others
    _, alive = psutil.wait_procs(others, timeout=PATIENCE_S)
    assert not alive

    done = shards.read()
    made_before = set(done.select("k", "group_name", "repeat").unique().rows())
    left = [
        draw
        for draw in experiment.draws()
        if (draw.k, draw.group_name, draw.repeat) not in made_before
    ]
    assert 0 < len(left) < len(experiment.draws())
    rest = run_draws(experiment, folder / "vectors.npy", left, processes=1)
    # What two processes made is, to the last digit, what one makes.
    assert latest([done, *rest], TABLE).equals(whole)


def test_a_draw_that_fails_is_an_error_of_the_whole(made, tmp_path):
    experiment, folder, _ = made
    np.save(tmp_path / "vectors.npy", np.load(folder / "vectors.npy")[:100])
    with pytest.raises(IndexError):
        list(run_draws(experiment, tmp_path / "vectors.npy", experiment.draws(), processes=1))


def test_where_one_process_ends_the_others_do_and_the_error_says_what_to_do(made):
    experiment, folder, _ = made
    before = set(psutil.Process().children(recursive=True))
    runs = run_draws(experiment, folder / "vectors.npy", experiment.draws(), processes=2)
    assert next(runs).height
    started = {
        one
        for one in set(psutil.Process().children(recursive=True)) - before
        if "resource_tracker" not in " ".join(one.cmdline())
    }
    started.pop().kill()
    with pytest.raises(StudyError, match=r"fewer processes.*What is finished is kept"):
        list(runs)
    _, alive = psutil.wait_procs(started, timeout=PATIENCE_S)
    assert not alive


def test_the_time_that_is_told_beforehand_is_that_of_the_models_that_will_be(made):
    experiment, folder, whole = made
    fitted = whole.filter(metric="rmse", model="ridge").height
    assert fitted < len(experiment.draws()) * experiment.cells_of_a_draw
    assert model_count(experiment, experiment.draws()) == pytest.approx(fitted, rel=0.1)
    assert 0 < seconds_of_a_model(experiment, folder / "vectors.npy") < 5
