"""Keys stand nowhere in what a failing run writes: not in a log, a table, an event, a database."""

import base64
import logging
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import polars as pl
import pytest

from streetview_assets_tests.end_to_end.small_studies import AUTHORITIES, environment, write_study
from streetview_assets_tests.images.imagery_server import Server, serving

KEY = "AIzaSyRecognisable-0123456789_key"
SECRET = base64.urlsafe_b64encode(b"recognisable>secret?").decode()
TOKEN = "MLY|4242|recognisable-token"
KEYS = {
    "GOOGLE_MAPS_API_KEY": KEY,
    "GOOGLE_MAPS_SIGNING_SECRET": SECRET,
    "MAPILLARY_TOKEN": TOKEN,
}
NEEDLES = {
    form.encode()
    for secret in KEYS.values()
    for form in (secret, quote(secret, safe=""), secret.rstrip("="))
}
SIGNATURE = re.compile(rb"signature(?:=|%3D)[A-Za-z0-9_-]{27}")

LOGGING_EVERYTHING = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
logging.getLogger().addHandler(logging.FileHandler(sys.argv.pop(1)))
from streetview_assets.cli.entry import main
main()
"""
FAULTS = [
    {"kind": "echo", "share": 0.2, "tries": None},
    {"kind": "redirect", "share": 0.2, "tries": None, "to": f"http://127.0.0.2:9/x?key={KEY}"},
    {"kind": "html", "share": 0.1},
    {"kind": "reset", "share": 0.1},
]


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(key=KEY, secret=SECRET, token=TOKEN, faults=FAULTS) as server:
        yield server


def google(folder: Path, server: Server) -> Path:
    wishes = {
        "keep_images": True,
        "budget_usd": 1,
        "requests_per_second": None,
        "source": "outdoor",
    }
    return study(folder, server, provider="google", max_failed_share=1, **wishes)


def study(folder: Path, server: Server, name: str = "tiny", **images: object) -> Path:
    size = {"headings_deg": [0], "size_px": [48, 48], "base_url": server.base_url}
    return write_study(folder, name=name, authorities=AUTHORITIES[:1], images={**size, **images})


def run(folder: Path, *arguments: object) -> int:
    """Run the command with keys, everything logged; what it says lies beside its data."""
    with (folder / "said").open("ab") as said:
        return subprocess.run(
            [sys.executable, "-c", LOGGING_EVERYTHING, str(folder / "log"), *map(str, arguments)],
            env={**environment(folder / "data"), **KEYS},
            stdout=said,
            stderr=said,
            timeout=300,
        ).returncode


@contextmanager
def logging_everything(folder: Path) -> Iterator[None]:
    """Log all that this process does to the same file."""
    root, handler = logging.getLogger(), logging.FileHandler(folder / "log")
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(before)
        root.removeHandler(handler)
        handler.close()


def leaks(folder: Path) -> list[str]:
    """Search everything below a folder; databases and compressed tables are also read as such."""
    found = set()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        for text in _texts(path):
            hits = [needle for needle in NEEDLES if needle in text]
            hits += SIGNATURE.findall(text)
            found |= {f"{path.relative_to(folder)}: {hit.decode()}" for hit in hits}
    return sorted(found)


def _texts(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    yield str(path).encode()
    if content.startswith(b"PAR1"):
        frame = pl.read_parquet(path, hive_partitioning=False)
        yield str(frame.select(pl.exclude(pl.Binary, pl.List)).rows()).encode()
    elif content.startswith(b"SQLite format 3"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            named = "select name from sqlite_master where type = 'table'"
            for (table,) in connection.execute(named).fetchall():
                yield str(connection.execute(f'select * from "{table}"').fetchall()).encode()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall():
                yield str(connection.execute(f"from {table}").fetchall()).encode()


def test_no_key_is_in_anything_that_failing_runs_wrote(
    tmp_path: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    streetview: Callable[..., Any],
) -> None:
    path = google(tmp_path / "study", server)
    out = tmp_path / "out"
    out.mkdir()
    run(out, "run", path, "--until", "clusters")
    tables = {
        table: pl.read_parquet(out / f"data/tiny/lake/{table}/{AUTHORITIES[0]}/data.parquet")
        for table in ("panoramas", "images")
    }
    for table, frame in tables.items():
        failed = " ".join(frame.filter(status="failed")["error"])
        assert "Malformed" in failed, f"{table}: no answer that repeated the key was met"
        assert "redirect" in failed, f"{table}: no redirect that repeated the key was met"
    assert (tables["images"]["status"] == "ok").any()
    assert (out / "data/tiny/streetview.duckdb").is_file()

    monkeypatch.setenv("STREETVIEW_DATA", str(out / "data"))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with logging_everything(out), (out / "said").open("a") as said:
        server.change(key="another key", faults=[])
        refused = streetview("run", path, "--from", "images", "--until", "images")
        assert refused.exit_code == 1
        server.change(token="another token")
        other = study(tmp_path / "other", server, name="other", provider="mapillary")
        monkeypatch.delenv("DAGSTER_HOME")  # of the first study
        planned = streetview("plan", other)
        assert planned.exit_code == 1, planned.output
        monkeypatch.delenv("DAGSTER_HOME", raising=False)
        said.write(refused.output + planned.output)

    for command in ("status", "doctor"):
        (out / command).write_text(streetview(command, path).output)
    assert "key: Google refuses service" in (out / "doctor").read_text()
    said = (out / "said").read_text()
    assert "Google refuses service" in said
    assert "receive_response_headers" in (out / "log").read_text(), "HTTP was not logged at DEBUG"
    assert leaks(out) == []


def test_the_search_finds_a_key_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "said").write_text(f"https://x/?key={quote(KEY, safe='')}&size=1")
    pl.DataFrame({"error": [f"no answer to {TOKEN}"] * 50}).write_parquet(tmp_path / "data.parquet")
    with sqlite3.connect(tmp_path / "runs.db") as connection:
        connection.execute("create table events as select ? as body", [SECRET])
    connection.close()
    with duckdb.connect(str(tmp_path / "streetview.duckdb")) as published:
        published.execute("create table about as select ? as note", [SECRET.rstrip("=")])
    (tmp_path / "signed").write_text(f"signature%3D{'Ab0_' * 6}xyz")
    assert {leak.split(":")[0] for leak in leaks(tmp_path)} == {
        "said", "data.parquet", "runs.db", "streetview.duckdb", "signed"
    }  # fmt: skip
