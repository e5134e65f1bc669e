"""The web server answers to names of this machine, or to those it was given, and to no other."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from streetview_assets.orchestration.ui.known_hosts import HOSTS_VARIABLE
from streetview_assets.orchestration.ui.launch import WEBSERVER, let_in
from streetview_assets_tests.started import programs

PATIENCE_S = 120.0


@contextmanager
def _serving(home: Path, hosts: str | None) -> Iterator[httpx.Client]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "DAGSTER_HOME": str(home)}
    environment |= {HOSTS_VARIABLE: hosts} if hosts else {}
    options = ["--empty-workspace", "-h", "127.0.0.1", "-p", str(port)]
    process = programs.Popen([sys.executable, "-m", WEBSERVER, *options], env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            _wait(client, process)
            yield client
    finally:
        process.terminate()
        process.wait()


def _wait(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < end:
        try:
            client.get("/server_info")
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the web server does not answer")


@pytest.mark.parametrize(
    ("hosts", "known", "foreign"),
    [
        (None, ["localhost:3000", "127.0.0.1", "[::1]:80"], ["rebound.example", "localhost.evil"]),
        ("ui.example.org", ["ui.example.org"], ["localhost", "example.org"]),
    ],
)
def test_a_foreign_name_is_refused_wherever_it_asks(tmp_path, monkeypatch, hosts, known, foreign):
    monkeypatch.delenv(HOSTS_VARIABLE, raising=False)
    with _serving(tmp_path, hosts) as client:
        for host, status in [*((one, 200) for one in known), *((one, 400) for one in foreign)]:
            named = {"Host": host}
            query = {"query": "{version}"}
            assert client.post("/graphql", json=query, headers=named).status_code == status, host
            assert client.get("/server_info", headers=named).status_code == status, host


def test_who_listens_to_all_is_warned(monkeypatch):
    monkeypatch.delenv(HOSTS_VARIABLE, raising=False)
    assert let_in("127.0.0.1") is None
    assert HOSTS_VARIABLE not in os.environ
    monkeypatch.setenv(HOSTS_VARIABLE, "ui.example.org")
    assert "sign-in" in (let_in("0.0.0.0") or "")
    assert os.environ[HOSTS_VARIABLE] == "ui.example.org"
