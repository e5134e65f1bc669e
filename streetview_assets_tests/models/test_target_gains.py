"""Of several targets each is told by what it depends on, on the same areas and folds."""

from dataclasses import replace

import polars as pl
import pytest

from streetview_assets.models.charts.scores_and_gains import draw_gains
from streetview_assets.models.evaluations.target_matrix import gains_of_targets
from streetview_assets.models.results.verdict_sentences import LEAST_GAIN
from streetview_assets.models.scoring import Scoring
from streetview_assets.study.models import Models
from streetview_assets.study.targets import Target
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.simulations.satellite import areas_of


@pytest.fixture(scope="module")
def gains() -> pl.DataFrame:
    """Of a target that satellites show, and of one that images show."""
    seen = areas_of("images", 7, count=196, share=0.3)
    by_satellite = replace(seen, satellite=seen.vectors, vectors=seen.satellite)
    scoring = Scoring(
        Models(block_km=3.0, buffer_km=0, candidates=("ridge",)),
        target="air", encoder="e", features="median", seed=1,
    )  # fmt: skip
    datasets = {"air": by_satellite, "front_doors": seen}
    return gains_of_targets(datasets, scoring, domains={"air": "Outdoors"})


def found(gains: pl.DataFrame, target: str, features: str, against: str) -> bool:
    row = gains.filter(target=target, features=features, against=against).row(0, named=True)
    return row["lower"] > LEAST_GAIN


def test_each_target_is_told_by_what_it_depends_on(gains: pl.DataFrame) -> None:
    check_contract(TABLES["target_gains"], gains)
    assert set(gains["validation"]) == {"blocks"}
    assert found(gains, "air", "place_and_satellite", "place")
    assert not found(gains, "air", "place_images_and_satellite", "place_and_satellite")
    assert found(gains, "front_doors", "place_images_and_satellite", "place_and_satellite")
    assert not found(gains, "front_doors", "place_and_satellite", "place")
    alone = set(gains.filter(against="nothing")["features"])
    assert {"images", "satellite", "images_and_satellite", "place", "place_and_images"} <= alone


def test_targets_of_one_domain_stand_together_under_its_name(gains: pl.DataFrame) -> None:
    domains = dict(gains.select("target", "domain").unique().iter_rows())
    assert domains == {"air": "Outdoors", "front_doors": None}
    more = [gains.with_columns(target=pl.lit(name)) for name in ("noise", "income")]
    called = {name: name for name in ("noise", "air", "income", "front_doors")}
    of = {"noise": "Outdoors", "air": "Outdoors", "income": "Income", "front_doors": ""}
    figure = draw_gains(pl.concat([gains, *more]), title="a town", called=called, domains=of)
    (beside,) = figure.axes[1].child_axes
    named = {text.get_text(): text.get_position()[1] for text in beside.get_yticklabels()}
    assert named == {"Outdoors": 0.5, "Income": 2, "": 3}
    plain = draw_gains(gains, title="a town", called={"air": "air", "front_doors": "doors"})
    assert not plain.axes[1].child_axes


@pytest.mark.parametrize(
    ("column", "domain"),
    [
        ("Income Score (rate)", "Income"),
        ("Income Deprivation Affecting Children Index (IDACI) Score (rate)", "Income"),
        ("Education, Skills and Training Rank (where 1 is most deprived)", "Education, skills"),
        ("Barriers to Housing and Services Score", "Housing and services"),
        ("Housing_and_Access_rank", "Housing and services"),
        ("Environment_decile", "Living environment"),
        ("IMD_score", "All domains"),
        ("income_rank", ""),
        ("Income", ""),
    ],
)
def test_columns_of_the_english_indices_tell_their_domain(column: str, domain: str) -> None:
    about = {"name": "t", "path": __file__, "area_code": "code", "more_is": "worse"}
    assert (Target(value=column, **about).of_domain or "").startswith(domain)
    assert bool(Target(value=column, **about).of_domain) == bool(domain)
    assert Target(value=column, domain="Ours", **about).of_domain == "Ours"


def test_targets_are_the_rows_of_the_figure(gains: pl.DataFrame) -> None:
    figure = draw_gains(gains, title="a town", called={"front_doors": "Front doors", "air": "air"})
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == ["Front doors", "air"]


def test_a_target_of_too_few_places_says_why() -> None:
    few = areas_of("both", 1, count=4)
    scoring = Scoring(Models(), target="t", encoder="e", features="median", seed=1)
    (row,) = gains_of_targets({"t": few}, scoring).to_dicts()
    assert row["value"] is None
    assert row["note"]
