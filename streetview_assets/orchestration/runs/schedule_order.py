"""The order of work: waves of assets, each made for all authorities before the next begins.

Within a wave an authority's assets are made in one run; a new wave begins where an asset by
authority waits for a national one, or the other way round.
"""

from collections.abc import Sequence

from streetview_assets.study_state.lineage import RECIPES, WRITTEN_BY, Recipe
from streetview_assets.tables.contract import STAGES, Stage


def waves(recipes: Sequence[Recipe] = tuple(RECIPES.values())) -> list[list[Recipe]]:
    """Sort assets into waves. Recipes are listed so that what is read stands before its reader."""
    at: dict[str, int] = {}
    for recipe in recipes:
        before = [RECIPES[WRITTEN_BY[table]] for table in recipe.reads]
        at[recipe.asset] = max(
            (at[other.asset] + _is_step(other, recipe) for other in before), default=0
        )
    return [
        [recipe for recipe in recipes if at[recipe.asset] == wave]
        for wave in range(max(at.values()) + 1)
    ]


def _is_step(earlier: Recipe, later: Recipe) -> bool:
    return earlier.national != later.national or (later.reads_all and not earlier.national)


def between(first: Stage | None, last: Stage | None) -> set[Stage]:
    """Name the stages from `first` to `last`, both included."""
    begin = STAGES.index(first) if first else 0
    end = STAGES.index(last) + 1 if last else len(STAGES)
    return set(STAGES[begin:end])
