"""A protocol fixes what is scored before it is scored, and says what was known by then."""

import json
import shutil
from dataclasses import replace

import polars as pl
import pytest
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.errors import StudyError
from streetview_assets.models.towns.protocol_file import read_protocol, write_protocol
from streetview_assets.models.towns.protocol_records import protocol_scores
from streetview_assets.orchestration.protocols.carry_out import carry_out
from streetview_assets.orchestration.protocols.compose import compose
from streetview_assets.orchestration.protocols.looks import BY_AUTHORITY, STUDY_WIDE
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.orchestration.conftest import EAST, WEST


def forget_scores(opened: OpenStudy) -> OpenStudy:
    """Make a study as it was before any model was scored in it."""
    for table in (*BY_AUTHORITY, *STUDY_WIDE, "predictions", "held_out_predictions"):
        for path in opened.lake.files(table, encoder=opened.encoder):
            path.unlink()
    (opened.root / "mlflow.db").unlink()
    shutil.rmtree(opened.root / "mlartifacts", ignore_errors=True)
    return opened


def test_a_protocol_is_carried_out_as_authorities_are_held_out(town):
    held_out = town.opened.read("held_out_scores", WEST).filter(group_name="all", fold=0)
    opened = forget_scores(town.opened)
    protocol = compose(opened, [EAST], [WEST], metrics=["r2", "rmse"], name="west")
    assert not protocol.looked_at
    done, _ = carry_out(opened, protocol)
    assert (done.is_preregistered, done.differs) == (True, ())
    table = protocol_scores(opened.root)
    check_contract(TABLES["protocol_scores"], table)
    assert set(table["metric"]) == {"r2", "rmse"}
    for model in ("tuned", "place", "mean"):
        mine = table.filter(group_name=WEST, model=model, metric="r2")["value"].item()
        theirs = held_out.filter(model=model, metric="r2")["value"].item()
        assert mine == pytest.approx(theirs, rel=1e-9)
    again, _ = carry_out(opened, protocol)
    assert again.rows == done.rows
    assert again.is_preregistered, "its own first result came after it was written"
    later = compose(opened, [EAST], [WEST], metrics=["r2"])
    assert next(look.what for look in later.looked_at) == f"protocol {protocol.short}"


def test_one_written_after_scores_says_so(town, tmp_path):
    file = tmp_path / "late.json"
    study = str(town.opened.study.path)
    said = CliRunner().invoke(
        app, ["protocol", "write", study, "--test", WEST, "--output", str(file)]
    )
    assert said.exit_code == 0, said.output
    what = {look.what for look in read_protocol(file).looked_at}
    assert {"table held_out_scores", "table model_scores", "MLflow run of held_out_model"} <= what
    said = CliRunner().invoke(app, ["protocol", "run", str(file), study])
    assert said.exit_code == 0, said.output
    assert "Not registered before the test" in said.output
    query = "select distinct is_preregistered, known_before like '%held_out%' from protocol_scores"
    assert town.opened.sql(query).rows() == [(False, True)]
    said = CliRunner().invoke(app, ["protocol", "show", str(file), study])
    assert "Written after scores of tested authorities" in said.output
    assert "Carried out" in said.output


def test_what_differs_is_refused_by_name_unless_it_is_let_pass(town):
    opened = forget_scores(town.opened)
    protocol = compose(opened, [EAST], [WEST], metrics=["r2"])
    targets = opened.read("targets", WEST)
    moved = targets.with_columns(value=pl.col("value").reverse())
    opened.write("targets", {"targets": moved}, WEST, opened.provenance("targets", WEST))
    with pytest.raises(StudyError, match=rf"table targets of {WEST}.*--despite targets"):
        carry_out(opened, protocol)
    done, _ = carry_out(opened, protocol, despite=["targets"])
    assert done.differs == ("targets",)
    assert set(protocol_scores(opened.root)["differs"]) == {"targets"}


def test_settings_are_those_of_the_protocol_whatever_the_study_says(town):
    opened = forget_scores(town.opened)
    protocol = compose(opened, [EAST], [WEST], metrics=["r2"])
    fixed, _ = carry_out(opened, protocol)
    models = opened.study.models.model_copy(update={"candidates": ("pls",), "trials": 3})
    study = opened.study.model_copy(update={"models": models, "seed": 99})
    study._path = opened.study.path
    other, _ = carry_out(replace(opened, study=study), protocol)
    assert other.rows == fixed.rows


