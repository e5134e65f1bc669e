"""Money: told before it is spent, never more than the study allows, and published afterwards."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from streetview_assets.cli.tables import show_forecast
from streetview_assets.orchestration.runs.forecast import LOOK_UPS, forecast
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.open_study import open_study
from streetview_assets.warehouse.marts import is_published, publish_study
from streetview_assets_tests.end_to_end.small_studies import AUTHORITIES, write_study
from streetview_assets_tests.images.imagery_server import Server, serving

GOOGLE: dict[str, Any] = {
    "provider": "google",
    "headings_deg": [0, 180],
    "size_px": [64, 64],
    "requests_per_second": None,
    "max_concurrent": 8,
    "keep_images": True,
}
PRICE_USD = 0.007
UP_TO_IMAGES = LOOK_UPS | {"images"}


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a-good-key")
    monkeypatch.delenv("GOOGLE_MAPS_SIGNING_SECRET", raising=False)
    with serving(empty_share=0.1) as one:
        yield one


@pytest.fixture
def write_paid(tmp_path, server):
    """Write the paid study anew, with other wishes for its images."""

    def write(**wishes: Any):
        images = {**GOOGLE, "base_url": server.base_url, **wishes}
        return write_study(tmp_path / "study", name="paid", images=images)

    return write


def test_without_a_budget_nothing_runs_but_the_plan_says_what_to_write(
    write_paid, server, streetview
):
    study = write_paid(free_per_month=10)
    for command in ("run", "retry"):
        refused = streetview(command, study)
        assert refused.exit_code == 2, refused.output
        said = " ".join(refused.output.split())
        for words in (str(study), "images.budget_usd is not set", "streetview plan", "7.00 US$"):
            assert words in said
    assert not open_study(study).root.exists()
    assert server.log() == []

    planned = streetview("plan", study, "--authority", AUTHORITIES[0])
    assert planned.exit_code == 0, planned.output
    assert AUTHORITIES[1] not in planned.output
    (load,) = forecast(open_study(study), AUTHORITIES[:1]).loads
    assert load.request_count > 10
    assert load.cost_usd == pytest.approx((load.request_count - 10) * PRICE_USD)
    said = " ".join(planned.output.split())
    assert f"images.budget_usd: {load.cost_usd:.2f} would be enough" in said
    assert "the first 10 a month free" in said
    doctor = streetview("doctor", study)
    assert "budget: none is set, 0.00 US$ spent so far" in doctor.output


@pytest.mark.parametrize(
    ("provider", "name"),
    [("google", "GOOGLE_MAPS_API_KEY"), ("mapillary", "MAPILLARY_TOKEN")],
)
def test_a_key_that_is_not_set_is_named_before_anything_runs(
    write_paid, streetview, monkeypatch, provider, name
):
    monkeypatch.setenv(name, "")
    study = write_paid(provider=provider, budget_usd=1)
    for command in ("run", "plan"):
        refused = streetview(command, study)
        assert refused.exit_code == 2, refused.output
        assert name in refused.output
    assert not open_study(study).root.exists()
    doctor = streetview("doctor", study)
    assert doctor.exit_code == 1
    assert "fault" in doctor.output


def test_the_plan_counts_what_a_run_then_asks_for_and_the_budget_stops_it(
    write_paid, server, streetview
):
    study = write_paid(budget_usd=0.07)
    planned = streetview("plan", study)
    assert planned.exit_code == 0, planned.output
    assert {seen.place for seen in server.log()} == {"metadata"}, "a plan asks for no image"
    opened = open_study(study)
    before = forecast(opened)

    found = opened.read("panoramas").filter(status="ok").unique(["panorama_id"])
    wanted = 2 * found.height
    assert before.total.request_count == wanted > 20
    assert sum(load.request_count for load in before.loads) == wanted
    assert before.total.cost_usd == pytest.approx(wanted * PRICE_USD)
    short_usd = wanted * PRICE_USD - 0.07
    assert before.budget.short_usd == pytest.approx(short_usd)
    assert f"Budget 0.07, spent 0.00, left 0.07: {short_usd:,.2f} short." in planned.output
    assert "list prices of 2025-02-28" in planned.output

    stopped = streetview("run", study, "--until", "images")
    assert stopped.exit_code == 1, stopped.output
    assert "the budget is spent: 0.070 of 0.070 US$" in " ".join(stopped.output.split())
    again = run_study(opened, only=UP_TO_IMAGES)
    assert {failure.kind for failure in again.failures} == {"BudgetSpentError"}
    assert len(server.log("image")) == 10, "ten are paid for, however often it is run"
    after = forecast(opened)
    assert after.total.request_count == wanted - 10
    assert (after.budget.spent_usd, after.budget.asked_this_month) == (pytest.approx(0.07), 10)

    enough = forecast(open_study(write_paid(budget_usd=wanted * PRICE_USD)))
    assert enough.budget.short_usd == pytest.approx(0, abs=1e-9)
    assert run_study(open_study(study), only=UP_TO_IMAGES).failures == []
    assert len(server.log("image")) == wanted
    assert forecast(open_study(study)).total.request_count == 0
    publish_study(opened)
    spending = opened.sql("select authority_code, sum(cost_usd) as usd from spending group by 1")
    assert set(spending["authority_code"]) == set(AUTHORITIES)
    assert spending["usd"].sum() == pytest.approx(wanted * PRICE_USD)


def test_what_failed_is_left_to_retry_and_the_plan_says_so(write_paid, server, capsys):
    opened = open_study(write_paid(budget_usd=10))
    server.change(faults=[{"kind": "html", "share": 0.3, "where": ["image"], "tries": None}])
    run_study(opened, only=UP_TO_IMAGES, authorities=AUTHORITIES[:1])
    failed = opened.read("images").filter(status="failed").height
    assert failed > 0
    server.change(faults=[])
    planned = forecast(opened, AUTHORITIES[:1])
    load = planned.total
    assert (load.failed_count, load.request_count) == (failed, 0)
    assert load.there_count == load.image_count - failed
    capsys.readouterr()
    show_forecast(planned)
    said = " ".join(capsys.readouterr().out.split())
    assert f"Not counted: {failed} images that failed before" in said


def test_free_images_are_planned_and_published_without_a_word_of_money(tiny, streetview):
    planned = streetview("plan", tiny.study.path).output
    assert "udget" not in planned
    assert forecast(tiny).budget is None
    assert "budget" not in streetview("doctor", tiny.study.path).output
    assert tiny.sql("select count(*) as n from spending").item() == 0
    assert not (tiny.root / "ledger.sqlite").exists()


def test_what_is_spent_makes_the_published_file_out_of_date(tiny):
    assert is_published(tiny)
    tiny.ledger.record_deleted([], tiny.read("images")["fetched_at"].max())
    assert is_published(tiny), "a ledger in which nothing is spent changes nothing"
    budget = tiny.ledger.budget(authority_code=AUTHORITIES[0], provider="google", budget_usd=1)
    budget.settle(budget.reserve("a"), "charged")
    assert not is_published(tiny)
    publish_study(tiny)
    assert is_published(tiny)
    told = tiny.sql("select provider, outcome, request_count, cost_usd, month from spending")
    assert told.drop("month").rows() == [("google", "charged", 1, PRICE_USD)]
    assert told.schema["month"] == pl.Date
    assert budget.reserve("b")
    assert not is_published(tiny)
