"""Secrets stand in no text that leaves the process, however they are written there."""

import io
import logging
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetview_assets.redaction import HIDDEN, keep_secrets_out_of_logs, redacted

KEY = "AIzaSyD-made_up-0123456789"
SECRET = "vNIXE0xscrmjlyV-12Nj_BvUPaw="
TOKEN = "MLY|4242|0f1e2d3c/b+a="

secrets = st.text("ABCDEFGHabcdefgh0123456789-_|/+=.~", min_size=8, max_size=60).filter(
    lambda text: text.strip("=")
)
ways = st.sampled_from(
    [
        lambda secret: secret,
        lambda secret: quote(secret, safe=""),
        lambda secret: quote(secret),
        quote_plus,
        lambda secret: quote(quote(secret, safe=""), safe=""),
        str.lower,
        lambda secret: repr(secret.encode()),
        lambda secret: secret.replace("=", "\\u003d"),
        lambda secret: secret.rstrip("="),
    ]
)


@given(st.lists(secrets, min_size=1, max_size=3), st.data())
def test_a_named_secret_is_gone_wherever_and_however_it_stands(named, data):
    secret, way = data.draw(st.sampled_from(named)), data.draw(ways)
    before, after = data.draw(st.text()), data.draw(st.text())
    plain = redacted(before + way(secret) + after, named)
    for one in named:
        for form in (one, quote(one, safe=""), one.rstrip("=")):
            assert form.lower() not in plain.lower()


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://maps.example/streetview?size=9x9&key={KEY}&signature={SECRET}",
        f"https://elsewhere.example/?continue=https%3A%2F%2Fmaps%3Fkey%3D{KEY}%26signature%3D{SECRET}",
        f"<a href='https://maps.example?key={KEY}&amp;signature={SECRET}'>",
        f"{{'Authorization': 'OAuth {TOKEN}'}}",
        f"(b'Authorization', b'Bearer {TOKEN}')",
        f"https://graph.example/images?access_token={TOKEN}",
        f"https://graph.example/images?api_key={KEY}",
        f"proxy http://ann:{KEY}@proxy.example:3128 refused",
    ],
)
def test_what_carries_secrets_is_emptied_even_where_nobody_named_them(text):
    plain = redacted(text)
    assert HIDDEN in plain
    assert not [secret for secret in (KEY, SECRET.rstrip("="), TOKEN) if secret in plain]


def test_all_else_is_left_as_it_is():
    text = "INVALID_REQUEST: size 700x700; partition_key=E08000035; Invalid OAuth 2.0 Access Token"
    assert redacted(text, [KEY, None, ""]) == text


@pytest.fixture
def logged(monkeypatch):
    """All that is logged in this process, at any level, as a handler that knows nothing writes."""
    factory = logging.getLogRecordFactory()
    monkeypatch.setattr("streetview_assets.redaction._known", set())
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    logging.setLogRecordFactory(factory)


@pytest.mark.parametrize("name", ["httpx", "httpcore", "httpcore.http11", "httpcore.connection"])
def test_the_http_libraries_log_no_secret_of_an_address_or_a_header(logged, name):
    keep_secrets_out_of_logs()
    headers = [(b"Location", f"https://elsewhere.example/?key={KEY}".encode())]
    logging.getLogger(name).debug("receive_response_headers.complete %r", headers)
    assert "elsewhere.example" in logged.getvalue()
    assert KEY not in logged.getvalue()


def test_no_logger_at_all_shows_a_secret_that_was_named_once(logged):
    keep_secrets_out_of_logs([KEY])
    keep_secrets_out_of_logs([TOKEN, None])
    logging.getLogger("asyncio").error("Task exception was never retrieved: %s and %s", KEY, TOKEN)
    try:
        raise ValueError(f"no such host: {KEY}.example")
    except ValueError:
        logging.getLogger("anything").exception("it failed")
    said = logged.getvalue()
    assert KEY not in said
    assert TOKEN not in said
    assert said.count(HIDDEN) >= 3
    assert "Traceback" in said
    assert f"ValueError: no such host: {HIDDEN}.example" in said


def test_a_log_line_whose_arguments_do_not_fit_stops_no_work(logged):
    keep_secrets_out_of_logs([KEY])
    alone = logging.getLogger("alone")
    alone.propagate = False
    alone.addHandler(logging.NullHandler())
    alone.warning("%d images", "many")


def test_the_filter_is_put_in_place_once(logged):
    keep_secrets_out_of_logs([KEY])
    first = logging.getLogRecordFactory()
    keep_secrets_out_of_logs([TOKEN])
    assert logging.getLogRecordFactory() is first
