"""Names and groups that a page keeps in the study's folder: no tab loses any, no other writes."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import pytest

from streetview_assets.clusters.names.user_groups import read_user_groups
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets_tests.explorer.conftest import HOSTILE
from streetview_assets_tests.explorer.rated_study import copied, serving

NAMES = (*HOSTILE, "__proto__", "../../study.yaml", "=HYPERLINK(1)", "a,b\"c'd", "none", "Ω\u0301")


@pytest.fixture(scope="module")
def study(small_once: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """A small study with clusters 1 and 2."""
    return copied(small_once, tmp_path_factory.mktemp("kept") / "study")


@pytest.fixture(scope="module")
def served(study: OpenStudy) -> Iterator[httpx.Client]:
    """Its page, so to say."""
    with serving(study) as client:
        yield client


@pytest.fixture(autouse=True)
def _without(study: OpenStudy) -> None:
    """Start without names and groups."""
    for path in (study.study.cluster_names_file, study.study.user_groups_file):
        path.unlink(missing_ok=True)


def change(client: httpx.Client, path: str, seen: str, **sent: object) -> httpx.Response:
    return client.patch(path, json=sent, headers={"If-Match": seen})


def version(client: httpx.Client, path: str) -> str:
    return client.get(path).headers["etag"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_kept_as_it_is_in_the_study_s_folder(served, study, name):
    told = change(served, "/names", version(served, "/names"), cluster=1, name=name)
    assert told.status_code == 200, told.text
    (kept,) = told.json()["names"].values()
    assert kept.replace("\\u202e", "\u202e") == name
    assert served.get("/names").json() == told.json()
    again = change(served, "/names", told.headers["etag"], cluster=1, name="")
    assert again.json()["names"] == {}
    assert {path.name for path in study.study.path.parent.iterdir()} == {
        "study.yaml", "areas.geojson", "targets.csv", "data", "cluster_names.csv"
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_group_is_kept_and_removed(served, study, name):
    ids = study.read("images").filter(status="ok")["image_id"].to_list()[:3]
    told = change(served, "/groups", version(served, "/groups"), group=name, images=ids)
    assert told.status_code == 200, told.text
    (group,) = told.json()["groups"]
    assert group["images"] == ids
    path = study.study.user_groups_file
    assert read_user_groups(path)["name"].unique().to_list() == [group["name"]]
    gone = change(served, "/groups", told.headers["etag"], group=group["name"], images=[])
    assert gone.json()["groups"] == []


def test_what_another_tab_changed_meanwhile_is_not_lost(served):
    seen = version(served, "/names")
    assert change(served, "/names", seen, cluster=1, name="terraces").status_code == 200
    told = change(served, "/names", seen, cluster=2, name="shops")
    assert told.status_code == 412
    assert told.json()["names"] == {"1": "terraces"}
    told = change(served, "/names", told.headers["etag"], cluster=2, name="shops")
    assert told.json()["names"] == {"1": "terraces", "2": "shops"}


def test_many_tabs_at_once_lose_nothing(served, study):
    """Each goes on until its group is in; all are in the end."""
    ids = study.read("images").filter(status="ok")["image_id"].to_list()

    def keep(name: str) -> None:
        with httpx.Client(base_url=served.base_url, headers=served.headers, timeout=60) as tab:
            seen = version(tab, "/groups")
            while (told := change(tab, "/groups", seen, group=name, images=ids)).status_code != 200:
                assert told.status_code in (412, 503)
                seen = told.headers.get("etag", seen)

    tabs = [threading.Thread(target=keep, args=(f"group {number}",)) for number in range(6)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    groups = read_user_groups(study.study.user_groups_file)
    assert groups.group_by("name").len().sort("name").rows() == [
        (f"group {number}", len(ids)) for number in range(6)
    ]


def test_a_file_that_somebody_changed_by_hand_is_told_of_and_kept(served, study):
    path = study.study.cluster_names_file
    seen = version(served, "/names")
    path.write_text("name;image\nx;y\n")
    told = change(served, "/names", seen, cluster=1, name="terraces")
    assert told.status_code == 400
    assert "needs the columns 'name' and 'image_id'" in told.json()["message"]
    assert served.get("/names").status_code == 400
    assert path.read_text() == "name;image\nx;y\n"


@pytest.mark.parametrize(
    "sent",
    [b"", b"{", b"[]", b"{}", b'{"cluster": "1", "name": "x"}', b'{"cluster": 1, "name": 3}',
     b'{"cluster": 1, "name": "x", "path": "/etc"}', b'{"cluster": 1, "name": "\\ud800"}',
     b"[" * 100_000, b'{"cluster": 99, "name": "x"}', b'{"cluster": 1e400, "name": "x"}',
     b'{"cluster": 1, "name": "' + b"x" * 301 + b'"}', b"\xff\xfe"]
)  # fmt: skip
def test_what_is_no_change_changes_nothing(served, study, sent):
    told = served.patch("/names", content=sent, headers={"If-Match": version(served, "/names")})
    assert told.status_code == 400
    assert told.json()["message"]
    assert not study.study.cluster_names_file.exists()


def test_a_group_of_images_of_others_is_refused(served, study):
    for images in (["../../etc/passwd"], ["x" * 10_000], ["\x00"]):
        told = change(served, "/groups", version(served, "/groups"), group="x", images=images)
        assert told.json() == {"message": "the study has no such image"}
    assert not study.study.user_groups_file.exists()


def test_only_this_server_s_own_page_may_change_anything(served, study):
    seen = version(served, "/names")
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"X-Explorer-Token": ""},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        told = served.patch(
            "/names", json={"cluster": 1, "name": "x"}, headers={"If-Match": seen, **headers}
        )
        assert told.status_code in (400, 403), headers
    assert served.patch("/names", json={"cluster": 1, "name": "x"}).status_code == 428
    for method in ("PUT", "POST", "DELETE"):
        assert served.request(method, "/names").status_code == 405
    large = {"group": "x", "images": ["y" * 100] * 200_000}
    told = served.patch("/groups", json=large, headers={"If-Match": version(served, "/groups")})
    assert told.status_code == 413
    assert not study.study.cluster_names_file.exists()


def test_on_an_address_that_others_reach_names_are_read_alone(study):
    with serving(study, hosts=("*",)) as client:
        assert client.get("/session").json()["mayChange"] is False
        assert client.get("/names").json()["names"] == {}
        told = change(client, "/names", version(client, "/names"), cluster=1, name="x")
        assert told.status_code == 405
    assert not study.study.cluster_names_file.exists()


def test_names_follow_the_clusters_that_the_page_shows(served, study):
    change(served, "/names", version(served, "/names"), cluster=2, name="shops")
    kept = pl.read_csv(study.study.cluster_names_file)
    clusters = study.read("cluster_assignments").filter(cluster=2)
    assert set(kept["image_id"]) <= set(clusters["image_id"])
