"""Every stage beside the plain way and the limit, in one table: `make bench`.

    python streetview_assets_tests/benchmarks/stage_table.py [--stages pooling …] [--page PAGE]

Each way runs in a process of its own with one thread a core, in turn (ours, plain, limit, ours, …),
so that what else the machine does falls on all alike. Told are seconds of the processor, medians of
the rounds, and the ratio of each round's pair. With `--page` the table takes the place of the one
in that page.
"""

import argparse
import os
import platform
import re
import resource
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from streetview_assets.lake.atomic_write import written_aside
from streetview_assets_tests.benchmarks.image_stages import IMAGE_STAGES
from streetview_assets_tests.benchmarks.result_stages import RESULT_STAGES
from streetview_assets_tests.benchmarks.stage import Stage, Way
from streetview_assets_tests.images.imagery_server import serving

STAGES = (*IMAGE_STAGES, *RESULT_STAGES)
BEGINS, ENDS = "<!-- stages: begin -->", "<!-- stages: end -->"
HEAD = (
    "| stage | ours, s | the plain way, s | ours in the time of the plain way | "
    "the limit, s | share of the limit | most memory, GB |\n|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Measured:
    """What a way took: seconds of the processor, and the most memory of its process."""

    cpu_s: float
    peak_gb: float


def measured(way: Way, folder: Path) -> Measured:
    """Get ready, then time a way; with the processes that it started."""
    run = way(folder)
    before = sum(os.times()[:4])
    run()
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Measured(sum(os.times()[:4]) - before, peak_kb / 1024**2)


def in_turn(stage: Stage, folder: Path, rounds: int) -> dict[str, list[Measured]]:
    """Run the ways of a stage round by round, each time in a process of its own."""
    ways = {"ours": stage.ours, "plain": stage.plain, "limit": stage.limit}
    found: dict[str, list[Measured]] = {name: [] for name, way in ways.items() if way}
    for _ in range(rounds):
        for name in found:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
                found[name].append(alone.submit(measured, ways[name], folder).result())
    return found


def row_of(stage: Stage, found: dict[str, list[Measured]]) -> str:
    """Tell one stage."""
    took = {name: [one.cpu_s for one in runs] for name, runs in found.items()}
    middle = {name: _seconds(statistics.median(times)) for name, times in took.items()}
    peak_gb = max(one.peak_gb for one in found["ours"])
    against = [f"{middle['plain']} ({stage.plain_is})", _ratio(took["plain"], took["ours"], "×")]
    if "limit" in took:
        against += [f"{middle['limit']} ({stage.limit_is})", _share(took["limit"], took["ours"])]
    else:
        against += ["", ""]
    what = f"{stage.name}: {stage.amount:,} {stage.unit}"
    return f"| {' | '.join([what, middle['ours'], *against, f'{peak_gb:.2f}'])} |"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _ratio(above: Sequence[float], below: Sequence[float], mark: str) -> str:
    """Give the median ratio of the pairs, and the range of all."""
    ratios = sorted(one / two for one, two in zip(above, below, strict=True))
    middle = statistics.median(ratios)
    return f"{middle:.1f} {mark} ({ratios[0]:.1f} to {ratios[-1]:.1f})"


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
    return (
        f"Seconds of the processor on {os.cpu_count()} cores{model}, Python "
        f"{platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end; medians of "
        f"{rounds} rounds in turn."
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
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--page", type=Path, help="write the table into this page too")
    asked = given.parse_args()
    rows = []
    print(HEAD, flush=True)
    for stage in STAGES:
        if stage.name in asked.stages:
            with input_of(stage) as folder:
                rows.append(row_of(stage, in_turn(stage, folder, asked.rounds)))
            print(rows[-1], flush=True)
    said = machine(asked.rounds)
    print(f"\n{said}")
    if asked.page:
        write_into(asked.page, "\n".join([said, "", HEAD, *rows]))


if __name__ == "__main__":
    main()
