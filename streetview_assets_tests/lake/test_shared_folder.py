"""A folder that several machines see: what the lake asks of it, and what the ledger refuses."""

import multiprocessing
import time
from pathlib import Path

import pytest

from streetview_assets.errors import LedgerError
from streetview_assets.images.budget.ledger import LEDGER, Ledger, ledger_path
from streetview_assets.lake import file_system
from streetview_assets.lake.checkpoint_shards import Shards
from streetview_assets.lake.file_system import breaks_locks, file_system_of
from streetview_assets.lake.parquet_lake import Lake, Provenance
from streetview_assets.tables.registry import TABLES

MOUNTS = r"""/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
10.0.0.9:/export /srv nfs4 rw,vers=4.2,hard 0 0
//files/our\040share /mnt/our\040share cifs rw 0 0
mountpoint-s3 /mnt/bucket fuse.mountpoint-s3 rw 0 0
/dev/sdb1 /mnt/usb fuseblk rw 0 0
overlay /srv/local overlay rw 0 0
/dev/sdc1 /srv/later nfs rw 0 0
/dev/sdc1 /srv/later xfs rw 0 0
"""
WRITES, ROWS = 10, 500


@pytest.mark.parametrize(
    ("path", "kind", "is_refused"),
    [
        ("/home/me/data", "ext4", False),
        ("/srv/streetview/leeds", "nfs4", True),
        ("/srvx", "ext4", False),
        ("/srv/local/data", "overlay", False),
        ("/srv/later/data", "xfs", False),
        ("/mnt/our share/data", "cifs", True),
        ("/mnt/bucket/leeds", "fuse.mountpoint-s3", True),
        ("/mnt/usb/data", "fuseblk", False),
    ],
)
def test_the_file_system_of_a_path_is_that_of_the_nearest_mount(path, kind, is_refused):
    found = file_system_of(Path(path), MOUNTS)
    assert (found, breaks_locks(found)) == (kind, is_refused)


def test_what_no_table_of_mounts_tells_is_taken_for_a_disk():
    assert file_system_of(Path("/data"), "") is None
    assert not breaks_locks(None)


def test_money_is_not_counted_where_locks_may_break(tmp_path, monkeypatch):
    (tmp_path / "mounts").write_text(f"{MOUNTS}server:/x {tmp_path}/leeds nfs4 rw 0 0\n")
    monkeypatch.setattr(file_system, "MOUNTS", tmp_path / "mounts")
    root = tmp_path / "leeds"
    account = {"authority_code": "A1", "provider": "google", "budget_usd": 1.0}
    with pytest.raises(LedgerError, match=r"network file system \(nfs4\).*STREETVIEW_LEDGER"):
        Ledger(ledger_path(root)).budget(**account).reserve("image")
    assert not root.exists()
    monkeypatch.setenv("STREETVIEW_LEDGER", str(tmp_path / "local"))
    ledger = Ledger(ledger_path(root))
    assert ledger.path == tmp_path / "local" / "leeds" / LEDGER
    ledger.budget(**account).reserve("image")
    assert ledger.spent_usd() > 0


def test_two_processes_write_the_same_tables_and_none_waits_or_tears(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(tmp_path, number)) for number in (1, 2)]
    for writer in writers:
        writer.start()
    lake, seen = Lake(tmp_path), set()
    while any(writer.is_alive() for writer in writers):
        if lake.files("targets"):
            found = lake.read("targets", "A")
            assert found.height == ROWS
            assert found["value"].n_unique() == 1
            seen.update(found["value"].unique())
        time.sleep(0.01)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert seen <= {1.0, 2.0}
    assert {path.name for path in (tmp_path / "lake").rglob("*") if path.is_file()} == {
        "data.parquet"
    }
    kept = Shards(tmp_path / "cache", "targets").read()
    assert sorted(kept["value"].value_counts().rows()) == [
        (1.0, WRITES * ROWS),
        (2.0, WRITES * ROWS),
    ]


def _write(folder: Path, value: int) -> None:
    row = {"authority_code": "A", "target": "t", "more_is": "better", "is_decile": False}
    rows = [{**row, "area_code": f"area-{n:06d}", "value": float(value)} for n in range(ROWS)]
    frame, lake = TABLES["targets"].frame(rows), Lake(folder)
    for _ in range(WRITES):
        lake.write("targets", frame, Provenance(f"made by {value}"), authority="A")
        Shards(folder / "cache", "targets").append(frame)
