"""Folders of images are encoded once, and a model that goes out comes in again."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.errors import StudyError
from streetview_assets.perception.published.image_folder import encode_folder
from streetview_assets.perception.published.model_names import encoder_name
from streetview_assets.study.embeddings import Encoder
from streetview_assets_tests.perception.command.survey import Survey, command, logged, write_vectors

GIVEN = ("-M", "colour-texture", "-g", "data.geojson", "-i", "images")
KEPT = Path("embeddings-colour-texture")


@pytest.fixture
def survey(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = Survey(tmp_path, count=40, dimension=16)
    draws = np.random.default_rng(4)
    (tmp_path / "images/more").mkdir(parents=True)
    for number in range(40):
        pixels = draws.integers(0, 256, size=(12, 12, 3), dtype=np.uint8)
        image = Image.fromarray(pixels).resize((48, 48))
        image.save(tmp_path / "images" / ("more" if number % 9 == 0 else "") / f"{number:04d}.jpg")
    return made


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_is_encoded_once_in_the_layout_of_clip_retrieval(survey):
    code, out, _ = command(*GIVEN, "-L", "log.csv")
    assert code == 0
    assert "Encoded 40 images by colour-texture, kept in embeddings-colour-texture" in out
    vectors = np.load(KEPT / "img_emb/img_emb_0.npy")
    paths = pd.read_parquet(KEPT / "metadata/metadata_0.parquet")["image_path"].tolist()
    files = [path.as_posix() for path in Path("images").rglob("*.jpg")]
    assert paths == sorted(files)
    encoder = load_encoder(Encoder(name="colour-texture"))
    prepared = [encoder.preparation.prepare(Image.open(path)) for path in paths[:3]]
    assert np.abs(vectors[:3] - encoder.encode(prepared)).max() < 1e-6
    shutil.rmtree("images")
    code, out, _ = command("-M", "colour-texture", "-g", "data.geojson", "-L", "log.csv")
    assert code == 0
    assert "Read 40 vectors of 516 from embeddings-colour-texture" in out
    rows = logged(Path("log.csv"))
    assert rows[:5] == rows[5:]


def test_read_only_writes_nothing_and_skip_cache_reads_nothing(survey):
    before = tree(survey.folder)
    code, out, _ = command(*GIVEN, "--read-only")
    assert code == 0
    assert tree(survey.folder) == before
    wrong = np.ones((40, 516))
    write_vectors(KEPT, "img_emb", wrong, "image_path", [f"x/{n:04d}.jpg" for n in range(40)])
    before = tree(survey.folder)
    code, anew, _ = command(*GIVEN, "--skip-cache")
    assert code == 0
    assert tree(survey.folder) == before
    assert anew.splitlines()[1:] == out.splitlines()[1:]


class FewAtOnce:
    """The real encoder, a few images at once, which are counted."""

    batch_size = 8

    def __init__(self) -> None:
        self.real = load_encoder(Encoder(name="colour-texture"))
        self.count = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def begin(self, batch: list) -> object:
        self.count += len(batch)
        return self.real.begin(batch)


class Killed(BaseException):
    pass


def test_what_was_killed_goes_on_from_there(survey, monkeypatch):
    monkeypatch.setattr("streetview_assets.embeddings.embed.LEAST_PER_SHARD", 8)

    def kill(done: int, count: int) -> None:
        if done >= 24:
            raise Killed

    kept, images = Path("kept"), Path("images")
    with pytest.raises(Killed):
        encode_folder(FewAtOnce(), images, keep_in=kept, on_progress=kill)
    assert not kept.exists()
    (images / "0001.jpg").write_bytes((images / "0002.jpg").read_bytes())
    again = FewAtOnce()
    named, failed = encode_folder(again, images, keep_in=kept)
    assert again.count == 40 - 16 + 1
    assert (len(named.names), failed) == (40, {})
    whole, _ = encode_folder(FewAtOnce(), images, keep_in=None)
    assert named.names == whole.names
    assert np.abs(named.vectors - whole.vectors).max() < 1e-6
    assert sorted(path.name for path in Path().glob("*kept*")) == ["kept"]


def test_an_image_that_cannot_be_read_is_told(survey):
    Path("images/0001.jpg").write_bytes(b"no image")
    code, _, error = command(*GIVEN)
    assert code == 0
    assert "Not readable: 1 of 40 images, such as 0001.jpg: " in error
    for path in Path("images").rglob("*.jpg"):
        path.write_bytes(b"no image")
    code, _, error = command(*GIVEN, "--skip-cache")
    assert code == 2
    assert "not one of 40 images can be read" in error


def test_images_without_a_vector_among_those_kept_are_told(survey):
    assert command(*GIVEN)[0] == 0
    shutil.copy("images/0001.jpg", "images/new.jpg")
    code, _, error = command(*GIVEN)
    assert code == 0
    assert (
        "Without a vector there: 1 of 41 images of images, new.jpg; --skip-cache encodes" in error
    )


def test_a_model_goes_out_and_comes_in_again(survey):
    given = ("-M", "ViT-B/32", "-g", "data.geojson")
    survey.vectors[20] = survey.vectors[31] = 1 / np.arange(1, 17)
    survey.vectors[31, 0] = 0.5
    survey.features[3]["average_safety"] = None
    for feature in survey.features:
        feature["average_greenness"] = None
    survey.write()
    assert command(*given, "--export", "out/model")[0] == 0
    with np.load("out/model.npz") as file:
        arrays = {name: file[name] for name in file.files}
    assert len(arrays) == 10
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float64)}
    assert arrays["greenness_vecs"].shape == (0, 16)
    told = [survey.properties(name)["average_safety"] for name in survey.names]
    rows = [at for at, value in enumerate(told) if value is not None]
    assert arrays["safety_scores"].tolist() == [told[at] for at in rows]
    lengths = np.linalg.norm(survey.vectors[rows].astype(float), axis=1, keepdims=True)
    assert np.abs(arrays["safety_vecs"] - survey.vectors[rows] / lengths).max() < 1e-15


def test_a_model_scores_itself_as_the_files_it_came_from(survey):
    survey.vectors = np.random.default_rng(5).normal(size=(40, 16))
    survey.write()
    how = ("-k", "5", "--randomize", "--random-seed", "0")
    given = ("-M", "ViT-B/32", "-g", "data.geojson")
    assert command(*given, "--export", "model.npz")[0] == 0
    assert command(*given, *how, "-L", "files.csv")[0] == 0
    code, *_ = command("--import-model", "model.npz", "-M", "ViT-B/32", *how, "-L", "model.csv")
    assert code == 0
    assert logged(Path("model.csv")) == logged(Path("files.csv"))


def test_a_model_rates_images_that_nobody_rated(survey):
    assert command("-M", "ViT-B/32", "-g", "data.geojson", "--export", "model.npz")[0] == 0
    new = np.random.default_rng(6).normal(size=(3, 16))
    write_vectors(Path("new"), "img_emb", new, "image_path", ["a.jpg", "b.jpg", "c.jpg"])
    words = ("--import-model", "model.npz", "-e", "new", "-k", "1,3")
    code, out, _ = command(*words, "-q")
    assert code == 0
    assert command(*words, "--predictions", "rated.csv")[0] == 0
    rated = pd.read_csv("rated.csv")
    assert out.strip() == Path("rated.csv").read_text().strip()
    assert len(rated) == 3 * 5 * 2
    with np.load("model.npz") as file:
        vectors, scores = file["safety_vecs"], file["safety_scores"]
    cosines = (new / np.linalg.norm(new, axis=1, keepdims=True)) @ vectors.T
    mine = rated[(rated["category"] == "safety") & (rated["k"] == 1)]
    assert mine["score"].tolist() == scores[cosines.argmax(axis=1)].tolist()
    assert np.abs(mine["nearest_cosine"] - cosines.max(axis=1)).max() < 1e-12


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"safety_scores": np.ones(3)}, "there is no safety_vecs"),
        ({"safety_scores": np.ones(3), "safety_vecs": np.ones((2, 4))}, "safety_vecs is float64"),
        ({"safety_scores": np.array([1, np.nan]), "safety_vecs": np.ones((2, 4))}, "not finite"),
        ({"safety_scores": np.array([{}]), "safety_vecs": np.ones((1, 4))}, "not readable as an"),
        ({"other": np.ones(3)}, "has no score of any quality"),
    ],
)
def test_a_model_that_is_none_is_refused(survey, arrays, said):
    np.savez("model.npz", **arrays)
    code, _, error = command("--import-model", "model.npz")
    assert code == 2
    assert said in error
    Path("model.npz").write_bytes(b"no model")
    assert command("--import-model", "model.npz")[0] == 2


@pytest.mark.parametrize(
    ("model", "ours"),
    [
        ("ViT-B/32", "open_clip:ViT-B-32-quickgelu/openai"),
        ("ViT-L/14@336px", "open_clip:ViT-L-14-336-quickgelu/openai"),
        ("RN50x4", "open_clip:RN50x4-quickgelu/openai"),
        ("hf_clip:patrickjohncyh/fashion-clip", "transformers:patrickjohncyh/fashion-clip"),
        ("open_clip:ViT-H-14-378-quickgelu", "open_clip:ViT-H-14-378-quickgelu/dfn5b"),
        ("open_clip:ViT-L-14/laion2b_s32b_b82k", "open_clip:ViT-L-14/laion2b_s32b_b82k"),
        ("colour-texture", "colour-texture"),
        ("timm:resnet18", "timm:resnet18"),
    ],
)
def test_names_of_models_are_ours(model, ours):
    assert encoder_name(model) == ours


def test_weights_that_are_not_named_are_those_that_fit_the_model():
    from streetview_assets.embeddings.encoders.registry import check_encoder

    for model in ("open_clip:ViT-B-32", "open_clip:ViT-L-14", "open_clip:RN50"):
        name = encoder_name(model)
        assert "/" in name
        check_encoder(Encoder(name=name))
    assert encoder_name("open_clip:ViT-B-32", has_checkpoint=True) == "open_clip:ViT-B-32"
    with pytest.raises(StudyError, match="--clip-model: 'ViT-B-32' is not known"):
        encoder_name("ViT-B-32")
