import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from streetview_assets.embeddings.embed import embed_images
from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.encoders.engines.choice import choose_precision
from streetview_assets.embeddings.encoders.image_loading import ENOUGH_FOR_PROCESSES
from streetview_assets.embeddings.encoders.network_encoder import NetworkEncoder
from streetview_assets.embeddings.encoders.registry import check_encoder, load_encoder
from streetview_assets.embeddings.encoders.text_encoder import load_text_encoder
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.errors import EncoderError, StudyError
from streetview_assets.files.file_state import file_sha256
from streetview_assets.image_decoding import read_rgb
from streetview_assets.processes.threads import limit_threads
from streetview_assets.study.embeddings import Encoder
from streetview_assets.tables.registry import TABLES, check_contract

SHARED = Path(__file__).parents[3] / "shared"
MOBILENET = SHARED / "weights" / "mobilenet_timm.safetensors"
PHOTOS = SHARED / "data" / "photos"
SANTA_CLARA = "mapillary_sequence_santa_clara"
SAME = {"pad_type": "same"}
needs_weights = pytest.mark.skipif(
    not (MOBILENET.exists() and PHOTOS.exists()), reason="needs ../shared/weights and its photos"
)
needs_transformers = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="needs the extra `transformers`"
)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other crawl where other tests use the same cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def images(count: int) -> list[Image.Image]:
    rng = np.random.default_rng(2)
    small = [rng.integers(0, 255, (8, 12, 3), dtype=np.uint8) for _ in range(count)]
    return [Image.fromarray(one).resize((300, 260), Image.Resampling.BICUBIC) for one in small]


@pytest.fixture(scope="module")
def own_clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, np.ndarray]:
    """Weights of a small CLIP, made here, the options it needs, and the library's own vectors."""
    from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable

    make_torchvision_importable()
    import open_clip
    import torch

    vision = {"image_size": 224, "patch_size": 32, "layers": 1, "width": 64, "head_width": 32}
    text = {"context_length": 8, "vocab_size": 50, "width": 32, "heads": 2, "layers": 1}
    options = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text}
    torch.manual_seed(3)
    model, _, transform = open_clip.create_model_and_transforms(
        "ViT-B-32-quickgelu", pretrained=None, **options
    )
    path = tmp_path_factory.mktemp("weights") / "small.pt"
    torch.save(model.state_dict(), path)
    with torch.inference_mode():
        batch = torch.stack([transform(image) for image in images(5)])
        features = model.eval().encode_image(batch, normalize=True).numpy()
    return path, options, features


def test_open_clip_gives_the_vectors_that_the_library_itself_gives(own_clip: tuple) -> None:
    path, options, expected = own_clip
    settings = Encoder(
        name="open_clip:ViT-B-32-quickgelu/openai",
        checkpoint=path,
        options=options,
        precision="fp32",
    )
    encoder = load_encoder(settings)
    prepared = np.stack([encoder.preparation.prepare(image) for image in images(5)])
    vectors = encoder.encode(prepared)
    assert np.abs(vectors - expected).max() < 1e-5
    alone = np.concatenate([encoder.encode(prepared[row : row + 1]) for row in range(5)])
    assert np.abs(vectors - alone).max() < 1e-5
    check_contract(TABLES["encoders"], encoder.identity.frame())
    assert encoder.identity.weights_sha256 == file_sha256(path)
    assert encoder.identity.dimension == 24
    assert encoder.identity.precision == "fp32"


def test_half_the_precision_turns_vectors_only_a_little(own_clip: tuple) -> None:
    path, options, expected = own_clip
    name = "open_clip:ViT-B-32-quickgelu/openai"
    settings = Encoder(name=name, checkpoint=path, options=options, precision="bf16")
    encoder = load_encoder(settings)
    vectors = encoder.encode(np.stack([encoder.preparation.prepare(image) for image in images(5)]))
    assert encoder.identity.precision == "bf16"
    assert (vectors * expected).sum(axis=1).min() > 0.999
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-6)


def test_weights_with_another_activation_than_the_model_are_refused(own_clip: tuple) -> None:
    path, _, _ = own_clip
    with pytest.raises(StudyError, match="open_clip:ViT-B-32-quickgelu/openai"):
        load_encoder(Encoder(name="open_clip:ViT-B-32/openai", checkpoint=path))


def test_weights_of_another_model_are_one_clear_error(own_clip: tuple) -> None:
    path, _, _ = own_clip
    settings = Encoder(name="open_clip:RN50-quickgelu/openai", checkpoint=path)
    with pytest.raises(EncoderError, match=r"small\.pt does not load.*belong to this model"):
        load_encoder(settings)


def test_a_file_that_is_no_weights_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"cut short")
    with pytest.raises(EncoderError, match=r"broken\.safetensors does not load"):
        load_encoder(Encoder(name="timm:mobilenetv1_100", checkpoint=path))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("open_clip:ViT-B-33/openai", "did you mean"),
        ("open_clip:ViT-B-32/opnai", "laion2b_s34b_b79k"),
        ("open_clip:ViT-B-32", "say which weights"),
        ("timm:mobilenetv1_101", "mobilenetv1_100"),
    ],
)
def test_a_wrong_name_says_what_there_is(name: str, words: str) -> None:
    for refusing in (load_encoder, check_encoder):
        with pytest.raises(StudyError, match=words):
            refusing(Encoder(name=name))


