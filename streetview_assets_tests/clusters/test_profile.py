"""What clusters are, against numpy and scipy called directly and counts by hand."""

import io

import numpy as np
import polars as pl
import pytest
from matplotlib.colors import to_hex
from PIL import Image
from scipy import stats

from streetview_assets.clusters.profile.dominant_cluster import point_clusters
from streetview_assets.clusters.profile.map import draw_cluster_map
from streetview_assets.clusters.profile.members_sheet import members_sheet, random_members
from streetview_assets.clusters.profile.profile import cluster_profile
from streetview_assets.clusters.profile.target_charts import draw_spearman, draw_target_profile
from streetview_assets.clusters.profile.target_profile import spearman, weighted_summary
from streetview_assets.clusters.shares import cluster_shares, label_shares
from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.figures import COLOURS, to_png
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.simulations.fields import centres, gaussian_field

K = 3
PLACES = centres(196, 2)
FIT = {"encoder": "made-up", "method": "kmeans", "space": "raw", "k": K}
CENTRES = np.array([[2.0, 0.0], [0.0, 0.5], [-1.0, 0.0]])


@pytest.fixture(scope="module")
def town() -> dict[str, pl.DataFrame]:
    """Make 40 areas of two authorities in a row; cluster 1 lies in the west, the rest is mixed."""
    rng = np.random.default_rng(5)
    points, images, assigned, scores = [], [], [], []
    for number in range(160):
        authority = "E1" if number < 80 else "E2"
        area, point = f"A{number // 4:02}", f"p{number:03}"
        place = {"longitude": 0.001 * number, "latitude": 0.001 * rng.random()}
        points.append({"authority_code": authority, "point_id": point, "area_code": area, **place})
        in_west = rng.random() < (0.9 if number < 60 else 0.1)
        for view in range(3):
            image = {"authority_code": authority, "image_id": f"i{number:03}-{view}"}
            cluster = 1 if in_west else int(rng.integers(2, 4))
            vector = unit(CENTRES[[cluster - 1]] + rng.normal(scale=0.2, size=(1, 2)))[0]
            distance = float(np.linalg.norm(vector.astype(float) - CENTRES[cluster - 1]))
            images.append(
                {**image, "point_id": point, "area_code": area, "provider": "folder"}
                | {"panorama_id": point, "status": "ok", "is_current": True, "_vector": vector}
            )
            assigned.append({**image, **FIT, "cluster": cluster, "distance": distance})
            first = 0.9 if cluster == 1 else float(rng.uniform(0, 0.4))
            for label, probability in (("house", first), ("field", 1 - first)):
                row = {**image, "encoder": "made-up", "label": label, "similarity": 0.2}
                best = (probability > 0.5) == (label == "house") if first != 0.5 else True
                scores.append({**row, "probability": probability, "is_best": best})
    for row in scores:
        row["is_best"] = row["probability"] > 0.5
    areas = [f"A{number:02}" for number in range(40)]
    placed = [
        {"area_code": area, "longitude": 0.004 * number, "latitude": 0.02 * rng.random()}
        for number, area in enumerate(areas)
    ]
    targets = [
        {"authority_code": "E1", "area_code": area, "target": name, "value": value}
        | {"more_is": "worse", "is_decile": False}
        for name, values in (("rank", rng.permutation(40)), ("flat", [3.0] * 40))
        for area, value in zip(areas, values, strict=True)
    ]
    targets[0]["value"] = None
    vectors = np.array([image.pop("_vector") for image in images])
    centres = pl.DataFrame([FIT | {"cluster": n, "image_count": 9} for n in (1, 2, 3)])
    tables = {
        "images": images,
        "sample_points": points,
        "cluster_assignments": assigned,
        "label_scores": scores,
        "targets": targets,
    }
    made = {name: TABLES[name].frame(rows) for name, rows in tables.items()}
    made["areas"] = pl.DataFrame(placed)
    made["cluster_centres"] = centres.with_columns(vector_series("centre", CENTRES))
    made["vectors"] = made["images"].select("image_id", pl.Series("vector", vectors))
    made["cluster_shares"] = cluster_shares(made["cluster_assignments"], made["images"])
    made["label_shares"] = label_shares(made["label_scores"], made["images"])
    return made


