"""The waves of a run."""

from itertools import pairwise

from streetview_assets.orchestration.runs.schedule_order import independent, waves
from streetview_assets.study.study_file import load_study
from streetview_assets.study_state.lineage import specs, specs_for, written_by
from streetview_assets.study_state.open_study import DEMO_STUDY


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


def test_groups_that_are_independent_read_nothing_of_one_another():
    for wave in waves([*specs_for(load_study(DEMO_STUDY)).values()]):
        groups = independent(wave)
        assert sorted(spec.asset for group in groups for spec in group) == sorted(
            spec.asset for spec in wave
        )
        for group in groups:
            read = {written_by().get(table) for spec in group for table in spec.reads}
            others = {spec.asset for other in groups if other is not group for spec in other}
            assert not read & others
            assert group == [spec for spec in wave if spec in group], "what is read comes first"
