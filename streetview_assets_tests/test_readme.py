from pathlib import Path

import pytest

from streetview_assets.cli.app import app

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    *(command.name or command.callback.__name__ for command in app.registered_commands),
    *(group.name for group in app.registered_groups),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_explained(command):
    assert f"| `streetview {command}" in README
