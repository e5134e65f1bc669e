"""One way to ask a provider: bounded, paced, patient with faults, deaf to nonsense.

Every provider asks through `Client.ask`: it keeps the rate, repeats what may yet come right, gives
up on what will not, and stops all work where the provider refuses service.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from urllib.request import getproxies, proxy_bypass

import httpx

from streetview_assets.errors import ImageryError, ImageryUnavailableError, StreetviewError
from streetview_assets.images.budget.reservations import BatchedBudget, Budget, Outcome
from streetview_assets.images.http.answers import (
    Answer,
    NotSentError,
    NotThereError,
    Reader,
    Result,
    TryAgainError,
    UnusableError,
)
from streetview_assets.images.http.rate_limit import Pace
from streetview_assets.images.http.response import AnsweredError, body_of, retry_after_s
from streetview_assets.images.http.retries import (
    ATTEMPTS,
    LONGEST_RETRY_AFTER_S,
    Order,
    outcome_of,
    pause_s,
)
from streetview_assets.processes import stopping
from streetview_assets.redaction import keep_secrets_out_of_logs, redacted

FAILURES_IN_A_ROW = 20
"""So many requests that failed in the end, one after the other: the provider is out of order."""

HEADERS = {"User-Agent": "streetview-assets", "Accept": "*/*", "Accept-Encoding": "identity"}

CONNECT_S = 10.0
SILENCE_S = 15.0
SECONDS_BETWEEN_LOOKS = 0.5

_SAID = (TryAgainError, UnusableError, NotThereError, StreetviewError)
"""What is said of an answer on purpose; whatever else is raised means that it cannot be read."""


@dataclass(frozen=True)
class Limits:
    """How much is asked of a provider at once.

    Attributes
    ----------
    requests_per_second
        To one host, in any second; None: no limit.
    timeout_s
        The longest that one request may take, from connection to the last byte.
    attempts
        How often one thing is asked for, until patience ends.
    """

    requests_per_second: float | None
    max_concurrent: int
    timeout_s: float = 30.0
    attempts: int = ATTEMPTS

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
    budget
        Pays for requests that cost money.
    """

    connect: Callable[[httpx.URL], Awaitable[httpx.AsyncBaseTransport]]
    limits: Limits
    secrets: tuple[str, ...] = ()
    budget: BatchedBudget | None = None
    _idle: defaultdict[str, list[httpx.AsyncBaseTransport]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _paces: dict[str, Pace] = field(default_factory=dict)
    _known_hosts: set[str] = field(default_factory=set)
    _first: asyncio.Lock = field(default_factory=asyncio.Lock)
    _refusal: ImageryError | None = None
    _failures_in_a_row: int = 0
    _billed_in_vain: bool = False

    async def ask(
        self,
        url: httpx.URL,
        read: Reader[Result],
        *,
        most_bytes: int,
        headers: Mapping[str, str] | None = None,
        pay_for: str | None = None,
        says: Callable[[Answer], None] | None = None,
    ) -> Result:
        """Ask until an answer is good, will never be, or patience ends.

        Parameters
        ----------
        url
            Where to ask. A redirect is refused, wherever it leads.
        read
            Makes the result of an answer that is no redirect and no sign of overload (408, 425,
            429, 5xx). It may raise `TryAgainError`, `UnusableError`, `NotThereError`, or
            `ImageryError` to stop all work. Whatever else it raises, the answer cannot be used.
        most_bytes
            Longer answers are refused as they come in.
        headers
            Sent with the request beside the client's own, such as a key.
        pay_for
            Id of the image that the request pays for, where it costs money. What may have been
            billed is asked for `PAID_ATTEMPTS` times at most, whatever went wrong.
        says
            Looks at the body of an answer that is a sign of overload by its status, and raises what
            it means; where it raises nothing, the status counts.

        Raises
        ------
        UnusableError, NotThereError
            As `read` says, or where patience has ended.
        ImageryError
            Where the provider refuses all service, or the budget is spent.
        """
        order = Order(url, most_bytes, headers, pay_for, says, self.limits.attempts)
        try:
            result = await self._patiently(order, read)
        except ImageryError as refusal:
            self._refusal = refusal
            raise
        except NotThereError:
            self._failures_in_a_row = 0
            raise
        except (TryAgainError, UnusableError) as last:
            # The provider is well where it refuses one thing; not where it bills for nothing.
            is_ill = isinstance(last, TryAgainError) or order.billed
            self._billed_in_vain |= bool(order.billed)
            self._failures_in_a_row = self._failures_in_a_row + 1 if is_ill else 0
            raise self._gave_up(order, last) from None
        self._failures_in_a_row = 0
        return result

    async def _patiently(self, order: Order, read: Reader[Result]) -> Result:
        """Ask again, after a pause, for what may yet come right."""
        while True:
            try:
                return await self._once(order, read)
            except TryAgainError as error:
                if order.is_given_up:
                    raise
                wait_s = pause_s(order.attempts, error.after_s)
            await asyncio.sleep(wait_s)

    async def _once(self, order: Order, read: Reader[Result]) -> Result:
        """Ask once; the first request to a host goes alone.

        A refused key then costs one request and not `max_concurrent`; and what the first one has
        to load on its way does not gather the others behind it, to leave all at once.
        """
        host = order.url.host
        if host not in self._known_hosts:
            async with self._first:
                if host not in self._known_hosts:
                    try:
                        return await self._exchange(order, read)
                    finally:
                        self._known_hosts.add(host)
        return await self._exchange(order, read)

    async def _exchange(self, order: Order, read: Reader[Result]) -> Result:
        order.attempts += 1
        answer = await self._paid(order)
        try:
            self._check_load(order, answer)
            return await read(answer)
        except _SAID:
            raise
        except Exception as error:
            why = redacted(f"{type(error).__name__}: {error}", self.secrets)
            raise UnusableError(f"the answer cannot be read ({why})") from error

    async def _paid(self, order: Order) -> Answer:
        self._check_service()
        url = order.url
        reservation = await self._reserve(order.pay_for)
        outcome: Outcome = "not_charged"
        try:
            # To open one takes its time: first, so that requests leave as evenly as their turns.
            idle = self._idle[url.host]
            connection = idle.pop() if idle else await self.connect(url)
            await self._pace(url).turn()
            self._check_service()
            outcome = "charged"
            answer = await self._send(connection, order)
            outcome = outcome_of(answer.status_code)
        except NotSentError as error:
            outcome = "not_charged"
            raise TryAgainError(str(error)) from None
        except AnsweredError as answered:
            outcome = outcome_of(answered.status_code)
            raise UnusableError(redacted(str(answered), self.secrets)) from None
        finally:
            order.billed += order.pay_for is not None and outcome == "charged"
            await self._settle(reservation, outcome)
        return answer

    def _check_service(self) -> None:
        """Send nothing more after a signal, a refusal of all service, or the end of the budget."""
        stopping.check()
        if self._refusal is not None:
            raise type(self._refusal)(str(self._refusal))

    async def _send(self, connection: httpx.AsyncBaseTransport, order: Order) -> Answer:
        url = order.url

        async def at_the_last_moment(event: str, _: object) -> None:
            if event.endswith("send_request_headers.started"):
                await self._pace(url).leave()

        request = httpx.Request(
            "GET",
            url,
            headers={**HEADERS, **(order.headers or {})},
            extensions={"timeout": self.limits.patience, "trace": at_the_last_moment},
        )
        try:
            async with asyncio.timeout(self.limits.timeout_s):
                response = await connection.handle_async_request(request)
                try:
                    content = await body_of(response, order.most_bytes)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise TryAgainError(f"no whole answer in {self.limits.timeout_s:g} s") from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            reason = redacted(str(error), self.secrets) or type(error).__name__
            raise NotSentError(f"the connection failed: {reason}") from None
        except httpx.TimeoutException as error:
            raise TryAgainError(f"no answer in time ({type(error).__name__})") from None
        except AnsweredError:
            raise
        except Exception as error:  # noqa: BLE001  a foreign answer breaks parsers in any way
            reason = redacted(str(error), self.secrets) or type(error).__name__
            raise TryAgainError(f"the connection failed: {reason}") from None
        finally:
            self._idle[url.host].append(connection)
        return Answer(response.status_code, response.headers, content)

    def _check_load(self, order: Order, answer: Answer) -> None:
        code, url = answer.status_code, order.url
        if code not in (408, 425, 429) and code < 500:
            return
        after_s = retry_after_s(answer.headers)
        if code == 429 and after_s is not None:
            if after_s > LONGEST_RETRY_AFTER_S:
                raise self._unwell(
                    f"{url.host} asks to be left alone for {after_s:,.0f} s: the quota is "
                    "gone. Everything so far is kept; run again later to go on from there."
                )
            self._pace(url).hold(after_s)
        try:
            if order.says is not None:
                order.says(answer)
        except TryAgainError as said:
            raise TryAgainError(str(said), after_s, busy=said.busy or code == 429) from None
        raise TryAgainError(f"HTTP {code}", after_s, busy=code == 429)

    def _gave_up(self, order: Order, last: TryAgainError | UnusableError) -> Exception:
        """Say that one thing has failed; stop all work where that is the provider's state."""
        times = f"{order.attempts} attempt{'s' if order.attempts != 1 else ''}"
        host, tried = order.url.host, f"after {times}"
        if isinstance(last, TryAgainError) and last.busy:
            self._refusal = self._unwell(
                f"{host} answers {last} {tried}: the quota is gone, or "
                "images.requests_per_second is too high. Everything so far is kept; run again "
                "later to go on from there."
            )
        elif self._failures_in_a_row >= FAILURES_IN_A_ROW:
            self._refusal = self._unwell(
                f"{host}: {FAILURES_IN_A_ROW} requests in a row failed; the last, {tried}: {last}. "
                "Everything so far is kept; run again when the provider is well."
            )
        else:
            is_final = isinstance(last, UnusableError)
            return last if is_final else UnusableError(f"{last}, {tried}")
        return self._refusal

    def _unwell(self, why: str) -> ImageryError:
        """Say that the provider is not well; one that bills for nothing is not tried again."""
        return ImageryError(why) if self._billed_in_vain else ImageryUnavailableError(why)

    async def _reserve(self, pay_for: str | None) -> int | None:
        if pay_for is None or self.budget is None:
            return None
        reservation = await self.budget.reserve(pay_for)
        if reservation is not None:
            return reservation
        while (later := await self.budget.reserve(pay_for)) is None:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        await self.budget.settle(later, "not_charged")
        raise UnusableError("another run was fetching this image at the same time")

    async def _settle(self, reservation: int | None, outcome: Outcome) -> None:
        if reservation is not None and self.budget is not None:
            await self.budget.settle(reservation, outcome)

    def _pace(self, url: httpx.URL) -> Pace:
        return self._paces.setdefault(url.host, Pace(self.limits.requests_per_second))


@asynccontextmanager
async def open_client(
    limits: Limits, *, secrets: tuple[str, ...] = (), budget: Budget | None = None
) -> AsyncIterator[Client]:
    """Open the connections to a provider, on the running event loop.

    Parameters
    ----------
    limits
        Of rate, of requests at once, of patience and of failures in a row.
    secrets
        Texts that are taken out of messages and logs.
    budget
        What requests that cost money are paid from; None: none does.
    """
    keep_secrets_out_of_logs(secrets)
    trusted = httpx.create_ssl_context()
    async with AsyncExitStack() as opened:

        async def connect(url: httpx.URL) -> httpx.AsyncHTTPTransport:
            connection = httpx.AsyncHTTPTransport(verify=trusted, proxy=_proxy(url))
            return await opened.enter_async_context(connection)

        yield Client(connect, limits, secrets, BatchedBudget(budget) if budget else None)


def _proxy(url: httpx.URL) -> str | None:
    """Name the proxy that the environment says to ask through (`HTTPS_PROXY`, `NO_PROXY`, …)."""
    if proxy_bypass(url.host):
        return None
    proxies = getproxies()
    return proxies.get(url.scheme) or proxies.get("all")
