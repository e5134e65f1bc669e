"""One way to ask: what may come right is asked again, what will not is refused, all in bounds."""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator

import httpx
import pytest

from streetview_assets.errors import BudgetSpentError, ImageryError, ImageryUnavailableError
from streetview_assets.images.http import client as engine
from streetview_assets.images.http import retries
from streetview_assets.images.http.answers import (
    Answer,
    NotThereError,
    TryAgainError,
    UnusableError,
)
from streetview_assets.images.http.client import Client, Limits, open_client
from streetview_assets.images.http.response import retry_after_s, whole_number
from streetview_assets_tests.images.client_account import Account
from streetview_assets_tests.images.imagery_protocols import METADATA
from streetview_assets_tests.images.imagery_server import Seen, Server, serving

MOST_BYTES = 1_000_000
SECRET = "hush-hush"


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def server(shared) -> Server:
    shared.reset()
    shared.change(faults=[], latency_s=0.0)
    return shared


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0.01)


def metadata(server: Server, square: int = 0) -> httpx.URL:
    """Name the metadata of a place: each number another one."""
    query = f"location=53.8,{-1.5 + square * 0.001:.4f}&key={server.settings.key}"
    return httpx.URL(f"{server.base_url}{METADATA}?{query}")


async def good_json(answer: Answer) -> dict:
    try:
        said = json.loads(answer.content)
    except ValueError:
        raise TryAgainError("no JSON") from None
    if answer.status_code != 200:
        raise UnusableError(f"HTTP {answer.status_code}")
    return said


def asked(work: Callable, limits: Limits | None = None, **opened):
    """Do something with an open client."""

    async def run():
        async with open_client(limits or Limits(None, 8, timeout_s=0.5), **opened) as client:
            return await work(client)

    return asyncio.run(run())


def ask(server: Server, limits: Limits | None = None, **more) -> dict:
    """Ask for one thing."""
    more = {"most_bytes": MOST_BYTES, **more}
    return asked(lambda client: client.ask(metadata(server), good_json, **more), limits)


def all_of(server: Server, count: int) -> Callable:
    """Ask for several things side by side; give what became of each."""

    async def work(client: Client) -> list:
        slots = asyncio.Semaphore(client.limits.max_concurrent)

        async def one(square: int) -> dict:
            async with slots:
                return await client.ask(metadata(server, square), good_json, most_bytes=MOST_BYTES)

        return await asyncio.gather(*map(one, range(count)), return_exceptions=True)

    return work


def pauses(log: list[Seen]) -> list[float]:
    return [after.at - before.at for before, after in itertools.pairwise(log)]


@pytest.mark.parametrize(
    "kind", ["429", "500", "503", "cut", "reset", "stall", "silent", "html", "truncated"]
)
def test_what_goes_wrong_twice_comes_right(server, kind):
    server.change(faults=[{"kind": kind, "share": 1.0, "tries": 2, "seconds": 5}])
    assert ask(server, Limits(None, 8, timeout_s=0.3))["status"] == "OK"
    assert [one.fault for one in server.log()] == [kind, kind, ""]


def test_after_some_attempts_it_is_given_up_with_a_reason(server):
    server.change(faults=[{"kind": "500", "share": 1.0, "tries": None}])
    with pytest.raises(UnusableError, match="HTTP 500, after 6 attempts"):
        ask(server)
    assert len(server.log()) == 6


def test_pauses_grow(server, monkeypatch):
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0.1)
    server.change(faults=[{"kind": "503", "share": 1.0, "tries": 4}])
    ask(server)
    found = pauses(server.log())
    for pause, least in zip(found, (0.05, 0.1, 0.2, 0.4), strict=True):
        assert least <= pause < 2 * least + 0.3


def test_a_whole_host_is_left_alone_for_as_long_as_it_asks(server):
    """One 429 holds back the requests for other things as well."""
    server.change(
        faults=[{"kind": "429", "holding": "-1.5000", "retry_after": 1, "tries": 1}],
        latency_s=0.02,
    )

    async def first_one_then_others(client: Client) -> None:
        refused = asyncio.create_task(
            client.ask(metadata(server), good_json, most_bytes=MOST_BYTES)
        )
        await asyncio.sleep(0.3)
        others = [
            client.ask(metadata(server, square), good_json, most_bytes=MOST_BYTES)
            for square in range(1, 4)
        ]
        await asyncio.gather(refused, *others)

    asked(first_one_then_others)
    first, *others = server.log()
    assert first.status == 429
    assert all(0.95 <= one.at - first.ended_at < 2 for one in others)
    assert len(others) == 4


def test_a_host_that_is_down_for_some_time_is_asked_after_it(server):
    server.change(faults=[{"kind": "503", "share": 1.0, "retry_after": 1}])
    ask(server)
    assert pauses(server.log())[0] >= 1


