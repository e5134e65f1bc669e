"""The demo's scores: a signal where there is one, none where the target is shuffled."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from streetview_assets.metrics import measure
from streetview_assets.models.data.dataset import AreaDataset, assemble
from streetview_assets.models.validation.nested_cv import competitors_for, cross_validate
from streetview_assets.study.models import Models
from streetview_assets.study.study_file import load_study
from streetview_assets.study_state.open_study import DEMO_STUDY, OpenStudy

SHUFFLES = 20


@pytest.fixture(scope="module")
def opened(demo: Path) -> OpenStudy:
    return OpenStudy(load_study(DEMO_STUDY), demo / "demo")


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
        split = cross_validate(competitors_for(data, settings), data, settings, "blocks", seed=42)
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
        "and fold = 0 and group_name = 'all' and target = 'deprivation_score'"
    )
    r2 = dict(scores.filter(metric="r2").select("model", "value").iter_rows())
    baselines = {"mean", "place", "image_count", "mean_colour"}
    assert baselines < set(r2)
    best = max(r2[name] for name in baselines)
    assert r2["tuned"] - best >= 0.10
    beyond = scores.filter(pl.col("metric").str.contains("baseline"), model="tuned")
    gain = beyond.row(0, named=True)
    assert gain["value"] == pytest.approx(r2["tuned"] - best, abs=1e-9)
    assert 0 < gain["lower"] <= gain["value"] <= gain["upper"]


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
    for noise in ("INFO", "WARNING", "Warning", "alembic", "registered model"):
        assert noise not in said