def test_a_library_that_is_not_installed_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    for refusing in (check_encoder, load_encoder, load_text_encoder):
        with pytest.raises(EncoderError, match=r"'streetview-assets\[transformers\]'"):
            refusing(Encoder(name="transformers:geolocal/StreetCLIP"))


def test_options_that_a_model_does_not_take_are_named() -> None:
    settings = Encoder(name="timm:mobilenetv1_100", checkpoint=__file__, options={"no_such": 1})
    with pytest.raises(StudyError, match=r"encoder\.options.*no_such"):
        load_encoder(settings)


@pytest.mark.parametrize("offline", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "open_clip:ViT-B-32-quickgelu/openai",
        "open_clip:hf-hub:timm/ViT-B-16-SigLIP",
        "timm:mobilenetv1_100",
        pytest.param("transformers:geolocal/StreetCLIP", marks=needs_transformers),
    ],
)
def test_weights_out_of_reach_are_one_error_that_names_the_ways_out(
    name: str, offline: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", offline)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EncoderError) as error:
        load_encoder(Encoder(name=name))
    for way_out in ("encoder.checkpoint", "HF_HOME", "HF_HUB_OFFLINE", "colour-texture"):
        assert way_out in str(error.value)
    assert huggingface_hub.constants.HF_HUB_OFFLINE is offline


def test_precision_is_as_asked_for_and_auto_is_one_that_the_device_computes_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    assert choose_precision("fp16", "cpu") == "fp16"
    assert choose_precision("auto", "mps") == "fp32"
    for has, chosen in ({"amx_bf16": True}, "bf16"), ({"avx512_bf16": True}, "bf16"), ({}, "fp32"):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda has=has: {"avx2": True, **has})
        assert choose_precision("auto", "cpu") == chosen
    for has_bf16, capability, chosen in (
        *((True, (9, 0), "bf16"), (False, (7, 5), "fp16"), (False, (6, 1), "fp32")),
    ):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda has=has_bf16, **_: has)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda has=capability: has)
        assert choose_precision("auto", "cuda") == chosen


@needs_weights
def test_a_real_network_tells_places_apart_as_it_is_known_to() -> None:
    one, other = _vectors("opensfm", 1, SAME), _vectors(SANTA_CLARA, 8, SAME)
    mean_cosines = _within(one), _within(other), float((one @ other.T).mean())
    assert mean_cosines == pytest.approx((0.763, 0.820, 0.590), abs=0.01)


@needs_weights
def test_the_wrong_padding_loads_and_shows_in_the_vectors() -> None:
    assert _within(_vectors(SANTA_CLARA, 16, SAME)) == pytest.approx(0.820, abs=0.015)
    assert abs(_within(_vectors(SANTA_CLARA, 16, {})) - 0.820) > 0.02


def _vectors(folder: str, every: int, options: dict) -> np.ndarray:
    settings = Encoder(
        name="timm:mobilenetv1_100", checkpoint=MOBILENET, options=options, precision="fp32"
    )
    encoder = load_encoder(settings)
    paths = sorted((PHOTOS / folder).glob("*.jpg"))[::every]
    return encoder.encode(np.stack([encoder.preparation.prepare(read_rgb(path)) for path in paths]))


def _within(vectors: np.ndarray) -> float:
    return float((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)].mean())


def _small_clip(own_clip: tuple, **settings: object) -> ImageEncoder:
    path, options, _ = own_clip
    name = "open_clip:ViT-B-32-quickgelu/openai"
    return load_encoder(
        Encoder(name=name, checkpoint=path, options=options, precision="fp32", **settings)
    )


def _strip() -> Image.Image:
    """A strip of four squares, each of a colour and pattern of its own."""
    rng = np.random.default_rng(9)
    squares = rng.integers(0, 255, (4, 6, 6, 3), dtype=np.uint8)
    large = [Image.fromarray(one).resize((240, 240), Image.Resampling.NEAREST) for one in squares]
    return Image.fromarray(np.concatenate([np.asarray(one) for one in large], axis=1))


def test_a_square_image_has_the_same_vector_by_every_rule(own_clip: tuple) -> None:
    square = images(1)[0].resize((300, 300))
    first, *others = [
        _small_clip(own_clip, fit=fit).encode(
            [_small_clip(own_clip, fit=fit).preparation.prepare(square)]
        )
        for fit in ("crop", "pad", "tiles")
    ]
    for other in others:
        assert np.array_equal(first, other)


