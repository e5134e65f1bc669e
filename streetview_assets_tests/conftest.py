"""What holds for all tests: their turn, the collector of garbage, the real data beside them."""

import atexit
import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streetview_assets_tests.turns import scheduler, turn

OF_A_STUDY = ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "STREETVIEW_STUDY")
"""Variables that a run sets in its process."""


def pytest_configure() -> None:
    """Do not look for what can go while tests are collected: all of it stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Look no more through what was collected, and seldom through the rest, for what can go."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 100)


def pytest_unconfigure() -> None:
    """Let all of it go in the end, after pytest has looked for what can go: bindings would print
    a page about what is left."""
    atexit.register(gc.unfreeze)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files in their turn."""
    items.sort(key=lambda item: turn(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a worker a file at a time, each in its turn."""
    return scheduler(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(autouse=True, scope="module")
def _own_environment() -> Iterator[None]:
    """Take from the environment what a study of this file has left in it for those of others."""
    before = {name: os.environ.get(name) for name in OF_A_STUDY}
    yield
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data of ../shared/data."""
    folder = (Path(__file__).parents[1] / "../shared/data").resolve()
    if not folder.is_dir():
        pytest.skip("the real data of ../shared/data are not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def first_params():
    """Gives parameters of a candidate: those that a search tries first."""

    def first(candidate, size):
        from streetview_assets.models.candidates.registry import CANDIDATES

        if candidate.grid:
            return dict(candidate.grid[0])
        if candidate.stacks:
            members = {"ridge": first(CANDIDATES["ridge"], size)}
            return {"members": members, "weights": {"ridge": 1.0}}
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        study.enqueue_trial(candidate.default(size))
        return candidate.suggest(study.ask(), size)

    return first
