"""What lies around each image: its sentence, and where the vector of that comes from."""

from pathlib import Path

import numpy as np

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading
from streetview_assets.perception.environment.sentences import (
    VARIABLES,
    few_values,
    sentences,
    told_variables,
)
from streetview_assets.perception.environment.text_vectors import (
    TextVectors,
    encode_sentences,
    paired,
)
from streetview_assets.perception.published.rated_images import some
from streetview_assets.perception.published.sources import Sources, ways_out
from streetview_assets.perception.published.vector_folder import (
    TEXTS,
    NamedVectors,
    file_name,
    read_vectors,
    without_direction,
    write_shard,
)
from streetview_assets.perception.ratings.averages_geojson import Averages
from streetview_assets.text.counted import counted

OPTION = "--environmental-text-dir"


def environment_vectors(
    paths: list[str],
    rows: list[int],
    averages: Averages,
    sources: Sources,
    style: int,
    text_dir: Path | None,
) -> TextVectors:
    """Give each image that is in the GeoJSON the vector of its sentence.

    Parameters
    ----------
    paths
        Of all images.
    rows
        Which of them are in `averages`: their places.
    averages
        The GeoJSON, whose properties tell what lies around.
    sources
        Of the images' vectors: text vectors lie beside them, or are made by the same encoder.
    style
        Of the sentences: 0 or 1.
    text_dir
        Texts, a file `NAME.txt` an image, or vectors of texts in the layout of clip-retrieval.

    Raises
    ------
    StudyError
        Where nothing tells what lies around, or vectors and sentences do not belong together.
    """
    names = [file_name(paths[row]) for row in rows]
    told, said = _told(names, averages, sources, style, text_dir)
    folder = _made_before(sources, style, text_dir)
    if folder is None:
        with ways_out():
            made = encode_sentences(told, sources.encoder())
        home = _home(sources, style)
        if sources.keeps:
            write_shard(home, 0, TEXTS, NamedVectors(told, made.vectors))
        kept = f"kept in {home}" if sources.keeps else "kept nowhere"
        done = f"Encoded {counted(len(set(told)), 'sentence')}, {kept}"
        return TextVectors(made.vectors, [*said, *made.said], (done,))
    there = read_vectors(folder, OPTION, TEXTS)
    places, unsure = paired(told, there.names, rows, len(paths), str(folder))
    vectors = there.vectors[places].astype(np.float64)
    if nowhere := without_direction(vectors):
        raise StudyError(
            f"{OPTION}: {folder}: the vector of the text of {names[nowhere[0]]!r} is zero or not "
            "finite. Make the text vectors again"
        )
    done = f"Read {counted(len(there.names), 'vector')} of texts from {folder}"
    return TextVectors(vectors, [*said, *unsure], (done,))


def _told(
    names: list[str], averages: Averages, sources: Sources, style: int, text_dir: Path | None
) -> tuple[list[str], list[str]]:
    """Take the texts that lie in files, else word what the GeoJSON tells."""
    homes = [text_dir, text_dir / "text"] if text_dir else []
    if not (text_dir or sources.skip_cache):
        homes = [home / "text" for home in _homes(sources, style)]
    in_files = [_text_in(homes, name) for name in names]
    if text_dir and not (text_dir / TEXTS).is_dir() and None in in_files:
        without = [name for name, text in zip(names, in_files, strict=True) if text is None]
        raise StudyError(
            f"{OPTION}: {text_dir} has no text of {counted(len(without), 'image')}: "
            f"{some(without)}. Give a file NAME.txt for each image, or a folder with {TEXTS} and "
            "metadata"
        )
    if None not in in_files:
        return [text or "" for text in in_files], []
    told = told_variables(averages.properties)
    if not told:
        raise StudyError(
            "--environmental: no property of the GeoJSON tells what lies around an image; of each "
            f"of {len(VARIABLES)} variables it may have two, such as shops_count_100 and "
            "shops_count_300"
        )
    worded = dict(
        zip(averages.scores["image_name"], sentences(averages.properties, style), strict=True)
    )
    said = []
    if style == 1 and (few := few_values(averages.properties, list(told))):
        said.append(
            f"{counted(len(few), 'variable has', 'variables have')} fewer than five different "
            f"values, and as many words: {some(few)}"
        )
    pairs = zip(names, in_files, strict=True)
    return [worded[name] if text is None else text for name, text in pairs], said


def _text_in(homes: list[Path], name: str) -> str | None:
    """Read the text of an image, where there is a file of it."""
    stem = name.rpartition(".")[0] or name
    for home in homes:
        with reading(f"{OPTION}: {home}", "texts", "Give files NAME.txt in UTF-8."):
            path = home / f"{stem}.txt"
            if path.is_file():
                return path.read_text(encoding="utf-8").strip()
    return None


def _made_before(sources: Sources, style: int, text_dir: Path | None) -> Path | None:
    """Find the folder of vectors of texts."""
    homes = [text_dir] if text_dir else []
    homes += [] if sources.skip_cache else _homes(sources, style)
    return next((home for home in homes if (home / TEXTS).is_dir()), None)


def _homes(sources: Sources, style: int) -> list[Path]:
    """List where text vectors may lie: beside the images', or as percept-knn-model names it."""
    return [_home(sources, style), Path(f"text-prompt{style}-{sources.folder}")]


def _home(sources: Sources, style: int) -> Path:
    folder = sources.folder
    return folder.with_name(f"text-prompt{style}-{folder.name}")
