"""A look at a study reads no file twice that was found whole; what was written since it does."""

import os

import polars as pl
import pytest

from streetview_assets.errors import DamagedError
from streetview_assets.files.file_state import file_state
from streetview_assets.lake import parquet_lake, remembered_seals
from streetview_assets.lake.parquet_lake import Lake, Provenance
from streetview_assets.lake.remembered_seals import MEMORY, SealMemory
from streetview_assets.tables.registry import TABLES


@pytest.fixture
def lake(tmp_path):
    (tmp_path / "cache").mkdir()
    return Lake(tmp_path)


def write(lake, value=1.0):
    row = {
        "authority_code": "A",
        "area_code": "a",
        "target": "t",
        "more_is": "better",
        "is_decile": False,
    }
    frame = TABLES["targets"].frame([{**row, "value": value}])
    return lake.write("targets", frame, Provenance("made from"), authority="A")


def forget_all():
    """Begin as another process does."""
    for cached in (parquet_lake._is_found_whole, parquet_lake._said_in_footer):
        cached.cache_clear()
    remembered_seals._memory_of.cache_clear()
    remembered_seals._opened.cache_clear()


def test_another_process_believes_what_was_found_whole(lake, monkeypatch):
    write(lake)
    forget_all()
    with monkeypatch.context() as patch:
        patch.setattr(parquet_lake, "is_sealed", lambda path: pytest.fail("read whole for a look"))
        assert lake.provenance("targets", "A").row_count == 1
    assert lake.read("targets", "A").height == 1


def test_who_reads_rows_holds_the_file_against_its_seal_all_the_same(lake, monkeypatch):
    write(lake)
    forget_all()
    monkeypatch.setattr(parquet_lake, "is_sealed", lambda path: False)
    assert lake.provenance("targets", "A")
    with pytest.raises(DamagedError, match="damaged"):
        lake.read("targets", "A")
    forget_all()
    assert lake.provenance("targets", "A") is None, "so that `streetview run` makes it again"


def test_a_write_by_anybody_is_seen_also_with_size_and_time_kept(lake):
    path = write(lake)
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    forget_all()
    assert lake.provenance("targets", "A") is None


def test_a_look_leaves_no_trace_and_a_damaged_memory_is_none(tmp_path, lake):
    path = write(lake)
    memory = tmp_path / MEMORY
    memory.write_bytes(b'["half' + b"\xff\n[]\n7\n" + memory.read_bytes())
    forget_all()
    assert lake.provenance("targets", "A").row_count == 1
    other = Lake(tmp_path / "other")
    write(other)
    assert other.provenance("targets", "A")
    assert [one.name for one in other.root.iterdir()] == ["lake"]
    memory.unlink()
    forget_all()
    assert lake.provenance("targets", "A")
    assert SealMemory(memory).knows(path, file_state(path)), "as it was found whole again"


def test_two_processes_share_a_memory_that_does_not_grow_for_ever(tmp_path, lake):
    path = write(lake)
    mine, others = SealMemory(tmp_path / MEMORY), SealMemory(tmp_path / MEMORY)
    for value in range(20):
        write(lake, value)
    state = file_state(path)
    assert mine.knows(path, state)
    again = SealMemory(tmp_path / MEMORY)
    assert again.knows(path, state)
    assert (tmp_path / MEMORY).read_bytes().count(b"\n") == 1
    write(lake, 21.0)
    assert others.knows(path, file_state(path))
    assert mine.knows(path, file_state(path)), "though the file is shorter than it was"
    assert pl.read_parquet(path, glob=False).height == 1
