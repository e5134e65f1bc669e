"""The verdict in words, each finding with its number, and its opposite said too."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import polars as pl
import pytest

from streetview_assets.models.charts.scores_and_gains import draw_gains
from streetview_assets.models.evaluations.gains import paired_gains
from streetview_assets.models.evaluations.selection import select_models
from streetview_assets.models.results.findings import findings
from streetview_assets.tables.registry import TABLES, check_contract

CRS = "EPSG:27700"


def areas_table(data):
    """The columns of the table `areas` that say where an area lies."""
    point = gpd.GeoSeries.from_xy(*data.place_m.T, crs=CRS).to_crs("EPSG:4326")
    return pl.DataFrame(
        {
            "area_code": data.area_codes,
            "authority_code": data.authority_codes,
            "longitude": point.x.to_numpy(),
            "latitude": point.y.to_numpy(),
        }
    )


def said_of(scores, gains, scoring):
    return findings(scores, gains, scoring, "blocks")["sentence"].to_list()


def change(table, values, **which):
    chosen = pl.all_horizontal(pl.col(name) == value for name, value in which.items())
    assert table.filter(chosen).height == 1
    return table.with_columns(
        pl.when(chosen).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


def change_score(scores, metric, **values):
    pooled = {"group_name": "all", "repeat": 1, "fold": 0}
    return change(scores, values, metric=metric, validation="blocks", model="tuned", **pooled)


def change_gain(gains, features, against, **values):
    return change(gains, values, features=features, against=against, validation="blocks")


@pytest.fixture(scope="module")
def settings(quick):
    return quick(candidates=("ridge",), deals=2)


@pytest.fixture(scope="module")
def shown(areas_of, settings, scored):
    """Scores and gains where the images show the target."""
    data = areas_of(columns=12, rows=12, width=60, noise=0.15)
    chosen = select_models(data, scored(settings, 42))
    return chosen.scores, paired_gains(chosen.predictions, areas_table(data), scored(settings), CRS)


@pytest.fixture(scope="module")
def of_place(areas_of, settings, scored):
    """The same of smooth surfaces over space, of which the images show other ones."""
    data = areas_of(columns=12, rows=12, side_m=400)
    rng = np.random.default_rng(5)
    x, y = (data.place_m - data.place_m.mean(axis=0)).T / 1000
    surface = np.sin(x / 0.35) * np.cos(y / 0.35) + 0.3 * rng.normal(size=len(data))
    centres = data.place_m[rng.choice(len(data), 60)]
    distance = np.linalg.norm(data.place_m[:, None] - centres, axis=2)
    smooth = replace(data, observed=1000 + 300 * surface, vectors=np.exp(-((distance / 800) ** 2)))
    chosen = select_models(smooth, scored(settings, 1))
    return chosen.scores, paired_gains(chosen.predictions, areas_table(data), scored(settings), CRS)


def row_of(gains, features, against, validation="blocks"):
    return gains.row(
        by_predicate=(pl.col("features") == features)
        & (pl.col("against") == against)
        & (pl.col("validation") == validation),
        named=True,
    )


def test_a_gain_is_the_difference_of_two_scores_on_average_over_the_deals(shown, pooled):
    scores, gains = shown
    check_contract(TABLES["gains"], gains)
    both, place, tuned = (
        pooled(scores, model, "blocks")["value"] for model in ("place_and_images", "place", "tuned")
    )
    gain = row_of(gains, "place_and_images", "place")
    assert gain["value"] == pytest.approx(both - place)
    assert gain["lower"] < gain["value"] < gain["upper"]
    assert gain["draws"] == 0, "by derivatives, which know what was learned from"
    assert row_of(gains, "images", "mean")["draws"] == 1000
    assert row_of(gains, "images", "nothing")["value"] == pytest.approx(tuned)
    random = row_of(gains, "images", "nothing", "random")["value"]
    flattery = row_of(gains, "images_at_random", "images")["value"]
    assert flattery == pytest.approx(random - tuned)


def test_images_are_compared_with_each_baseline_in_pairs(shown):
    _, gains = shown
    r2 = row_of(gains, "images", "nothing")["value"]
    for rival in ("mean", "place", "image_count", "mean_colour"):
        gain = row_of(gains, "images", rival)
        assert gain["lower"] < gain["value"] < gain["upper"]
    over_place = row_of(gains, "images", "place")
    assert over_place["value"] == pytest.approx(r2 - row_of(gains, "place", "nothing")["value"])
    both = row_of(gains, "place_and_images", "nothing")
    over_images = row_of(gains, "place_and_images", "images")
    assert over_images["upper"] - over_images["lower"] < both["upper"] - both["lower"], "in pairs"


def test_the_chart_shows_place_images_and_both_and_the_gain(shown):
    scores, gained = draw_gains(shown[1], title="a town").axes
    names = [text.get_text() for text in scores.get_legend().get_texts()]
    assert names == ["place alone", "images alone", "place and images"]
    drawn = [
        tuple(dots.get_offsets()[:, 0]) for dots in gained.collections if dots.get_offsets().size
    ]
    gains = shown[1].filter(features="place_and_images", against="place")
    assert sorted(drawn[-1]) == pytest.approx(sorted(gains["value"]))


def test_authorities_held_out_count_together_and_few_have_no_interval(areas_of, scored, settings):
    data = areas_of(columns=6, rows=6)
    key = {"target": "imd_rank", "encoder": "made-up", "features": "pooled", "repeat": 1}
    rows = [
        key
        | {"area_code": code, "model": model, "validation": "authorities", "fold": 1}
        | {"observed": value, "predicted": value + error, "residual": -error}
        for model, error in (("tuned", 100.0), ("place", 300.0), ("place_and_images", 50.0))
        for code, value in zip(data.area_codes, data.observed, strict=True)
    ]
    predictions = TABLES["predictions"].frame(rows)
    gains = paired_gains(predictions, areas_table(data), scored(settings), CRS)
    gain = row_of(gains, "place_and_images", "place", "authorities")
    assert gain["value"] == pytest.approx((300**2 - 50**2) / data.observed.var())
    assert (gain["lower"], gain["draws"]) == (None, 0)
    assert "3 independent held-out groups" in gain["note"]
    found = findings(TABLES["model_scores"].frame(), gains, scored(settings), "authorities")
    assert (
        f"Whether images add to what place tells cannot be said: {gain['value']:.2f} in R², "
        "no interval: as uncertain as 3 independent held-out groups, at least 10 needed; R² is"
    ) in found["sentence"][0]


def test_functions_of_place_add_nothing_to_place_and_a_random_split_flatters_them(
    of_place, scored, settings
):
    scores, gains = of_place
    said = " ".join(said_of(scores, gains, scored(settings)))
    gap = row_of(gains, "images_at_random", "images")
    assert gap["value"] > 0.3
    assert f"A random split flatters it by {gap['value']:.2f} (90% interval" in said
    assert "Images are not shown to add to what place tells" in said
    assert "Images add" not in said


def test_what_the_images_show_is_said_with_its_numbers(shown, scored, settings):
    scores, gains = shown
    found = findings(scores, gains, scored(settings), "blocks")
    check_contract(TABLES["findings"], found)
    gain, r2 = row_of(gains, "place_and_images", "place"), row_of(gains, "images", "nothing")
    place, both = (row_of(gains, one, "nothing") for one in ("place", "place_and_images"))
    assert found["sentence"][0] == (
        f"Images add to what place tells: {gain['value']:.2f} in R² (90% interval "
        f"{gain['lower']:.2f} to {gain['upper']:.2f}); R² is {place['value']:.2f} by place alone "
        f"and {both['value']:.2f} by place and images, with whole spatial blocks held out "
        "(144 areas)."
    )
    first = found.row(0, named=True)
    kept = ("validation", "features", "against", "value", "lower", "upper", "area_count")
    assert {name: first[name] for name in kept} == {name: gain[name] for name in kept}
    assert found["sentence"][1] == (
        f"With whole spatial blocks held out, images alone tell {r2['value']:.0%} of the "
        f"variance: R² {r2['value']:.2f} (90% interval {r2['lower']:.2f} to {r2['upper']:.2f}, "
        "144 areas)."
    )
    assert found["position"].to_list() == list(range(1, found.height + 1))
    residuals = found.filter(topic="residuals").row(0, named=True)
    assert (residuals["metric"], residuals["features"]) == ("morans_i", "tuned")


@pytest.mark.parametrize(
    ("pair", "values", "expected"),
    [
        (("place_and_images", "place"), {"lower": 0.005}, "Images are not shown to add"),
        (("place_and_images", "place"), {"lower": -0.3, "upper": -0.1}, "Images take away"),
        (("place_and_images", "place"), {"lower": None}, "add to what place tells cannot be said"),
        (("images", "nothing"), {"value": -0.3}, "images alone tell nothing: R² −0.30"),
        (("images_at_random", "images"), {"lower": -0.1}, "is not shown to flatter it"),
        (("images", "image_count"), {"value": -1.0, "lower": -1.2, "upper": -0.4}, "are worse"),
        (("images", "image_count"), {"value": -1.0, "lower": -1.2, "upper": 0.1}, "do not beat"),
    ],
)
def test_each_gain_has_its_opposite(shown, scored, settings, pair, values, expected):
    scores, gains = shown
    changed = change_gain(gains, *pair, **values)
    assert expected in " ".join(said_of(scores, changed, scored(settings)))


@pytest.mark.parametrize(
    ("metric", "values", "expected"),
    [
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
def test_each_score_has_its_opposite(shown, scored, settings, metric, values, expected):
    scores, gains = shown
    changed = change_score(scores, metric, **values)
    assert expected in " ".join(said_of(changed, gains, scored(settings)))


@pytest.mark.parametrize(("towns", "learned_from", "expected"), [
    (1, 0.45, "Of 1 town nobody can say how far the next may differ, and no interval here knows "
              "it; areas held out so far away leave 45% of all to learn from, so that scores are "
              "too low rather than too high."),
    (2, 0.75, "Of 2 towns nobody can say how far the next may differ, and no interval here knows "
              "it."),
    (4, 0.75, "4 towns tell little of how far the next may differ: but for the interval of the "
              "next authority's score no interval here knows it."),
    (10, 0.45, ""),
])  # fmt: skip
def test_for_a_new_town_it_is_told_what_few_towns_cannot_tell(
    shown, scored, settings, labels, towns, learned_from, expected
):
    row = {"validation": "blocks", "task": "new town", "is_headline": True, "area_count": 144}
    row |= {"target_range_m": 1.0, "residual_range_m": 1.0, "predicted_distance_m": 1.0}
    row |= {"deals": 1, "fold_count": 5, "authority_count": towns, "learned_share": learned_from}
    facts = TABLES["validations"].frame([labels | row, labels | row | {"validation": "random"}])
    found = findings(*shown, scored(settings), "blocks", facts)
    assert found.filter(topic="task")["sentence"].to_list() == [expected] * bool(expected)


def test_errors_that_cluster_are_named(shown, scored, settings):
    scores, gains = shown
    changed = change_score(change_score(scores, "morans_i", value=0.41), "morans_p", value=0.001)
    said = " ".join(said_of(changed, gains, scored(settings)))
    assert "Its errors still cluster in space: Moran's I 0.41, p 0.001" in said


def test_an_authority_without_cover_is_named(shown, scored, settings):
    scores, gains = shown
    bad = (pl.col("group_name") == "E1") & (pl.col("validation") == "blocks")
    of = pl.when(bad & (pl.col("metric") == "coverage")).then(0.5)
    of = of.when(bad & (pl.col("metric") == "coverage_p")).then(1e-5).otherwise("value")
    said = said_of(scores.with_columns(value=of), gains, scored(settings))[-1]
    assert "do not hold what they promise" in said
    assert said.endswith("too few in E1 (50%).")


def test_why_there_is_no_score_is_said(areas_of, quick, scored):
    few = select_models(areas_of().take(np.arange(7)), scored(quick(), 1)).scores
    gains, scoring = TABLES["gains"].frame(), scored(quick())
    assert said_of(few, gains, scoring) == [
        "There is no score that counts: too few areas: 7, at least 10 needed."
    ]
    nothing = said_of(few.clear(), gains, scoring)
    assert nothing == ["There is no score that counts: nothing was scored."]