def test_a_town_to_come_may_be_named_and_is_no_difference_when_it_is_there(town):
    opened = forget_scores(town.opened)
    protocol = compose(opened, [EAST], ["X09", WEST], metrics=["r2"])
    assert protocol.inputs["targets"]["X09"] is None
    assert protocol.inputs["targets"][WEST]
    done, _ = carry_out(opened, protocol)
    absent = [row for row in done.rows if row["group_name"] == "X09"]
    assert [row["note"] for row in absent] == ["no area of this authority has imagery and a value"]


def test_a_protocol_is_not_changed_once_it_is_written(town, tmp_path):
    file = tmp_path / "protocol.json"
    protocol = compose(town.opened, [EAST], [WEST])
    write_protocol(file, protocol)
    assert read_protocol(file) == protocol
    with pytest.raises(StudyError, match="not changed once it is written"):
        write_protocol(file, protocol)
    document = json.loads(file.read_text())
    document["protocol"]["metrics"] = ["spearman"]
    file.write_text(json.dumps(document))
    with pytest.raises(StudyError, match="was changed after it was written"):
        read_protocol(file)
    document["protocol"]["train"] = "E1"
    file.write_text(json.dumps(document))
    with pytest.raises(StudyError, match=r"protocol\.train: .*as it was passed on"):
        read_protocol(file)
    for text in ("{", "[]", "{}", "\x00"):
        file.write_text(text)
        with pytest.raises(StudyError, match="protocol write"):
            read_protocol(file)


@pytest.fixture(scope="module")
def passed_on(tmp_path_factory, write_town):
    """The protocol of somebody who made the eastern half alone, in a study of another name."""
    folder = tmp_path_factory.mktemp("elsewhere")
    study, file = write_town(folder / "study", {"small-town": "theirs"}), folder / "protocol.json"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "STREETVIEW_STUDY"):
            patch.setenv(name, "")
            patch.delenv(name)
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        report = run_study(open_study(study), authorities=[EAST], until="pooling")
        assert not report.failures, report.failures
        asked = ["--train", EAST, "--test", WEST, "--metric", "r2", "--output", str(file)]
        said = CliRunner().invoke(app, ["protocol", "write", str(study), *asked])
    assert said.exit_code == 0, said.output
    shutil.rmtree(folder / "study")
    shutil.rmtree(folder / "data")
    return file


def test_one_passed_on_is_carried_out_in_a_study_made_by_others(passed_on, town):
    """Both made the eastern half by themselves: its content is the same, whatever they call it."""
    opened = forget_scores(town.opened)
    said = CliRunner().invoke(app, ["protocol", "run", str(passed_on), str(opened.study.path)])
    assert said.exit_code == 0, said.output
    assert "Not as the protocol has it" not in said.output
    own, _ = carry_out(opened, compose(opened, [EAST], [WEST], metrics=["r2"]))
    theirs = protocol_scores(opened.root).filter(protocol=read_protocol(passed_on).short)
    assert theirs["value"].to_list() == [row["value"] for row in own.rows]
    assert theirs["is_preregistered"].all()
    assert theirs["differs"].null_count() == theirs.height


def test_one_passed_on_names_what_the_others_have_otherwise(passed_on, town):
    opened = forget_scores(town.opened)
    encoders = opened.read("encoders").with_columns(weights_sha256=pl.lit("others"))
    made = opened.provenance("encoders", None)
    opened.write("encoders", {"encoders": encoders}, None, made)
    targets = opened.read("targets", EAST)
    moved = targets.with_columns(value=pl.col("value").reverse())
    opened.write("targets", {"targets": moved}, EAST, opened.provenance("targets", EAST))
    command = ["protocol", "run", str(passed_on), str(opened.study.path)]
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 2
    assert "--despite encoder" in said.output
    assert f"table targets of {EAST}" in said.output
    said = CliRunner().invoke(app, [*command, "--despite", "encoder", "--despite", "targets"])
    assert said.exit_code == 0, said.output
    assert "Not as the protocol has it: encoder, targets." in said.output


def test_what_cannot_be_a_protocol_is_refused(town):
    refused = {
        "trained on and tested": {"train": [EAST], "test": [EAST]},
        "no such authority to train on: X09": {"train": ["X09"], "test": [WEST]},
        "metric luck: not one of r2": {"train": [EAST], "test": [WEST], "metrics": ["luck"]},
    }
    for message, asked in refused.items():
        with pytest.raises(StudyError, match=message):
            compose(town.opened, **asked)
