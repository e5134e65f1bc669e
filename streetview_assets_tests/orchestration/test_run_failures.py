"""Somebody is told of a run that failed: once, by webhook and e-mail, without secrets."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string, policy
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest

from streetview_assets.errors import ImageryError, StudyError
from streetview_assets.orchestration.automation.notices import Notice, Receivers, receivers, send
from streetview_assets.orchestration.automation.run_failures import SENSOR, failure_sensor
from streetview_assets.orchestration.automation.sensors import study_sensors
from streetview_assets_tests.orchestration.ticks import EAST

KEY = "a-key-that-nobody-may-see"
ERROR = f"the provider refuses https://x.org/?key=hidden-one and {KEY}\n2\n3\n4\nfifth line"


@dg.asset(partitions_def=dg.StaticPartitionsDefinition([EAST]))
def images() -> None:
    raise ImageryError(ERROR)


@dg.asset
def areas() -> None:
    """Is made."""


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict]]]:
    """A webhook on this machine, and what it was told."""
    told: list[dict] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if "broken" in self.path else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with _serving(HTTPServer(("127.0.0.1", 0), Hook)) as port:
        yield f"http://127.0.0.1:{port}", told


@pytest.fixture
def mailbox() -> Iterator[tuple[int, list[str]]]:
    """A server of e-mail on this machine, and what it was given."""
    letters: list[str] = []

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            for line in self.rfile:
                match line[:4].upper():
                    case b"DATA":
                        self._say("354 go on")
                        lines = iter(self.rfile.readline, b".\r\n")
                        letters.append(b"".join(lines).decode())
                        self._say("250 taken")
                    case b"QUIT":
                        self._say("221 bye")
                        return
                    case _:
                        self._say("250 well")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)) as port:
        yield port, letters


def _tick(sensor, instance: dg.DagsterInstance, cursor: str | None) -> tuple[str | None, list]:
    """Let the sensor look once, as the daemon does."""
    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        data = sensor.evaluate_tick(context)
    return data.cursor, data.dagster_run_reactions


def _run(instance: dg.DagsterInstance, asset, partition: str | None = None) -> str:
    return dg.materialize(
        [asset], instance=instance, partition_key=partition, raise_on_error=False
    ).run_id


def test_one_message_a_run_reaches_all(unmade_town, hook, mailbox, monkeypatch):
    (url, told), (port, letters) = hook, mailbox
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", KEY)
    ui = "https://ui.example.org"
    to = Receivers(f"{url}/hooks/T1", f"smtp://127.0.0.1:{port}", ("a@b.org",), "s@b.org", ui)
    sensor, instance = failure_sensor(unmade_town.opened, to), unmade_town.instance
    cursor, _ = _tick(sensor, instance, None)
    _run(instance, areas)
    cursor, _ = _tick(sensor, instance, cursor)
    assert told == []
    run_id = _run(instance, images, EAST)
    for _ in range(2):
        cursor, _ = _tick(sensor, instance, cursor)
    (message,) = told
    assert message["authority"] == EAST
    assert message["link"] == f"{ui}/runs/{run_id}"
    (failure,) = message["failures"]
    assert failure["asset"] == "images"
    assert failure["error"].splitlines()[1:] == ["2", "3", "4"]
    (letter,) = letters
    mail = message_from_string(letter, policy=policy.default)
    assert (mail["To"], mail["From"]) == ("a@b.org", "s@b.org")
    assert mail["Subject"] == f"small-town: images of {EAST} failed"
    assert mail.get_content().split() == message["text"].split()
    for text in (json.dumps(message), mail.get_content()):
        assert "the provider refuses" in text
        assert KEY not in text
        assert "hidden-one" not in text


def test_who_cannot_be_reached_is_said_and_stops_nothing(unmade_town, hook, mailbox, capfd):
    (url, told), (port, letters) = hook, mailbox
    instance = unmade_town.instance
    away = f"{url}/broken/T1/secret"
    to = Receivers(away, f"smtp://127.0.0.1:{port}", ("a@b.org",), "a@b.org")
    sensor = failure_sensor(unmade_town.opened, to)
    cursor, _ = _tick(sensor, instance, None)
    _run(instance, images, EAST)
    cursor, (reaction,) = _tick(sensor, instance, cursor)
    assert reaction.error is None
    assert len(letters) == len(told) == 1
    said = capfd.readouterr().err
    assert "it answered 500" in said
    assert "T1/secret" not in said
    nobody = Receivers("http://127.0.0.1:9/x", "smtp://127.0.0.1:9", ("a@b.org",), "a@b.org")
    _run(instance, images, EAST)
    _, (reaction,) = _tick(failure_sensor(unmade_town.opened, nobody), instance, cursor)
    assert reaction.error is None
    assert capfd.readouterr().err.count("nobody was told") == 2


def test_the_sensor_is_there_where_somebody_is_named(unmade_town, monkeypatch):
    for name in ("STREETVIEW_NOTIFY_URL", "STREETVIEW_SMTP_URL", "STREETVIEW_NOTIFY_TO"):
        monkeypatch.delenv(name, raising=False)
    assert SENSOR not in {one.name for one in study_sensors(unmade_town.opened)}
    monkeypatch.setenv("STREETVIEW_NOTIFY_URL", "https://chat.example.org/hooks/1")
    (sensor,) = (one for one in study_sensors(unmade_town.opened) if one.name == SENSOR)
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING


@pytest.mark.parametrize(
    ("environment", "fault"),
    [
        ({"STREETVIEW_SMTP_URL": "smtp://u:secret@x.org"}, "go together"),
        ({"STREETVIEW_NOTIFY_TO": "a@b.org"}, "go together"),
        ({"STREETVIEW_NOTIFY_URL": "ftp://secret.org"}, "STREETVIEW_NOTIFY_URL holds no address"),
        ({"STREETVIEW_NOTIFY_URL": "http://secret:x/"}, "STREETVIEW_NOTIFY_URL holds no address"),
        (
            {
                "STREETVIEW_SMTP_URL": "smtp://x.org",
                "STREETVIEW_NOTIFY_TO": "a@b.org\nBcc: c@d.org",
            },
            "STREETVIEW_NOTIFY_TO holds what is no address",
        ),
    ],
)
def test_what_names_nobody_is_refused_unseen(environment, fault):
    with pytest.raises(StudyError, match=fault) as refused:
        receivers(environment)
    assert "secret" not in str(refused.value)


def test_a_password_never_goes_in_clear(mailbox):
    port, letters = mailbox
    elsewhere = f"smtp://u:secret@0.0.0.0:{port}"  # this machine, by a name that does not say so
    (said,) = send(Notice("s", "t", {}), Receivers("", elsewhere, ("a@b.org",), "a@b.org"))
    assert "in clear" in said
    assert "secret" not in said
    assert letters == []
