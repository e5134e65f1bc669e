"""What is measured: each stage by the product's own command, job or asset, a process each.

`python -m streetview_assets_tests.benchmarks.simulated_england.stages STAGE STUDY_FILE`, where a
stage may also be `names`, `make SHARE SEED FOLDER` or `count STUDY_FILE`.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from streetview_assets.study_state.open_study import OpenStudy, open_study

DIMENSION = int(os.environ.get("ENGLAND_DIMENSION", "64"))


def sources(opened: OpenStudy) -> None:
    """Convert boundaries, targets and points, as a first run does."""
    (opened.root / "cache").mkdir(parents=True, exist_ok=True)
    opened.sources.boundaries()
    opened.sources.targets()
    opened.sources.imported_points()


def lake(opened: OpenStudy) -> None:
    """Draw and write the lake: the one stage that is not the product's."""
    from streetview_assets_tests.benchmarks.simulated_england.made_lake import record, write_lake

    write_lake(opened, DIMENSION)
    record(opened)


def definitions(opened: OpenStudy) -> None:
    """Load the code location, as the UI does."""
    os.environ["STREETVIEW_STUDY"] = str(opened.study.path)
    from streetview_assets.definitions import defs

    repository = defs.get_repository_def()
    assert repository.asset_graph.get_all_asset_keys()


def command(*arguments: str) -> Callable[[OpenStudy], None]:
    """Give what runs `streetview` with some arguments, on the study."""

    def called(opened: OpenStudy) -> None:
        sys.argv = ["streetview", *arguments, str(opened.study.path)]
        from streetview_assets.cli.entry import main

        main()

    return called


def made(*assets: str) -> Callable[[OpenStudy], None]:
    """Give what makes some assets, as `streetview run` makes them."""

    def making(opened: OpenStudy) -> None:
        from streetview_assets.orchestration.runs.materialise import run_study

        _end(run_study(opened, only=frozenset(assets)).failures)

    return making


def published(*kinds: str) -> Callable[[OpenStudy], None]:
    """Give what makes all marts, the published database or the explorer, in one run of Dagster."""

    def making(opened: OpenStudy) -> None:
        from streetview_assets.orchestration.runs.one_run import RunSpec, execute_run
        from streetview_assets.warehouse.marts import marts

        every = {"marts": [f"mart/{query.name}" for query in marts()]}
        assets = tuple(name for kind in kinds for name in every.get(kind, [kind]))
        _end(execute_run(RunSpec(opened.study.path, None, assets)).failures)

    return making


def _end(failures: list) -> None:
    if failures:
        sys.exit("\n".join(f"{one.asset} {one.authority}: {one.message}" for one in failures[:5]))


STAGES: dict[str, Callable[[OpenStudy], None]] = {
    "sources": sources,
    "lake": lake,
    "ledger": command("ledger", "--adopt"),
    "definitions": definitions,
    "status": command("status"),
    "dry run": command("run", "--dry-run"),
    "plan": command("plan"),
    "pooling": made("image_areas", "area_embeddings", "baseline_embeddings"),
    "cluster model": made("cluster_model"),
    "cluster assignments": made("cluster_assignments", "cluster_shares", "area_group_embeddings"),
    "area neighbours": made("area_neighbours"),
    "cluster numbers": made("cluster_scores"),
    "cluster meaning": made("cluster_meaning"),
    "model selection": made("model_selection"),
    "models by authority": made("authority_model", "held_out_model"),
    "final model": made("gains", "deprivation_model"),
    "marts": published("marts"),
    "publication": published("published_database"),
    "explorer": published("explorer"),
    "status at the end": command("status"),
}
"""By name, in the order in which each finds what it reads."""


def make(share: str, seed: str, folder: str) -> None:
    """Write the study of a share of England's authorities."""
    from streetview_assets_tests.benchmarks.simulated_england.made_study import (
        REAL,
        english_areas,
        write_study,
    )

    if missing := [str(path) for path in REAL if not path.is_file()]:
        sys.exit(f"skipped, since the real data are not there: {', '.join(missing)}")
    write_study(Path(folder), *english_areas(float(share), int(seed)), int(seed))


def count(opened: OpenStudy) -> None:
    """Say how large the study is, as JSON."""
    from streetview_assets.text.strict_json import to_json

    rows = {table: sum(_rows(opened, table)) for table in ("areas", "sample_points", "images")}
    print(to_json({**rows, "authorities": len(opened.authorities)}))


def _rows(opened: OpenStudy, table: str) -> list[int]:
    """Give the rows of each file of a table."""
    import pyarrow.parquet as pq

    return [pq.read_metadata(path).num_rows for path in opened.lake.files(table)]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["names"]:
            print("\n".join(STAGES))
        case ["make", *said]:
            make(*said)
        case ["count", study]:
            count(open_study(Path(study)))
        case [stage, study]:
            STAGES[stage](open_study(Path(study)))
