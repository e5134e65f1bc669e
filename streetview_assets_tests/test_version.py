"""A checkout says which commit runs, whatever it was installed as."""

import subprocess
from importlib.metadata import version

import pytest

from streetview_assets.version import version_in_words


@pytest.fixture
def git(tmp_path):
    """A repository of one commit, and a way to tell git what to do there."""

    def tell(*words: str) -> str:
        person = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        command = ["git", "-C", str(tmp_path), *person, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    tell("init", "--quiet")
    tell("commit", "--quiet", "--allow-empty", "--message", "first")
    return tell


def test_before_any_release_the_commit_is_named(tmp_path, git):
    git("tag", "a-milestone")
    assert version_in_words(tmp_path) == f"checkout {git('rev-parse', '--short', 'HEAD')}"


def test_after_a_release_so_does_the_tag_with_what_came_since(tmp_path, git):
    git("tag", "v0.1.0")
    assert version_in_words(tmp_path) == "v0.1.0"
    git("commit", "--quiet", "--allow-empty", "--message", "second")
    (tmp_path / "new").touch()
    git("add", "new")
    assert version_in_words(tmp_path).startswith("v0.1.0-1-g")
    assert version_in_words(tmp_path).endswith("-dirty")


@pytest.mark.parametrize("is_broken_repository", [False, True])
def test_where_git_cannot_tell_the_installation_does(tmp_path, is_broken_repository):
    if is_broken_repository:
        (tmp_path / ".git").write_text("gitdir: nowhere\n")
    assert version_in_words(tmp_path) == version("streetview-assets")
