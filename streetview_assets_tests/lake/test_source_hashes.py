import os

from streetview_assets.study_state.source_hashes import SourceHashes


def test_a_changed_byte_is_seen_and_a_copy_is_not(tmp_path):
    first, copy = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("1,2")
    copy.write_text("1,2")
    hashes = SourceHashes(tmp_path / "memory.json")
    before = hashes.of(first)
    assert hashes.of(copy) == before
    first.write_text("1,3")
    os.utime(first, ns=(1, 1))
    assert SourceHashes(tmp_path / "memory.json").of(first) != before


def test_another_file_of_the_same_size_and_time_is_seen(tmp_path):
    source, other = tmp_path / "imd.csv", tmp_path / "other.csv"
    source.write_text("2019")
    other.write_text("2025")
    for file in (source, other):
        os.utime(file, ns=(1, 1))
    before = SourceHashes(tmp_path / "memory.json").of(source)
    other.rename(source)
    assert SourceHashes(tmp_path / "memory.json").of(source) != before
    unseen = SourceHashes(tmp_path / "memory.json").of(source)
    source.write_text("1066")
    os.utime(source, ns=(1, 1))
    assert SourceHashes(tmp_path / "memory.json").of(source) != unseen


def test_a_folder_changes_with_any_file_below_it(tmp_path):
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.jpg").write_bytes(b"1")
    hashes = SourceHashes(tmp_path / "memory.json")
    before = hashes.of(folder)
    (folder / "deep" / "b.jpg").write_bytes(b"2")
    with_another = hashes.of(folder)
    (folder / "deep" / "b.jpg").rename(folder / "deep" / "c.jpg")
    assert len({before, with_another, hashes.of(folder)}) == 3


def test_a_folder_changes_with_a_file_behind_a_link(tmp_path):
    folder, disk = tmp_path / "photos", tmp_path / "disk"
    folder.mkdir()
    disk.mkdir()
    (folder / "disk").symlink_to(disk)
    before = SourceHashes(tmp_path / "memory.json").of(folder)
    (disk / "a.jpg").write_bytes(b"1")
    assert SourceHashes(tmp_path / "memory.json").of(folder) != before


def test_a_look_leaves_no_trace(tmp_path):
    source = tmp_path / "a.csv"
    source.write_text("1")
    memory = tmp_path / "data" / "hashes.json"
    SourceHashes(memory).of(source)
    assert not memory.parent.exists()
