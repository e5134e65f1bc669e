"""Where the command begins and ends: a signal is heard before anything heavy is imported."""

import atexit
import gc
import os
import sys
from pathlib import Path

from streetview_assets.processes import stopping


def main() -> None:
    """Run the command; a fault of the study or the arguments ends with 2, any other with 1.

    A signal ends it with 128 and its number.
    """
    stopping.listen()
    # What imports make stays: to look it all through after every 700 new objects is a tenth of a
    # run, and more of a short command.
    gc.set_threshold(50_000, 20, 100)
    ended: list[int] = []
    atexit.register(_leave, ended)  # the first that is registered is the last that runs
    try:
        from streetview_assets.cli.app import app

        read_environment(Path.cwd() / ".env")
        app()
    except stopping.Stopped:
        stopping.end()
    except SystemExit as exit:
        if stopping.is_asked():
            stopping.end()
        ended.append(exit.code if isinstance(exit.code, int) else int(exit.code is not None))
        raise


def read_environment(path: Path) -> None:
    """Take keys and folders from `.env`; what is set already stays.

    Parameters
    ----------
    path
        The file, which need not be there.
    """
    if not os.path.lexists(path):
        return
    from dotenv import load_dotenv

    from streetview_assets.cli.command import PlainConsole
    from streetview_assets.errors import StudyError
    from streetview_assets.files.reading import reading

    remedy = "Save it as lines NAME=value in UTF-8, or take it away."
    try:
        with reading(str(path), "a file of settings", remedy):
            load_dotenv(path)
    except StudyError as error:
        PlainConsole(stderr=True).say(str(error), style="red")
        raise SystemExit(2) from None


def _leave(ended: list[int]) -> None:
    """End the process when its exit handlers have run, before modules are torn down.

    torch keeps modules alive beyond the interpreter, and DuckDB's binding then prints a page
    about leaks after the last line of every run.
    """
    if ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended[0])


if __name__ == "__main__":
    main()