def points_of(town: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return point_clusters(town["cluster_assignments"], town["images"], town["sample_points"])


def profiled(town: dict[str, pl.DataFrame], **instead: pl.DataFrame) -> pl.DataFrame:
    made = {**town, **instead}
    names = ("cluster_shares", "label_shares", "label_scores", "targets", "areas")
    return cluster_profile(
        made["cluster_assignments"],
        made["cluster_centres"],
        points_of(made),
        **{name: made[name] for name in names},
        seed=1,
    )


@pytest.fixture(scope="module")
def profile(town: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return profiled(town)


def one(profile: pl.DataFrame, measure: str, group: object, subject: str = "") -> dict:
    return profile.filter(measure=measure, group_name=str(group), subject=subject).row(
        0, named=True
    )


def test_the_profile_keeps_its_contract_whatever_the_order_of_rows(town, profile):
    check_contract(TABLES["cluster_profile"], profile)
    shuffled = {
        name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in town.items()
    }
    assert profiled(shuffled).equals(profile)


def test_sizes_and_tightness_are_those_of_the_images(town, profile):
    images = town["cluster_assignments"].join(town["vectors"], on="image_id")
    for cluster in (1, 2, 3):
        own = images.filter(cluster=cluster)
        assert one(profile, "share", cluster)["value"] == own.height / 480
        vectors = np.array(own["vector"].to_list(), dtype=float)
        centre = CENTRES[cluster - 1] / np.linalg.norm(CENTRES[cluster - 1])
        tight = one(profile, "cosine_distance_median", cluster)
        assert tight["value"] == pytest.approx(np.median(1 - vectors @ centre), abs=1e-6)
        assert tight["unit_count"] == own.height
        in_west = own.filter(authority_code="E1").height
        assert one(profile, "share_of_authority", cluster, "E1")["value"] == in_west / 240


def test_a_point_is_of_the_cluster_of_most_of_its_images_and_of_equals_the_most_typical(town):
    own = pl.col("image_id").str.starts_with("i000")
    first, others = (town["cluster_assignments"].filter(part) for part in (own, ~own))

    def main(clusters: list[int], distances: list[float]) -> int:
        changed = first.head(len(clusters)).with_columns(
            cluster=pl.Series(clusters), distance=pl.Series(distances)
        )
        points = points_of({**town, "cluster_assignments": pl.concat([others, changed])})
        return points.filter(point_id="p000")["cluster"].item()

    least, most = 0.0, 9.0
    assert main([3, 2, 2], [least, most, most]) == 2
    assert main([1, 2, 3], [most, least, most]) == 2
    # Every image of cluster 1 is as far from its centre as 1 or more, and few of 3 as 0.5.
    assert main([1, 3], [1.0, 0.5]) == 1
    assert main([3, 2], [most, most]) == 2


def test_points_of_an_authority_spread_over_clusters_and_one_has_most(town, profile):
    clusters = points_of(town).filter(authority_code="E1")["cluster"].to_list()
    shares = [one(profile, "share_of_points", n, "E1")["value"] for n in (1, 2, 3)]
    assert shares == [clusters.count(n) / 80 for n in (1, 2, 3)]
    main = profile.filter(measure="share_of_points_in_main", subject="E1")
    assert main.select("group_name", "value").rows() == [("1", max(shares))]


def test_the_cluster_of_the_west_lies_together_and_joins_add_up(town, profile):
    west = one(profile, "join_count", 1)
    assert west["p_value"] == 1 / 1000
    assert west["value"] > 1.5 * one(profile, "join_count_expected", 1)["value"]
    assert west["unit_count"] == points_of(town)["cluster"].to_list().count(1)
    each = [one(profile, "join_count", n)["value"] for n in (1, 2, 3)]
    assert one(profile, "join_count", "all")["value"] == sum(each)


def test_correlations_with_targets_are_those_of_scipy(town, profile):
    rank = town["targets"].filter(target="rank").drop_nulls("value")
    for grouping, group, column in (
        ("cluster_shares", 2, "cluster"),
        ("label_shares", "house", "label"),
    ):
        own = town[grouping].filter(pl.col(column) == group).join(rank, on="area_code")
        expected = stats.spearmanr(own["share"], own["value"])
        found = one(profile, "spearman", group, "rank")
        assert found["value"] == pytest.approx(expected.statistic)
        # A target dealt at random: as many independent areas as there are.
        assert found["p_value"] == pytest.approx(expected.pvalue, abs=0.1)
        assert found["p_value"] <= found["p_value_corrected"] <= 1
        assert found["lower"] < found["value"] < found["upper"]
        assert found["unit_count"] == 39
    flat = one(profile, "spearman", 2, "flat")
    assert (flat["value"], flat["note"]) == (None, "the target is the same in every area")
    assert set(profile.filter(method="labels")["k"]) == {2}


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(400):
        x, noise = rng.normal(size=(2, 60))
        (found,) = spearman(x[:, None], 0.6 * x + 0.8 * noise, PLACES[:60])
        covered += found["lower"] < 6 / np.pi * np.arcsin(0.6 / 2) < found["upper"]
    assert covered / 400 == pytest.approx(0.95, abs=0.03)


def test_of_what_varies_smoothly_over_the_map_few_correlations_are_believed():
    rng = np.random.default_rng(3)
    fields = [gaussian_field(PLACES, 4_000, rng) for _ in range(60)]
    shares = np.maximum(np.array(fields[:30]).T - 0.3, 0)
    smooth, alone = (
        [found["p_value"] for value in values for found in spearman(shares, value, PLACES)]
        for values in (fields[30:], rng.normal(size=(30, len(PLACES))))
    )
    naive = [stats.spearmanr(share, value).pvalue for share in shares.T for value in fields[30:]]
    assert np.mean(np.array(naive) < 0.05) > 0.25
    assert np.mean(np.array(smooth) < 0.05) < 0.08
    assert np.mean(np.array(alone) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_a_correlation_that_is_there_is_found_though_both_vary_smoothly():
    rng = np.random.default_rng(4)
    share, other = (gaussian_field(PLACES, 4_000, rng) for _ in range(2))
    (found,) = spearman(share[:, None], 0.7 * share + 0.7 * other, PLACES)
    assert found["p_value"] < 0.01
    assert 10 < found["independent_areas"] < 150


def test_p_values_are_corrected_for_the_number_of_tests(profile):
    tested = profile.filter(measure="join_count").filter(pl.col("group_name") != "all")
    expected = stats.false_discovery_control(tested["p_value"].to_numpy())
    assert tested["p_value_corrected"].to_list() == pytest.approx(expected.tolist())


def test_targets_of_a_cluster_are_weighted_by_its_share(town, profile):
    assert weighted_summary(np.array([1.0, 2.0, 10.0]), np.array([1.0, 1.0, 6.0])) == {
        "target_mean": 63 / 8,
        "target_lower_quartile": 2,
        "target_median": 10,
        "target_upper_quartile": 10,
    }
    own = town["cluster_shares"].filter(cluster=1)
    both = own.join(town["targets"].filter(target="rank").drop_nulls("value"), on="area_code")
    expected = np.average(both["value"], weights=both["share"])
    assert one(profile, "target_mean", 1, "rank")["value"] == pytest.approx(expected)
    assert one(profile, "target_mean", "all", "rank")["value"] == pytest.approx(
        both["value"].mean()
    )


def test_words_of_a_cluster_are_the_mean_over_its_images(town, profile):
    house = one(profile, "label_probability", 1, "house")
    assert house["value"] == pytest.approx(0.9)
    everywhere = town["label_scores"].filter(label="house")["probability"].mean()
    assert one(profile, "label_probability", "all", "house")["value"] == pytest.approx(everywhere)


def test_a_study_of_places_alone_has_what_can_be_said_without_areas_and_words(town):
    without = {
        name: town[name].clear()
        for name in ("cluster_shares", "label_shares", "label_scores", "targets")
    }
    bare = profiled(town, **without)
    check_contract(TABLES["cluster_profile"], bare)
    assert set(bare["measure"]) == {
        "share",
        "cosine_distance_median",
        "share_of_authority",
        "share_of_points",
        "share_of_points_in_main",
        "join_count",
        "join_count_expected",
    }


def test_one_image_and_few_areas_are_a_result_with_a_reason(town):
    only = town["cluster_assignments"].head(1)
    images = town["images"].head(1)
    found = profiled(
        town,
        cluster_assignments=only,
        cluster_shares=cluster_shares(only, images),
        label_scores=town["label_scores"].clear(),
        label_shares=town["label_shares"].clear(),
        targets=town["targets"].with_columns(pl.lit(1.0).alias("value")),
    )
    check_contract(TABLES["cluster_profile"], found)
    assert found.filter(measure="join_count").is_empty()
    few = found.filter(measure="spearman")
    assert few["value"].null_count() == few.height > 0
    assert few["note"][0].startswith("too few areas with images and a value: 1,")


def test_the_map_names_every_cluster_in_its_own_colour(town):
    called = {2: "a" * 40}
    drawn = draw_cluster_map(
        points_of(town), TABLES["areas"].frame(), k=K, title="made-up", names=called
    )
    (legend,) = drawn.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert [name.split(" (")[0] for name in names] == [
        "cluster 1",
        f"cluster 2: {29 * 'a'}…",
        "cluster 3",
    ]
    dots = drawn.axes[0].collections
    assert [to_hex(one.get_facecolor()[0]).upper() for one in dots] == list(COLOURS[:3])
    assert sum(len(one.get_offsets()) for one in dots) == 160
    many = points_of(town).with_columns(cluster=pl.int_range(pl.len()) % 40 + 1)
    crowded = draw_cluster_map(many, TABLES["areas"].frame(), k=40, title="made-up")
    assert len(crowded.legends[0].get_texts()) == 24
    looks = {
        (to_hex(dots.get_facecolor()[0]), len(dots.get_paths()[0].vertices))
        for dots in crowded.axes[0].collections[1:]
    }
    assert len(looks) == 23, "no two of those that are named look alike"
    alone = draw_cluster_map(many.head(1), TABLES["areas"].frame(), k=40, title="made-up")
    assert to_png(alone).startswith(b"\x89PNG")


def test_the_heat_map_has_a_cell_for_each_group_and_target(profile):
    axes = draw_spearman(profile, title="made-up", names={2: "rows"}).axes[0]
    rows = [text.get_text() for text in axes.get_yticklabels()]
    assert rows == ["cluster 1", "cluster 2: rows", "cluster 3", "field", "house"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["flat", "rank"]
    cells = [text.get_text() for text in axes.texts]
    value = one(profile, "spearman", 1, "rank")["value"]
    assert cells[:2] == ["none", f"{value:+.2f}"]


def test_the_chart_of_targets_shows_the_quartiles_of_the_table(profile):
    (axes, *_) = draw_target_profile(profile, title="made-up", names={1: "rows"}).axes
    bar, dot = axes.lines[1:3]
    measured = {
        name: one(profile, f"target_{name}", 1, axes.get_xlabel())["value"]
        for name in ("lower_quartile", "median", "upper_quartile")
    }
    assert list(bar.get_xdata()) == [measured["lower_quartile"], measured["upper_quartile"]]
    assert list(dot.get_xdata()) == [measured["median"]]
    assert next(label.get_text() for label in axes.get_yticklabels()) == "cluster 1: rows"


def test_the_sheet_shows_central_and_random_members_of_each_cluster(town, tmp_path):
    hues = {1: (200, 0, 0), 2: (0, 200, 0), 3: (0, 0, 200)}
    assigned = town["cluster_assignments"]
    for image_id, cluster in assigned.select("image_id", "cluster").iter_rows():
        Image.new("RGB", (8, 8), hues[cluster]).save(tmp_path / f"{image_id}.png")
    images = town["images"].with_columns(path=pl.col("image_id") + ".png")
    png = members_sheet(assigned, images, tmp_path, title="made-up", seed=1, each=3)
    named = members_sheet(
        assigned, images, tmp_path, title="made-up", seed=1, each=3, names={2: "rows"}
    )
    assert named != png
    sheet = Image.open(io.BytesIO(png)).convert("RGB")
    counts = {colour: count for count, colour in sheet.getcolors(1 << 20)}
    assert {colour: counts[colour] for colour in hues.values()} == dict.fromkeys(
        hues.values(), 6 * 96 * 96
    )
    drawn = random_members(assigned, images, 3, seed=1)
    assert drawn.equals(random_members(assigned.reverse(), images.reverse(), 3, seed=1))
    assert not drawn.equals(random_members(assigned, images, 3, seed=2))
    assert set(drawn["size"]) == set(assigned["cluster"].value_counts()["count"])
