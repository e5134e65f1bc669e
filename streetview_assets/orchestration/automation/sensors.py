"""Sensors: what costs nothing but time starts by itself; images that cost money start off."""

from typing import Any

import dagster as dg

from streetview_assets.images.budget.prices import is_paid
from streetview_assets.orchestration.automation.drop_folder import drop_folder_sensor
from streetview_assets.orchestration.automation.freshness_checks import freshness_sensor
from streetview_assets.orchestration.automation.jobs import FETCHED
from streetview_assets.orchestration.automation.notices import receivers
from streetview_assets.orchestration.automation.run_failures import failure_sensor
from streetview_assets.orchestration.automation.source_sensor import source_sensor
from streetview_assets.study_state.open_study import OpenStudy

FREE_IMAGES = "Fetches images of new panoramas: free of charge, where this study gets its images."
PAID_IMAGES = (
    "Fetches images of new panoramas. The provider charges for them: switch this on when the "
    "budget of the study file is what you mean to spend."
)


def study_sensors(opened: OpenStudy) -> list[Any]:
    """Make the sensors of a study: two automation sensors with targets that do not overlap.

    What a changed source puts out of date they leave to one that watches the sources. A study of
    images of one's own also gets one that watches their folder; one that says how old imagery may
    be, one that looks each day; where the environment names somebody who is to know of runs that
    failed, there is one that tells them.
    """
    images = dg.AssetSelection.assets(FETCHED)
    paid = is_paid(opened.study.images.provider)
    states = dg.DefaultSensorStatus
    sensors: list[Any] = [
        dg.AutomationConditionSensorDefinition(
            "refresh",
            target=dg.AssetSelection.all() - images,
            default_status=states.RUNNING,
            description="Makes what is out of date, wherever that costs nothing but time.",
        ),
        dg.AutomationConditionSensorDefinition(
            "fetch_images",
            target=images,
            default_status=states.STOPPED if paid else states.RUNNING,
            description=PAID_IMAGES if paid else FREE_IMAGES,
        ),
        source_sensor(opened),
    ]
    if opened.study.points.origin == "images":
        sensors.append(drop_folder_sensor(opened))
    if opened.study.freshness:
        sensors.append(freshness_sensor(opened))
    if to := receivers():
        sensors.append(failure_sensor(opened, to))
    return sensors
