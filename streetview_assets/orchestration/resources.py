"""The study as a Dagster resource, which marks each run with its process."""

import dagster as dg

from streetview_assets.lake.process_id import process_mark
from streetview_assets.processes.workers import stop_with_server
from streetview_assets.study_state.open_study import OpenStudy, open_study

PROCESS_TAG = ".dagster/streetview_process"


class StudyResource(dg.ConfigurableResource):
    """The study file of this code location."""

    study_file: str

    def open(self) -> OpenStudy:
        """Open the study with its lake, as it is now."""
        return open_study(self.study_file)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Mark the run with the process that executes it, so that a killed one can be told."""
        stop_with_server()
        if context.run and context.instance and context.instance.has_run(context.run.run_id):
            context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: process_mark()})
