"""One way to ask a provider: bounded, paced, patient with faults, deaf to nonsense.

Every provider asks through `Client.ask`: it keeps the rate, repeats what may yet come right, gives
up on what will not, and stops all work where the provider refuses service.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TypeVar
from urllib.request import getproxies, proxy_bypass

import httpx
import tenacity

from streetview_assets import stopping
from streetview_assets.errors import ImageryError
from streetview_assets.images.pace import Pace
from streetview_assets.images.spending import Outcome, Purse, Till
from streetview_assets.redaction import keep_secrets_out_of_logs, redacted

ATTEMPTS = 6
PAID_ATTEMPTS = 3
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 20.0
LONGEST_RETRY_AFTER_S = 120.0
"""A provider that asks for more patience has no service to give now."""

FAILURES_IN_A_ROW = 20
"""So many requests that failed in the end, one after the other: the provider is out of order."""

HEADERS = {"User-Agent": "streetview-assets", "Accept": "*/*", "Accept-Encoding": "identity"}

CONNECT_S = 10.0
SILENCE_S = 15.0
SECONDS_BETWEEN_LOOKS = 0.5

Result = TypeVar("Result")


class TryAgainError(Exception):
    """It may come right.

    Parameters
    ----------
    reason
        Why it is not right yet.
    after_s
        How long the provider asks to wait.
    busy
        Whether the provider says that it was asked too much.
    paid
        Whether the answer may have been billed: it is not repeated as often then.
    """

    def __init__(
        self, reason: str, after_s: float | None = None, *, busy: bool = False, paid: bool = False
    ) -> None:
        super().__init__(reason)
        self.after_s = after_s
        self.busy = busy
        self.paid = paid


class UnusableError(Exception):
    """It will not come right: an answer that cannot be used; its text is the reason."""


class NotThereError(Exception):
    """The provider says that it has no such thing."""


@dataclass(frozen=True)
class Answer:
    """What a provider answered."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True)
class Limits:
    """How much is asked of a provider at once.

    Attributes
    ----------
    requests_per_second
        To one host, in any second; None: no limit.
    timeout_s
        The longest that one request may take, from connection to the last byte.
    """

    requests_per_second: float | None
    max_concurrent: int
    timeout_s: float = 30.0

    @cached_property
    def patience(self) -> dict[str, float | None]:
        """How long to wait for a connection, and for the next byte, as httpx takes it."""
        silence_s = min(SILENCE_S, self.timeout_s)
        connect_s = min(CONNECT_S, self.timeout_s)
        return httpx.Timeout(silence_s, connect=connect_s, pool=None).as_dict()


