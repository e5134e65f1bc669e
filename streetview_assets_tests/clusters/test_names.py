"""Names of clusters follow what was named; groups of images say which of them count, and why."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetview_assets.clusters.names.cluster_names import (
    IMAGES_EACH,
    cluster_names,
    names_by_cluster,
    read_cluster_names,
    rename_cluster,
)
from streetview_assets.clusters.names.user_groups import (
    as_categories,
    read_user_groups,
    save_group,
    user_groups,
)
from streetview_assets.errors import StudyError
from streetview_assets.tables.registry import TABLES, check_contract

FIT = {"encoder": "e", "method": "kmeans", "space": "raw", "k": 3}
HOSTILE = ('<script>alert("1")</script>', "a,b;c\t'd'", "=1+1", "none", "א" * 300, "‮reversed")


def assigned(clusters: list[int]) -> pl.DataFrame:
    """Put images i0, i1, … into clusters, each further from the centre than the one before."""
    ids = [f"i{number}" for number in range(len(clusters))]
    away = [float(number) for number in range(len(clusters))]
    return pl.DataFrame({"image_id": ids, "cluster": clusters, "distance": away})


def named(path, rows: pl.DataFrame) -> pl.DataFrame:
    found = cluster_names(read_cluster_names(path), rows, fit=FIT)
    check_contract(TABLES["cluster_names"], found)
    return found


@pytest.fixture
def path(tmp_path):
    """Names of three clusters of 12 images each."""
    path = tmp_path / "cluster_names.csv"
    for cluster, name in ((1, "terraces"), (2, "shops"), (3, "trees")):
        rename_cluster(path, assigned([1, 2, 3] * 12), cluster, name)
    return path


def test_a_name_follows_its_images_where_numbers_are_permuted(path):
    assert names_by_cluster(named(path, assigned([1, 2, 3] * 12))) == {
        1: "terraces", 2: "shops", 3: "trees"
    }  # fmt: skip
    assert names_by_cluster(named(path, assigned([3, 1, 2] * 12))) == {
        3: "terraces", 1: "shops", 2: "trees"
    }  # fmt: skip
    shuffled = assigned([3, 1, 2] * 12).sample(fraction=1, shuffle=True, seed=1)
    assert named(path, shuffled).equals(named(path, assigned([3, 1, 2] * 12)))


def test_a_name_whose_images_parted_or_met_those_of_another_has_a_reason(path):
    merged = named(path, assigned([1, 1, 2] * 12))
    assert names_by_cluster(merged) == {2: "trees"}
    told = dict(merged.select("name", "reason").iter_rows())
    assert told["shops"] == told["terraces"] == "images of several names are in cluster 1"
    # Of the nine images of each name every third goes another way.
    parted = named(path, assigned([1, 4, 7, 2, 4, 7, 3, 4, 7] * 4))
    assert names_by_cluster(parted) == {4: "shops", 7: "trees"}
    assert parted.filter(name="terraces")["reason"].item() == (
        "its images are in 3 clusters, no more than half in one"
    )
    gone = named(path, assigned([1, 2, 3] * 12).filter(pl.col("cluster") != 3))
    assert gone.filter(name="trees").select("reason", "assigned_count").row(0) == (
        "none of its images has a cluster", 0
    )  # fmt: skip


def test_a_cluster_is_renamed_by_what_it_is_now(path):
    permuted = assigned([3, 1, 2] * 12)
    rename_cluster(path, permuted, 3, "  long rows\n")
    assert names_by_cluster(named(path, permuted)) == {1: "shops", 2: "trees", 3: "long rows"}
    rename_cluster(path, permuted, 2, "")
    assert names_by_cluster(named(path, permuted)) == {1: "shops", 3: "long rows"}
    assert read_cluster_names(path)["name"].value_counts()["count"].to_list() == [IMAGES_EACH] * 2
    with pytest.raises(StudyError, match="another cluster is called 'shops' already"):
        rename_cluster(path, permuted, 2, "shops")
    with pytest.raises(StudyError, match="there is no cluster 9"):
        rename_cluster(path, permuted, 9, "x")
    for cluster in (1, 3):
        rename_cluster(path, permuted, cluster, "")
    assert named(path, permuted).is_empty(), "a file of no names is one"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_come_back_as_they_were(tmp_path, name):
    rename_cluster(tmp_path / "names.csv", assigned([1, 2] * 3), 2, name)
    (kept,) = names_by_cluster(named(tmp_path / "names.csv", assigned([1, 2] * 3))).values()
    assert kept == " ".join(name.split()).replace("‮", r"\u202e")
    save_group(tmp_path / "groups.csv", name, ["a/b, c.jpg", 'a"', "=2"])
    assert read_user_groups(tmp_path / "groups.csv").rows() == [
        (kept, one) for one in ("a/b, c.jpg", 'a"', "=2")
    ]
    with pytest.raises(StudyError, match="301 letters; 300"):
        save_group(tmp_path / "groups.csv", "n" * 301, ["a"])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name,images\na,b\n", "needs the columns 'name' and 'image_id'; it has 'name', 'images'"),
        ("name,image_id\na,b\n,c\n", "column 'name', row 3: nothing in a row that says more"),
        ("name,image_id\n" + "a" * 301 + ",b\n", "has more than 300 letters"),
        ("", "is empty"),
    ],
)
def test_a_file_that_says_it_otherwise_is_refused_with_its_place(tmp_path, text, fault):
    path = tmp_path / "names.csv"
    path.write_text(text)
    with pytest.raises(StudyError, match=r"clusters\.names: .*names\.csv") as error:
        read_cluster_names(path)
    assert fault in str(error.value)


def images(ids: str, current: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "image_id": list(ids),
            "status": ["ok"] * len(ids),
            "is_current": [one in current for one in ids],
            "category": ["given"] * len(ids),
        }
    )


def test_groups_say_which_images_count_and_are_categories_where_there_is_one(tmp_path):
    path = tmp_path / "groups.csv"
    save_group(path, "old", ["a"])
    save_group(path, "green", ["a", "b", "b", "x", "c"])
    save_group(path, "wet", ["b", "d"])
    save_group(path, "old", [])
    groups = user_groups(read_user_groups(path), images("abcde", "abde"))
    check_contract(TABLES["user_groups"], groups)
    assert groups.rows() == [
        ("green", "a", "ok", None),
        ("green", "b", "ok", None),
        ("green", "c", "left_out", "the image is not current, or not there"),
        ("green", "x", "left_out", "the study has no such image"),
        ("wet", "b", "ok", None),
        ("wet", "d", "ok", None),
    ]
    told = as_categories(images("abcde", "abde"), groups)
    assert told["category"].to_list() == ["green", None, None, "wet", None], "b is in two"


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(1, 6)), st.lists(st.integers(0, 4), min_size=30, max_size=60))
def test_any_permutation_of_numbers_permutes_names_alike(tmp_path_factory, numbers, members):
    path = tmp_path_factory.mktemp("names") / "names.csv"
    first = assigned([1 + one for one in members])
    for cluster in first["cluster"].unique():
        rename_cluster(path, first, cluster, f"name {cluster}")
    then = assigned([numbers[one] for one in members])
    found = names_by_cluster(named(path, then))
    assert found == {numbers[one]: f"name {one + 1}" for one in set(members)}
