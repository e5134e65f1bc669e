"""Names of models as clip-retrieval writes them, in the platform's own."""

import re

from streetview_assets.errors import StudyError

OPENAI = {
    **{name: f"{name}-quickgelu" for name in ("RN50", "RN101", "RN50x4", "RN50x16", "RN50x64")},
    "ViT-B/32": "ViT-B-32-quickgelu",
    "ViT-B/16": "ViT-B-16-quickgelu",
    "ViT-L/14": "ViT-L-14-quickgelu",
    "ViT-L/14@336px": "ViT-L-14-336-quickgelu",
}
"""The models of OpenAI's own library, and open_clip's models that have their activation."""

_PLATFORM = re.compile(r"colour-texture|(open_clip|timm|transformers):.+")


def encoder_name(model: str, *, has_checkpoint: bool = False) -> str:
    """Give the platform's name of a model.

    `open_clip:X` names no weights: clip-retrieval takes the last that open_clip lists for X. Where
    these were trained with an activation that X has not, X with that activation is named.

    Parameters
    ----------
    model
        `ViT-B/32`, `open_clip:X`, `open_clip:X/WEIGHTS`, `hf_clip:X`, or a name of the platform's.
    has_checkpoint
        Whether the weights are given as a file; then none need be named.

    Raises
    ------
    StudyError
        Where there is no such model, or no weights of it.
    """
    if model in OPENAI:
        return f"open_clip:{OPENAI[model]}/openai"
    if model.startswith("hf_clip:"):
        return f"transformers:{model.removeprefix('hf_clip:')}"
    if not _PLATFORM.fullmatch(model):
        raise StudyError(
            f"--clip-model: {model!r} is not known. Write it as clip-retrieval does, "
            f"{', '.join(OPENAI)}, open_clip:MODEL or hf_clip:ID, or as a study file does, "
            "colour-texture, open_clip:MODEL/WEIGHTS, timm:MODEL or transformers:ID"
        )
    name = model.removeprefix("open_clip:")
    if not model.startswith("open_clip:") or "/" in name or ":" in name or has_checkpoint:
        return model
    return f"open_clip:{_with_weights(name)}"


def _with_weights(name: str) -> str:
    from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable

    make_torchvision_importable()
    import open_clip

    tags = open_clip.list_pretrained_tags_by_model(name)
    if not tags:
        return name  # the encoder says what is wrong with it, and what there is
    last = tags[-1]
    with_activation = f"{name}-quickgelu"
    needs = open_clip.get_pretrained_cfg(name, last).get("quick_gelu", False)
    if needs and last in open_clip.list_pretrained_tags_by_model(with_activation):
        return f"{with_activation}/{last}"
    return f"{name}/{last}"
