"""The study as a Dagster resource, and the marks by which a run's process can be found."""

import os
import socket

import dagster as dg
import psutil

from streetview_assets.lake.open_study import OpenStudy, open_study

PROCESS_TAG = ".dagster/streetview_process"
SECONDS_OF_DOUBT = 5.0


class StudyResource(dg.ConfigurableResource):
    """The study file of this code location."""

    study_file: str

    def open(self) -> OpenStudy:
        """Open the study with its lake, as it is now."""
        return open_study(self.study_file)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Mark the run with the process that executes it, so that a killed one can be told."""
        if context.run and context.instance and context.instance.has_run(context.run.run_id):
            context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: process_mark()})


def process_mark() -> str:
    """Name this process: host, process id and start, which no later process shares."""
    return f"{socket.gethostname()}/{os.getpid()}/{psutil.Process().create_time():.2f}"


def is_gone(mark: str) -> bool:
    """Whether the process of a mark has ended; one on another host counts as alive."""
    host, pid, started = mark.rsplit("/", 2)
    if host != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(pid))
        # A clock that was set right moves the times at which processes seem to have started.
        same = abs(process.create_time() - float(started)) < SECONDS_OF_DOUBT
        return not same or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
