"""Weights of networks: their hash, and one clear error where they cannot be had."""

import difflib
import hashlib
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from streetview_assets.errors import EncoderError, StreetviewError
from streetview_assets.files.file_state import file_sha256

if TYPE_CHECKING:
    import torch

LONGEST_CONNECT_S = 5.0
LONGEST_SILENCE_S = 15.0
"""How long a server may be silent before it counts as out of reach."""


def weights_sha256(model: "torch.nn.Module", checkpoint: Path | None) -> str:
    """Hash the weights of a network: their file, or name, type, shape and bytes of each tensor.

    Parameters
    ----------
    model
        A loaded network.
    checkpoint
        The file that its weights are from; None, or a folder: they came through the library.
    """
    if checkpoint and checkpoint.is_file():
        return file_sha256(checkpoint)
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(memoryview(flat.view(torch.uint8).numpy()))
    return digest.hexdigest()


@contextmanager
def explaining(encoder: str, checkpoint: Path | None) -> Iterator[None]:
    """Turn a library's failure to fetch or load weights into one error that names the ways out.

    Raises
    ------
    EncoderError
    """
    import huggingface_hub.constants

    settings: Any = huggingface_hub.constants
    before = socket.getdefaulttimeout(), settings.HF_HUB_OFFLINE
    socket.setdefaulttimeout(LONGEST_SILENCE_S)
    if checkpoint is None:
        # Out of reach, the hub's client would try again for a minute; its cache answers at once.
        settings.HF_HUB_OFFLINE = not hub_in_reach()
    try:
        yield
    except (StreetviewError, ImportError, TypeError):
        raise  # of packages and options: told of by the caller
    except Exception as error:
        raise EncoderError(_explain(encoder, checkpoint, error)) from error
    finally:
        socket.setdefaulttimeout(before[0])
        settings.HF_HUB_OFFLINE = before[1]


def hub_in_reach() -> bool:
    """Whether the hub of weights may be asked, and answers."""
    import huggingface_hub.constants as settings

    return not settings.HF_HUB_OFFLINE and _in_reach(settings.ENDPOINT)


def _in_reach(url: str) -> bool:
    """Whether a server answers at all; behind a proxy, only the request itself can tell."""
    parts = urlsplit(url)
    if getproxies().get(parts.scheme):
        return True
    address = (parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443))
    try:
        socket.create_connection(address, timeout=LONGEST_CONNECT_S).close()
    except OSError:
        return False
    return True


def _explain(encoder: str, checkpoint: Path | None, error: Exception) -> str:
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    if checkpoint:
        what = "folder" if checkpoint.is_dir() else "file"
        return (
            f"encoder {encoder}: the weights' {what} {checkpoint} does not load ({reason}). "
            "Does it belong to this model, with these `options`, and is it complete?"
        )
    return (
        f"encoder {encoder}: its weights cannot be had ({reason}). Ways out:\n"
        "  - encoder.checkpoint: a local file of the weights (transformers: the model's folder);\n"
        "  - fetch them once with network, into the cache of the hub (HF_HOME, by default "
        "~/.cache/huggingface), or copy that folder here; HF_HUB_OFFLINE=1 then uses it "
        "without asking the hub, and unset lets it ask;\n"
        "  - encoder.name: colour-texture, which needs no weights."
    )


def nearest_names(name: str, names: Iterable[str]) -> str:
    """Say which names are most like one that is not there, for the end of a message."""
    nearest = difflib.get_close_matches(name, list(names), n=3)
    return f"; did you mean {' or '.join(nearest)}?" if nearest else ""
