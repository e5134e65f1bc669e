"""The direction of deprivation on made-up vectors, in which it is known."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import RidgeCV

from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.embeddings.zero_shot.prompt_bank import CONTROL, PLACES, prompts_by_group
from streetview_assets.errors import StudyError
from streetview_assets.models.direction.direction import (
    PENALTIES,
    direction_rows,
    find_direction,
    images_at_both_ends,
)
from streetview_assets.models.direction.prompts_chart import draw_prompts, outside_band
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.simulations.fields import centres, gaussian_field

TRUE = np.eye(16)[3]
AREAS = 200


def made_up(noise: float = 0.1, count: int = AREAS) -> tuple[np.ndarray, np.ndarray]:
    """Make vectors around one far from the origin, and values that rise along TRUE."""
    rng = np.random.default_rng(1)
    vectors = 3 * np.eye(16)[0] + rng.normal(size=(count, 16)) * 0.3
    return vectors, vectors @ TRUE * 100 + rng.normal(size=count) * 100 * noise


def found_in(vectors, values, *, resamples=20, **more):
    place_m = centres(len(values), 1)
    return find_direction(
        vectors, values, place_m, **({"more_is": "worse", "seed": 1, "resamples": resamples} | more)
    )


def rows_of(direction, labels=None, **prompts) -> pl.DataFrame:
    rows = direction_rows(
        direction, labels or {}, target="score", encoder="made-up", interval_level=0.9, **prompts
    )
    check_contract(TABLES["deprivation_direction"], rows)
    return rows


def test_the_direction_in_which_values_rise_is_found_and_turned_by_what_more_means():
    vectors, values = made_up()
    worse = found_in(vectors, values)
    assert worse.vector @ TRUE > 0.98
    better = found_in(vectors, values, more_is="better")
    assert better.vector == pytest.approx(-worse.vector, abs=1e-6)


def test_it_is_the_ridge_of_scikit_learn_on_unit_vectors():
    vectors, values = made_up()
    inputs = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    ridge = RidgeCV(alphas=PENALTIES).fit(inputs, (values - values.mean()) / values.std())
    found = found_in(vectors, values, resamples=2)
    assert found.penalty == ridge.alpha_
    expected = ridge.coef_ / np.linalg.norm(ridge.coef_)
    assert found.vector == pytest.approx(expected, abs=1e-4)


def test_a_signal_is_stable_from_draw_to_draw_and_noise_is_not():
    vectors, values = made_up()
    shuffled = np.random.default_rng(2).permutation(values)
    stable, unstable = (rows_of(found_in(vectors, of, resamples=40)) for of in (values, shuffled))
    assert stable["lower"].item() > 0.95
    assert unstable["cosine"].item() < 0.88
    assert stable["area_count"].item() == AREAS


def test_words_are_compared_with_their_mean_taken_off():
    found = found_in(*made_up())
    apart = 5 * np.eye(16)[9]  # texts lie apart from images
    labels = {
        name: unit((apart + side)[None, :])[0]
        for name, side in (("shuttered", TRUE), ("garden", -TRUE), ("cat", np.eye(16)[12]))
    }
    words = rows_of(found, labels).filter(kind="label")
    cosine = dict(words.select("name", "cosine").iter_rows())
    assert cosine["shuttered"] > 0.7 > 0.3 > abs(cosine["cat"])
    assert cosine["garden"] < -0.7
    assert (words["lower"] <= words["cosine"]).all()
    assert (words["cosine"] <= words["upper"]).all()
    assert rows_of(found, {"alone": labels["cat"]}).filter(kind="label").is_empty()


def made_up_bank() -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Make texts that lie apart from images: one to each side, and twenty to none."""
    rng = np.random.default_rng(4)
    sides = {"shuttered": TRUE, "garden": -TRUE}
    sides |= {f"spoon {number}": 0.1 * rng.normal(size=16) for number in range(20)}
    bank = {name: unit((5 * np.eye(16)[9] + side)[None, :])[0] for name, side in sides.items()}
    groups = {name: "control" if name.startswith("spoon") else "upkeep" for name in bank}
    return bank, groups


def test_prompts_are_told_from_controls_by_the_band_of_these():
    found = found_in(*made_up())
    bank, groups = made_up_bank()
    rows = rows_of(found, prompts=bank, group_of=groups)
    apart = np.stack(list(bank.values())).astype(float)
    apart -= apart.mean(axis=0)
    expected = apart @ found.vector / np.linalg.norm(apart, axis=1)
    prompts = rows.filter(kind="prompt")
    cosine = dict(prompts.select("name", "cosine").iter_rows())
    assert [cosine[name] for name in bank] == pytest.approx(expected, abs=1e-5)
    assert (prompts["lower"] <= prompts["upper"]).all()
    band = rows.filter(kind="controls")
    controls = [cosine[name] for name in bank if groups[name] == "control"]
    assert band["lower"].item() == pytest.approx(np.percentile(controls, 5))
    assert band["upper"].item() == pytest.approx(np.percentile(controls, 95))
    assert outside_band(rows)["name"].to_list() == ["shuttered", "garden"]
    assert prompts.filter(prompt_group="control")["says_something"].is_null().all()
    drawn = draw_prompts(rows, title="made up")
    names = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert names[:4] == ["upkeep", "shuttered", "garden", "control"]


