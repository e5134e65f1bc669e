"""The demo study as it is shipped; elsewhere it is run with fewer images and models."""

from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.runs.preflight import check_inputs
from streetview_assets.orchestration.runs.schedule_order import waves
from streetview_assets.orchestration.runs.status import study_status
from streetview_assets.study_state.open_study import DEMO_STUDY, open_study


def test_it_is_read_whole_checked_and_planned(tmp_path, monkeypatch):
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path))
    opened = open_study(DEMO_STUDY)
    sources = check_inputs(opened, to_be_paid=True)
    assert set(sources.areas()["authority_code"]) == set(opened.authorities)
    assert set(sources.targets().targets["target"]) == {
        target.name for target in opened.study.targets
    }
    planned = [spec.asset for wave in waves([*opened.assets.values()]) for spec in wave]
    assert {"image_layout", "sample_size_experiment", "deprivation_model"} <= set(planned)
    assert sorted(planned) == sorted(opened.assets)
    graph = build_definitions(DEMO_STUDY).resolve_asset_graph()
    assert {key.to_user_string() for key in graph.materializable_asset_keys} >= set(planned)
    assert {state.state for state in study_status(opened)} <= {"missing", "waiting"}
