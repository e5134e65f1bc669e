"""Automation conditions, composed once and given names.

All of them look at data versions (fingerprints), not at times: what was made again with the same
result starts nothing downstream.
"""

import dagster as dg

Condition = dg.AutomationCondition


def when_input_changed() -> Condition:
    """Make an authority's part when something it reads there has really changed.

    Stock `eager()` starts at every update of an input, also when the result is the same, and on
    national inputs waits for every authority. This one waits only for inputs that are being made
    now and for blocking checks, so that nothing is built on pictures that a check has refused.
    """
    changed = Condition.any_deps_match(Condition.data_version_changed()) | Condition.missing()
    return (
        changed.since_last_handled()
        & ~Condition.any_deps_missing()
        & ~Condition.any_deps_in_progress()
        & Condition.all_deps_blocking_checks_passed()
        & ~Condition.in_progress()
        & ~Condition.execution_failed()
    ).with_label("when_input_changed")


def weekly() -> Condition:
    """Make a national fit once a week, when something it reads has changed since the last one."""
    changed = (
        Condition.any_deps_match(Condition.data_version_changed() | Condition.newly_updated())
        | Condition.missing()
    )
    return (
        changed.since_last_handled()
        & Condition.cron_tick_passed("0 3 * * 0").since(Condition.newly_requested())
        & ~Condition.any_deps_in_progress()
        & ~Condition.in_progress()
    ).with_label("weekly")


def settled() -> Condition:
    """Publish when something changed and nothing is under way; at most once an hour.

    No authority is required: what is there is published, and the tables say which were in.
    """
    changed = Condition.any_deps_match(
        Condition.data_version_changed() | Condition.newly_updated() | Condition.will_be_requested()
    )
    return (
        changed.since_last_handled()
        & Condition.cron_tick_passed("0 * * * *").since(Condition.newly_requested())
        & ~Condition.any_deps_in_progress()
        & ~Condition.in_progress()
    ).with_label("settled")
