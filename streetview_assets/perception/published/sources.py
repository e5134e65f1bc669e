"""Where vectors come from: those made before, as clip-retrieval lays them out, or an encoder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streetview_assets.embeddings.encoders.imported.load import ImportedVectors
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.errors import EncoderError, StudyError
from streetview_assets.perception.published.image_folder import (
    encode_folder,
    image_files,
    images_in,
)
from streetview_assets.perception.published.model_names import encoder_name
from streetview_assets.perception.published.rated_images import some
from streetview_assets.perception.published.vector_folder import (
    NamedVectors,
    file_name,
    lengths_of,
    read_vectors,
    without_direction,
)
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.study.embeddings import Encoder
from streetview_assets.text.counted import counted


@dataclass(frozen=True)
class Sources:
    """What the options of the command name.

    Attributes
    ----------
    clip_model
        The model, as clip-retrieval or the platform names it.
    images_dir
        Images that may be encoded.
    embeddings_dir
        Folder of vectors; default: `embeddings-` and the name of the model.
    checkpoint
        File or folder of the model's weights.
    skip_cache
        Whether images are encoded though there are vectors of them.
    read_only
        Whether nothing is written.
    """

    clip_model: str | None
    images_dir: Path | None = None
    embeddings_dir: Path | None = None
    checkpoint: Path | None = None
    skip_cache: bool = False
    read_only: bool = False

    @property
    def folder(self) -> Path:
        """The folder of vectors, be it there or not."""
        if self.embeddings_dir:
            return self.embeddings_dir
        if self.clip_model is None:
            raise StudyError("give --clip-model: it names the model, and the folder of its vectors")
        return Path(f"embeddings-{self.clip_model.replace('/', '_')}")

    @property
    def keeps(self) -> bool:
        """Whether what is made is written for the next time."""
        return not (self.read_only or self.skip_cache)

    def encoder(self) -> Encoder:
        """Give the encoder as a study file names it."""
        if self.clip_model is None:
            raise StudyError("give --clip-model: it says which encoder makes the vectors")
        name = encoder_name(self.clip_model, has_checkpoint=self.checkpoint is not None)
        return Encoder(name=name, checkpoint=self.checkpoint)


@contextmanager
def ways_out() -> Iterator[None]:
    """Name the options of the command where the weights of an encoder cannot be had."""
    try:
        yield
    except EncoderError as error:
        raise EncoderError(
            f"{error}\n  - here: --checkpoint for the weights, -M colour-texture, or "
            "--embeddings-dir for vectors made elsewhere."
        ) from error


def image_vectors(
    sources: Sources, on_progress: OnProgress = untold
) -> tuple[NamedVectors, list[str]]:
    """Read the vectors of images, or make them.

    Parameters
    ----------
    sources
        Where from.
    on_progress
        Told how many images are encoded, and of how many.

    Returns
    -------
    tuple
        Vectors that have a direction, float64 and of unit length, with the paths of their images;
        and what is to be said.

    Raises
    ------
    StudyError
        Where there are none, and no images to make them of.
    """
    folder = sources.folder
    is_there = folder.is_dir() and not (sources.skip_cache and sources.images_dir)
    if is_there:
        named = read_vectors(folder, "--embeddings-dir")
        said = [
            f"Read {counted(len(named.names), 'vector')} of {named.vectors.shape[1]} from {folder}"
        ]
        said += _not_among(sources.images_dir, named.names)
    elif sources.images_dir:
        named, said = _encoded(sources, on_progress)
    else:
        raise StudyError(
            f"--embeddings-dir: {folder} is no folder, and there are no images to encode. Give "
            "--embeddings-dir, a folder with img_emb and metadata, or --images-dir"
        )
    return _unit(named, said)


def _encoded(sources: Sources, on_progress: OnProgress) -> tuple[NamedVectors, list[str]]:
    settings, folder = sources.encoder(), sources.folder
    if sources.images_dir is None:
        raise StudyError("give --images-dir, the images to encode")
    image_files(sources.images_dir)  # says what is wrong with it before weights are fetched
    with ways_out():
        encoder = load_encoder(settings)
    if isinstance(encoder, ImportedVectors):
        raise StudyError(f"--clip-model: {settings.name} encodes no images; give --embeddings-dir")
    keep_in = folder if sources.keeps else None
    named, failed = encode_folder(
        encoder, sources.images_dir, keep_in=keep_in, on_progress=on_progress
    )
    kept = f"kept in {folder}" if keep_in else "kept nowhere"
    said = [f"Encoded {counted(len(named.names), 'image')} by {settings.name}, {kept}"]
    if failed:
        name, reason = next(iter(failed.items()))
        count = len(failed) + len(named.names)
        said.append(
            f"Not readable: {len(failed):,} of {counted(count, 'image')}, such as {name}: {reason}"
        )
    return named, said


def _not_among(images_dir: Path | None, names: list[str]) -> list[str]:
    """Say which images of the folder have no vector: what was kept does not grow by itself."""
    known = {file_name(name) for name in names}
    files = images_in(images_dir) if images_dir and images_dir.is_dir() else []
    missing = [name for name in files if file_name(name) not in known]
    if not missing:
        return []
    return [
        f"Without a vector there: {len(missing):,} of {counted(len(files), 'image')} of "
        f"{images_dir}, {some(missing)}; --skip-cache encodes all of them"
    ]


def _unit(named: NamedVectors, said: list[str]) -> tuple[NamedVectors, list[str]]:
    """Bring vectors to unit length, and leave out those that have no direction."""
    nowhere = set(without_direction(named.vectors))
    if len(nowhere) == len(named.names):
        raise StudyError("--embeddings-dir: every vector is zero or not finite")
    exact, names = named.vectors.astype(np.float64), named.names
    if nowhere:
        left_out = [file_name(names[row]) for row in sorted(nowhere)]
        count = f"{len(left_out):,} of {counted(len(names), 'vector')}"
        said = [*said, f"Left out, since zero or not finite: {count}, {some(left_out)}"]
        exact = np.delete(exact, sorted(nowhere), axis=0)
        names = [name for row, name in enumerate(names) if row not in nowhere]
    exact /= lengths_of(exact)[:, None]  # in place: of many images it is the largest there is
    return NamedVectors(names, exact), said
