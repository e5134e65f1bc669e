"""What a run says while it goes on, from whichever of its processes."""

from pathlib import Path

from streetview_assets_tests.end_to_end.small_studies import AUTHORITIES, finish, start, write_study


def test_each_process_says_how_far_it_is_and_where_asked_why(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study")
    process = start(tmp_path / "data", "run", study, "--until", "areas", "--jobs", 2, "-v")
    lines = finish(process).splitlines()
    for authority in AUTHORITIES:
        assert any(f" {authority} areas: made in " in line for line in lines)
        of = f"INFO streetview_assets.orchestration.build: areas of {authority}: "
        told = [line.partition(of)[2] for line in lines if of in line]
        assert told[0] == "not there yet"
        assert told[1].startswith("made, rows: ")
