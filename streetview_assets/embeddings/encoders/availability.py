"""Whether an encoder can be loaded, found out as a run would, but with nothing fetched."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from streetview_assets.embeddings.encoders import weights
from streetview_assets.embeddings.encoders.registry import check_encoder, load_encoder
from streetview_assets.errors import EncoderError
from streetview_assets.study.embeddings import Encoder

LONGEST_ANSWER_S = 10.0
WEIGHTS = (".safetensors", ".bin", ".pt", ".pth")
COMPUTED = ("import", "colour-texture")
"""Kinds that have no weights."""

_forbidden = False


def to_be_fetched(settings: Encoder) -> str | None:
    """Load an encoder from what is on this machine; otherwise ask how much there is to fetch.

    Returns
    -------
    str or None
        What a run would have to fetch; None where it needs nothing.

    Raises
    ------
    StudyError
        Where the encoder's name or options are wrong.
    EncoderError
        Where its weights cannot be had.
    """
    check_encoder(settings)
    if settings.name in COMPUTED:
        return None
    try:
        with _without_network():
            load_encoder(settings)
    except EncoderError:
        if settings.checkpoint or not weights.hub_in_reach():
            raise
        return _largest_file(settings, _repository(settings))
    return None


def _largest_file(settings: Encoder, repository: str | None) -> str:
    """Ask the hub for the size of the weights; several files hold the same ones in other forms."""
    if repository is None:
        return "weights of unknown size"
    from huggingface_hub import HfApi

    with weights.explaining(settings.name, None):
        info = HfApi().model_info(repository, files_metadata=True, timeout=LONGEST_ANSWER_S)
    sizes = [one.size or 0 for one in info.siblings or [] if one.rfilename.endswith(WEIGHTS)]
    size = f"{max(sizes) / 1e9:.1f} GB" if sizes else "unknown size"
    return f"weights of {size} from {repository}"


def _repository(settings: Encoder) -> str | None:
    """Name where on the hub a model's weights are."""
    kind, _, name = settings.name.partition(":")
    for prefix in ("hf-hub:", "hf_hub:"):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    if kind == "transformers":
        return name
    found: Any
    if kind == "timm":
        import timm

        config = timm.models.get_pretrained_cfg(name)
        found = config and config.hf_hub_id
    else:
        import open_clip

        found = open_clip.get_pretrained_cfg(*name.split("/", 1)).get("hf_hub")
    return str(found).strip("/") if found else None


@contextmanager
def _without_network() -> Iterator[None]:
    """Let nothing in this process connect to anywhere while the block runs."""
    import huggingface_hub.constants as hub

    global _forbidden
    _hook()
    _forbidden, before = True, hub.HF_HUB_OFFLINE
    hub.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        _forbidden, hub.HF_HUB_OFFLINE = False, before


@cache
def _hook() -> None:
    """Ask `_refuse` of everything from now on: a hook stays for good."""
    sys.addaudithook(_refuse)


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    if _forbidden and event in ("socket.connect", "socket.getaddrinfo"):
        raise OSError("not on this machine")
