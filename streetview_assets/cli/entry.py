"""Where the command begins and ends: a signal is heard before anything heavy is imported."""

import atexit
import os
import sys
from pathlib import Path
from typing import NoReturn

from streetview_assets.processes import stopping


def main() -> None:
    """Run the command; a fault of the study or the arguments ends with 2, any other with 1.

    A signal ends it with 128 and its number.
    """
    stopping.listen()
    try:
        from streetview_assets.cli.app import app, read_environment

        read_environment(Path.cwd() / ".env")
        app()
    except stopping.Stopped:
        stopping.end()
    except SystemExit as ended:
        if stopping.is_asked():
            stopping.end()
        _leave(ended.code if isinstance(ended.code, int) else int(ended.code is not None))


def _leave(code: int) -> NoReturn:
    """End the process when its exit handlers have run, before modules are torn down.

    torch keeps modules alive beyond the interpreter, and DuckDB's binding then prints a page
    about leaks after the last line of every run.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
