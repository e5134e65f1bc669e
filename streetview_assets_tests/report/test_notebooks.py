"""The notebooks of the documentation run as they stand, with what `[notebook]` installs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "docs" / "how_to"


def _given(name: str) -> list[str]:
    """Run a notebook from its first cell to its last; give what each wrote or showed."""
    notebook = nbformat.read(FOLDER / name, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = [{"text": one.get("text", ""), **one.get("data", {})} for one in outputs]
    return [str(value) for one in shown for value in one.values()]


def test_a_study_is_looked_at(hostile_study, tmp_path, monkeypatch):
    (tmp_path / hostile_study.study.name).symlink_to(hostile_study.root)
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path))
    monkeypatch.setenv("STREETVIEW_STUDY", str(hostile_study.study.path))
    given = _given("look_at_a_study.ipynb")
    sentences = hostile_study.sql("select sentence from findings order by position")["sentence"]
    assert any(sentences[0] in text for text in given)
    assert any("leaflet" in text for text in given), "no map to move about in"
    assert any(text.startswith("iVBOR") for text in given), "no map to look at"


def test_vectors_are_validated_and_add_what_was_put_in():
    (told,) = [text for text in _given("validate_vectors.ipynb") if " in R² (" in text]
    assert float(told.split()[0]) == pytest.approx(0.77, abs=0.1)
