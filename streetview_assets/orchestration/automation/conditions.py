"""Automation conditions, composed once and given names.

What costs time looks at data versions (fingerprints): what was made again with the same result
starts nothing downstream. Publishing, which is cheap, looks at times.
"""

import dagster as dg

from streetview_assets.orchestration.automation.source_assets import PREFIX

Condition = dg.AutomationCondition
MARTS = dg.AssetSelection.key_prefixes("mart")


def when_input_changed(*, with_sources: bool = False) -> Condition:
    """Make an authority's part when a table that it reads there has really changed.

    Stock `eager()` starts at every update of an input, also when the result is the same, and on
    study-wide inputs waits for every authority. This one waits only for inputs that are being made
    now and for blocking checks, so that nothing is built on images that a check has refused.
    What has failed is tried again when its input changes, not before.

    Parameters
    ----------
    with_sources
        Whether a changed source counts as well; else `watch_sources` asks for what follows it.
    """
    absent: Condition = Condition.missing() & ~Condition.execution_failed()
    changed = _input_changed_since_requested(with_sources=with_sources)
    return ((changed | absent.since_last_handled()) & _inputs_are_ready()).with_label(
        "when_input_changed"
    )


def once_made() -> Condition:
    """Make again, when a table it reads has really changed, what was made by hand the first time.

    Else a study would begin to be made as soon as somebody looked at it.
    """
    changed = _input_changed_since_requested(with_sources=False)
    return (changed & ~Condition.missing() & _inputs_are_ready()).with_label("once_made")


def weekly() -> Condition:
    """Make a fit once a week, when something it reads has changed since the last one.

    It waits for inputs that are made now or about to be: the final fit comes after the others.
    """
    missing: Condition = Condition.missing()
    return (
        (_input_changed_since_requested(with_sources=True) | missing.since_last_handled())
        & _passed("0 3 * * 0")
        & _something_is_there()
        & ~Condition.any_deps_in_progress()
        & ~Condition.any_deps_match(Condition.will_be_requested())
        & ~Condition.in_progress()
    ).with_label("weekly")


def publish_when_idle() -> Condition:
    """Publish when something changed and nothing is under way; at most once an hour.

    No authority is required: what is there is published, and the tables say which were in. Marts
    and the published database that reads them are made in one go.
    """
    # One look may see a publication and an input made just after it. Dagster then compares their
    # times, but only of `newly_updated` against `newly_updated`, not within a larger condition.
    inputs_updated = Condition.any_deps_match(Condition.newly_updated())
    updated: Condition = inputs_updated.since(Condition.newly_updated())
    missing: Condition = Condition.missing()
    with_marts: Condition = Condition.any_deps_match(Condition.will_be_requested()).allow(MARTS)
    under_way = Condition.any_deps_match(Condition.will_be_requested()).ignore(MARTS)
    return (
        (updated | (with_marts | missing).since_last_handled())
        & _passed("0 * * * *")
        & _something_is_there()
        & ~Condition.any_deps_in_progress()
        & ~under_way
        & ~Condition.in_progress()
    ).with_label("publish_when_idle")


def _input_changed_since_requested(*, with_sources: bool) -> Condition:
    """Whether an input has changed since this was last asked for.

    Not since it was last made: what changes while this is made may have come too late for it.
    Where it did not, the run that is asked for finds all up to date. What is made in one run with
    its input needs no other run.
    """
    alone = ~Condition.executed_with_root_target()
    really = Condition.data_version_changed() & alone
    changed: Condition = Condition.any_deps_match(really) if with_sources else _tables(really)
    return changed.since(Condition.newly_requested() | Condition.initial_evaluation())


def _inputs_are_ready() -> Condition:
    return (
        ~_tables(Condition.missing())
        & ~Condition.any_deps_in_progress()
        & ~_refused()
        & ~Condition.in_progress()
    )


def _tables(condition: Condition) -> Condition:
    """Whether a condition holds of an input that is made, and is no source."""
    sources = dg.AssetSelection.key_prefixes(PREFIX, include_sources=True)
    return Condition.any_deps_match(condition).ignore(sources)


def _refused() -> Condition:
    """Whether a blocking check refuses an input, or is still looking at it."""
    refusing = Condition.check_failed() | Condition.in_progress()
    return Condition.any_deps_match(Condition.any_checks_match(refusing, blocking_only=True))


def _passed(cron: str) -> Condition:
    """Whether the time has come since this was last requested."""
    return Condition.cron_tick_passed(cron).since(Condition.newly_requested())


def _something_is_there() -> Condition:
    return _tables(~Condition.missing())