@dataclass
class Client:
    """Asks one provider.

    Attributes
    ----------
    connect
        Opens a connection to a host; each request under way has one of its own. (A pool looks
        through all of its connections at every request: at 64 of them that costs ten times the
        request. A whole `httpx.AsyncClient`, with redirects and cookies that nobody wants here,
        costs half as much again.)
    limits
        How much is asked at once.
    secrets
        What no error may show.
    till
        Pays for requests that cost money.
    """

    connect: Callable[[httpx.URL], Awaitable[httpx.AsyncBaseTransport]]
    limits: Limits
    secrets: tuple[str, ...] = ()
    till: Till | None = None
    _idle: defaultdict[str, list[httpx.AsyncBaseTransport]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _paces: dict[str, Pace] = field(default_factory=dict)
    _known_hosts: set[str] = field(default_factory=set)
    _first: asyncio.Lock = field(default_factory=asyncio.Lock)
    _refusal: ImageryError | None = None
    _failures_in_a_row: int = 0

    async def ask(
        self,
        url: httpx.URL,
        read: Callable[[Answer], Awaitable[Result]],
        *,
        most_bytes: int,
        headers: Mapping[str, str] | None = None,
        pay_for: str | None = None,
    ) -> Result:
        """Ask until an answer is good, will never be, or patience ends.

        Parameters
        ----------
        url
            Where to ask. A redirect is refused, wherever it leads.
        read
            Makes the result of an answer that is no redirect and no sign of overload (408, 425,
            429, 5xx). It may raise `TryAgainError`, `UnusableError`, `NotThereError`, or
            `ImageryError` to stop all work.
        most_bytes
            Longer answers are refused as they come in.
        pay_for
            Id of the picture that the request pays for, where it costs money.

        Raises
        ------
        UnusableError, NotThereError
            As `read` says, or where patience has ended.
        ImageryError
            Where the provider refuses all service, or the budget is spent.
        """
        patience = tenacity.AsyncRetrying(
            stop=_patience_ends,
            wait=_pause_s,
            retry=tenacity.retry_if_exception_type(TryAgainError),
            reraise=True,
        )
        try:
            result: Result = await patience(self._once, url, read, most_bytes, headers, pay_for)
        except TryAgainError as last:
            self._failures_in_a_row += 1
            gave_up = self._gave_up(url, last)
            if isinstance(gave_up, ImageryError):
                self._refusal = gave_up
            raise gave_up from None
        except ImageryError as refusal:
            self._refusal = refusal
            raise
        except (UnusableError, NotThereError):
            self._failures_in_a_row = 0
            raise
        self._failures_in_a_row = 0
        return result

    async def _once(
        self,
        url: httpx.URL,
        read: Callable[[Answer], Awaitable[Result]],
        most_bytes: int,
        headers: Mapping[str, str] | None,
        pay_for: str | None,
    ) -> Result:
        """Ask once; the first request to a host goes alone.

        A refused key then costs one request and not `max_concurrent`; and what the first one has
        to load on its way does not gather the others behind it, to leave all at once.
        """
        arguments = (url, read, most_bytes, headers, pay_for)
        if url.host not in self._known_hosts:
            async with self._first:
                if url.host not in self._known_hosts:
                    try:
                        return await self._exchange(*arguments)
                    finally:
                        self._known_hosts.add(url.host)
        return await self._exchange(*arguments)

    async def _exchange(
        self,
        url: httpx.URL,
        read: Callable[[Answer], Awaitable[Result]],
        most_bytes: int,
        headers: Mapping[str, str] | None,
        pay_for: str | None,
    ) -> Result:
        answer = await self._paid(url, most_bytes, headers, pay_for)
        self._check_load(url, answer)
        return await read(answer)

    async def _paid(
        self,
        url: httpx.URL,
        most_bytes: int,
        headers: Mapping[str, str] | None,
        pay_for: str | None,
    ) -> Answer:
        self._check_service()
        reservation = await self._reserve(pay_for)
        outcome: Outcome = "not_charged"
        try:
            # To open one takes its time: first, so that requests leave as evenly as their turns.
            idle = self._idle[url.host]
            connection = idle.pop() if idle else await self.connect(url)
            await self._pace(url).turn()
            self._check_service()
            outcome = "charged"
            answer = await self._send(connection, url, headers, most_bytes)
            outcome = _outcome(answer.status_code)
        except _AnsweredError as answered:
            outcome = _outcome(answered.status_code)
            raise UnusableError(redacted(str(answered), self.secrets)) from None
        finally:
            await self._settle(reservation, outcome)
        return answer

    def _check_service(self) -> None:
        """Send nothing more after a signal, a refusal of all service, or the end of the budget."""
        stopping.check()
        if self._refusal is not None:
            raise ImageryError(str(self._refusal))

    async def _send(
        self,
        connection: httpx.AsyncBaseTransport,
        url: httpx.URL,
        headers: Mapping[str, str] | None,
        most_bytes: int,
    ) -> Answer:

        async def at_the_last_moment(event: str, _: object) -> None:
            if event.endswith("send_request_headers.started"):
                await self._pace(url).leave()

        request = httpx.Request(
            "GET",
            url,
            headers={**HEADERS, **(headers or {})},
            extensions={"timeout": self.limits.patience, "trace": at_the_last_moment},
        )
        try:
            async with asyncio.timeout(self.limits.timeout_s):
                response = await connection.handle_async_request(request)
                try:
                    content = await _content(response, most_bytes)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise TryAgainError(f"no whole answer in {self.limits.timeout_s:g} s") from None
        except httpx.TimeoutException as error:
            raise TryAgainError(f"no answer in time ({type(error).__name__})") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            reason = redacted(str(error), self.secrets) or type(error).__name__
            raise TryAgainError(f"the connection failed: {reason}") from None
        finally:
            self._idle[url.host].append(connection)
        return Answer(response.status_code, response.headers, content)

    def _check_load(self, url: httpx.URL, answer: Answer) -> None:
        code = answer.status_code
        if code in (408, 425, 429) or code >= 500:
            after_s = _retry_after_s(answer.headers)
            if code == 429 and after_s is not None:
                if after_s > LONGEST_RETRY_AFTER_S:
                    raise ImageryError(
                        f"{url.host} asks to be left alone for {after_s:,.0f} s: the quota is "
                        "gone. Everything so far is kept; run again later to go on from there."
                    )
                self._pace(url).hold(after_s)
            raise TryAgainError(f"HTTP {code}", after_s, busy=code == 429)

    def _gave_up(self, url: httpx.URL, last: TryAgainError) -> Exception:
        if last.busy:
            return ImageryError(
                f"{url.host} answers {last} after {ATTEMPTS} attempts: the quota is gone, or "
                "images.requests_per_second is too high. Everything so far is kept; run again "
                "later to go on from there."
            )
        if self._failures_in_a_row >= FAILURES_IN_A_ROW:
            return ImageryError(
                f"{url.host}: {FAILURES_IN_A_ROW} requests in a row failed, each after {ATTEMPTS} "
                f"attempts; the last: {last}. Everything so far is kept; run again when the "
                "provider is well."
            )
        attempts = PAID_ATTEMPTS if last.paid else ATTEMPTS
        return UnusableError(f"{last}, after {attempts} attempts")

    async def _reserve(self, pay_for: str | None) -> int | None:
        if pay_for is None or self.till is None:
            return None
        reservation = await self.till.reserve(pay_for)
        if reservation is not None:
            return reservation
        while (later := await self.till.reserve(pay_for)) is None:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        await self.till.settle(later, "not_charged")
        raise UnusableError("another run was fetching this picture at the same time")

    async def _settle(self, reservation: int | None, outcome: Outcome) -> None:
        if reservation is not None and self.till is not None:
            await self.till.settle(reservation, outcome)

    def _pace(self, url: httpx.URL) -> Pace:
        return self._paces.setdefault(url.host, Pace(self.limits.requests_per_second))


@asynccontextmanager
async def open_client(
    limits: Limits, *, secrets: tuple[str, ...] = (), purse: Purse | None = None
) -> AsyncIterator[Client]:
    """Open the connections to a provider, on the running event loop."""
    keep_secrets_out_of_logs(secrets)
    trusted = httpx.create_ssl_context()
    async with AsyncExitStack() as opened:

        async def connect(url: httpx.URL) -> httpx.AsyncHTTPTransport:
            connection = httpx.AsyncHTTPTransport(verify=trusted, proxy=_proxy(url))
            return await opened.enter_async_context(connection)

        yield Client(connect, limits, secrets, Till(purse) if purse else None)


def _proxy(url: httpx.URL) -> str | None:
    """Name the proxy that the environment says to ask through (`HTTPS_PROXY`, `NO_PROXY`, …)."""
    if proxy_bypass(url.host):
        return None
    proxies = getproxies()
    return proxies.get(url.scheme) or proxies.get("all")


class _AnsweredError(Exception):
    """An answer that is not worth reading to its end."""

    def __init__(self, status_code: int, reason: str) -> None:
        super().__init__(reason)
        self.status_code = status_code


def _outcome(status_code: int) -> Outcome:
    """Count a request as spent, unless the provider has answered that it gave nothing."""
    return "not_charged" if 400 <= status_code < 500 else "charged"


async def _content(response: httpx.Response, most_bytes: int) -> bytes:
    """Read an answer, and stop where it is a redirect or grows too long."""
    if response.is_redirect:
        target = httpx.URL(response.headers.get("Location", "")).host or "the same host"
        raise _AnsweredError(response.status_code, f"a redirect to {target} was refused")
    too_long = f"an answer of more than {most_bytes / 1e6:.0f} MB was refused"
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > most_bytes:
        raise _AnsweredError(response.status_code, too_long)
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > most_bytes:
            raise _AnsweredError(response.status_code, too_long)
    return bytes(content)


def _patience_ends(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    paid = isinstance(error, TryAgainError) and error.paid
    return state.attempt_number >= (PAID_ATTEMPTS if paid else ATTEMPTS)


def _pause_s(state: tenacity.RetryCallState) -> float:
    """Wait as long as the provider asks; else twice as long each time, with full jitter."""
    error = state.outcome.exception() if state.outcome else None
    grown_s: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (state.attempt_number - 1))
    # Seconds, not results: nothing that is made depends on this chance.
    jitter_s = random.uniform(0.5, 1) * grown_s
    if isinstance(error, TryAgainError) and error.after_s is not None:
        return min(error.after_s, LONGEST_RETRY_AFTER_S) + 0.1 * jitter_s
    return jitter_s


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`: seconds, or a date."""
    value = headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
