"""What is said of an encoder before a run is what the run will find; nothing is fetched for it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streetview_assets.embeddings.encoders.availability import to_be_fetched
from streetview_assets.errors import EncoderError
from streetview_assets.study.embeddings import Encoder
from streetview_assets_tests.embeddings.small_clip import CLIP, OPTIONS, write_small_clip

NETWORKS = [CLIP, "open_clip:hf-hub:timm/ViT-B-16-SigLIP", "timm:mobilenetv1_100"]


@pytest.fixture
def asked() -> list[str]:
    """What the hub was asked."""
    return []


@pytest.fixture
def hub(asked, tmp_path, monkeypatch) -> Iterator[None]:
    """Let the hub be a server here, whose models are of 1.2 GB; its cache is empty."""
    import huggingface_hub.constants

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            found = "vgg" not in self.path
            self.send_response(200 if found else 404)
            if not found:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            files = [{"rfilename": f"model.{kind}", "size": 12 * 10**8} for kind in ("bin", "json")]
            self.wfile.write(json.dumps({"id": "a/b", "siblings": files}).encode())

        do_HEAD = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    monkeypatch.setattr("huggingface_hub.hf_api.ENDPOINT", address, raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    yield
    server.shutdown()


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_that_are_only_on_the_hub_are_to_be_fetched(hub, asked, name):
    assert "1.2 GB" in (to_be_fetched(Encoder(name=name)) or "")
    assert all("/api/models/" in path for path in asked), "only their size was asked for"


def test_weights_that_the_hub_does_not_have_cannot_be_had(hub):
    with pytest.raises(EncoderError, match="cannot be had"):
        to_be_fetched(Encoder(name="timm:vgg11"))


@pytest.mark.parametrize("name", NETWORKS)
def test_without_network_and_without_weights_nothing_is_well(hub, asked, name, monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EncoderError, match="cannot be had"):
        to_be_fetched(Encoder(name=name))
    assert asked == []


def test_a_file_of_weights_is_loaded_as_a_run_would(hub, asked, tmp_path: Path):
    file = tmp_path / "weights.pt"
    write_small_clip(file)
    settings = Encoder(name=CLIP, checkpoint=file, options=OPTIONS)
    assert to_be_fetched(settings) is None
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(EncoderError, match="does not load"):
        to_be_fetched(settings)
    assert asked == []
    assert to_be_fetched(Encoder(name="colour-texture")) is None
