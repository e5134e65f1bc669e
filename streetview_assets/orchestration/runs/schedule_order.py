"""The order of work: waves of assets, each made before the next begins.

A wave is one run of study-wide assets, or one run an authority of what is made by authority: each
asset stands in the first wave of its kind in which all that it reads is there.
"""

from collections.abc import Sequence

from streetview_assets.study_state.lineage import AssetSpec, written_by
from streetview_assets.tables.stages import STAGES, Stage


def waves(assets: Sequence[AssetSpec]) -> list[list[AssetSpec]]:
    """Sort assets, each named after those that it reads, into waves of one kind in turn."""
    by_name = {spec.asset: spec for spec in assets}
    turn: dict[str, int] = {}
    for spec in assets:
        read = [by_name[asset] for asset in map(written_by().get, spec.reads) if asset in by_name]
        kind = int(not spec.study_wide)
        turn[spec.asset] = max(
            (_turn_after(turn[one.asset], one, spec) for one in read), default=kind
        )
    return [[spec for spec in assets if turn[spec.asset] == at] for at in sorted({*turn.values()})]


def _turn_after(turn: int, read: AssetSpec, reader: AssetSpec) -> int:
    """Give the first turn of a reader: even ones are study-wide, odd ones by authority."""
    if read.study_wide != reader.study_wide:
        return turn + 1
    return turn + 2 if reader.reads_all and not read.study_wide else turn


def independent(assets: Sequence[AssetSpec]) -> list[list[AssetSpec]]:
    """Part assets, each named after those that it reads, into groups that read none of another."""
    groups: list[list[AssetSpec]] = []
    for spec in assets:
        read = [group for group in groups if any({*spec.reads} & {*one.writes} for one in group)]
        groups = [group for group in groups if group not in read]
        groups.append([*(one for group in read for one in group), spec])
    return [[spec for spec in assets if spec in group] for group in groups]


def between(first: Stage | None, last: Stage | None) -> set[Stage]:
    """Name the stages from `first` to `last`, both included."""
    begin = STAGES.index(first) if first else 0
    end = STAGES.index(last) + 1 if last else len(STAGES)
    return set(STAGES[begin:end])
