"""The study as a Dagster resource, which marks each run with its process and what it is."""

from contextlib import suppress

import dagster as dg

from streetview_assets.errors import StreetviewError
from streetview_assets.lake.process_id import process_mark
from streetview_assets.orchestration.automation.source_assets import observe_sources
from streetview_assets.orchestration.ui.run_tags import run_tags
from streetview_assets.processes.workers import stop_with_server
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.study_state.source_versions import keys_read

PROCESS_TAG = ".dagster/streetview_process"


class StudyResource(dg.ConfigurableResource):
    """The study file of this code location."""

    study_file: str

    def open(self) -> OpenStudy:
        """Open the study with its lake, as it is now."""
        return open_study(self.study_file)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Mark the run with the process that executes it, and tell what it is and is made from.

        By the mark a killed run can be told; by the versions of its sources the web UI sees, like
        `status`, whether they have changed since.
        """
        stop_with_server()
        run, instance = context.run, context.instance
        if run and instance and instance.has_run(run.run_id):
            instance.add_run_tags(run.run_id, {PROCESS_TAG: process_mark()})
            assets = run.asset_selection
            named = None if assets is None else [key.to_user_string() for key in assets]
            with suppress(StreetviewError):  # the asset that needs it says what is wrong
                opened = self.open()
                tags = run_tags(opened, run, of_command=PROCESS_TAG in run.tags)
                instance.add_run_tags(run.run_id, tags)
                observe_sources(opened, instance, keys_read(opened, named))
