"""How a study of the size of England goes through the platform: time, memory and sizes by stage.

`python streetview_assets_tests/benchmarks/england.py --share 0.01 --share 0.1 --share 1`

The areas and authorities are real ones, of `../shared/data`; a share is one of the authorities.
Points, images and vectors are drawn by seed and have no pixels. Each stage runs by the product's
own command or asset in a process of its own, whose time and largest memory are the kernel's. What
was measured is kept in the folder, so that whoever is stopped goes on; `--again` names stages to
measure anew. All of England takes some hours and 20 GB of disk.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAGES = "streetview_assets_tests.benchmarks.simulated_england.stages"
MEASURED = "measured.json"
WRITTEN = {
    "lake": "lake",
    "publication": "streetview.duckdb",
    "explorer": "explorer",
}
"""What stages have written, in the study's folder of data, whose size is told."""


def main() -> None:
    """Measure the stages that were asked for, and print the table."""
    asked = arguments()
    measured: dict[str, dict[str, dict[str, float]]] = {}
    for share in sorted(asked.share):
        folder = asked.folder.resolve() / f"share-{share:g}"
        study = folder / "study" / "study.yaml"
        if not study.is_file():
            in_own_process(["make", str(share), str(asked.seed), str(study.parent)], folder)
        measured[f"{share:g}"] = measure(study, folder, asked.stages, set(asked.again))
        print(as_table(measured), flush=True)
    (asked.folder / MEASURED).write_text(json.dumps(measured, indent=1))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--share", type=float, action="append", help="of the authorities")
    given.add_argument("--folder", type=Path, default=Path("england"), help="where all is kept")
    given.add_argument("--stages", nargs="*", help="only these; default: all, in order")
    given.add_argument("--again", nargs="*", default=[], help="stages to measure anew")
    given.add_argument("--seed", type=int, default=42)
    asked = given.parse_args()
    asked.share = asked.share or [0.01]
    asked.folder.mkdir(parents=True, exist_ok=True)
    return asked


def measure(
    study: Path, folder: Path, stages: list[str] | None, again: set[str]
) -> dict[str, dict[str, float]]:
    """Measure the stages of one share, one after the other, and keep each at once."""
    kept = folder / MEASURED
    measured = json.loads(kept.read_text()) if kept.is_file() else {}
    names = in_own_process(["names"], folder)[1].splitlines()
    for name in names:
        if (stages and name not in stages) or (name in measured and name not in again):
            continue
        used, said = in_own_process([name, str(study)], folder)
        written = folder / "data" / "england" / WRITTEN.get(name, "none")
        measured[name] = {**used, "written_mb": size_mb(written)}
        print(f"{folder.name}: {name}: {_cell(measured[name])} {said[-300:]}", flush=True)
        kept.write_text(json.dumps(measured, indent=1))
    counted = in_own_process(["count", str(study)], folder)[1]
    return {**{name: measured[name] for name in names if name in measured}, "": json.loads(counted)}


def in_own_process(arguments: list[str], folder: Path) -> tuple[dict[str, float], str]:
    """Run a stage; give its seconds, its largest resident memory in MB, and what it said.

    This process stays small: what it had in memory would count as the other's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "STREETVIEW_DATA": str(folder / "data"),
        "GOOGLE_MAPS_API_KEY": "nobody",
        "COLUMNS": "100",
    }
    log = folder / f"{arguments[0].replace(' ', '_')}.log"
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", STAGES, *arguments],
            env=environment,
            stdout=output,
            stderr=output,
        )
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    said = log.read_text(errors="replace")
    if status:
        sys.exit(f"{arguments[0]}: ended with {os.waitstatus_to_exitcode(status)}:\n{said[-3000:]}")
    peak_mb = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    return {"seconds": seconds, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": peak_mb}, said


def size_mb(written: Path) -> float:
    """Add up the files of a folder, or take that of a file; 0 where nothing is there."""
    files = [written] if written.is_file() else written.rglob("*")
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


def as_table(measured: dict[str, dict[str, dict[str, float]]]) -> str:
    """Write what was measured in Markdown: a row a stage, columns by share, and the exponent."""
    return "\n".join(f"| {' | '.join(row)} |" for row in _rows(measured))


def _rows(measured: dict[str, dict[str, dict[str, float]]]) -> Iterator[list[str]]:
    counts = {share: stages[""] for share, stages in measured.items()}
    heads = [
        f"{each['images']:,.0f} images, {each['authorities']:.0f} authorities"
        for each in counts.values()
    ]
    yield ["stage", *heads, "exponent"]
    yield ["---"] * (len(heads) + 2)
    names = dict.fromkeys(name for stages in measured.values() for name in stages if name)
    for name in names:
        there = {share: stages[name] for share, stages in measured.items() if name in stages}
        yield [
            name,
            *(_cell(there[share]) if share in there else "" for share in measured),
            _exponent([(counts[share]["images"], one["cpu_s"]) for share, one in there.items()]),
        ]


def _cell(one: dict[str, float]) -> str:
    size = f", {one['written_mb']:,.0f} MB written" if one["written_mb"] else ""
    return f"{one['seconds']:,.1f} s, CPU {one['cpu_s']:,.1f} s, {one['peak_mb']:,.0f} MB{size}"


def _exponent(points: list[tuple[float, float]]) -> str:
    """Say by which power of images the processor time grows, from the two largest shares."""
    if len(points) < 2:
        return ""
    (few, before), (many, after) = points[-2:]
    return f"{math.log(after / before) / math.log(many / few):.2f}"


if __name__ == "__main__":
    main()
