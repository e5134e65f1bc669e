"""Names and groups on the page: kept in the study's folder by a server, else in the browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streetview_assets.clusters.names.cluster_names import (
    cluster_names,
    names_by_cluster,
    read_cluster_names,
)
from streetview_assets.clusters.names.user_groups import read_user_groups
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets_tests.explorer.conftest import GROUP, Looked, opened
from streetview_assets_tests.explorer.rated_study import copied, serving

FIT = {"encoder": "e", "method": "kmeans", "space": "raw", "k": 4}
HOSTILE = '<b>"terraces"</b>, =1+1'
LOOK_AGAIN = "() => document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture(scope="module")
def study(small_once: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """A small study with clusters 1 and 2."""
    return copied(small_once, tmp_path_factory.mktemp("kept") / "study")


@pytest.fixture(scope="module")
def server(study: OpenStudy) -> Iterator[str]:
    """Where its explorer is served."""
    with serving(study) as client:
        yield str(client.base_url)


@pytest.fixture(scope="module")
def tab(browser: Any, server: str) -> Iterator[Looked]:
    """A tab with the page, which stays open."""
    with opened(browser, server) as looked:
        yield looked


def rename(looked: Looked, cluster: int, name: str) -> None:
    field = looked.page.locator(f"li[data-cluster='{cluster}'] input")
    field.fill(name)
    field.press("Enter")


def shows(looked: Looked, cluster: int, name: str) -> None:
    """Wait until a cluster is called so."""
    looked.page.wait_for_function(
        "([cluster, name]) => document.querySelector(`li[data-cluster='${cluster}'] input`)"
        ".value === name",
        arg=[cluster, name],
    )


def holds(looked: Looked, read: Callable[[], Any], expected: Any) -> None:
    """Wait until a file holds what is expected."""
    for _ in range(300):
        if read() == expected:
            return
        looked.page.wait_for_timeout(50)
    assert read() == expected


def keep_group(looked: Looked, rows: list[int], name: str) -> None:
    looked.ask(f"() => explorer.select(explorer.study.ids.map((_, row) => {rows}.includes(row)))")
    looked.page.get_by_label("Name of a group").fill(name)
    looked.page.get_by_role("button", name="Keep as group").click()
    looked.page.locator("[data-group]").first.wait_for()


def test_tabs_share_names_and_lose_none(browser, server, study, tab):
    path = study.study.cluster_names_file

    def names() -> set[str]:
        return set(read_cluster_names(path)["name"]) if path.is_file() else set()

    one = tab
    with opened(browser, server) as other:
        rename(one, 1, HOSTILE)
        one.page.get_by_text("kept in the study’s folder").wait_for()
        rename(other, 2, "shops")
        shows(other, 1, HOSTILE)
        holds(other, names, {HOSTILE, "shops"})
        one.ask(LOOK_AGAIN)
        shows(one, 2, "shops")
        # Both change the same: the later is told, and sees what stands there.
        rename(one, 2, "markets")
        holds(one, names, {HOSTILE, "markets"})
        rename(other, 2, "cafés")
        other.page.get_by_text("The name of cluster 2 was changed meanwhile").wait_for()
        shows(other, 2, "markets")
        rename(other, 2, HOSTILE)
        other.page.get_by_text("another cluster is called").wait_for()
        shows(other, 2, "markets")
        rename(other, 2, "")
        shows(other, 2, "cluster 2")
        holds(other, names, {HOSTILE})
        assert "<b>" in one.page.locator("#legend").inner_text()
        gone = "status of 4"  # what is refused, the browser says too
        assert [text for text in (*one.complaints, *other.complaints) if gone not in text] == []


def test_a_group_is_kept_found_again_and_removed(browser, server, study, tab):
    path = study.study.user_groups_file

    def groups() -> list[tuple[str, str]]:
        return read_user_groups(path).rows() if path.is_file() else []

    keep_group(tab, [2, 3, 5], "__proto__")
    ids = tab.ask("() => [2, 3, 5].map((row) => explorer.study.ids[row])")
    holds(tab, groups, [("__proto__", image_id) for image_id in ids])
    with opened(browser, server) as other:
        other.page.get_by_role("button", name="__proto__", exact=True).click()
        assert other.page.locator("#selected").inner_text() == "3 images"
        other.page.get_by_label("Forget the group __proto__").click()
        holds(other, groups, [])
        assert other.page.locator("[data-group]").count() == 0


def test_a_folder_of_files_keeps_them_in_the_browser_and_gives_them_as_files(
    looked, explored, tmp_path: Path
):
    rename(looked, 3, HOSTILE)
    keep_group(looked, [0, 1], 'mine, and "yours"')
    rename(looked, 2, HOSTILE)
    looked.page.get_by_text("Another cluster is called").wait_for()
    looked.page.reload()
    looked.page.locator("#splash").wait_for(state="hidden", timeout=60_000)
    shows(looked, 3, HOSTILE)
    shows(looked, 2, "cluster 2")
    assert HOSTILE in looked.page.locator("#legend").inner_text()
    assert f"share of {HOSTILE}" in looked.page.locator("#areas").inner_text()
    looked.page.get_by_role("button", name='mine, and "yours"', exact=True).click()
    assert looked.page.locator("#selected").inner_text() == "2 images"
    for name in ("cluster_names.csv", "user_groups.csv"):
        with looked.page.expect_download() as told:
            looked.page.get_by_role("button", name=name).click()
        told.value.save_as(tmp_path / name)
    images = explored[1].images
    found = cluster_names(read_cluster_names(tmp_path / "cluster_names.csv"), images, fit=FIT)
    assert names_by_cluster(found) == {3: HOSTILE}
    assert found["image_count"].item() == 9 < GROUP
    groups = read_user_groups(tmp_path / "user_groups.csv")
    assert groups.rows() == [('mine, and "yours"', one) for one in images["image_id"][:2]]
    assert looked.complaints == []
