"""Sensors: automation that costs nothing is on; pictures, which may cost money, start off."""

import dagster as dg


def study_sensors() -> list[dg.AutomationConditionSensorDefinition]:
    """Make two automation sensors with targets that do not overlap."""
    pictures = dg.AssetSelection.assets("images")
    return [
        dg.AutomationConditionSensorDefinition(
            "refresh",
            target=dg.AssetSelection.all() - pictures,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Makes what is out of date, wherever that costs nothing but time.",
        ),
        dg.AutomationConditionSensorDefinition(
            "fetch_pictures",
            target=pictures,
            default_status=dg.DefaultSensorStatus.STOPPED,
            description="Fetches pictures of new panoramas. A paid provider charges for them: "
            "switch this on when the budget of the study file is what you mean to spend.",
        ),
    ]