def test_without_any_relation_texts_say_nothing_though_their_cosines_differ_from_the_controls():
    rng = np.random.default_rng(3)
    vectors, _ = made_up()
    place_m = centres(AREAS, 1)
    sides = 0.3 * rng.normal(size=(60, 16)) * np.where(np.arange(60) < 20, 0.4, 1.0)[:, None]
    bank = {
        f"text {n}": unit((5 * np.eye(16)[9] + side)[None, :])[0] for n, side in enumerate(sides)
    }
    groups = {f"text {n}": "control" if n < 20 else "upkeep" for n in range(60)}
    beyond, said = [], []
    for _ in range(6):
        found = found_in(vectors, gaussian_field(place_m, 2_000, rng))
        rows = rows_of(found, prompts=bank, group_of=groups)
        low, high = rows.filter(kind="controls").select("lower", "upper").row(0)
        beyond += (~rows.filter(prompt_group="upkeep")["cosine"].is_between(low, high)).to_list()
        # Of a draw that is alike over most of the town nothing can be said: it has no interval.
        said += rows.filter(prompt_group="upkeep")["says_something"].drop_nulls().to_list()
    assert np.mean(beyond) > 0.15
    assert len(said) >= 4 * 40
    assert np.mean(said) <= 0.05


def test_where_too_few_areas_are_independent_no_interval_is_told_and_why():
    vectors, _ = made_up()
    east = centres(AREAS, 1)[:, 0]
    bank, groups = made_up_bank()
    rows = rows_of(found_in(vectors, east), prompts=bank, group_of=groups)
    texts = rows.filter(kind="prompt")
    assert texts["lower"].null_count() == texts.height
    assert texts["says_something"].null_count() == texts.height
    assert texts["note"].str.contains("at least 10 needed").all()
    assert rows.filter(kind="resamples")["cosine"].item() is None
    assert draw_prompts(rows, title="made up").axes


def test_a_bank_without_controls_has_no_band_and_one_prompt_alone_says_nothing():
    found = found_in(*made_up(), resamples=5)
    bank, groups = made_up_bank()
    two = {name: bank[name] for name in ("shuttered", "garden")}
    rows = rows_of(found, prompts=two, group_of=groups)
    assert rows.filter(kind="controls").is_empty()
    assert draw_prompts(rows, title="made up").axes
    one = rows_of(found, prompts={"garden": bank["garden"]}, group_of=groups)
    assert set(one["kind"]) == {"resamples"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("text\na\n", "no column group or prompt"),
        ("group,prompt\na,b\n,c\n", "row 3: no group"),
        ("group,prompt\na, \na,c\n", "row 2: no prompt"),
        ("group,prompt\na,b\nc,b\n", "'b' stands there twice"),
        ("group,prompt\na,b\n", "fewer than two"),
        ("", "not readable as CSV"),
    ],
)
def test_a_file_of_prompts_that_is_none_is_refused(tmp_path, text, said):
    path = tmp_path / "prompts.csv"
    path.write_text(text)
    with pytest.raises(StudyError, match=said):
        prompts_by_group(path)


def test_ready_made_prompts_are_some_hundred_different_ones():
    by_group = prompts_by_group(PLACES)
    prompts = [prompt for of_group in by_group.values() for prompt in of_group]
    assert len(set(prompts)) == len(prompts) == 104
    assert len(by_group[CONTROL]) == 20


def test_where_all_is_the_same_there_is_no_direction():
    vectors, values = made_up()
    with pytest.raises(ValueError, match="no direction"):
        found_in(vectors, np.ones(AREAS))
    with pytest.raises(ValueError, match="no direction"):
        found_in(np.ones((AREAS, 4)), values)


def images(count: int, a_point: int = 2) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make images that point the more along the second of two axes the higher their number."""
    ids = [f"i{number:03}" for number in range(count)]
    images = pl.DataFrame(
        {"image_id": ids, "point_id": [f"p{number // a_point}" for number in range(count)]}
    )
    angle = np.linspace(0, np.pi / 2, count)
    vectors = np.column_stack((np.cos(angle), np.sin(angle)))
    embeddings = pl.DataFrame({"image_id": ids, "status": ["ok"] * count}).with_columns(
        vector_series("embedding", vectors)
    )
    return images, embeddings


def test_both_ends_are_shown_in_whole_rows_with_one_image_a_point():
    table, embeddings = images(100)
    ends, across = images_at_both_ends(table.reverse(), embeddings, np.array([0.0, 1.0]))
    assert (ends.height, across) == (32, 8)
    assert ends["point_id"].is_unique().all()
    assert ends["image_id"].to_list() == sorted(ends["image_id"])
    assert ends["image_id"][0] == "i000"
    assert ends["image_id"][-1] == "i099"
    few, across = images_at_both_ends(*images(10), np.array([0.0, 1.0]))
    assert (few.height, across) == (4, 2)
    none, _ = images_at_both_ends(*images(1), np.array([0.0, 1.0]))
    assert none.is_empty()
