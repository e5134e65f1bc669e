from pathlib import Path

import pytest

from streetview_assets.cli.app import app
from streetview_assets.images.budget.prices import PRICES
from streetview_assets.images.providers.terms import TERMS

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    *(command.name or command.callback.__name__ for command in app.registered_commands),
    *(group.name for group in app.registered_groups),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_explained(command):
    assert f"| `streetview {command}" in README


@pytest.mark.parametrize("provider", TERMS)
def test_what_a_provider_allows_costs_and_asks_for_is_what_the_program_knows(provider):
    terms, tiers = TERMS[provider], PRICES.get(provider, ())
    prices = [f"{tier.usd_per_1000:.2f}" for tier in tiers]
    below = [f"{tier.up_to:,}" for tier in tiers if tier.up_to]
    beyond = zip(prices[1:], below, strict=True)
    steps = "".join(f", {price} beyond {count} a month" for price, count in beyond)
    cost = f"{prices[0]} US$ per 1,000 images{steps}" if tiers else "nothing"
    (row,) = [line for line in README.splitlines() if line.startswith(f"| `{provider}` |")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    key = f"`{terms.key}`" if terms.key else "none"
    assert cells[1:] == [cost, key, terms.storage, terms.credit]
