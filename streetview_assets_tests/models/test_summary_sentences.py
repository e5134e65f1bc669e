"""A table of scores in words: each finding is said, and its opposite too."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from streetview_assets.models.evaluations.selection import select_models
from streetview_assets.models.results.summary_sentences import summary_sentences


def change(scores, metric, validation="blocks", model="tuned", **values):
    chosen = (
        (pl.col("metric") == metric)
        & (pl.col("validation") == validation)
        & (pl.col("model") == model)
        & (pl.col("fold") == 0)
        & (pl.col("group_name") == "all")
    )
    assert scores.filter(chosen).height == 1
    return scores.with_columns(
        pl.when(chosen).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


@pytest.fixture(scope="module")
def scores(areas_of, quick, scored):
    data = areas_of(columns=12, rows=12, width=60, noise=0.15)
    return select_models(data, scored(quick(candidates=("ridge",)), 42)).scores


@pytest.fixture(scope="module")
def of_place(areas_of, quick, scored):
    """Target and vectors are smooth surfaces over space, and nothing else."""
    data = areas_of(columns=12, rows=12, side_m=400)
    rng = np.random.default_rng(5)
    x, y = (data.place_m - data.place_m.mean(axis=0)).T / 1000
    surface = np.sin(x / 0.6) * np.cos(y / 0.6)
    centres = data.place_m[rng.choice(len(data), 60)]
    distance = np.linalg.norm(data.place_m[:, None] - centres, axis=2)
    smooth = replace(data, observed=1000 + 300 * surface, vectors=np.exp(-((distance / 800) ** 2)))
    settings = quick(candidates=("kernel_ridge",), holdout=None)
    return select_models(smooth, scored(settings, 1)).scores


def test_a_surface_over_space_is_flattered_at_random_and_place_alone_does_as_well(of_place, pooled):
    at_random = pooled(of_place, "tuned", "random")["value"]
    by_blocks = pooled(of_place, "tuned", "blocks")["value"]
    place = pooled(of_place, "place", "blocks")["value"]
    assert at_random > 0.8 > by_blocks + 0.3
    assert by_blocks <= place
    said = " ".join(summary_sentences(of_place))
    assert f"A random split flatters it by {at_random - by_blocks:.2f}" in said
    assert "Coordinates alone do better" in said
    assert "It beats" not in said


def test_what_the_images_show_is_said_with_its_numbers(scores, pooled):
    r2 = pooled(scores, "tuned", "blocks")
    gain = pooled(scores, "tuned", "blocks", "r2_gain_over_baseline")
    best = gain["note"].removeprefix("best baseline: ").replace("_", " ")
    said = summary_sentences(scores)
    assert said[0] == (
        f"With whole spatial blocks held out, the model tells {r2['value']:.0%} of the variance: "
        f"R² {r2['value']:.2f} (90% interval {r2['lower']:.2f} to {r2['upper']:.2f}, 144 areas)."
    )
    assert (
        f"It beats the best baseline ({best}) by {gain['value']:.2f} in R² "
        f"(90% interval {gain['lower']:.2f} to {gain['upper']:.2f})."
    ) in said
    assert any(line.startswith("On the hold-out, the model tells") for line in said)
    assert any(line.startswith("Where an area lies does not explain all of it") for line in said)


@pytest.mark.parametrize(
    ("metric", "values", "expected"),
    [
        ("r2", {"value": -0.3}, "the model tells nothing: R² −0.30"),
        ("r2", {"value": 0.99}, "A random split does not flatter it"),
        ("r2_gain_over_baseline", {"lower": -0.1}, "It does not beat the best baseline"),
        ("r2_gain_over_baseline", {"value": -0.2, "lower": -0.3, "upper": -0.1}, "It is worse"),
        ("r2_gain_over_place", {"lower": -0.1}, "Coordinates alone do as well"),
        ("morans_p", {"value": 0.4}, "Its errors do not cluster in space beyond chance"),
        (
            "coverage",
            {"value": 0.9, "lower": 0.85, "upper": 0.94},
            "hold what they promise: 90.0% of 144 areas (90% interval 0.85 to 0.94), 90% meant",
        ),
        ("coverage", {"value": 0.999, "lower": 0.96}, "wider than need be"),
        ("coverage", {"lower": 0.75}, "it cannot be told whether its prediction intervals hold"),
        ("coverage_p", {"value": 1e-4}, "do not hold what they promise"),
    ],
)
def test_each_finding_has_its_opposite(scores, metric, values, expected):
    assert expected in " ".join(summary_sentences(change(scores, metric, **values)))


def test_errors_that_cluster_are_named(scores):
    changed = change(change(scores, "morans_i", value=0.41), "morans_p", value=0.001)
    assert "Its errors still cluster in space: Moran's I 0.41, p 0.001" in " ".join(
        summary_sentences(changed)
    )


def test_an_authority_without_cover_is_named(scores):
    bad = (pl.col("group_name") == "E1") & (pl.col("validation") == "blocks")
    of = pl.when(bad & (pl.col("metric") == "coverage")).then(0.5)
    of = of.when(bad & (pl.col("metric") == "coverage_p")).then(1e-5).otherwise("value")
    said = summary_sentences(scores.with_columns(value=of))[-1]
    assert "do not hold what they promise" in said
    assert said.endswith("too few in E1 (50%).")


def test_why_there_is_no_score_is_said(areas_of, quick, scored):
    few = select_models(areas_of().take(np.arange(7)), scored(quick(), 1)).scores
    assert summary_sentences(few) == [
        "There is no score that counts: too few areas: 7, at least 10 needed."
    ]
    assert summary_sentences(few.clear()) == ["There is no score that counts: nothing was scored."]
