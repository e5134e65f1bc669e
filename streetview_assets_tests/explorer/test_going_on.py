"""A server that goes on while a run publishes anew, and ends when it is asked to."""

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.warehouse.marts import table_notes
from streetview_assets.warehouse.publish import Build, publish
from streetview_assets_tests.explorer.conftest import opened as page_opened
from streetview_assets_tests.explorer.rated_study import copied, jpeg, serving
from streetview_assets_tests.started import programs

LOOK_AGAIN = "() => document.dispatchEvent(new Event('visibilitychange'))"


def publish_again(opened: OpenStudy, build_id: str) -> None:
    """Replace the published database, as the end of a run does."""
    build = Build(opened.study_hash, "0.1.0", build_id, datetime.now(UTC), table_notes(opened))
    publish(opened.lake, opened.study, build)


def test_an_open_page_goes_on_and_is_told_of_newer_data(browser, rated_once, tmp_path):
    study = copied(rated_once, tmp_path / "study")
    with serving(study) as client, page_opened(browser, str(client.base_url)) as looked:
        looked.ask(LOOK_AGAIN)
        looked.page.wait_for_timeout(500)
        assert not looked.page.locator("#newer").is_visible()
        publish_again(study, "build 2")
        assert client.get("/session").json()["build"] == "build 2"
        looked.ask(LOOK_AGAIN)
        looked.page.get_by_text("Newer data are published").wait_for()
        looked.page.keyboard.press("ArrowRight")
        looked.page.locator("#detail img.full").wait_for()
        assert client.post("/perception/image", content=jpeg(90)).json()["status"] == "ok"
        assert client.get("/data/manifest.json").json()["study"]["build"] == "build 1"
        assert looked.complaints == []


def test_it_ends_at_once_with_a_request_under_way(rated_once, tmp_path):
    study = copied(rated_once, tmp_path / "study")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "small").symlink_to(study.root)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = tmp_path / "told"
    command = ["explore", str(study.study.path), "--no-browser", "--port", str(port)]
    with told.open("w") as said:
        process = programs.Popen(
            [sys.executable, "-m", "streetview_assets.cli.entry", *command],
            env=os.environ | {"STREETVIEW_DATA": str(tmp_path / "data")},
            stdout=said,
            stderr=said,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        token = _token(address, process, told)
        with socket.create_connection(("127.0.0.1", port)) as sending:
            half = f"POST /perception/image HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            half += f"Origin: {address}\r\nX-Explorer-Token: {token}\r\nContent-Length: 99\r\n\r\nx"
            sending.sendall(half.encode())
            assert httpx.get(f"{address}/names").status_code == 200
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 128 + signal.SIGINT
            assert time.monotonic() - began < 10
    finally:
        process.kill()
    assert "Traceback" not in told.read_text()
    assert told.read_text().rstrip().endswith("stopped; run again to go on")


def _token(address: str, process: "subprocess.Popen[bytes]", told: Path) -> str:
    for _ in range(600):
        assert process.poll() is None, told.read_text()
        try:
            return str(httpx.get(f"{address}/session").json()["token"])
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(told.read_text())
