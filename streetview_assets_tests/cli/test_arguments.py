"""What is left out, swapped or beyond what there is: told in a line, with what was taken."""

import pytest
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.cli.command import opened_study


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STREETVIEW_STUDY", "")
    monkeypatch.delenv("STREETVIEW_STUDY")
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path / "data"))
    return tmp_path


def test_the_demo_is_taken_in_silence_where_no_study_file_lies_here(here, capsys):
    assert opened_study(None).study.name == "demo"
    assert capsys.readouterr().err == ""


def test_the_demo_is_taken_aloud_where_a_study_file_lies_here(here, capsys):
    (here / "study.yaml").touch()
    assert opened_study(None).study.name == "demo"
    assert "so the demo is meant; name study.yaml for the one here" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["explore", "ui"])
def test_a_port_that_there_is_not_is_refused_by_its_range(here, command):
    said = CliRunner().invoke(app, [command, "--port", "99999"])
    assert said.exit_code == 2
    assert "65535" in said.output


@pytest.mark.parametrize("command", [["run", "--dry-run"], ["run"], ["plan"]])
def test_an_authority_that_the_study_has_not_is_refused_before_anything_is_made(here, command):
    said = CliRunner().invoke(app, [*command, "--authority", "X01000009"])
    assert said.exit_code == 2
    told = " ".join(said.output.split())
    assert "no such authority: X01000009. Did you mean 'X0100000" in told
    assert not (here / "data" / "demo" / "lake").exists()
