"""The state of a study in a narrow terminal, with each reason once."""

from dataclasses import replace
from datetime import date, timedelta

from streetview_assets.cli.runs.status_table import show_status, status_as_data
from streetview_assets.images.freshness import ImageryAge
from streetview_assets.orchestration.runs.status import AssetState

TODAY = date(2026, 5, 1)
CODES = [f"E0800003{number}" for number in range(5)]


def _state(asset, stage, authority, state="up to date", rows=0, failures=None, note=""):
    age = timedelta(minutes=20) if state != "missing" else None
    return AssetState(asset, stage, authority, state, rows, failures or {}, age, note)


STATES = [
    *(_state("areas", "areas", code, rows=31) for code in CODES),
    *(_state("targets", "areas", code, rows=900) for code in CODES),
    *(_state("images", "images", code, rows=1_234_567, failures={"timeout": 2}) for code in CODES),
    *(_state("baseline_embeddings", "embeddings", code, "not applicable", note="not applicable: x")
      for code in CODES[:2]),
    _state("model_selection", "models", None, "missing"),
]  # fmt: skip


def test_a_line_an_authority_fits_into_eighty_columns_with_its_whole_code(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    show_status(STATES, TODAY)
    lines = capsys.readouterr().out.splitlines()
    for code in CODES:
        (line,) = [line for line in lines if line.lstrip().startswith(code)]
        unasked = ["–"] if code in CODES[:2] else []
        assert line.split()[1:] == ["✓", "31", "!", "1235k", *unasked, "20", "min"]
    assert [line.split() for line in lines if "(study)" in line] == [["(study)", "✗"]]


def test_a_reason_is_said_once_for_all_authorities(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    show_status(STATES, TODAY)
    said = capsys.readouterr().out.splitlines()
    assert "! images of 5 authorities: 10 failed: timeout" in said
    assert "baseline_embeddings of E08000030, E08000031: not applicable: x" in said


def test_a_program_gets_ages_in_seconds():
    first, *_, last = status_as_data(STATES)
    assert (first["asset"], first["age_s"], last["age_s"]) == ("areas", 1200.0, None)


def test_old_imagery_is_told_once_with_the_time_that_it_is_from(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")

    def aged(state, year: int):
        dated_on, due_on = date(year, 6, 1), date(year + 2, 6, 1)
        age = ImageryAge("images", state.authority, dated_on, dated_on, due_on, "24 months (x)")
        return replace(state, imagery_age=age)

    there = [state for state in STATES if state.asset == "images"]
    states = [aged(state, year) for state, year in zip(there, range(2020, 2025), strict=True)]
    show_status(states, TODAY)
    said = capsys.readouterr().out.splitlines()
    (line,) = [line for line in said if "captured" in line]
    assert line == (
        "! images of 4 authorities: half of them were captured more than 24 months (x) ago: "
        "2020-06-01 to 2023-06-01"
    )
    assert status_as_data(states[:1])[0]["imagery_age"]["due_on"] == date(2022, 6, 1)
