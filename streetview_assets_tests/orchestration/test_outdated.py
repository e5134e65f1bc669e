"""What is behind its sources is shown with a word about it, in one wording everywhere."""

import pytest
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.report.build import report_html
from streetview_assets.study_state.open_study import open_study
from streetview_assets.study_state.outdated import outdated


def say(town, *words: str):
    return CliRunner().invoke(app, [*words, str(town.opened.study.path)])


def test_what_is_up_to_date_is_shown_without_a_word(finished_town):
    assert outdated(finished_town.opened) == ""
    done = say(finished_town, "export", "areas", "--format", "csv", "--output", "/dev/null")
    assert "Out of date" not in done.output


def test_every_command_that_shows_something_says_that_it_is_out_of_date(town, tmp_path):
    values = town.opened.study.target.path
    text = values.read_text(encoding="utf-8")
    values.write_text(text.replace("1", "2", 1), encoding="utf-8")
    said = outdated(open_study(town.opened.study.path))
    assert said.startswith("Out of date: the study file, a file that it names")
    name = town.opened.study.path.name
    assert said.endswith(f"`streetview run {name}` brings it up to date.")
    study = str(town.opened.study.path)
    for words in (
        ("sql", study, "select count(*) from areas"),
        ("sql", "select count(*) from areas", study),
        ("describe", study),
        ("show", "nobody", study),
        ("search", "a street", study),
        ("export", "areas", study, "--format", "csv", "--output", str(tmp_path / "areas.csv")),
        ("export", "features", study, "--output", str(tmp_path / "features.h5")),
        ("export", "tags", study, "--output", str(tmp_path / "tags.json")),
        ("export", "panoramas", study, "--output", str(tmp_path / "panoramas")),
    ):
        done = CliRunner().invoke(app, list(words))
        assert said in done.stderr, words
        assert said not in done.stdout, words
    assert "Out of date: the study file, a file that it names" in report_html(open_study(study))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("sample_points", "panoramas of X01000001 is missing, or made from what has changed"),
        ("mart/area_profile", "tables were made anew after it was published"),
    ],
)
def test_tables_that_the_published_file_does_not_hold_yet_are_told(town, table, expected):
    lake = town.opened.lake
    authority = None if "/" in table else "X01000001"
    frame = lake.read(table, authority)
    lake.write(table, frame[1:], lake.provenance(table, authority), authority=authority)
    assert expected in outdated(open_study(town.opened.study.path))


def test_a_table_that_is_gone_is_told(town):
    town.opened.lake.path("cluster_shares", "X01000001", town.opened.encoder).unlink()
    assert "cluster_shares of X01000001 is missing" in outdated(open_study(town.opened.study.path))
