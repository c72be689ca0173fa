"""Rules of pulling from Hugging Face, tested with a server that implements its protocol."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

constants = pytest.importorskip("huggingface_hub.constants", reason="huggingface_hub is an extra")

from fingertip_contact import weights  # noqa: E402
from fingertip_contact.cli.models import app  # noqa: E402
from fingertip_contact.weight_sources import FetchError, fetch_from_hub  # noqa: E402

REPOSITORY = "muxiddin19/vrkeyb-cvpr2026"
MEMBER = "depth_anything_v2_vits_d405_finetuned.pth"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(256)) * 400
CONFIG = b'{"encoder": "vits", "max_depth": 0.5}'


class HubHandler(BaseHTTPRequestHandler):
    """/{owner}/{name}/resolve/{revision}/{file}, with ranges."""

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, with_body):
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if "/resolve/" in self.path:  # The library asks for other things too.
            self.server.asked.append((self.command, self.path, start))
        repository, _, rest = self.path.lstrip("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        content = self.server.files.get(name)
        if repository != REPOSITORY or revision not in ("main", COMMIT) or content is None:
            self.send_error(404)
            return
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{self.server.stated.get(name) or hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if with_body:
            self.wfile.write(content[start:])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub(monkeypatch):
    """Serves the weights and their config.json; `asked` lists the requests, `stated` other hashes to claim."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), HubHandler)
    server.files, server.asked, server.stated = {MEMBER: WEIGHTS, "config.json": CONFIG}, [], {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(weights.DIRECTORY_VARIABLE, str(tmp_path / "weights"))
    return tmp_path / "weights"


def test_weights_are_pulled_with_their_config(hub, empty_cache):
    """Both are of one commit, which is recorded, and reported if models.yaml pins none."""
    result = CliRunner().invoke(app, ["pull", "d405"])
    assert result.exit_code == 0, result.output
    folder = empty_cache / "d405"
    assert (folder / MEMBER).read_bytes() == WEIGHTS
    assert (folder / "config.json").read_bytes() == CONFIG
    assert f"{REPOSITORY} {COMMIT}" in (folder / f"{MEMBER}.sha256").read_text()
    assert f"not pinned in models.yaml: fetching commit {COMMIT} of main" in result.output
    assert [path for command, path, _ in hub.asked if command == "GET"] == [
        f"/{REPOSITORY}/resolve/{COMMIT}/{name}" for name in (MEMBER, "config.json")
    ]
    assert sorted(path.name for path in empty_cache.iterdir()) == ["d405"]


def test_cached_files_need_no_network(hub, empty_cache):
    """A second pull sends no request."""
    weights.pull("d405")
    hub.asked.clear()
    assert weights.pull("d405") == [weights.get_verified_path("d405")]
    assert hub.asked == []


def test_damaged_download_is_rejected(hub, empty_cache):
    """A file with another hash than the hub states is not installed, and leaves nothing behind."""
    hub.stated[MEMBER] = "0" * 64
    with pytest.raises(weights.WeightsError, match="arrived damaged and was deleted; try again"):
        weights.pull("d405")
    assert list(empty_cache.iterdir()) == []
    hub.stated.clear()
    weights.pull("d405")
    assert weights.get_verified_path("d405").read_bytes() == WEIGHTS


def test_chosen_revision_is_requested(hub, empty_cache):
    """A commit is fetched on request; wheels have none."""
    weights.pull("d405", revision=COMMIT)
    assert hub.asked[0][1] == f"/{REPOSITORY}/resolve/{COMMIT}/{MEMBER}"
    with pytest.raises(weights.WeightsError, match="does not come from Hugging Face"):
        weights.pull("hands", revision=COMMIT)


def test_missing_hub_file_is_named(hub, tmp_path):
    """The error names the file and the repository."""
    with pytest.raises(FetchError, match=rf"{REPOSITORY} does not deliver other\.pth: .*404"):
        fetch_from_hub(REPOSITORY, "other.pth", None, tmp_path, lambda message: None)


def test_weights_without_a_config_are_accepted(hub, empty_cache):
    """The missing config.json is reported; the name of the D405 weights implies their maximum depth too."""
    del hub.files["config.json"]
    output = []
    weights.pull("d405", output.append)
    assert any(line.startswith("continuing without config.json") for line in output)
    assert weights.get_verified_path("d405").read_bytes() == WEIGHTS
