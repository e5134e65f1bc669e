"""Every stage beside the plain way and the limit, in one table: `make bench`.

    python streetview_assets_tests/benchmarks/stage_table.py [--stages pooling …] [--page PAGE]

Each way runs in a process of its own with one thread a core, in turn (ours, plain, limit, ours, …),
so that what else the machine does falls on all alike; threads that wait sleep, on all sides: to
spin would count as work, the more the busier the machine. Told are seconds of the processor,
medians of the rounds, and the ratio of each round's pair, by processor time and by the clock. With
`--page` the table takes the place of the one in that page. Killed, it leaves no process.
"""

import argparse
import os
import platform
import re
import resource
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.processes.threads import cores
from streetview_assets.processes.workers import worker_pool
from streetview_assets_tests.benchmarks.image_stages import IMAGE_STAGES
from streetview_assets_tests.benchmarks.result_stages import RESULT_STAGES
from streetview_assets_tests.benchmarks.stage import Stage, Way
from streetview_assets_tests.images.imagery_server import serving

STAGES = (*IMAGE_STAGES, *RESULT_STAGES)
BEGINS, ENDS = "<!-- stages: begin -->", "<!-- stages: end -->"
HEAD = (
    "| stage | ours, s | the plain way, s | ours in the time of the plain way | by the clock | "
    "the limit, s | share of the limit | most memory, GB |\n|---|---|---|---|---|---|---|---|"
)
ASLEEP = {
    "OMP_WAIT_POLICY": "passive",
    "GOMP_SPINCOUNT": "0",
    "KMP_BLOCKTIME": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""Threads of OpenMP sleep while they wait. Those of BLAS cannot: of small products, as for
scikit-learn's first centres, they make ten times the work beside others; so there is one of them.
"""

PEAK = Path("/proc/self/clear_refs")
"""Linux forgets by it what memory was taken before; elsewhere, getting ready counts too."""


@dataclass(frozen=True)
class Measured:
    """What a way took, and how good its result is, where it says so.

    Attributes
    ----------
    cpu_s, clock_s
        Seconds of the processor, those of its processes with them, and by the clock.
    peak_gb
        The most memory of the process that did it.
    """

    cpu_s: float
    clock_s: float
    peak_gb: float
    said: str


def measured(way: Way, folder: Path) -> Measured:
    """Get ready, then time a way; with the processes that it started."""
    run = way(folder)
    if PEAK.exists():
        PEAK.write_text("5")
    before, began = _cpu_s(), time.perf_counter()
    found = run()
    clock_s, cpu_s = time.perf_counter() - began, _cpu_s() - before
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if PEAK.exists():
        said = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
        peak_kb = int(said[1]) if said else peak_kb
    return Measured(cpu_s, clock_s, peak_kb / 1024**2, found() if callable(found) else "")


def _cpu_s() -> float:
    """Add up what this process, those that it started and those that they started have taken."""
    alive = psutil.Process().children(recursive=True)
    return sum(os.times()[:4]) + sum(sum(one.cpu_times()[:4]) for one in alive)


def in_turn(stage: Stage, folder: Path, rounds: int) -> dict[str, list[Measured]]:
    """Run the ways of a stage round by round, each time in a process of its own."""
    ways = {"ours": stage.ours, "plain": stage.plain, "limit": stage.limit}
    found: dict[str, list[Measured]] = {name: [] for name, way in ways.items() if way}
    for turn in range(rounds):
        for name, runs in found.items():
            with worker_pool(1) as alone:  # which ends with this process, however that ends
                runs.append(alone.submit(measured, ways[name], folder).result())
            took = f"{runs[-1].cpu_s:.2f} s of processor, {runs[-1].clock_s:.2f} by the clock"
            print(f"  {stage.name}, round {turn + 1}, {name}: {took}", file=sys.stderr, flush=True)
    return found


def row_of(stage: Stage, found: dict[str, list[Measured]]) -> str:
    """Tell one stage."""
    took = {name: [one.cpu_s for one in runs] for name, runs in found.items()}
    clock = {name: [one.clock_s for one in runs] for name, runs in found.items()}
    middle = {name: _seconds(statistics.median(times)) for name, times in took.items()}
    said = {name: f", {runs[0].said}" if runs[0].said else "" for name, runs in found.items()}
    cells = [
        f"{stage.name}: {stage.amount:,} {stage.unit}",
        middle["ours"] + said["ours"],
        f"{middle['plain']} ({stage.plain_is}{said['plain']})",
        _ratio(took["plain"], took["ours"]),
        _ratio(clock["plain"], clock["ours"]),
        f"{middle['limit']} ({stage.limit_is})" if "limit" in took else "",
        _share(took["limit"], took["ours"]) if "limit" in took else "",
        f"{_peak(found['ours'])}, plain {_peak(found['plain'])}",
    ]
    return f"| {' | '.join(cells)} |"


def _peak(runs: Sequence[Measured]) -> str:
    return f"{max(one.peak_gb for one in runs):.2f}"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _ratio(above: Sequence[float], below: Sequence[float]) -> str:
    """Give the median ratio of the pairs, and the range of all."""
    ratios = sorted(one / two for one, two in zip(above, below, strict=True))
    middle = statistics.median(ratios)
    return f"{middle:.1f} × ({ratios[0]:.1f} to {ratios[-1]:.1f})"


def _share(limit: Sequence[float], ours: Sequence[float]) -> str:
    return f"{statistics.median(one / two for one, two in zip(limit, ours, strict=True)):.0%}"


@contextmanager
def input_of(stage: Stage) -> Iterator[Path]:
    """Give a folder with the input of a stage, and a server where it fetches."""
    with tempfile.TemporaryDirectory() as name, serving() as server:
        folder = Path(name)
        (folder / "server.txt").write_text(server.base_url)
        stage.prepare(folder)
        yield folder


def machine(rounds: int) -> str:
    """Say what was measured on, and how."""
    model = ""
    if Path("/proc/cpuinfo").is_file():
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
        model = f", {found[1].strip()}" if found else ""
    told = f"medians of {rounds} rounds" if rounds > 1 else "one round"
    return (
        f"Seconds of the processor on {cores()} cores{model}, Python "
        f"{platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end, where this alone "
        f"is about 1; {told} in turn, with the range of the pairs."
    )


def write_into(page: Path, table: str) -> None:
    """Put the table between its marks in a page.

    Raises
    ------
    SystemExit
        Where the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    if BEGINS not in text or ENDS not in text:
        raise SystemExit(f"{page}: has no {BEGINS} … {ENDS}")
    before, rest = text.split(BEGINS, 1)
    _, after = rest.split(ENDS, 1)
    with written_aside(page) as aside:
        aside.write_text(f"{before}{BEGINS}\n{table}\n{ENDS}{after}", encoding="utf-8")


def main() -> None:
    """Measure what is asked for, and tell it."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [stage.name for stage in STAGES]
    given.add_argument("--stages", nargs="+", choices=names, default=names)
    given.add_argument("--rounds", type=int, default=2)
    given.add_argument("--page", type=Path, help="write the table into this page too")
    asked = given.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    os.environ |= ASLEEP | {"OMP_NUM_THREADS": str(cores())}
    rows, began = [], time.perf_counter()
    print(HEAD, flush=True)
    for stage in STAGES:
        if stage.name in asked.stages:
            with input_of(stage) as folder:
                rows.append(row_of(stage, in_turn(stage, folder, asked.rounds)))
            print(rows[-1], flush=True)
    said = machine(asked.rounds)
    print(f"\n{said}\n{(time.perf_counter() - began) / 60:.1f} minutes in all.")
    if asked.page:
        write_into(asked.page, "\n".join([said, "", HEAD, *rows]))


if __name__ == "__main__":
    main()
