"""The explorer on a terminal: served on this machine, or written as a folder to be passed on."""

import shutil
import socket
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from streetview_assets.cli.command import PlainConsole
from streetview_assets.cli.runs.progress import shown_progress
from streetview_assets.embeddings.encoders.text_encoder import why_no_words
from streetview_assets.errors import StudyError
from streetview_assets.explorer.full_images import add_full_images, drop_full_images
from streetview_assets.explorer.static_site import SERVED, write_explorer
from streetview_assets.explorer.words import word_likeness
from streetview_assets.images.providers.terms import terms_of
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.orchestration.progress import Progress
from streetview_assets.processes.stopping import FINISH_S
from streetview_assets.report.database import Published
from streetview_assets.study_state.open_study import DEMO_STUDY, OpenStudy

if TYPE_CHECKING:
    import uvicorn

OPEN_TO_ALL = (
    "The page listens on {host} and asks nobody to sign in: whoever reaches it sees all images of "
    "the study, whatever the provider's terms say of passing them on."
)


def export_explorer(opened: OpenStudy, folder: Path, *, zipped: bool, images: bool = False) -> None:
    """Write the explorer as a folder that any web server serves, and as a ZIP if asked.

    Parameters
    ----------
    opened
        The study.
    folder
        Where to: new, empty, or one that holds an explorer.
    zipped
        Whether a ZIP of it is written beside.
    images
        Whether full images are in it, beside their thumbnails.

    Raises
    ------
    StudyError
        Where nothing is published yet, something else lies in the folder, or images are asked for
        that must not be passed on.
    """
    is_ours = (folder / "data" / "manifest.json").is_file()
    if folder.exists() and not (folder.is_dir() and (is_ours or not any(folder.iterdir()))):
        raise StudyError(f"{folder} holds something else already; name an empty or a new folder")
    terms = terms_of(opened.study.images.provider)
    if images and not terms.may_store:
        raise StudyError(f"--images: the terms of {terms.images} restrict passing them on")
    _write(opened, folder, shows_images=terms.may_store)
    if images:
        with shown_progress() as listener:
            add_full_images(
                opened,
                folder,
                on_progress=lambda done, total: listener(Progress("images", None, done, total)),
            )
    else:
        drop_full_images(folder, kept=[])
    console = PlainConsole()
    if zipped:
        packed = folder.with_name(f"{folder.name}.zip")
        with written_aside(packed, suffix=".zip") as aside:
            shutil.make_archive(str(aside.with_suffix("")), "zip", folder)
        console.say(f"Wrote {packed}")
    size_mb = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    look = f"python -m http.server --directory {folder} --bind 127.0.0.1"
    console.say(f"Wrote {folder} ({size_mb:,.0f} MB); look: {look}")


def serve_explorer(opened: OpenStudy, host: str, port: int, *, opens_browser: bool) -> None:
    """Serve the explorer until it is stopped.

    Raises
    ------
    StudyError
        Where nothing is published yet, or the port is taken.
    """
    import uvicorn

    from streetview_assets.explorer.server.app import explorer_app
    from streetview_assets.explorer.server.guard import LOOPBACK

    _refuse_taken(host, port)
    folder = opened.root / SERVED
    has_words = not why_no_words(opened.study.encoder)
    _write(opened, folder, shows_images=True, serves_words=has_words)
    hosts = LOOPBACK if host in LOOPBACK else ("*",)
    console, address = PlainConsole(), f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if host not in LOOPBACK:
        console.say(OPEN_TO_ALL.format(host=host), style="yellow")
    console.say(f"The explorer: {address} (Ctrl-C ends it)")
    if opens_browser:
        webbrowser.open(address)
    # The bundled study lies among the program's own files.
    may_change = opened.study.path != DEMO_STUDY
    app = explorer_app(opened, folder, hosts=hosts, may_change=may_change)
    _run(uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="warning")))


def _run(server: "uvicorn.Server") -> None:
    """Serve in a thread: a signal comes to this one, and what is under way has its time to end.

    In the main thread uvicorn would hear signals itself, and wait without end for a body that
    does not come.
    """
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        thread.join()
    finally:
        server.should_exit = True
        thread.join(FINISH_S)


def _write(
    opened: OpenStudy, folder: Path, *, shows_images: bool, serves_words: bool | None = None
) -> None:
    published = Published(opened.root, opened.study)
    part = opened.study.explorer
    words = part.words if part and serves_words is None else ()
    with shown_progress() as listener:
        write_explorer(
            published,
            folder,
            shows_images=shows_images,
            serves_words=serves_words,
            likeness=lambda image_ids: word_likeness(opened, words, image_ids),
            on_progress=lambda done, total: listener(Progress("explorer", None, done, total)),
        )


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            raise StudyError(
                f"port {port} of {host}: {error.strerror}; name another: --port"
            ) from None