def test_retry_after_may_be_a_date(server):
    moment = time.time() + 3
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(moment))
    server.change(faults=[{"kind": "429", "share": 1.0, "retry_after": date}])
    ask(server)
    assert pauses(server.log())[0] >= 0.9


def test_a_host_that_asks_for_too_much_patience_has_no_quota_left(server):
    server.change(faults=[{"kind": "429", "share": 1.0, "retry_after": 3600}])
    with pytest.raises(ImageryError, match="quota is gone"):
        ask(server)
    assert len(server.log()) == 1


def test_too_many_requests_again_and_again_stop_all_work(server):
    server.change(faults=[{"kind": "429", "share": 1.0, "tries": None}])
    with pytest.raises(ImageryError, match="HTTP 429"):
        ask(server)


def test_a_provider_that_is_out_of_order_stops_all_work(server):
    """Twenty things in a row that fail are not bad luck."""
    server.change(faults=[{"kind": "500", "share": 1.0, "tries": None}])
    ends = Counter(type(one) for one in asked(all_of(server, 21)))
    assert ends == {UnusableError: 19, ImageryUnavailableError: 2}


def test_a_success_in_between_closes_the_breaker(server):
    server.change(faults=[{"kind": "500", "share": 1.0, "tries": None}])

    async def with_a_success(client: Client) -> list:
        before = await all_of(server, 15)(client)
        server.change(faults=[])
        await client.ask(metadata(server), good_json, most_bytes=MOST_BYTES)
        server.change(faults=[{"kind": "500", "share": 1.0, "tries": None}])
        return before + await all_of(server, 15)(client)

    assert {type(one) for one in asked(with_a_success)} == {UnusableError}


@pytest.mark.parametrize("announced", [True, False])
def test_an_answer_of_200_mb_is_refused_as_it_comes(server, announced):
    server.change(faults=[{"kind": "huge", "share": 1.0, "tries": None, "announced": announced}])
    with pytest.raises(UnusableError, match="more than 1 MB was refused"):
        ask(server, Limits(None, 8, timeout_s=10))
    (one,) = server.log()
    assert one.size < 20_000_000
    assert not one.whole


@pytest.mark.parametrize("target", ["http://127.0.0.2:9/x", "/elsewhere", "file:///etc/passwd"])
def test_a_redirect_is_refused_wherever_it_leads(server, target):
    server.change(faults=[{"kind": "redirect", "share": 1.0, "tries": None, "to": target}])
    with pytest.raises(UnusableError, match=r"redirect to .* was refused"):
        ask(server)
    assert len(server.log()) == 1


@pytest.mark.parametrize("fault", [{"kind": "stall", "seconds": 30}, {"kind": "trickle"}])
def test_no_request_lasts_longer_than_agreed(server, fault):
    """Bytes may trickle in for ever: the limit is on the whole request."""
    server.change(faults=[{"share": 1.0, **fault}])
    began = time.monotonic()
    assert ask(server, Limits(None, 8, timeout_s=0.4))["status"] == "OK"
    assert 0.4 <= time.monotonic() - began < 2.5
    assert len(server.log()) == 2


def test_nobody_there_is_a_reason_too():
    url = httpx.URL("http://127.0.0.1:9/nothing")
    with pytest.raises(UnusableError, match="the connection failed"):
        asked(lambda client: client.ask(url, good_json, most_bytes=MOST_BYTES))


def test_what_read_says_is_what_is_raised(server):
    async def not_there(answer: Answer) -> None:
        raise NotThereError("no panorama there")

    with pytest.raises(NotThereError, match="no panorama there"):
        asked(lambda client: client.ask(metadata(server), not_there, most_bytes=MOST_BYTES))
    assert len(server.log()) == 1


