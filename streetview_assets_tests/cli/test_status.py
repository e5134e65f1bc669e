"""The state of a study in a narrow terminal, with each reason once."""

from datetime import timedelta

from streetview_assets.cli.runs.status_table import show_status, status_as_data
from streetview_assets.orchestration.runs.status import AssetState

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
    show_status(STATES)
    lines = capsys.readouterr().out.splitlines()
    for code in CODES:
        (line,) = [line for line in lines if line.lstrip().startswith(code)]
        unasked = ["–"] if code in CODES[:2] else []
        assert line.split()[1:] == ["✓", "31", "!", "1235k", *unasked, "20", "min"]
    assert [line.split() for line in lines if "(study)" in line] == [["(study)", "✗"]]


def test_a_reason_is_said_once_for_all_authorities(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    show_status(STATES)
    said = capsys.readouterr().out.splitlines()
    assert "! images of 5 authorities: 10 failed: timeout" in said
    assert "baseline_embeddings of E08000030, E08000031: not applicable: x" in said


def test_a_program_gets_ages_in_seconds():
    first, *_, last = status_as_data(STATES)
    assert (first["asset"], first["age_s"], last["age_s"]) == ("areas", 1200.0, None)
