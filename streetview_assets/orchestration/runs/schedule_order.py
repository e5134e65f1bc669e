"""The order of work: waves of assets, each made for all authorities before the next begins.

Within a wave an authority's assets are made in one run; a new wave begins where an asset by
authority waits for a study-wide one, or the other way round.
"""

from collections.abc import Sequence

from streetview_assets.study_state.lineage import AssetSpec, written_by
from streetview_assets.tables.contract import STAGES, Stage


def waves(assets: Sequence[AssetSpec]) -> list[list[AssetSpec]]:
    """Sort assets into waves. What is read stands before its reader."""
    by_name = {spec.asset: spec for spec in assets}
    at: dict[str, int] = {}
    for spec in assets:
        before = [by_name[asset] for asset in map(written_by().get, spec.reads) if asset in by_name]
        at[spec.asset] = max(
            (at[other.asset] + _is_step(other, spec) for other in before), default=0
        )
    return [
        [spec for spec in assets if at[spec.asset] == wave] for wave in range(max(at.values()) + 1)
    ]


def _is_step(earlier: AssetSpec, later: AssetSpec) -> bool:
    return earlier.study_wide != later.study_wide or (later.reads_all and not earlier.study_wide)


def between(first: Stage | None, last: Stage | None) -> set[Stage]:
    """Name the stages from `first` to `last`, both included."""
    begin = STAGES.index(first) if first else 0
    end = STAGES.index(last) + 1 if last else len(STAGES)
    return set(STAGES[begin:end])
