"""A trained ordinal network in a folder, to be used again in another study."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading
from streetview_assets.models.ordinal.network import (
    DECILES,
    POINT_LAYERS,
    VIEW_LAYERS,
    make_network,
    most_probable_decile,
)
from streetview_assets.models.ordinal.training import continuous_output
from streetview_assets.text.strict_json import to_json

if TYPE_CHECKING:
    import torch

WEIGHTS = "network.pt"
FACTS = "network.json"


@dataclass(frozen=True)
class NetworkFacts:
    """What has to be known of a network to use it, and to judge it by.

    Attributes
    ----------
    study, target, more_is
        Where it was trained, on what, and whether a high decile is better or worse.
    encoder, dimension
        Slug of the encoder whose vectors it takes, and their length.
    area_codes
        The areas whose values it has seen; it must not be scored on these.
    weights
        What made these vectors: model, hash of its weights and preprocessing, for the slug is but
        a name.
    deciles
        Classes that it tells apart.
    view_layers, point_layers
        Widths of its hidden layers: of each view, and of the point.
    batch_normalisation
        Whether these are normalised by batch.
    """

    study: str
    target: str
    more_is: str
    encoder: str
    dimension: int
    area_codes: tuple[str, ...]
    weights: dict[str, str | None]
    deciles: int = DECILES
    view_layers: tuple[int, ...] = VIEW_LAYERS
    point_layers: tuple[int, ...] = POINT_LAYERS
    batch_normalisation: bool = False


def save_network(folder: Path, network: "torch.nn.ModuleDict", facts: NetworkFacts) -> list[Path]:
    """Write weights (`network.pt`, a state_dict) and facts (`network.json`) to a folder.

    Parameters
    ----------
    folder
        It is made where it is not there.
    network
        A trained network.
    facts
        What has to be known to use it.
    """
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), folder / WEIGHTS)
    text = to_json(asdict(facts), indent=2, ensure_ascii=False) + "\n"
    (folder / FACTS).write_text(text, encoding="utf-8")
    return [folder / WEIGHTS, folder / FACTS]


def load_network(folder: Path) -> tuple["torch.nn.ModuleDict", NetworkFacts]:
    """Read a network that `save_network` wrote.

    Raises
    ------
    StudyError
        Where the folder holds no such network.
    """
    import torch

    missing = [name for name in (FACTS, WEIGHTS) if not (folder / name).is_file()]
    if missing:
        raise StudyError(
            f"{folder}: no ordinal network, {' and '.join(missing)} missing. Give the folder that "
            "a study with `ordinal:` wrote, `ordinal` in its folder of data."
        )
    remedy = "Copy the folder again from the study that wrote it."
    with reading(str(folder / FACTS), "the facts of a network", remedy):
        said = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        widths = ("area_codes", "view_layers", "point_layers")
        facts = NetworkFacts(**{**said, **{name: tuple(said[name]) for name in widths}})
    with reading(str(folder / WEIGHTS), "the weights of that network", remedy):
        network = make_network(
            facts.dimension,
            0,
            facts.view_layers,
            facts.point_layers,
            batch_normalisation=facts.batch_normalisation,
        )
        network.load_state_dict(torch.load(folder / WEIGHTS, weights_only=True))
    return network.requires_grad_(False).eval(), facts


def apply_network(
    folder: Path, vectors: np.ndarray, present: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Predict the deciles of points by a network from a folder.

    Parameters
    ----------
    folder
        Where `save_network` wrote it.
    vectors
        Vectors of the views of each point, shape (n, views, dimension), of the encoder that the
        network was trained with.
    present
        Whether a view is there, shape (n, views); default: all are.

    Returns
    -------
    tuple of numpy.ndarray
        The continuous output, and the most probable decile; each of shape (n,).

    Raises
    ------
    StudyError
        Where there is no network, or vectors are of another length.
    """
    network, facts = load_network(folder)
    if vectors.ndim != 3 or vectors.shape[2] != facts.dimension:
        raise StudyError(
            f"{folder}: the network takes vectors (points, views, {facts.dimension}) of the "
            f"encoder {facts.encoder}, not of shape {vectors.shape}."
        )
    there = np.ones(vectors.shape[:2], dtype=bool) if present is None else present
    continuous = continuous_output(network, vectors, there)
    return continuous, most_probable_decile(continuous)
