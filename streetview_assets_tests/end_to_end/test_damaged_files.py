"""Files of ours that came to harm: what can be made anew is, and `verify` finds all of it."""

import shutil
from pathlib import Path

import pytest

from streetview_assets.orchestration.runs.instance import CLAIM, DATABASES, OWNER, prepare_home
from streetview_assets_tests.end_to_end.small_studies import AUTHORITIES, assert_same_tables
from streetview_assets_tests.lake.damages import folder, junk, truncate


def files_of_ours(opened) -> list[Path]:
    """Name files of every kind that a study reads again and can make anew."""
    lake, first, encoder = opened.lake, AUTHORITIES[0], opened.encoder
    prepare_home(opened)
    return [
        *(lake.path(table, first) for table in ("areas", "road_network", "images")),
        *(lake.path(table, first, encoder) for table in ("image_embeddings", "area_embeddings")),
        *(lake.path(table, None, encoder) for table in ("cluster_centres", "neighbours")),
        lake.path("mart/area_profile"),
        *(opened.root / "cache" / "sources").iterdir(),
        *(opened.root / "cache" / "baseline_embeddings").rglob("*.parquet"),
        opened.root / "cache" / "source_hashes.json",
        opened.root / CLAIM,
        opened.root / "dagster" / OWNER,
        *(opened.root / "dagster" / name for name in DATABASES),
        opened.root / "mlflow.db",
        opened.root / "streetview.duckdb",
    ]


def junk_or_folder(path: Path) -> None:
    """Fill a database with what is none; put a folder in the place of any other file."""
    (junk if path.suffix in (".db", ".duckdb") else folder)(path)


@pytest.mark.parametrize("damage", [truncate, junk_or_folder])
def test_whatever_befalls_files_of_ours_a_run_makes_them_anew(
    tiny, finished_tiny, streetview, damage
):
    files = files_of_ours(tiny)
    for path in files:
        assert path.is_file(), path
        damage(path)
    seen = streetview("verify", tiny.study.path)
    assert seen.exit_code == 1
    told = seen.output.replace("\n", "")
    for path in files:
        if path.suffix in (".parquet", ".db", ".duckdb"):
            assert f"damaged  {path}" in told
    result = streetview("run", tiny.study.path)
    assert result.exit_code == 0, result.output
    assert_same_tables(tiny.root, finished_tiny / "data" / "tiny")
    assert "damaged " not in streetview("verify", tiny.study.path).output
    again = streetview("run", tiny.study.path)
    assert "Nothing to do: everything is up to date." in again.output


def test_verify_lists_what_is_damaged_missing_and_unread(tiny, streetview):
    assert streetview("verify", tiny.study.path).exit_code == 0
    table = tiny.lake.path("targets", AUTHORITIES[0])
    content = bytearray(table.read_bytes())
    content[len(content) // 3] ^= 4
    table.write_bytes(content)
    gone, other = (tiny.root / path for path in tiny.read("images")["path"][:2])
    gone.unlink()
    other.write_bytes(other.read_bytes() + b" ")
    unread = tiny.root / "images" / "aa" / "nobody.jpg"
    unread.parent.mkdir(exist_ok=True)
    shutil.copy(other, unread)
    left = tiny.lake.path("areas", "X99").parent
    shutil.copytree(tiny.lake.path("areas", AUTHORITIES[0]).parent, left)

    result = streetview("verify", tiny.study.path)
    assert result.exit_code == 1
    told = result.output
    for fault, path, remedy in (
        ("damaged", table, "`streetview run` makes it again"),
        ("damaged", other, "`streetview run --from images`"),
        ("missing", gone, "`streetview run --from images`"),
        ("orphan", unread, "delete it"),
        ("orphan", left, "not in the study"),
    ):
        (line,) = (line for line in told.splitlines() if f"{fault.ljust(8)} {path}:" in line)
        assert remedy in line
    assert "Found: 2 damaged, 1 missing, 2 orphan." in told

    other.unlink()
    up_to_images = ("--from", "images", "--until", "images")
    assert streetview("run", tiny.study.path, *up_to_images).exit_code == 0
    healed = streetview("verify", tiny.study.path)
    assert healed.exit_code == 0
    assert "Found: 2 orphan." in healed.output