def test_requests_leave_at_the_rate(server):
    """Taken where they leave, of which the pace says when; a busy machine bunches them a little."""
    left: list[float] = []

    class Instant(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await request.extensions["trace"]("http11.send_request_headers.started", {})
            left.append(time.monotonic())
            return httpx.Response(200, json={})

    async def connect(url: httpx.URL) -> httpx.AsyncBaseTransport:
        await asyncio.sleep(0.05)
        return Instant()

    async def run() -> list:
        return await all_of(server, 250)(Client(connect, Limits(200, 64)))

    assert asyncio.run(run()) == [{}] * 250
    assert max(sum(begin <= at < begin + 1 for at in left) for begin in left) <= 200


def test_a_secret_in_the_reason_of_a_broken_connection_is_hidden(server):
    class Talkative(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError(f"cannot reach {request.url}")

    async def connect(url: httpx.URL) -> httpx.AsyncBaseTransport:
        return Talkative()

    async def run() -> None:
        client = Client(connect, Limits(None, 1), secrets=(SECRET,))
        url = httpx.URL(f"http://127.0.0.1/{SECRET}?key={SECRET}&signature=abc=")
        await client.ask(url, good_json, most_bytes=MOST_BYTES)

    with pytest.raises(UnusableError, match="cannot reach") as gave_up:
        asyncio.run(run())
    assert SECRET not in str(gave_up.value)
    assert "abc" not in str(gave_up.value)


def buy(server: Server, account: Account, count: int = 1, limits: Limits | None = None) -> list:
    async def work(client: Client) -> list:
        return [
            await client.ask(
                metadata(server, square), good_json, most_bytes=MOST_BYTES, pay_for=f"id {square}"
            )
            for square in range(count)
        ]

    return asked(work, limits, budget=account)


def test_every_request_that_may_be_billed_is_paid_for(server):
    account = Account()
    server.change(faults=[{"kind": "cut", "share": 1.0}])
    buy(server, account)
    assert account.reserved == ["id 0", "id 0"]
    assert account.outcomes == ["charged", "charged"]


@pytest.mark.parametrize("kind", ["cut", "reset", "stall", "silent", "trickle", "500", "html"])
def test_what_may_have_been_billed_is_asked_for_three_times_whatever_went_wrong(server, kind):
    account = Account()
    server.change(faults=[{"kind": kind, "share": 1.0, "tries": None, "seconds": 5}])
    with pytest.raises(UnusableError, match="after 3 attempts"):
        buy(server, account, limits=Limits(None, 8, timeout_s=0.3))
    assert len(server.log()) == 3
    assert account.outcomes == ["charged"] * 3


def test_refusals_and_hosts_that_are_not_there_are_no_paid_attempts(server):
    account = Account()
    server.change(faults=[{"kind": "429", "share": 1.0, "tries": 5, "retry_after": 0}])
    buy(server, account)
    assert account.outcomes == ["not_charged"] * 5 + ["charged"]
    nobody = httpx.URL("http://127.0.0.1:9/nothing")
    with pytest.raises(UnusableError, match="after 6 attempts"):
        asked(
            lambda one: one.ask(nobody, good_json, most_bytes=MOST_BYTES, pay_for="a"),
            budget=account,
        )
    assert account.outcomes[6:] == ["not_charged"] * 6


@pytest.mark.parametrize(("kind", "each"), [("500", 3), ("redirect", 1)])
def test_a_provider_that_bills_for_nothing_stops_all_work(server, kind, each):
    account = Account()
    server.change(faults=[{"kind": kind, "share": 1.0, "tries": None}])

    async def work(client: Client) -> list:
        asks = (
            client.ask(metadata(server, n), good_json, most_bytes=MOST_BYTES, pay_for=f"id {n}")
            for n in range(25)
        )
        return [await asyncio.gather(one, return_exceptions=True) for one in asks]

    ends = Counter(type(one) for (one,) in asked(work, budget=account))
    assert ends == {UnusableError: 19, ImageryError: 6}
    assert len(server.log()) == 20 * each


@pytest.mark.parametrize(
    "value",
    ["²", "١٢", "9" * 30, "-1", "1e400", "nan", "Mon,", "Mon, 01 Jan 2001 00:00:00 +9999999999999"],
)
def test_a_retry_after_that_is_none_is_no_wish(value):
    assert retry_after_s({"Retry-After": value}) in (None, 0.0)
    assert whole_number(value) is None


def test_an_answer_that_breaks_its_reader_is_one_answer_that_cannot_be_used(server):
    async def broken(answer: Answer) -> None:
        raise KeyError("pano_id")

    with pytest.raises(UnusableError, match="cannot be read"):
        asked(lambda client: client.ask(metadata(server), broken, most_bytes=MOST_BYTES))


def test_the_body_may_say_what_the_status_does_not(server):
    def says(answer: Answer) -> None:
        if b"Try later" in answer.content:
            raise NotThereError("as the body says")

    server.change(faults=[{"kind": "500", "share": 1.0, "tries": None}])
    with pytest.raises(NotThereError):
        ask(server, says=says)
    assert len(server.log()) == 1


def test_what_the_provider_refused_costs_nothing(server):
    account = Account()
    server.change(faults=[{"kind": "429", "share": 1.0}])
    buy(server, account)
    assert account.outcomes == ["not_charged", "charged"]


def test_no_request_is_sent_that_the_budget_does_not_allow(server):
    account = Account(allowed=3)
    with pytest.raises(BudgetSpentError):
        buy(server, account, 5)
    assert len(server.log()) == 3


def test_an_image_that_another_run_is_fetching_is_waited_for_and_not_asked_for(server, monkeypatch):
    monkeypatch.setattr(engine, "SECONDS_BETWEEN_LOOKS", 0.01)
    account = Account(claimed_times=4)
    with pytest.raises(UnusableError, match="another run"):
        buy(server, account)
    assert server.log() == []
    assert account.outcomes == ["not_charged"]
