"""What could stand in the way of a run: a line each for keys, disk, encoder, instance, ports."""

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from streetview_assets.embeddings.encoders.availability import to_be_fetched
from streetview_assets.errors import LedgerError, StreetviewError
from streetview_assets.images.budget.prices import is_paid
from streetview_assets.images.providers.registry import key_variables
from streetview_assets.images.providers.terms import terms_of
from streetview_assets.orchestration.runs.instance import open_instance
from streetview_assets.orchestration.runs.preflight import check_inputs
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.purchases import check_ledger

UI_PORT = 3000
LEAST_FREE_GB = 2


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: Literal["ok", "warning", "fault"]
    text: str


def examine(opened: OpenStudy) -> list[Finding]:
    """Look at everything that a run of the study needs; secrets are named, never shown."""
    return [
        *_study(opened),
        *_keys(),
        *_terms(opened),
        *_money(opened),
        *_disk(opened),
        *_encoder(opened),
        *_instance(opened),
        *_port(),
    ]


def _study(opened: OpenStudy) -> Iterator[Finding]:
    try:
        check_inputs(opened)
    except StreetviewError as error:
        yield Finding("fault", f"study: {error}")
    else:
        count = len(opened.authorities)
        yield Finding("ok", f"study: {opened.study.name}, {count} authorities, inputs readable")


def _keys() -> Iterator[Finding]:
    for variable in key_variables():
        is_set = bool(os.environ.get(variable))
        state = "is set" if is_set else "is not set (only its provider needs it)"
        yield Finding("ok", f"key: {variable} {state}")


def _terms(opened: OpenStudy) -> Iterator[Finding]:
    images = opened.study.images
    terms = terms_of(images.provider)
    kept_beyond = images.keeps_images and not terms.may_store
    yield Finding("warning" if kept_beyond else "ok", f"terms: {terms.sentence}")


def _money(opened: OpenStudy) -> Iterator[Finding]:
    images = opened.study.images
    if not is_paid(images.provider):
        return
    try:
        check_ledger(opened)
        spent_usd = opened.ledger.spent_usd()
    except LedgerError as error:
        yield Finding("fault", f"ledger: {error}")
        return
    if images.budget_usd is None:
        yield Finding("warning", f"budget: none is set, {spent_usd:,.2f} US$ spent so far")
    else:
        yield Finding("ok", f"budget: {spent_usd:,.2f} of {images.budget_usd:,.2f} US$ spent")


def _disk(opened: OpenStudy) -> Iterator[Finding]:
    there = next(folder for folder in [opened.root, *opened.root.parents] if folder.is_dir())
    free_gb = shutil.disk_usage(there).free / 1e9
    level: Literal["ok", "warning"] = "ok" if free_gb > LEAST_FREE_GB else "warning"
    yield Finding(level, f"disk: {free_gb:.0f} GB free at {opened.root}")


def _encoder(opened: OpenStudy) -> Iterator[Finding]:
    name = opened.study.encoder.name
    try:
        missing = to_be_fetched(opened.study.encoder)
    except StreetviewError as error:
        yield Finding("fault", f"encoder: {error}")
        return
    if missing:
        yield Finding("warning", f"encoder: {name} is not here: a run fetches {missing}")
    else:
        yield Finding("ok", f"encoder: {name} loads")


def _instance(opened: OpenStudy) -> Iterator[Finding]:
    try:
        with open_instance(opened) as instance:
            runs = instance.get_runs_count()
    except StreetviewError as error:
        yield Finding("fault", f"instance: {error}")
        return
    yield Finding("ok", f"instance: {runs} runs in {_short(Path(instance.root_directory))}")


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _port() -> Iterator[Finding]:
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", UI_PORT)) == 0
    if taken:
        yield Finding("warning", f"port: {UI_PORT} is taken; streetview ui --port names another")
    else:
        yield Finding("ok", f"port: {UI_PORT} is free for the UI")
