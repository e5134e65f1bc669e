"""Every form of file in which others keep vectors gives the same vectors to the same images."""

import json
import pickle
from datetime import date
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest
import torch

from streetview_assets.embeddings.encoders.imported.image_keys import NAMES
from streetview_assets.embeddings.encoders.imported.load import NOT_FINITE, ZERO, ImportedVectors
from streetview_assets.embeddings.encoders.registry import check_encoder, load_encoder
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.errors import StudyError
from streetview_assets.points.places import point_ids
from streetview_assets.study.embeddings import Encoder
from streetview_assets.tables.registry import TABLES, check_contract

PANORAMAS, HEADINGS, DIMENSION = 30, (0.0, 90.0, 180.0, 270.0), 12
COUNT = PANORAMAS * len(HEADINGS)
PLACES = np.column_stack([-1.5 - 0.001 * np.arange(PANORAMAS), np.full(PANORAMAS, 53.8)])
MONTHS = [date(2019, 1 + number % 12, 1) for number in range(PANORAMAS)]
VECTORS = np.random.default_rng(5).normal(size=(COUNT, DIMENSION)).astype(np.float32)
VECTORS[7], VECTORS[9] = np.nan, 0
FAILED = {7: NOT_FINITE, 9: ZERO}
LENGTHS = np.linalg.norm(VECTORS, axis=1, keepdims=True)
UNIT = VECTORS / np.where(LENGTHS > 0, LENGTHS, 1)


def name_of(number: int) -> str:
    """An image_id, whose order is not that of the rows."""
    return f"{(number * 7919) % COUNT:024x}"


def each(values) -> list:
    """A value an image, of one a panorama."""
    return [value for value in values for _ in HEADINGS]


IMAGES = pl.DataFrame(
    {
        "image_id": [name_of(number) for number in range(COUNT)],
        "point_id": each(point_ids(PLACES)),
        "panorama_id": each(f"pano{number}" for number in range(PANORAMAS)),
        "captured_on": each(MONTHS),
        "heading_deg": list(HEADINGS) * PANORAMAS,
        "status": ["ok"] * COUNT,
    }
)
VIEWS = IMAGES.select("panorama_id", "captured_on", "heading_deg")
FILES = [f"/elsewhere/images/{name[:2]}/{name}.jpg" for name in IMAGES["image_id"]]


def column(values=VECTORS, dtype=None) -> pl.Series:
    return pl.Series("embedding", values.tolist(), dtype=dtype or pl.List(pl.Float32))


def parquet_by_id(folder: Path) -> Path:
    frame = IMAGES.select("image_id").with_columns(column(), encoder=pl.lit("clip"))
    frame.reverse().write_parquet(folder / "v.parquet", row_group_size=50)
    return folder / "v.parquet"


def parquet_by_view(folder: Path) -> Path:
    dtype = pl.Array(pl.Float32, DIMENSION)
    told = VIEWS.with_columns(pl.col("captured_on").dt.strftime("%Y-%m").alias("date"))
    told = told.select(pano_id="panorama_id", date="date", heading=pl.col("heading_deg") + 360)
    told.with_columns(column(dtype=dtype)).write_parquet(folder / "v.parquet")
    return folder / "v.parquet"


def parquet_of_numbers(folder: Path) -> Path:
    # Columns in the order of text: dim_10 stands before dim_2 in many a file.
    numbers = {f"dim_{number}": VECTORS[:, number].astype(float) for number in range(DIMENSION)}
    shuffled = dict(sorted(numbers.items(), reverse=True))
    pl.DataFrame({"image_path": FILES, **shuffled}).write_parquet(folder / "v.parquet")
    return folder / "v.parquet"


def npz(folder: Path) -> Path:
    ids = np.array(IMAGES["image_id"].to_list(), dtype="S24")
    np.savez_compressed(folder / "v.npz", vectors=np.asfortranarray(VECTORS), ids=ids, model="clip")
    return folder / "v.npz"


def clip_retrieval(folder: Path) -> Path:
    for name in ("img_emb", "metadata"):
        (folder / "out" / name).mkdir(parents=True)
    for number, start in enumerate(range(0, COUNT, 10)):
        there = slice(start, start + 10)
        np.save(folder / f"out/img_emb/img_emb_{number}.npy", VECTORS[there])
        told = pl.DataFrame({"image_path": FILES[there], "caption": ["image_id"] * 10})
        told.write_parquet(folder / f"out/metadata/metadata_{number}.parquet")
    return folder / "out"


def torch_folder(folder: Path) -> Path:
    (folder / "pt" / "embeddings").mkdir(parents=True)
    entries = []
    for number, view in enumerate(VIEWS.iter_rows(named=True)):
        vector = torch.tensor(VECTORS[number : number + 1])
        torch.save(vector, folder / f"pt/embeddings/{number}.pt")
        told = {"panoId": view["panorama_id"], "heading": view["heading_deg"]}
        entries.append({"embedding_path": f"/home/other/run/embeddings/{number}.pt", **told})
    entries.append({"embedding_path": "embeddings/gone.pt", "panoId": "gone", "heading": 0})
    (folder / "pt" / "metadata.json").write_text(json.dumps(entries))
    return folder / "pt"


