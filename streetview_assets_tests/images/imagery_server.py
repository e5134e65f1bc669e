"""A local server that speaks the providers' protocols over a real socket, with faults.

``python -m streetview_assets_tests.images.imagery_server --settings settings.json`` prints
``PORT n`` and serves until it is ended. In tests: ``with serving(...) as server``.
"""

import argparse
import asyncio
import json
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx

from streetview_assets_tests.images.imagery_protocols import (
    Reply,
    Request,
    answer,
    as_json,
    jpeg,
    page,
    place_of,
    query_timeout,
)
from streetview_assets_tests.images.imagery_world import Settings, bomb, chance, grey_tile
from streetview_assets_tests.started import programs

ROOT = Path(__file__).parents[2]
PASSES = {"key", "signature", "access_token", "oe", "oh"}
"""Parameters that say who asks, and not for what."""

HUGE_BYTES = 200_000_000
PHRASES = {200: "OK", 302: "Found", 404: "Not Found"}
WRONG_SHAPES = [[], "OK", {"status": ["OK"]}, {"data": {"id": 1}}, {"features": {"id": []}}, 7]


@dataclass
class Seen:
    """One request: when it came, what was asked, and what became of it.

    Attributes
    ----------
    at, ended_at
        Seconds of the machine's monotonic clock; None while it is not answered yet.
    size
        Bytes of the answer's body that were sent.
    whole
        Whether the answer was sent to its end.
    fault
        The fault that it met; empty where it met none.
    """

    at: float
    path: str
    query: dict[str, str]
    status: int | None = None
    size: int = 0
    whole: bool = False
    fault: str = ""
    ended_at: float | None = None

    @property
    def place(self) -> str:
        """Which part of which service was asked."""
        return place_of(self.path)

    @property
    def thing(self) -> str:
        """What was asked for, whoever asked."""
        asked = sorted(item for item in self.query.items() if item[0] not in PASSES)
        return f"{self.path} {asked}"


