"""A ledger that was lost forgets nothing: the lake knows what was bought, and says so."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from streetview_assets.errors import LedgerError
from streetview_assets.images.budget.ledger import LEDGER
from streetview_assets.orchestration.runs.instance import CLAIM
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.study_state.purchases import check_ledger
from streetview_assets_tests.end_to_end.imagery_studies import (
    HEADINGS,
    PRICE_USD,
    UP_TO_IMAGES,
    UP_TO_VECTORS,
    open_google_study,
)
from streetview_assets_tests.images.imagery_server import Server, serving

POINTS = 2
UP_TO_DELETION = UP_TO_VECTORS | {"baseline_embeddings", "area_embeddings", "image_retention"}
COUNT = POINTS * len(HEADINGS)


@pytest.fixture(scope="module")
def one_server() -> Iterator[Server]:
    with serving() as one:
        yield one


@pytest.fixture(scope="module")
def bought_once(one_server, tmp_path_factory) -> Path:
    """The folder of a study whose images were all bought."""
    folder = tmp_path_factory.mktemp("bought")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(folder / "data" / "bought" / "dagster"))
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        patch.setenv("GOOGLE_MAPS_API_KEY", "a-good-key")
        opened = open_google_study(folder, one_server, POINTS)
        assert run_study(opened, only=UP_TO_IMAGES).failures == []
    (opened.root / CLAIM).unlink()
    return folder


@pytest.fixture
def server(one_server, monkeypatch) -> Server:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a-good-key")
    monkeypatch.delenv("GOOGLE_MAPS_SIGNING_SECRET", raising=False)
    one_server.reset()
    return one_server


@pytest.fixture
def bought(bought_once, server, tmp_path) -> OpenStudy:
    """A study whose images were all bought, to be changed."""
    shutil.copytree(bought_once, tmp_path, dirs_exist_ok=True)
    return open_study(tmp_path / "study.yaml")


def lose_all_but_three(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("delete from requests where reservation > 3")
        connection.execute("update totals set request_count = 3, cost_microusd = 21000")
    connection.close()


WAYS = {
    "deleted": Path.unlink,
    "emptied": lambda path: path.write_bytes(b""),
    "an older copy": lose_all_but_three,
}


def test_every_entry_is_in_the_file_itself_at_a_clean_end(bought, tmp_path):
    assert not list(bought.root.glob(f"{LEDGER}-*"))
    shutil.copy(bought.ledger.path, tmp_path / "copy.sqlite")
    with sqlite3.connect(tmp_path / "copy.sqlite") as connection:
        (count,) = connection.execute("select count(*) from requests").fetchone()
    connection.close()
    assert count == COUNT


@pytest.mark.parametrize("way", WAYS)
def test_a_ledger_that_does_not_know_what_was_bought_stops_all_buying(
    bought, server, tmp_path, streetview, way
):
    WAYS[way](bought.ledger.path)
    more = open_google_study(tmp_path, server, POINTS + 1, budget_usd=(COUNT + 2) * PRICE_USD)
    server.reset()
    for command in (("run",), ("retry",), ("ledger",)):
        refused = streetview(*command, more.study.path)
        assert refused.exit_code == 1, refused.output
        said = " ".join(refused.output.split())
        for words in (LEDGER, "/lake contradict", f"of {COUNT} images", "--adopt"):
            assert words in said
    assert server.log() == []
    assert {one.kind for one in run_study(more, only=UP_TO_IMAGES).failures} == {"LedgerError"}
    assert server.log("image") == []

    adopted = streetview("ledger", more.study.path, "--adopt")
    assert adopted.exit_code == 0, adopted.output
    assert more.ledger.spent_usd() == pytest.approx(COUNT * PRICE_USD)
    assert {one.kind for one in run_study(more, only=UP_TO_IMAGES).failures} == {"BudgetSpentError"}
    assert len(server.log("image")) == 2, "the budget holds over all that was ever bought"


def test_a_ledger_that_is_none_is_named_with_the_way_out(bought, streetview):
    bought.ledger.path.write_bytes(b"this is no database" * 100)
    for command in ("run", "doctor", "ledger"):
        refused = streetview(command, bought.study.path)
        assert refused.exit_code == 1, refused.output
        assert LEDGER in refused.output
        assert "Traceback" not in refused.output
        assert "adopt" in refused.output
    bought.ledger.path.unlink()
    assert streetview("ledger", bought.study.path, "--adopt").exit_code == 0
    check_ledger(bought)


def test_files_and_unfinished_pieces_say_what_was_bought_where_the_table_is_gone(
    bought, streetview
):
    shutil.rmtree(bought.root / "lake" / "images")
    bought.ledger.path.unlink()
    with pytest.raises(LedgerError, match=f"of {COUNT} images"):
        check_ledger(bought, bought.authorities)
    assert streetview("ledger", bought.study.path, "--adopt").exit_code == 0
    assert bought.ledger.spent_usd() == pytest.approx(COUNT * PRICE_USD)


def test_what_was_deleted_on_purpose_is_not_bought_again(server, tmp_path, streetview):
    opened = open_google_study(tmp_path, server, POINTS, keep_images=False)
    assert run_study(opened, only=UP_TO_DELETION).failures == []
    assert opened.read("image_retention").height == COUNT
    opened.ledger.path.unlink()
    assert streetview("ledger", opened.study.path, "--adopt").exit_code == 0
    server.reset()
    assert run_study(opened, only=UP_TO_DELETION, anew_from="images").failures == []
    assert server.log("image") == []
