"""Jobs: everything of one authority, and everything of the whole study."""

from typing import Any

import dagster as dg

from streetview_assets.study_state.open_study import OpenStudy

AUTHORITY_JOB = "authority"
STUDY_JOB = "study"
LOOK_UP_JOB = "look_up_panoramas"
TAKE_IN_JOB = "take_in_images"
FETCHED = "images"
"""What may cost money, and so has a sensor of its own."""
TAKEN_IN = ("areas", "road_network", "sample_points", "panoramas")

# The prefix keeps them out of the list of runs, where they would tell a person nothing.
ONLY_STALE_TAG = ".dagster/streetview_only_stale"
FORCE_TAG = ".dagster/streetview_force"
RETRY_TAG = ".dagster/streetview_retry"
AUTOMATION_TAG = "dagster/from_automation_condition"
"""Dagster's tag of a run that a sensor asked for: the command may have done its work meanwhile."""


def by_authority(opened: OpenStudy) -> dg.AssetSelection:
    """Select all assets by authority."""
    return dg.AssetSelection.assets(
        *(spec.asset for spec in opened.assets.values() if not spec.study_wide)
    )


def study_jobs(opened: OpenStudy) -> list[Any]:
    """Make the jobs of a study; Dagster infers their partitions from the assets."""
    return [
        dg.define_asset_job(
            AUTHORITY_JOB,
            by_authority(opened),
            description="All assets of one authority, from its areas to its models.",
        ),
        dg.define_asset_job(
            STUDY_JOB,
            dg.AssetSelection.all() - by_authority(opened),
            description="All assets of the whole study, up to the published database.",
        ),
        dg.define_asset_job(
            LOOK_UP_JOB,
            dg.AssetSelection.assets("panoramas"),
            description="Ask the provider again what it has near each point: free of charge.",
        ),
        dg.define_asset_job(
            TAKE_IN_JOB,
            dg.AssetSelection.assets(*(asset for asset in TAKEN_IN if asset in opened.assets)),
            description="Find the points and panoramas of images of one's own, which say "
            "themselves where they were taken; the images and what is made of them follow.",
        ),
    ]
