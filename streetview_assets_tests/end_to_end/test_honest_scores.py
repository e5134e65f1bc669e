"""The demo's scores: a signal where there is one, none where the target is shuffled."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from streetview_assets.metrics import measure
from streetview_assets.models.data.dataset import AreaDataset, assemble
from streetview_assets.models.results.verdict_sentences import LEAST_GAIN
from streetview_assets.models.validation.competitors import competitors_for
from streetview_assets.models.validation.nested_cv import cross_validate
from streetview_assets.study.models import Models
from streetview_assets.study.study_file import load_study
from streetview_assets.study_state.open_study import DEMO_STUDY, OpenStudy
from streetview_assets_tests.end_to_end.small_studies import environment

SHUFFLES = 20
SATELLITE_STUDY = DEMO_STUDY.with_name("satellite.yaml")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of the demo with a satellite: `data/`, and what it `said`."""
    folder = tmp_path_factory.mktemp("demo")
    ended = subprocess.run(
        [sys.executable, "-m", "streetview_assets", "demo", "--satellite"],
        env=environment(folder / "data"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout
    (folder / "said").write_text(ended.stdout)
    return folder


@pytest.fixture(scope="module")
def opened(demo: Path) -> OpenStudy:
    return OpenStudy(load_study(SATELLITE_STUDY), demo / "data" / "demo-satellite")


@pytest.fixture(scope="module")
def areas(opened: OpenStudy) -> AreaDataset:
    return assemble(
        *(opened.read(table) for table in ("areas", "targets", "area_embeddings", "images")),
        target="deprivation_score",
        statistic="median",
        encoder=opened.encoder,
        crs="EPSG:32631",
    )


def test_shuffled_targets_score_nothing_and_the_true_one_scores_more(areas):
    settings = Models(candidates=("ridge",), trials=3, folds=5, block_km=1, buffer_km=0)

    def under_blocks(data: AreaDataset) -> float:
        candidates = replace(competitors_for(data, settings), baselines=[])
        split = cross_validate(candidates, data, settings, "blocks", seed=42)
        return float(measure(data.observed, split.predicted["tuned"])["r2"])

    draw = np.random.default_rng(42)
    shuffled = [
        under_blocks(replace(areas, observed=draw.permutation(areas.observed)))
        for _ in range(SHUFFLES)
    ]
    assert -0.2 <= np.median(shuffled) <= 0.05
    assert max(shuffled) <= 0.15
    assert under_blocks(areas) > max(shuffled)


def test_the_true_score_under_blocks_beats_the_best_baseline(opened):
    """By 0.10 in R², with a paired interval that excludes zero."""
    scores = opened.sql(
        "select model, metric, value, lower, upper from model_scores where validation = 'blocks' "
        "and repeat = 1 and fold = 0 and group_name = 'all' and target = 'deprivation_score'"
    )
    r2 = dict(scores.filter(metric="r2").select("model", "value").iter_rows())
    baselines = {"mean", "place", "image_count", "mean_colour"}
    assert baselines < set(r2)
    best = max(r2[name] for name in baselines)
    assert r2["tuned"] - best >= 0.10


def test_the_verdict_finds_that_images_add_to_place(opened):
    gain = opened.sql(
        "from gains where features = 'place_and_images' and against = 'place' "
        "and validation = 'blocks'"
    ).row(0, named=True)
    assert LEAST_GAIN < gain["lower"] < gain["value"] < gain["upper"]
    said = opened.sql("from findings order by position")["sentence"].to_list()
    # So few areas, alike over kilometres, tell it with some held out in blocks, not in every way.
    assert any(sentence.startswith("Images add to what place tells: ") for sentence in said)
    assert any(sentence.startswith("Its prediction intervals hold") for sentence in said)


def test_the_table_of_gains_finds_what_was_put_into_the_town(opened):
    """Images show deprivation best, and of income what goes with it; the satellite the rest."""
    told = opened.sql("select target, features, against, value, lower from target_gains")
    gain = {
        tuple(names): (value, lower)
        for *names, value, lower in told.filter(pl.col("lower").is_not_null()).iter_rows()
    }
    over_images, over_satellite = (
        ("images_and_satellite", "images"),
        ("images_and_satellite", "satellite"),
    )
    for target in ("deprivation_score", "income_rank"):
        assert gain[target, *over_satellite][1] > 0.05
    assert gain["deprivation_score", *over_images][0] < 0.15 < gain["income_rank", *over_images][1]
    assert gain["income_rank", "place_images_and_satellite", "place_and_images"][1] > 0
    assert (opened.root / "figures" / "study" / "target_gains.png").is_file()


def test_the_demo_ends_with_what_was_made_the_scores_and_what_to_try(demo):
    said = (demo / "said").read_text()
    for table in ("image_embeddings", "area_predictions", "cluster_shares"):
        assert table in said
    for validation in ("random", "blocks", "authorities"):
        assert validation in said
    for baseline in ("mean_colour", "place", "image_count"):
        assert baseline in said
    assert "synthetic" in said
    after = said.split("Next:")[1].splitlines()
    assert len([line for line in after if line.strip()]) == 3
    # What its own checks warn of is told; what libraries say on the way is not.
    lines = [line for line in said.splitlines() if not line.startswith("Warning: ")]
    for noise in ("INFO", "WARNING", "Warning", "alembic", "registered model"):
        assert noise not in "\n".join(lines)
