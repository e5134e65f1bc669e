"""What could stand in the way of a run: a line each for keys, disk, encoder, instance, ports."""

import os
import shutil
import socket
import webbrowser
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from streetview_assets.cli.command import from_here
from streetview_assets.embeddings.encoders.availability import COMPUTED, to_be_fetched
from streetview_assets.embeddings.encoders.engines.choice import describe_engine
from streetview_assets.errors import StreetviewError
from streetview_assets.images.budget.prices import is_paid
from streetview_assets.images.http.answers import UnusableError
from streetview_assets.images.providers.base import Provider
from streetview_assets.images.providers.registry import key_variables, open_provider, provider_class
from streetview_assets.images.providers.terms import terms_of
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.orchestration.runs.instance import open_instance
from streetview_assets.orchestration.runs.preflight import check_inputs
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.purchases import check_ledger
from streetview_assets.text.counted import counted

UI_PORT = 3000
LEAST_FREE_GB = 2
COLOURS = {"ok": None, "warning": "yellow", "fault": "red"}

Finding = tuple[str, str]
"""How bad a thing is that was looked at (a key of `COLOURS`), and what is to say of it."""


def examine(opened: OpenStudy) -> Iterator[Finding]:
    """Look at everything that a run of the study needs; secrets are named, never shown."""
    for subject, look in LOOKS.items():
        try:
            yield from look(opened)
        except StreetviewError as error:
            yield "fault", f"{subject}: {error}"


def _study(opened: OpenStudy) -> Iterator[Finding]:
    check_inputs(opened)
    count = len(opened.authorities)
    told = counted(count, "authority", "authorities")
    yield "ok", f"study: {opened.study.name}, {told}, inputs readable"


def _keys(opened: OpenStudy) -> Iterator[Finding]:
    asked = provider_class(opened.study.images.provider)
    own = [key.variable for key in asked.keys if os.environ.get(key.variable)]
    for variable in key_variables():
        if variable not in own:
            is_set = bool(os.environ.get(variable))
            state = "is set, not tried" if is_set else "is not set"
            yield "ok", f"key: {variable} {state} (this study does not need it)"
    if own and asked.key_trial:
        yield _tried(opened, f"{' and '.join(own)} {'are' if own[1:] else 'is'} set", asked)


def _tried(opened: OpenStudy, is_set: str, asked: type[Provider]) -> Finding:
    """Ask the provider for what costs nothing, so that a refusal comes now and not in a run."""
    try:
        open_provider(opened.study, {}).try_keys()
    except UnusableError as error:
        told = f"could not be tried: {asked.name} does not answer {asked.key_trial} ({error})"
        return "warning", f"key: {is_set}, and {told}"
    return "ok", f"key: {is_set}, and {asked.name} takes it ({asked.key_trial})"


def _terms(opened: OpenStudy) -> Iterator[Finding]:
    images = opened.study.images
    terms = terms_of(images.provider)
    kept_beyond = images.keeps_images and not terms.may_store
    yield "warning" if kept_beyond else "ok", f"terms: {terms.sentence}"


def _money(opened: OpenStudy) -> Iterator[Finding]:
    images = opened.study.images
    if not is_paid(images.provider):
        return
    check_ledger(opened)
    spent_usd = opened.ledger.spent_usd()
    if images.budget_usd is None:
        yield "warning", f"budget: none is set, {spent_usd:,.2f} US$ spent so far"
    else:
        yield "ok", f"budget: {spent_usd:,.2f} of {images.budget_usd:,.2f} US$ spent"


def _disk(opened: OpenStudy) -> Iterator[Finding]:
    there = next(folder for folder in [opened.root, *opened.root.parents] if folder.is_dir())
    free_gb = shutil.disk_usage(there).free / 1e9
    level = "ok" if free_gb > LEAST_FREE_GB else "warning"
    yield level, f"disk: {free_gb:.0f} GB free at {opened.root}"
    tried = there / f".doctor-{os.getpid()}"
    try:
        with written_aside(tried) as aside:
            aside.write_bytes(b"")
        tried.unlink()
    except OSError as error:
        yield "fault", f"disk: nothing can be written and renamed in {there}: {error.strerror}"


def _database(opened: OpenStudy) -> Iterator[Finding]:
    yield "ok", f"database: DuckDB {metadata.version('duckdb')}"


def _browser(opened: OpenStudy) -> Iterator[Finding]:
    try:
        webbrowser.get()
    except webbrowser.Error:
        yield "ok", "browser: none opens by itself; type the address that is shown"
    else:
        yield "ok", "browser: one opens for the UI and the explorer"


def _encoder(opened: OpenStudy) -> Iterator[Finding]:
    name = opened.study.encoder.name
    if missing := to_be_fetched(opened.study.encoder):
        yield "warning", f"encoder: {name} is not here: a run fetches {missing}"
    else:
        yield "ok", f"encoder: {name} loads{_engine(opened)}"


def _engine(opened: OpenStudy) -> str:
    settings = opened.study.encoder
    return "" if settings.name in COMPUTED else f", {describe_engine(settings)}"


def _instance(opened: OpenStudy) -> Iterator[Finding]:
    with open_instance(opened) as instance:
        runs = instance.get_runs_count()
    yield "ok", f"instance: {counted(runs, 'run')} in {from_here(Path(instance.root_directory))}"


def _port(opened: OpenStudy) -> Iterator[Finding]:
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", UI_PORT)) == 0
    if taken:
        yield "warning", f"port: {UI_PORT} is taken; streetview ui --port names another"
    else:
        yield "ok", f"port: {UI_PORT} is free for the UI"


LOOKS = {
    "study": _study,
    "key": _keys,
    "terms": _terms,
    "ledger": _money,
    "disk": _disk,
    "encoder": _encoder,
    "instance": _instance,
    "port": _port,
    "database": _database,
    "browser": _browser,
}
"""What is looked at, in that order."""
