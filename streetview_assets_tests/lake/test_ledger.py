"""The ledger: counted before it is spent, by all processes together, whatever kills them."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from streetview_assets.errors import BudgetSpentError
from streetview_assets.images.budget.ledger import CLAIM_LASTS, LEDGER, Ledger
from streetview_assets.images.budget.ledger_file import write
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.started import programs

SPENDER = """
import sys
from pathlib import Path
from streetview_assets.errors import BudgetSpentError
from streetview_assets.images.budget.ledger import Ledger
path, name, count = sys.argv[1:]
budget = Ledger(Path(path)).budget(authority_code="A1", provider="google", budget_usd=1.4)
try:
    for number in range(int(count)):
        reservation = budget.reserve(f"{name}{number}")
        print(reservation, flush=True)
        if name == "hang":
            sys.stdin.read()
        budget.settle(reservation, "charged")
except BudgetSpentError:
    pass
"""


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(tmp_path / LEDGER)


def budget(ledger: Ledger, budget_usd: float = 3.5, **options):
    return ledger.budget(authority_code="A1", provider="google", budget_usd=budget_usd, **options)


def set_back(ledger: Ledger, by: timedelta) -> None:
    """Make all that was reserved older."""
    then = (datetime.now(UTC) - by).isoformat()
    write(
        ledger.path,
        lambda connection: connection.execute("update requests set reserved_at = ?", (then,)),
        safely=False,
    )


def spender(ledger: Ledger, name: str, count: int) -> "subprocess.Popen[str]":
    return programs.Brief(
        [sys.executable, "-c", SPENDER, str(ledger.path), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_budget_holds_to_the_last_cent(ledger):
    pays = budget(ledger)
    for number in range(500):
        pays.settle(pays.reserve(f"i{number}"), "charged")
    with pytest.raises(BudgetSpentError, match=r"3\.500 of 3\.500 US\$.*images\.budget_usd"):
        pays.reserve("one more")
    assert ledger.spent_usd() == pytest.approx(3.5, abs=1e-9)


def test_what_was_not_charged_is_free_again(ledger):
    pays = budget(ledger, budget_usd=0.007)
    pays.settle(pays.reserve("a"), "not_charged")
    pays.settle(pays.reserve("b"), "charged")
    with pytest.raises(BudgetSpentError):
        pays.reserve("c")


def test_the_free_allowance_comes_first(ledger):
    pays = budget(ledger, budget_usd=0.014, free_per_month=3)
    for number in range(5):
        pays.settle(pays.reserve(f"i{number}"), "charged")
    assert ledger.spent_usd() == pytest.approx(0.014)
    with pytest.raises(BudgetSpentError):
        pays.reserve("more")


def test_processes_together_never_exceed_the_budget(ledger):
    spenders = [spender(ledger, name, 150) for name in "ab"]
    lines = [line for one in spenders for line in one.communicate(timeout=60)[0].splitlines()]
    assert len(lines) == 200
    assert len(set(lines)) == 200
    assert ledger.spent_usd() == pytest.approx(1.4)


def test_threads_share_a_budget(ledger):
    pays = budget(ledger, budget_usd=0.7)

    def pay(number: int) -> bool:
        try:
            pays.settle(pays.reserve(f"i{number}"), "charged")
        except BudgetSpentError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(pay, range(140))) == 100


def test_a_kill_between_asking_and_answer_counts_as_spent(ledger):
    killed = spender(ledger, "hang", 1)
    killed.stdout.readline()
    pays = budget(ledger)
    assert pays.reserve("hang0") is None, "a process that is alive asks for it"
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert ledger.spent_usd() == pytest.approx(0.007)
    assert pays.reserve("hang0") is not None
    assert ledger.spent_usd() == pytest.approx(0.014)


def test_a_claim_of_a_process_that_cannot_be_seen_ends_with_time(ledger):
    far_away = replace(budget(ledger), process="container-that-is-no-more/1/0.00")
    far_away.reserve("a")
    pays = budget(ledger)
    assert pays.reserve("a") is None
    set_back(ledger, CLAIM_LASTS)
    assert pays.reserve("a") is not None
    assert ledger.spent_usd() == pytest.approx(0.014), "what it had reserved stays spent"


def test_a_new_month_begins_with_its_free_allowance(ledger):
    pays = budget(ledger, budget_usd=0.007, free_per_month=1)
    december, january = (datetime(*day, tzinfo=UTC) for day in [(2025, 12, 31), (2026, 1, 1)])
    for moment, name in [(december, "a"), (december, "b"), (january, "c")]:
        write(ledger.path, lambda one, at=moment, of=name: pays._reserved(one, of, at), safely=True)
    spending = ledger.spending().select("month", "request_count", "cost_usd").rows()
    assert spending == [(date(2025, 12, 1), 2, 0.007), (date(2026, 1, 1), 1, 0.0)]
    with pytest.raises(BudgetSpentError):
        write(ledger.path, lambda one: pays._reserved(one, "d", january), safely=True)


@given(
    st.lists(st.sampled_from(["charged", "not_charged", "reserved"]), max_size=30),
    st.integers(0, 5),
    st.integers(0, 12),
)
@settings(max_examples=30, deadline=None)
def test_no_order_of_events_spends_more_than_the_budget(outcomes, free, affordable):
    with TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / LEDGER)
        pays = budget(ledger, budget_usd=affordable * 0.007, free_per_month=free)
        sent = 0
        for number, outcome in enumerate(outcomes):
            try:
                reservation = pays.reserve(f"i{number}")
            except BudgetSpentError:
                break
            if outcome != "reserved":
                pays.settle(reservation, outcome)
            sent += outcome != "not_charged"
        assert sent <= affordable + free
        assert ledger.spent_usd() <= affordable * 0.007 + 1e-9
        told = ledger.spending()["cost_usd"].sum()
        assert told == pytest.approx(ledger.spent_usd(), abs=1e-9)


def test_a_ledger_that_was_deleted_begins_anew_in_a_process_that_goes_on(ledger):
    pays = budget(ledger)
    pays.reserve("a")
    for file in ledger.path.parent.glob(f"{LEDGER}*"):
        file.unlink()
    pays.reserve("b")
    assert ledger.spent_usd() == pytest.approx(0.007)


def test_an_entry_that_fails_leaves_nothing_and_others_go_on(ledger):
    pays = budget(ledger)
    with pytest.raises(TypeError):
        pays.settle(12345, "charged")
    pays.settle(pays.reserve("a"), "charged")
    assert ledger.spending()["request_count"].sum() == 1


def test_what_is_spent_is_told_by_month_and_outcome(ledger):
    pays = budget(ledger)
    pays.settle(pays.reserve("a"), "charged")
    pays.settle(pays.reserve("a"), "charged")
    pays.settle(pays.reserve("b"), "not_charged")
    pays.reserve("c")
    spending = ledger.spending()
    check_contract(TABLES["spending"], spending)
    rows = spending.select("outcome", "request_count", "image_count", "cost_usd").rows()
    assert rows == [
        ("charged", 2, 1, pytest.approx(0.014)),
        ("not_charged", 1, 1, 0.0),
        ("reserved", 1, 1, pytest.approx(0.007)),
    ]
    assert spending["month"][0] == datetime.now(UTC).date().replace(day=1)
    assert ledger.asked_this_month("google") == 3


def test_a_study_that_has_spent_nothing_has_no_ledger(ledger):
    assert ledger.spent_usd() == 0
    assert ledger.spending().is_empty()
    assert ledger.deleted() == {}
    assert not ledger.path.exists()


def test_deleted_images_are_remembered_by_when_they_were_deleted_first(ledger):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    ledger.record_deleted(["a", "b"], at)
    ledger.record_deleted(["b"], datetime(2027, 1, 1, tzinfo=UTC))
    assert ledger.deleted() == {"a": at, "b": at}
