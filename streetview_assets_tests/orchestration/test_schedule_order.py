"""The waves of a run."""

from itertools import pairwise

from streetview_assets.orchestration.runs.schedule_order import waves
from streetview_assets.study_state.lineage import specs, written_by


def test_a_wave_is_of_one_kind_and_reads_only_what_is_made_by_then():
    ordered = waves([*specs().values()])
    kinds = [{spec.study_wide for spec in wave} for wave in ordered]
    assert all(len(kind) == 1 for kind in kinds)
    assert all(one != next_one for one, next_one in pairwise(kinds)), "two runs where one would do"
    made: set[str] = set()
    for wave in ordered:
        for spec in wave:
            assert {written_by()[table] for table in spec.reads if table in written_by()} <= made
            made.add(spec.asset)
    assert made == set(specs())


def test_the_study_wide_assets_are_made_in_three_runs_at_most_and_those_of_authorities_in_two():
    assert len(waves([*specs().values()])) <= 5
