"""All files of a folder, those behind links too, each once; the rest is told."""

import os

import pytest

from streetview_assets.points.own_images.folder_walk import walk_folder


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "photos"
    for name in ("a.jpg", "deep/b.jpg"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).touch()
    return made


def test_links_to_folders_are_followed_and_end_where_they_lead_back(folder, tmp_path):
    second = tmp_path / "second"
    (second / "more").mkdir(parents=True)
    (second / "more" / "c.jpg").touch()
    (second / "back").symlink_to(folder)
    (folder / "disk").symlink_to(second)
    (folder / "again").symlink_to(folder / "deep")
    (folder / "up").symlink_to(tmp_path)
    (folder / "d.jpg").symlink_to(second / "more" / "c.jpg")
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere")
    walked = walk_folder(folder)
    assert walked.files == ["a.jpg", "d.jpg", "deep/b.jpg", "disk/more/c.jpg"]
    assert walked.not_read == {
        "again": "linked folder not followed: it leads to a folder that is read already",
        "disk/back": "linked folder not followed: it leads to a folder that is read already",
        "up": "linked folder not followed: the folder of images lies in it",
        "gone.jpg": "link that leads nowhere",
    }


@pytest.mark.parametrize(
    "name", [".thumbnails/a.jpg", ".picasaoriginals/x/a.jpg", "@eaDir/a.jpg", "__MACOSX/a.jpg",
             "deep/._a.jpg", "deep/.hidden.jpg", "#recycle/a.jpg", "$RECYCLE.BIN/a.jpg"]
)  # fmt: skip
def test_what_is_hidden_is_told_apart(folder, name):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    walked = walk_folder(folder)
    assert (walked.files, walked.hidden) == (["a.jpg", "deep/b.jpg"], [name])


def test_a_folder_that_is_itself_hidden_is_read(folder, tmp_path):
    folder.rename(tmp_path / ".photos")
    assert walk_folder(tmp_path / ".photos").files == ["a.jpg", "deep/b.jpg"]


def test_a_name_that_is_no_text_is_told(folder):
    try:
        (folder / os.fsdecode(b"caf\xe9.jpg")).touch()
    except OSError:
        pytest.skip("this file system takes no such name")
    walked = walk_folder(folder)
    assert walked.files == ["a.jpg", "deep/b.jpg"]
    assert walked.not_read == {r"caf\xe9.jpg": "its name is not UTF-8; rename it"}