def test_tiles_are_the_mean_of_the_squares_of_a_strip(own_clip: tuple) -> None:
    encoder, strip = _small_clip(own_clip, fit="tiles"), _strip()
    square = images(1)[0].resize((300, 300))
    vectors = encoder.encode([encoder.preparation.prepare(one) for one in (square, strip, square)])
    cropping = _small_clip(own_clip)
    parts = [strip.crop((start, 0, start + 240, 240)) for start in range(0, 960, 240)]
    mean = cropping.encode([cropping.preparation.prepare(part) for part in parts]).mean(axis=0)
    assert vectors[1] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)
    assert np.array_equal(vectors[0], vectors[2])
    alone = cropping.encode([cropping.preparation.prepare(square)])[0]
    assert vectors[0] == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize("fit", ["pad", "tiles"])
def test_the_ends_of_a_strip_count_unless_they_are_cropped(own_clip: tuple, fit: str) -> None:
    strip = _strip()
    other = strip.copy()
    other.paste(Image.new("RGB", (240, 240), "red"), (0, 0))
    changed = {}
    for rule in ("crop", fit):
        encoder = _small_clip(own_clip, fit=rule)
        first, second = encoder.encode(
            [encoder.preparation.prepare(strip), encoder.preparation.prepare(other)]
        )
        changed[rule] = float(np.abs(first - second).max())
    assert changed["crop"] == 0
    assert changed[fit] > 1e-3


def test_the_rule_is_part_of_what_an_encoder_is(own_clip: tuple) -> None:
    identities = [_small_clip(own_clip, fit=fit).identity for fit in ("crop", "pad", "tiles")]
    assert len({one.encoder for one in identities}) == 3
    assert len({one.fingerprint for one in identities}) == 3
    words = ("fit crop", "square of RGB (123, 117, 104)", "mean of unit vectors of square tiles")
    for identity, said in zip(identities, words, strict=True):
        assert said in identity.preprocessing


def test_a_rule_that_would_not_be_heeded_is_refused() -> None:
    for refusing in (load_encoder, check_encoder):
        with pytest.raises(StudyError, match=r"encoder\.fit.*sees the whole of every image"):
            refusing(Encoder(name="colour-texture", fit="tiles"))


@dataclass(frozen=True)
class BesideItsDevice(NetworkEncoder):
    """A network that works as on a GPU: the cores prepare for it in processes, ahead of it."""

    computes_on_cores = False
    told: list[str] = field(default_factory=list)

    def begin(self, batch: Sequence[np.ndarray]) -> Callable[[], np.ndarray]:
        self.told.append(f"begun {len(batch)}")
        finish = super().begin(batch)

        def wait() -> np.ndarray:
            self.told.append(f"waited for {len(batch)}")
            return finish()

        return wait


def test_an_image_has_one_vector_whatever_stands_beside_it(own_clip: tuple, tmp_path: Path) -> None:
    """Twice, in another batch, beside others, by one worker or two, threads or processes."""
    for number, image in enumerate([*images(9), _strip(), images(1)[0]]):
        image.save(tmp_path / f"{number:02}.png")
    paths = sorted(path.name for path in tmp_path.glob("*.png"))
    loaded = pl.DataFrame({"image_id": paths, "path": paths}).with_columns(status=pl.lit("ok"))
    encoder = _small_clip(own_clip, fit="tiles")

    def vectors(order: pl.DataFrame, by: ImageEncoder = encoder, **options: int) -> np.ndarray:
        pieces = embed_images(by, order, tmp_path, authority_code="E1", **options)
        return matrix(pl.concat(pieces)["embedding"])

    expected = vectors(loaded, batch_size=1, workers=1)
    for options in ({"workers": 1}, {"workers": 2}, {"batch_size": 4, "workers": 2}):
        assert np.abs(vectors(loaded, **options) - expected).max() < 1e-5
    assert np.abs(vectors(loaded[3:7], workers=1) - expected[3:7]).max() < 1e-5
    assert np.abs(expected[0] - expected[10]).max() == 0

    beside = BesideItsDevice(encoder.identity, encoder.preparation, encoder.forward, encoder.device)
    few = vectors(loaded, beside, batch_size=4, workers=2)
    assert np.abs(few - expected).max() < 1e-5
    begun_first = ["begun 4", "begun 4", "waited for 4", "begun 3", "waited for 4", "waited for 3"]
    assert beside.told == begun_first, "a batch is begun before the one before it is waited for"
    repeats = ENOUGH_FOR_PROCESSES // len(paths) + 1
    many = (
        pl.concat([loaded] * repeats)
        .with_row_index()
        .with_columns(image_id=pl.format("{}", 1000 + pl.col("index")))
    )
    again = vectors(many, beside, workers=2).reshape(repeats, *expected.shape)
    assert np.abs(again - expected).max() < 1e-5
    import torch

    assert torch.get_num_threads() == 1, "as this module has set it"


def test_the_number_of_threads_is_given_back() -> None:
    import torch

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with limit_threads() as start, ThreadPoolExecutor(1, initializer=start) as pool:
            assert pool.submit(torch.get_num_threads).result() == 1
        assert torch.get_num_threads() == 2
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == 2
    finally:
        torch.set_num_threads(before)