def features(folder: Path) -> Path:
    with h5py.File(folder / "f.h5", "w") as file:
        file["features"] = VECTORS.reshape(PANORAMAS, len(HEADINGS), DIMENSION)
    places = {"gsv_lat": PLACES[:, 1], "gsv_lng": PLACES[:, 0], "lsoa11": ["E01"] * PANORAMAS}
    pl.DataFrame({"img_id": range(PANORAMAS), **places}).write_csv(folder / "f.csv")
    return folder / "f.h5"


FORMS = (
    parquet_by_id, parquet_by_view, parquet_of_numbers, npz, clip_retrieval, torch_folder, features
)  # fmt: skip


def imported(path: Path) -> ImportedVectors:
    settings = Encoder.model_validate({"name": "import", "path": path})
    check_encoder(settings)
    return load_encoder(settings)


def refused(path: Path) -> str:
    with pytest.raises(StudyError) as caught:
        imported(path)
    assert str(path.parent) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("form", FORMS)
def test_each_image_gets_its_own_vector_of_unit_length(tmp_path, form):
    encoder = imported(form(tmp_path))
    assert encoder.file.names.schema == NAMES
    check_contract(TABLES["encoders"], encoder.identity.frame())
    assert encoder.identity.dimension == DIMENSION
    stranger = IMAGES.head(1).with_columns(
        image_id=pl.lit("f" * 24), panorama_id=pl.lit("other"), point_id=pl.lit("0.000000_0.000000")
    )
    order = np.random.default_rng(1).permutation(COUNT)
    found = encoder.vectors(pl.concat([IMAGES[order], stranger]))
    errors = found["error"].to_list()
    assert errors.pop().startswith("no vector is of ")
    assert errors == [FAILED.get(number) for number in order]
    vectors = matrix(found.filter(pl.col("error").is_null())["embedding"])
    expected = UNIT[[number for number in order if number not in FAILED]]
    assert np.abs(vectors - expected).max() < 1e-6
    assert found["embedding"].is_null().to_list() == [*(e is not None for e in errors), True]


MODELS = ((parquet_by_id, "clip"), (npz, "clip"), (features, "f.h5"))


@pytest.mark.parametrize(("form", "model"), MODELS)
def test_the_identity_tells_the_model_and_changes_with_a_vector(tmp_path, monkeypatch, form, model):
    first = imported(form(tmp_path)).identity
    assert first.model == model
    changed = VECTORS.copy()
    changed[0, 0] += 1
    monkeypatch.setitem(globals(), "VECTORS", changed)
    monkeypatch.setattr(column, "__defaults__", (changed, None))
    (tmp_path / "again").mkdir()
    second = imported(form(tmp_path / "again")).identity
    assert second.preprocessing != first.preprocessing


def test_files_are_known_by_the_end_of_their_path_and_never_by_another_folder_s(tmp_path):
    there = ["1.jpg", "a/1.jpg", "a/2.jpg", "b/2.jpg", "b/c/3.jpg", "4.jpg"]
    told = [
        "x\\photos\\1.jpg",
        "./x/photos/a/1.jpg",
        "x//photos/b/2.jpg",
        "3.jpg",
        "x/photos/z/4.jpg",
    ]
    vectors = np.eye(len(told), dtype=np.float32)
    frame = pl.DataFrame({"file": told, "embedding": vectors.tolist()})
    frame.write_parquet(tmp_path / "v.parquet")
    called = pl.DataFrame({"image_id": there, "file": there})
    images = IMAGES.head(len(there)).with_columns(image_id=pl.Series(there))
    encoder = imported(tmp_path / "v.parquet").with_files(there, called)
    found = encoder.vectors(images)["embedding"].to_list()
    rows = [None if vector is None else vector.index(1) for vector in found]
    assert rows == [0, 1, None, 2, 3, None], "of z/4.jpg, which is not there"
    # A folder that has another 3.jpg: which of the two is meant, nobody knows.
    more = [*there, "d/3.jpg"]
    assert imported(tmp_path / "v.parquet").with_files(more, called).vectors(images)["error"][4]


def test_one_vector_a_panorama_is_that_of_all_its_views(tmp_path):
    names = pl.DataFrame({"panorama_id": ["pano0", "pano1"]})
    names.with_columns(column(VECTORS[:2])).write_parquet(tmp_path / "v.parquet")
    found = imported(tmp_path / "v.parquet").vectors(IMAGES.head(8))
    assert np.abs(matrix(found["embedding"]) - np.repeat(UNIT[:2], 4, axis=0)).max() < 1e-6


