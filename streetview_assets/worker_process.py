"""What every worker process does at its start."""

import multiprocessing
import os
import threading


def end_with_parent() -> None:
    """End this worker when its parent is gone: killed outright, it cannot say so itself.

    Otherwise a worker would wait for work for ever.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None, "runs in worker processes only"

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
