import multiprocessing
import os
import signal
import time
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from streetview_assets.errors import ContractError, DamagedError
from streetview_assets.lake.content import content_of
from streetview_assets.lake.parquet_lake import Lake, Provenance
from streetview_assets.lake.seal import write_sealed
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.lake.damages import DAMAGES

PROVENANCE = Provenance("made from", note="a note")


def targets(value: float, count: int = 1) -> pl.DataFrame:
    rows = [
        {
            "authority_code": "A",
            "area_code": f"area-{number:06d}",
            "target": "t",
            "value": value,
            "more_is": "better",
            "is_decile": False,
        }
        for number in range(count)
    ]
    return TABLES["targets"].frame(rows)


def test_a_table_comes_back_as_it_was_written_with_its_provenance(tmp_path):
    lake = Lake(tmp_path)
    lake.write("targets", targets(1.5), PROVENANCE, authority="A")
    assert lake.read("targets", "A").equals(targets(1.5))
    provenance = lake.provenance("targets", "A")
    assert (provenance.input_fingerprint, provenance.note) == ("made from", "a note")
    assert (
        provenance.fingerprint == content_of(targets(1.5), TABLES["targets"], "a note").fingerprint
    )
    assert provenance.row_count == 1


def test_that_a_table_does_not_apply_is_kept_and_part_of_what_readers_depend_on(tmp_path):
    lake, why = Lake(tmp_path), "the study's encoder is the baseline itself"
    lake.write("targets", targets(1.5).clear(), Provenance("", note=why), authority="A")
    lake.write(
        "targets", targets(1.5).clear(), Provenance("", note=why, applies=False), authority="B"
    )
    applies, does_not = lake.provenance("targets", "A"), lake.provenance("targets", "B")
    assert (applies.applies, does_not.applies) == (True, False)
    assert does_not.told == f"not applicable: {why}"
    told = content_of(targets(1.5).clear(), TABLES["targets"], does_not.told)
    assert does_not.every_column == told.every_column != applies.every_column


def test_a_file_of_an_earlier_version_is_read_and_out_of_date(tmp_path):
    lake = Lake(tmp_path)
    path = lake.write("targets", targets(1.5), PROVENANCE, authority="A")
    table = pq.read_table(path)
    told = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    earlier = {key.replace("input_fingerprint", "made_from"): told[key] for key in told}
    write_sealed(table, path, earlier)
    assert lake.provenance("targets", "A").input_fingerprint == ""
    assert lake.read("targets", "A").height == 1


def test_no_flipped_bit_is_read_as_a_value(tmp_path):
    lake = Lake(tmp_path)
    path = lake.write("targets", targets(1.5), PROVENANCE, authority="A")
    whole = path.read_bytes()
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        assert lake.provenance("targets", "A") is None, f"byte {place} of {len(whole)}"
    with pytest.raises(DamagedError, match=r"data\.parquet: damaged.*`streetview run`"):
        lake.read("targets", "A")
    path.write_bytes(whole)
    assert lake.read("targets", "A").equals(targets(1.5))


def test_pages_have_checksums_for_other_readers(tmp_path):
    path = Lake(tmp_path).write("targets", targets(1.5, 500), PROVENANCE, authority="A")
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(OSError, match="CRC"):
        pq.read_table(path, page_checksum_verification=True)


@DAMAGES
def test_a_damaged_table_counts_as_not_there_and_is_written_anew(tmp_path, damage):
    lake = Lake(tmp_path)
    damage(lake.write("targets", targets(1.5), PROVENANCE, authority="A"))
    assert lake.provenance("targets", "A") is None
    with pytest.raises(DamagedError, match="damaged"):
        lake.read("targets", "A")
    lake.write("targets", targets(2.5), PROVENANCE, authority="A")
    assert lake.read("targets", "A")["value"].to_list() == [2.5]


def test_a_frame_that_breaks_its_contract_leaves_what_was_there(tmp_path):
    lake = Lake(tmp_path)
    lake.write("targets", targets(1.0), PROVENANCE, authority="A")
    with pytest.raises(ContractError, match="targets"):
        lake.write("targets", pl.concat([targets(2.0), targets(2.0)]), PROVENANCE, authority="A")
    assert lake.read("targets", "A")["value"].to_list() == [1.0]


def test_only_authorities_of_the_study_are_read(tmp_path):
    everything = Lake(tmp_path)
    for code in ("A", "B"):
        frame = targets(1.0).with_columns(authority_code=pl.lit(code))
        everything.write("targets", frame, PROVENANCE, authority=code)
    assert everything.read("targets")["authority_code"].to_list() == ["A", "B"]
    assert Lake(tmp_path, ("B",)).read("targets")["authority_code"].to_list() == ["B"]


def test_codes_that_are_paths_or_patterns_are_kept_apart_within_the_lake(tmp_path):
    codes = (
        "Alicante/Alacant",
        "../../../../ESCAPED",
        "A1",
        "A[1]",
        "*",
        "..",
        "",
        "a/data.parquet",
    )
    lake = Lake(tmp_path / "data", codes)
    for number, code in enumerate(codes):
        frame = targets(number).with_columns(authority_code=pl.lit(code))
        lake.write("targets", frame, PROVENANCE, authority=code)
    assert sorted(lake.read("targets")["authority_code"]) == sorted(codes)
    for number, code in enumerate(codes):
        assert lake.read("targets", code)["value"].to_list() == [number]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert len(list((tmp_path / "data/lake/targets").iterdir())) == len(codes)


def test_encoders_live_side_by_side(tmp_path):
    lake = Lake(tmp_path)
    for slug in ("one", "two"):
        row = {"encoder": slug, "library": "l", "model": "m", "preprocessing": "p"}
        frame = TABLES["encoders"].frame([{**row, "precision": "fp32", "dimension": 3}])
        lake.write("encoders", frame, PROVENANCE, encoder=slug)
    assert lake.read("encoders", encoder="two")["encoder"].to_list() == ["two"]
    assert lake.read("encoders")["encoder"].to_list() == ["one", "two"]


def _write_for_ever(root: Path) -> None:
    lake, value = Lake(root), 0.0
    while True:
        value += 1
        lake.write("targets", targets(value, 20_000), PROVENANCE, authority="A")


def test_a_killed_writer_leaves_a_whole_table(tmp_path):
    context = multiprocessing.get_context("spawn")
    for _ in range(3):
        writer = context.Process(target=_write_for_ever, args=(tmp_path,))
        writer.start()
        deadline = time.monotonic() + 30
        while not Lake(tmp_path).files("targets") and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.2)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        found = Lake(tmp_path).read("targets", "A")
        assert found.height == 20_000
        assert found["value"].n_unique() == 1
