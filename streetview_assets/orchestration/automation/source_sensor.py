"""The sensor of the sources: what a changed file or key puts out of date is asked for at once."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import dagster as dg

from streetview_assets.errors import StreetviewError
from streetview_assets.lake.content import digest
from streetview_assets.orchestration.asset_checks import passes_blocking_checks
from streetview_assets.orchestration.automation.jobs import FETCHED, ONLY_STALE_TAG
from streetview_assets.orchestration.automation.reloading import Loaded
from streetview_assets.orchestration.automation.source_assets import observe_sources
from streetview_assets.processes.background import Background
from streetview_assets.study_state.lineage import AssetSpec, written_by
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.study_state.source_versions import (
    files_named,
    keys_read,
    state_of_sources,
    versions_of_keys,
)
from streetview_assets.text.safe_name import safe_name
from streetview_assets.text.strict_json import to_json

SENSOR = "watch_sources"
PATIENCE_S = 30.0
"""So long a tick waits for large sources to be read; Dagster gives a tick up after a minute."""

_DIGITS = 16
_MOST_NAMED = 6
_LOST = "lost"
"""In place of a state: what failed for want of a source is looked at again when it is back."""
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

Part = tuple[str, str | None]
"""An asset, and the authority of one of its parts; None of what is one for the whole study."""


@dataclass(frozen=True)
class Look:
    """A study as it is now.

    Attributes
    ----------
    opened
        The study.
    state
        Digest of the study and of the states of all files that it names.
    made_from
        Digest of the code version and of what the study's keys come to, by asset.
    folders
        Versions of the keys that name a folder, and of those that name files in the same part of
        the study file, such as the positions of images.
    """

    opened: OpenStudy
    state: str
    made_from: Mapping[str, str]
    folders: dict[str, str]


def source_sensor(opened: OpenStudy) -> dg.SensorDefinition:
    """Make the sensor that watches the study file and all that it names.

    It tells the asset graph the versions that it finds, and asks for runs of what `status` calls
    out of date because of them: of assets that were made before, wait for no Sunday and cost no
    money. Where the study is another than this code location was loaded with, it lets the location
    be loaded anew.

    Parameters
    ----------
    opened
        The study, as this code location is loaded with it.
    """
    path, loaded, background = opened.study.path, Loaded(opened), Background[Look | None]()
    settled, folders = "", dict[str, str]()

    @dg.sensor(
        name=SENSOR,
        asset_selection=dg.AssetSelection.all() - dg.AssetSelection.assets(FETCHED),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Watches the study file and the files and folders that it names, and makes "
        "what their changes put out of date, wherever that costs nothing but time.",
    )
    def watch_sources(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        nonlocal settled, folders
        try:
            look = background.result(lambda: _look(path, settled), PATIENCE_S)
        except StreetviewError:
            settled = _LOST
            raise
        if isinstance(look, str):
            return dg.SkipReason(f"The sources are being read: {look}. The next look goes on.")
        if look is None:
            return dg.SkipReason("No source has changed.")
        growing = _growing(look.folders, folders)
        folders = look.folders
        keys = [key for key in keys_read(look.opened) if key not in growing]
        changed = observe_sources(look.opened, context.instance, keys)
        said = loaded.behind(look.opened, context.code_location_origin)
        if said:
            context.log.warning(said)
        if said and not loaded.can_run(look.opened):
            return dg.SkipReason(said)
        before = json.loads(context.cursor) if context.cursor and settled != _LOST else {}
        asked, held = _out_of_date(look, before, growing, context.instance)
        settled = "" if said or held or growing else look.state
        skip = said or f"{_named(changed)}; {_why_nothing(growing, held)}."
        return dg.SensorResult(
            run_requests=list(_requests(asked)),
            skip_reason=None if asked else dg.SkipReason(skip),
            cursor=to_json({**look.made_from, **{asset: before.get(asset) for asset in held}}),
        )

    return watch_sources


def _look(path: Path, settled: str) -> Look | None:
    """Look at a study and all that it names; None where it is as it was when all was settled."""
    opened = open_study(path)
    state = state_of_sources(opened.study)
    if state == settled:
        return None
    versions = versions_of_keys(opened, keys_read(opened))
    made_from = {
        asset: digest([spec.code_version, {key: versions[key] for key in spec.keys}])[:_DIGITS]
        for asset, spec in opened.assets.items()
    }
    named = {key: files_named(opened.study, key) for key in versions}
    parts = {_part(key) for key, paths in named.items() if any(map(Path.is_dir, paths))}
    folders = {key: versions[key] for key in versions if named[key] and _part(key) in parts}
    return Look(opened, state, made_from, folders)


def _part(key: str) -> str:
    """Name the part of the study file that a key stands in."""
    return key.split(".")[0]


def _growing(now: Mapping[str, str], before: Mapping[str, str]) -> set[str]:
    """Name the keys of folders that are not as they were, with those of files beside them."""
    parts = {_part(key) for key, version in now.items() if before.get(key) != version}
    return {key for key in now if _part(key) in parts}


def _why_nothing(growing: Iterable[str], held: Iterable[str]) -> str:
    if growing:
        return f"waiting for {', '.join(f'`{key}`' for key in sorted(growing))} to come to rest"
    return "runs are under way" if held else "nothing to make"


def _out_of_date(
    look: Look, before: Mapping[str, str], growing: set[str], instance: dg.DagsterInstance
) -> tuple[list[Part], set[str]]:
    """Find what is to be made anew because of what has changed, and assets to look at later.

    Those are waited for that are being made, or of which an input is: what came too late for their
    run is seen by the next look. So are those that read a folder into which images are being
    copied.
    """
    opened = look.opened
    changed = [asset for asset, now in look.made_from.items() if before.get(asset) != now]
    stale = [part for asset in changed for part in _stale_parts(opened, opened.assets[asset])]
    under_way = set(_under_way(opened, instance)) if stale else set()
    held = {part[0] for part in stale if under_way & {part, *_inputs(opened, part)}}
    held |= {asset for asset in changed if growing & {*opened.assets[asset].keys}}
    asked = [part for part in stale if part[0] not in held]
    return list(_without_refused(opened, asked)), held


def _stale_parts(opened: OpenStudy, spec: AssetSpec) -> Iterator[Part]:
    """Find the parts of an asset that are there, out of date, and to be made by themselves."""
    if spec.automated == "weekly" or spec.asset == FETCHED:
        return
    for authority in (None,) if spec.study_wide else opened.authorities:
        there = all(opened.provenance(table, authority) for table in spec.writes)
        if there and not opened.is_fresh(spec.asset, authority):
            yield spec.asset, authority


def _inputs(opened: OpenStudy, part: Part) -> Iterator[Part]:
    """Name the parts of other assets that a part of one reads."""
    asset, authority = part
    spec = opened.assets[asset]
    for name in dict.fromkeys(written_by()[table] for table in spec.reads):
        if name in opened.assets:
            whole = opened.assets[name].study_wide
            every = opened.authorities if spec.reads_every_authority else (authority,)
            yield from ((name, code) for code in ((None,) if whole else every))


def _without_refused(opened: OpenStudy, asked: list[Part]) -> Iterator[Part]:
    """Leave out what reads something that a blocking check refuses, and that is not asked for."""
    anew = set(asked)
    passes = cache(lambda part: passes_blocking_checks(opened, *part))
    for part in asked:
        if all(passes(one) for one in _inputs(opened, part) if one not in anew):
            yield part


def _under_way(opened: OpenStudy, instance: dg.DagsterInstance) -> Iterator[Part]:
    """Name what runs make now or are about to."""
    codes = {safe_name(code): code for code in opened.authorities}
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY)):
        named = [key.to_user_string() for key in run.asset_selection or ()]
        for asset in named or opened.assets:
            yield asset, codes.get(run.tags.get("dagster/partition", ""))


def _requests(parts: Iterable[Part]) -> Iterator[dg.RunRequest]:
    """Ask for one run an authority, and one of what is one for the whole study."""
    by_authority = defaultdict[str | None, list[str]](list)
    for asset, authority in parts:
        by_authority[authority].append(asset)
    for code, assets in by_authority.items():
        yield dg.RunRequest(
            asset_selection=[dg.AssetKey(asset) for asset in sorted(assets)],
            partition_key=None if code is None else safe_name(code),
            tags={ONLY_STALE_TAG: "true"},
        )


def _named(keys: list[str]) -> str:
    """Name keys that have changed, where they are not too many for a line."""
    if not keys:
        return "No key has changed"
    more = f" and {len(keys) - _MOST_NAMED} more" if len(keys) > _MOST_NAMED else ""
    return f"Changed: {', '.join(f'`{key}`' for key in keys[:_MOST_NAMED])}{more}"