def test_the_same_vector_twice_is_one_and_different_ones_are_refused(tmp_path):
    path = tmp_path / "v.parquet"
    twice = IMAGES.select("image_id").head(4).with_columns(column(VECTORS[:4]))
    close = twice.head(1).with_columns(column(VECTORS[:1] + np.float32(0.01)))
    nothing = twice.head(1).with_columns(column(np.full((1, DIMENSION), np.nan)))
    pl.concat([nothing, twice, close]).write_parquet(path)
    assert imported(path).vectors(IMAGES.head(1))["error"].to_list() == [None]
    other = twice.head(1).with_columns(column(VECTORS[2:3]))
    pl.concat([twice, other]).write_parquet(path)
    assert f"image_id {name_of(0)} has two different vectors, in rows 0 and 4" in refused(path)
    VIEWS.head(4).drop("heading_deg").with_columns(column(VECTORS[:4])).write_parquet(path)
    assert "panorama_id pano0, captured_on 2019-01-01 has two different" in refused(path)
    assert "add heading_deg" in refused(path)


def spoiled(folder: Path, what: str) -> tuple[Path, str]:
    """A file with one fault, and what has to be said of it."""
    path = folder / "v.parquet"
    ids = IMAGES.select("image_id").head(3)
    match what:
        case "no vectors":
            ids.with_columns(size=pl.lit(3)).write_parquet(path)
            return path, "no column holds vectors; expected a column of lists of numbers"
        case "no names":
            pl.DataFrame(column(VECTORS[:3])).write_parquet(path)
            return path, "nothing says whose the vectors are; expected a column image_id"
        case "mixed":
            lists = pl.Series("embedding", [[1.0, 2.0], [1.0, 3.0], [2.0]])
            ids.with_columns(lists).write_parquet(path)
            return path, "the vector in row 2 has 1 number, those before have 2"
        case "models":
            frame = ids.with_columns(column(VECTORS[:3]), model=pl.Series(["a", "b", "a"]))
            frame.write_parquet(path)
            return path, "vectors of 2 models (a, b)"
        case "cut":
            parquet_by_id(folder).write_bytes(path.read_bytes()[:500])
            return path, "not readable as Parquet"
        case "ids":
            np.savez(folder / "v.npz", embeddings=VECTORS, ids=np.arange(3))
            return folder / "v.npz", f"array 'ids' has shape (3,); expected ({COUNT},)"
        case "objects":
            ids = np.array(IMAGES["image_id"].to_list(), dtype=object)
            np.savez(folder / "v.npz", embeddings=VECTORS, ids=ids)
            return folder / "v.npz", "array 'ids.npy' holds Python objects, which are not loaded"
        case "shard":
            path = clip_retrieval(folder)
            (path / "metadata/metadata_11.parquet").unlink()
            return path, "img_emb_11.npy: there is no metadata of shard 11"
        case "lengths":
            path = clip_retrieval(folder)
            np.save(path / "img_emb/img_emb_2.npy", VECTORS[:9])
            return path, "metadata_2.parquet: 10 rows for the 9 vectors of img_emb_2.npy"
        case "dimensions":
            path = clip_retrieval(folder)
            np.save(path / "img_emb/img_emb_3.npy", VECTORS[:10, :4])
            return path, "img_emb_3.npy: vectors are 4 numbers"
        case "code":
            path = torch_folder(folder)
            harm = pickle.dumps(Harm(folder / "harmed"), protocol=2)
            (path / "embeddings/3.pt").write_bytes(harm)
            return path, "3.pt is not readable as a plain tensor, and nothing else is loaded"
        case "tensor":
            path = torch_folder(folder)
            torch.save(torch.ones(DIMENSION + 1), path / "embeddings/3.pt")
            return path, f"3.pt: the vector has {DIMENSION + 1} numbers, that of 0.pt has"
        case "labels":
            path = features(folder)
            labels = pl.read_csv(folder / "f.csv")
            labels.head(-1).write_csv(folder / "f.csv")
            return path, f"f.csv: {PANORAMAS - 1} rows for the {PANORAMAS} locations of f.h5"
        case "date":
            told = ids.with_columns(column(VECTORS[:3]), date=pl.Series(["2019-05", None, "05/19"]))
            told.write_parquet(path)
            return path, "the date in row 2 is '05/19'; expected YYYY-MM"
        case "no labels":
            path = features(folder)
            (folder / "f.csv").unlink()
            return path, "expected f.csv with a row for each location"
    raise ValueError(what)


class Harm:
    """Runs code in whoever unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    "what",
    [
        *("no vectors", "no names", "mixed", "models", "cut", "ids", "objects", "shard", "lengths"),
        *("dimensions", "code", "tensor", "labels", "no labels", "date"),
    ],
)
def test_what_is_wrong_is_said_with_file_place_and_remedy(tmp_path, what):
    path, said = spoiled(tmp_path, what)
    assert said in refused(path)
    assert not (tmp_path / "harmed").exists()
