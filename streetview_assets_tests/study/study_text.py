"""Study files as texts, sound and with faults."""

from pathlib import Path

import pytest

from streetview_assets.errors import StudyError
from streetview_assets.study.study_file import load_study

SOUND = """
name: leeds
areas: {path: areas.geojson, code: lsoa, authority_code: la}
roads: {path: roads.gpkg}
images: {provider: synthetic}
"""
TARGET = "{name: imd, path: imd.csv, area_code: lsoa, value: rank, more_is: better}"


def load(folder: Path, text: str):
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(StudyError) as caught:
        load(folder, text)
    message = str(caught.value)
    assert message.startswith(str(folder / "study.yaml")), "the message does not name the file"
    return message


def faults(message: str) -> list[str]:
    return [line.strip() for line in message.splitlines()[1:]]


def with_images(settings: str) -> str:
    return SOUND.replace("provider: synthetic", f"provider: synthetic, {settings}")
