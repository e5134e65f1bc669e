"""Which test file is run when, and by which worker."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent

FIRST = ("test_killed.py", "test_materialisation.py", "test_honest_scores.py")
"""Files begun together: the first two each make a study for others, which so wait for none."""

LONG = ("end_to_end", "orchestration", "explorer")
"""Folders whose files run studies, in the order of what they take; files in no folder come next."""

ONE_BROWSER = "explorer/test_page_"
"""How the files begin whose tests share a browser and an open page: one worker runs them all."""

WAITING = (
    *("end_to_end/test_killed.py", "end_to_end/test_ray_killed.py", "end_to_end/test_stopped.py"),
    *("end_to_end/test_embedding_killed.py", "end_to_end/test_imagery_killed.py"),
    *("end_to_end/test_lanes.py", "end_to_end/test_money.py", "end_to_end/test_imagery_faults.py"),
    *("embeddings/test_on_ray.py", "embeddings/test_availability.py", "test_workers.py"),
    *(ONE_BROWSER, "explorer/test_going_on.py", "explorer/test_perception_page.py"),
    *("images/test_client.py", "images/test_open_imagery.py", "points/test_roads.py"),
    *("models/test_sample_size_runs.py", "orchestration/test_instance.py", "cli/test_progress.py"),
)
"""How the files begin whose tests mostly wait: for processes, a browser, the pause of a client."""


def turn(file: Path) -> tuple[int, int]:
    """Say when a file is begun: the long ones first, so that short ones fill the end."""
    *folders, name = file.relative_to(ROOT).parts
    first = FIRST.index(name) if name in FIRST else len(FIRST)
    folder = folders[0] if folders else ""
    return first, [*LONG, "", folder].index(folder)


def is_waiting(scope: str) -> bool:
    """Whether the tests of a file mostly wait."""
    return scope.removeprefix(f"{ROOT.name}/").startswith(WAITING)


def suitable(scopes: Sequence[str], *, waits: bool) -> str:
    """Choose what a worker runs next.

    Parameters
    ----------
    scopes
        Files that nobody has begun, in their turn.
    waits
        Whether the worker is the one for tests that wait. The others leave these to it, and so
        have the cores; it takes the short ones of theirs, from the end, where it has none left.
    """
    own = [scope for scope in scopes if is_waiting(scope) == waits]
    return own[0] if own else scopes[-1 if waits else 0]


def scheduler(config: Any, log: Any) -> Any:
    """Give xdist what hands out a file at a time; of three workers or more the last one waits."""
    from xdist.scheduler import LoadFileScheduling

    class Turns(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            shared = f"{ROOT.name}/{ONE_BROWSER}"
            return shared if nodeid.startswith(shared) else super()._split_scope(nodeid)

        def _assign_work_unit(self, node: Any) -> None:
            if self.numnodes > 2:
                waits = node.gateway.id == f"gw{self.numnodes - 1}"
                self.workqueue.move_to_end(suitable([*self.workqueue], waits=waits), last=False)
            super()._assign_work_unit(node)

    return Turns(config, log)