class ImageryServer:
    """Answers requests, well or badly, as its settings say."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seen: list[Seen] = []
        self.tries: Counter[str] = Counter()
        self.base_url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, raw, _ = head[0].split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path, _, query = raw.partition("?")
        if path.startswith("/_"):
            await _send(writer, self._administer(method, path, body))
            return True
        asked = dict(parse_qsl(query, keep_blank_values=True))
        seen = Seen(time.monotonic(), path, asked)
        self.seen.append(seen)
        fault = self._fault(seen)
        if self.settings.latency_s:
            await asyncio.sleep(self.settings.latency_s)
        request = Request(path, raw, asked, headers, self.base_url)
        good = answer(self.settings, request)
        try:
            if fault is None:
                return await _send(writer, good, seen)
            seen.fault = fault["kind"]
            return await _misbehave(fault, good, request, writer, seen)
        finally:
            seen.ended_at = time.monotonic()

    def _fault(self, seen: Seen) -> dict[str, Any] | None:
        """Say what goes wrong with a request, if anything does."""
        self.tries[seen.thing] += 1
        drawn, below = chance("fault", self.settings.seed, seen.thing), 0.0
        for fault in self.settings.faults:
            if seen.place not in fault.get("where", seen.place):
                continue
            below += fault.get("share", 0.0)
            held = "holding" in fault and fault["holding"] in seen.thing
            if held or below - fault.get("share", 0.0) <= drawn < below:
                tries = fault.get("tries", 1)
                return fault if tries is None or self.tries[seen.thing] <= tries else None
        return None

    def _administer(self, method: str, path: str, body: bytes) -> Reply:
        if path == "/_log":
            return as_json([asdict(one) for one in self.seen])
        if path == "/_reset":
            self.seen.clear()
            self.tries.clear()
        elif path == "/_settings" and method == "POST":
            self.settings = replace(self.settings, **json.loads(body))
        return as_json(asdict(self.settings))


async def _send(writer: asyncio.StreamWriter, reply: Reply, seen: Seen | None = None) -> bool:
    """Send a whole answer."""
    writer.write(_head(reply, len(reply.content)) + reply.content)
    if seen:
        seen.status, seen.size, seen.whole = reply.code, len(reply.content), True
    await writer.drain()
    return True


def _head(reply: Reply, length: int | None) -> bytes:
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    more = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    phrase = PHRASES.get(reply.code, "No")
    start = f"HTTP/1.1 {reply.code} {phrase}\r\nContent-Type: {reply.kind}\r\n"
    return f"{start}{size}\r\n{more}\r\n".encode()


async def _misbehave(
    fault: dict[str, Any],
    good: Reply,
    request: Request,
    writer: asyncio.StreamWriter,
    seen: Seen,
) -> bool:
    """Answer badly; say whether the connection holds on."""
    kind = fault["kind"]
    if kind in ("cut", "reset", "stall", "silent", "trickle", "huge"):
        seen.status = None if kind == "silent" else good.code
        await _break_off(kind, fault, good, writer, seen)
        return False
    return await _send(writer, _bad_answer(kind, fault, good, request), seen)


async def _break_off(
    kind: str,
    fault: dict[str, Any],
    good: Reply,
    writer: asyncio.StreamWriter,
    seen: Seen,
) -> None:
    half = good.content[: len(good.content) // 2]
    if kind == "huge":
        await _flood(writer, good, seen, announced=fault.get("announced", True))
        return
    if kind != "silent":
        writer.write(_head(good, len(good.content) + 1) + half)
        seen.size = len(half)
        await writer.drain()
    if kind in ("stall", "silent"):
        await asyncio.sleep(fault.get("seconds", 60))
    if kind == "trickle":
        for byte in good.content[len(half) :]:
            await asyncio.sleep(fault.get("seconds", 0.05))
            writer.write(bytes([byte]))
    if kind == "reset":
        # No lingering: the other side gets a reset in place of an end.
        at_once = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()


async def _flood(writer: asyncio.StreamWriter, good: Reply, seen: Seen, *, announced: bool) -> None:
    """Send 200 MB, with or without saying so beforehand."""
    piece = good.content[:2] + bytes(1_000_000 - 2)
    writer.write(_head(good, HUGE_BYTES if announced else None))
    try:
        while seen.size < HUGE_BYTES:
            writer.write(piece if announced else b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            seen.size += len(piece)
    except ConnectionError:
        return
    writer.write(b"" if announced else b"0\r\n\r\n")
    seen.whole = True


def _bad_answer(kind: str, fault: dict[str, Any], good: Reply, request: Request) -> Reply:
    """Make an answer that is whole and wrong."""
    retry_after = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
    match kind:
        case "429" | "500" | "503":
            return replace(page("Try later", int(kind)), headers=retry_after)
        case "gone":
            return page("Not found", 404)
        case "html":
            return page("We are busy", 200)
        case "wrong_key":
            return Reply(b"The provided API key is invalid. ", "text/plain", 403)
        case "status":
            return as_json({"status": fault["status"], "error_message": "the server's words"})
        case "query_timeout":
            return query_timeout()
        case "truncated":
            return replace(good, content=good.content[: len(good.content) // 2])
        case "grey":
            width, height = map(int, request.query.get("size", "640x640").split("x"))
            return jpeg(grey_tile(width, height))
        case "bomb":
            return Reply(bomb(), "image/png")
        case "wrong_size":
            return jpeg(grey_tile(33, 33))
        case "shape":
            return as_json(WRONG_SHAPES[int(chance(request.raw) * len(WRONG_SHAPES))])
        case "redirect":
            target = fault.get("to", "http://127.0.0.2:9/elsewhere.jpg")
            return Reply(b"", code=302, headers={"Location": target})
        case "echo":
            return page(f"Malformed: {request.raw} {request.headers}", 400)
        case "hostile_id":
            said = json.loads(good.content)
            return as_json(_with_ids(said, fault.get("id", "../../etc/passwd")))
    raise ValueError(f"no such fault: {kind}")


def _with_ids(said: Any, value: str) -> Any:
    """Replace every id in an answer."""
    if isinstance(said, list):
        return [_with_ids(one, value) for one in said]
    if not isinstance(said, dict):
        return said
    ids = ("pano_id", "id")
    return {name: value if name in ids else _with_ids(one, value) for name, one in said.items()}


@dataclass
class Server:
    """A server in a process of its own.

    Attributes
    ----------
    base_url
        For ``images.base_url`` of a study.
    settings
        As it was started with, and changed since.
    """

    base_url: str
    settings: Settings
    process: "subprocess.Popen[bytes]"

    def __post_init__(self) -> None:
        # One for all questions: to make a client reads all certificates of the machine.
        self._asks = httpx.Client(base_url=self.base_url, verify=False, timeout=60)

    def log(self, place: str | None = None) -> list[Seen]:
        """Give the requests so far, in the order in which they came; of one part, or all."""
        seen = [Seen(**one) for one in self._asks.get("/_log").json()]
        return [one for one in seen if place in (None, one.place)]

    def reset(self) -> None:
        """Forget the requests so far, and how often each thing was asked for."""
        self._asks.get("/_reset").raise_for_status()

    def change(self, **settings: Any) -> None:
        """Change settings from now on."""
        self._asks.post("/_settings", json=settings).raise_for_status()
        self.settings = replace(self.settings, **settings)

    def close(self) -> None:
        """End the process."""
        self._asks.close()
        self.process.terminate()
        self.process.communicate(timeout=30)


@contextmanager
def serving(settings: Settings | None = None, **changes: Any) -> Iterator[Server]:
    """Start a server in a process of its own, and end it afterwards."""
    wanted = replace(settings or Settings(), **changes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.json"
        path.write_text(json.dumps(asdict(wanted)))
        command = [sys.executable, "-m", "streetview_assets_tests.images.imagery_server"]
        process = programs.Brief(
            [*command, "--settings", str(path), "--until-input-ends"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        said = process.stdout.readline().split()
        assert said[:1] == [b"PORT"], "the server did not start"
        server = Server(f"http://127.0.0.1:{int(said[1])}", wanted, process)
        try:
            yield server
        finally:
            server.close()


def highest_per_second(log: list[Seen], window_s: float = 1.0) -> int:
    """Count the most requests that came within any window of a second."""
    times = sorted(one.at for one in log)
    highest = start = 0
    for place, at in enumerate(times):
        while at - times[start] >= window_s:
            start += 1
        highest = max(highest, place - start + 1)
    return highest


async def _run(settings: Settings, port: int, until_input_ends: bool) -> None:
    served = ImageryServer(settings)
    listening = await asyncio.start_server(served.serve, "127.0.0.1", port, backlog=512)
    port = listening.sockets[0].getsockname()[1]
    served.base_url = f"http://127.0.0.1:{port}"
    print(f"PORT {port}", flush=True)
    if until_input_ends:
        # Whoever started it holds its input; when they are gone, nobody is left to be served.
        held = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(held), sys.stdin)
        await held.read()
    else:
        await listening.serve_forever()


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--until-input-ends", action="store_true")
    given = parser.parse_args()
    said = json.loads(given.settings.read_text()) if given.settings else {}
    unknown = set(said) - {one.name for one in fields(Settings)}
    if unknown:
        parser.error(f"unknown settings: {sorted(unknown)}")
    asyncio.run(_run(Settings(**said), given.port, given.until_input_ends))


if __name__ == "__main__":
    main()
