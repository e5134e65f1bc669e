"""The one registration of an asset: a decorator on the function that makes it."""

from collections.abc import Callable

from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import AssetSpec, Reason, Refresh, nothing, register
from streetview_assets.tables.contract import Stage

Make = Callable[[AssetContext], AssetResult]


def study_asset(
    stage: Stage,
    *,
    writes: tuple[str, ...],
    reads: tuple[str, ...] = (),
    keys: tuple[str, ...] = (),
    reads_for: Callable[[Study], tuple[str, ...]] = nothing,
    keys_for: Callable[[Study], tuple[str, ...]] = nothing,
    code_version: int = 1,
    study_wide: bool = False,
    reads_all: bool = False,
    refresh: Refresh = "eager",
    pool: str | Callable[[Study], str | None] | None = None,
    kind: str | None = None,
    unless: tuple[Reason, ...] = (),
) -> Callable[[Make], Make]:
    """Register the function below as the asset of its name; its docstring is shown in the UI.

    Parameters
    ----------
    stage
        Its group in the UI.
    writes
        Tables that it makes, which no other asset does.
    reads, keys
        Tables and dotted keys of the study file that it reads in every study.
    reads_for, keys_for
        Those that it reads besides, in a given study.
    code_version
        Raise it whenever the code gives another result for the same input.
    study_wide
        Whether there is one for the whole study; else one an authority.
    reads_all
        Whether one by authority reads the parts of all authorities.
    refresh
        When automation makes it again.
    pool
        What at most one run at a time may use, in a given study.
    kind
        The library that the UI shows beside it.
    unless
        Reasons for which a study does not ask for it; then it is not built, and its tables are
        empty.
    """

    def registered(make: Make) -> Make:
        register(
            AssetSpec(
                make.__name__,
                stage,
                make,
                writes,
                reads,
                keys,
                reads_for,
                keys_for,
                code_version,
                study_wide,
                reads_all,
                refresh,
                pool,
                kind,
                unless,
            )
        )
        return make

    return registered
