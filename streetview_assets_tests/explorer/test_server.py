"""The explorer of a published study: what the server gives, what it refuses, what is passed on."""

import json
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from streetview_assets.cli.explore import export_explorer
from streetview_assets.errors import StudyError
from streetview_assets.explorer.static_site import write_explorer
from streetview_assets.report.database import Published
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.explorer.rated_study import copied, serving, study_of
from streetview_assets_tests.report.conftest import MODELS


@pytest.fixture(scope="module")
def study(small_once: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """A small study, published."""
    return copied(small_once, tmp_path_factory.mktemp("served") / "study")


@pytest.fixture(scope="module")
def served(study: OpenStudy) -> Iterator[httpx.Client]:
    """A client of the server of the study's explorer."""
    with serving(study) as client:
        yield client


def test_the_page_is_served_with_no_leave_to_load_from_elsewhere(served):
    answer = served.get("/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "http" not in policy
    assert served.get("/page/deck.js").headers["content-encoding"] == "gzip"


def test_columns_say_what_the_tables_say(served, study):
    told = served.get("/data/manifest.json").json()
    ids = served.get("/" + told["images"]["id"]["file"]).json()
    images = study.read("images").filter(status="ok")
    assert set(ids) == set(images["image_id"])
    clusters = told["images"]["cluster"]
    codes = np.frombuffer(served.get("/" + clusters["file"]).content, dtype="u1")
    of_image = dict(study.read("cluster_assignments").select("image_id", "cluster").iter_rows())
    assert [int(clusters["texts"][code]) for code in codes] == [of_image[one] for one in ids]
    place = np.frombuffer(served.get("/data/place.bin").content, dtype="<f4").reshape(-1, 2)
    assert np.isfinite(place).all()
    facts = served.get("/data/area_facts.json").json()
    assert facts["code"] == sorted(study.read("areas")["area_code"])


def test_an_image_is_given_by_its_id_alone(served, study):
    image_id = study.read("images").filter(status="ok")["image_id"][0]
    answer = served.get(f"/image/{image_id}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content == (study.root / "images" / f"{image_id}.jpg").read_bytes()
    failed = study.read("images").filter(status="failed")["image_id"][0]
    for other in (failed, "no-such", "..%2f..%2fstudy.yaml", "%2fetc%2fpasswd"):
        assert served.get(f"/image/{other}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../study.yaml",
        "/..%2f..%2fstudy.yaml",
        "/data/../../../study.yaml",
        "/%2e%2e/%2e%2e/streetview.duckdb",
        "//etc/passwd",
        "/data/",
    ],
)
def test_nothing_outside_the_folder_is_given(served, path):
    with socket.create_connection((served.base_url.host, served.base_url.port)) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.split(b" ", 2)[1] in (b"404", b"400", b"307")
    assert b"provider" not in answer


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_it_only_reads(served, method):
    assert served.request(method, "/data/manifest.json").status_code == 405


def test_it_answers_to_the_names_of_this_machine_and_to_its_own_page(served):
    assert served.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert served.get("/", headers={"Host": "localhost"}).status_code == 200
    other = {"Sec-Fetch-Site": "cross-site"}
    assert served.get("/data/manifest.json", headers=other).status_code == 403


def test_search_by_words_says_why_there_is_none(served):
    answer = served.get("/search", params={"query": "a tree"})
    assert answer.status_code == 400
    assert "colour-texture has no words" in answer.json()["message"]
    assert served.get("/search", params={"query": "x" * 1000}).status_code == 400


def test_an_export_is_whole_and_zipped(study, tmp_path):
    folder = tmp_path / "out"
    export_explorer(study, folder, zipped=True)
    told = json.loads((folder / "data" / "manifest.json").read_text())
    assert told["study"]["serves"] is None
    assert all((folder / file).is_file() for file in told["atlas"]["sprites"]["64"])
    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        assert {"index.html", "page/main.js", "page/deck.js"} <= set(packed.namelist())


def test_a_folder_of_others_is_not_written_into(study, tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(StudyError, match="holds something else already"):
        export_explorer(study, tmp_path, zipped=False)


def test_images_that_may_not_be_passed_on_are_dots(tmp_path):
    opened = study_of(tmp_path / "study", "google")
    export_explorer(opened, tmp_path / "out", zipped=False)
    told = json.loads((tmp_path / "out" / "data" / "manifest.json").read_text())
    assert told["atlas"] is None
    assert "restrict passing them on" in told["study"]["withoutImages"]
    assert not list((tmp_path / "out").rglob("*.webp"))


def test_sprites_of_the_same_images_are_kept_and_others_go(study, tmp_path):
    published = Published(study.root, study.study)
    write_explorer(published, tmp_path, shows_images=True)
    sprites = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.webp")}
    old = tmp_path / "atlas" / "64" / "0000000000000000.webp"
    old.touch()
    write_explorer(published, tmp_path, shows_images=True)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.webp")} == sprites


def test_a_study_of_points_alone_has_a_map_of_them(tmp_path):
    bare = ("areas", "road_network", "targets", "cluster_assignments", "neighbours")
    empty = {name: TABLES[name].frame() for name in (*bare, *MODELS)}
    opened = study_of(tmp_path / "study", **empty)
    export_explorer(opened, tmp_path / "out", zipped=False)
    told = json.loads((tmp_path / "out" / "data" / "manifest.json").read_text())
    assert told["count"] == opened.read("images").filter(status="ok").height
    assert told["areas"]["count"] == 0
    assert told["layouts"] == []
    assert told["neighbours"] is None


@pytest.mark.parametrize("what", ["file", "data"])
def test_what_only_looks_like_an_explorer_is_left_as_it_is(study, tmp_path, what):
    folder = tmp_path / "out"
    if what == "file":
        folder.write_text("mine")
    else:
        (folder / "data").mkdir(parents=True)
        (folder / "atlas" / "64").mkdir(parents=True)
        (folder / "atlas" / "64" / "mine.webp").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StudyError, match="holds something else already"):
        export_explorer(study, folder, zipped=False)
    assert sorted(tmp_path.rglob("*")) == before
