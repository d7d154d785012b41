# SPDX-License-Identifier: Apache-2.0
"""The model store: what it installs is the pinned pack, whole and licensed, or nothing."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import urllib.response
from email.message import Message
from pathlib import Path

import pytest
from five_point_packs import tiny_detector, tiny_encoder, write_pack

from countenance.backends.five_point.store import ModelStore
from countenance.errors import (
    BadPack,
    Busy,
    DiskFull,
    LicenceNotAccepted,
    ModelDamaged,
    ModelError,
    ModelMissing,
    NotFound,
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_pack(tmp_path / "source", tiny_detector(), tiny_encoder())


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def held(tmp_path: Path) -> list[str]:
    """Return everything below the store's folder."""
    folder = tmp_path / "models"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_shipped_packs(store: ModelStore) -> None:
    """The list names the built-in pack as installed and OpenCV Zoo's, pinned, as not installed."""
    listed = {manifest.name: manifest for manifest in store.manifests()}
    assert listed["dlib"].installed
    assert listed["dlib"].files == ()
    zoo = listed["opencv-zoo"]
    assert (zoo.installed, zoo.commercial_use, zoo.licence) == (False, True, "MIT AND Apache-2.0")
    assert [(file.sha256[:8], file.size_bytes) for file in zoo.files] == [
        ("8f2383e4", 232_589),
        ("0ba9fbfa", 38_696_353),
    ]
    assert zoo.encoder is not None
    assert (zoo.encoder.colour, zoo.encoder.scale, zoo.encoder.dim) == ("rgb", 1.0, 128)


def test_built_in_pack_needs_no_pull(store: ModelStore, tmp_path: Path) -> None:
    """Pulling the built-in pack changes nothing, and this store does not open it."""
    assert store.pull("dlib").installed
    assert store.pull("dlib", source=tmp_path).installed
    assert held(tmp_path) == []
    with pytest.raises(RuntimeError, match="not a five-point pack"):
        store.load("dlib")


def test_pull_from_folder(store: ModelStore, source: Path, tmp_path: Path) -> None:
    """A pack in a folder is installed whole, listed, reported byte by byte, and opens."""
    steps: list[tuple[int, int]] = []
    manifest = store.pull("tiny", source=source, progress=lambda done, total: steps.append((done, total)))
    assert manifest.installed
    assert held(tmp_path) == ["tiny", "tiny/detector.onnx", "tiny/encoder.onnx", "tiny/pack.toml"]
    assert [manifest.name for manifest in store.manifests()] == ["dlib", "opencv-zoo", "tiny"]
    total = sum(file.size_bytes for file in manifest.files)
    assert steps == sorted(steps)
    assert steps[-1] == (total, total)
    pack = store.load("tiny")
    assert (pack.name, pack.licence, pack.encoder.dim) == ("tiny", "Apache-2.0", 8)


def test_flipped_byte_at_pull(store: ModelStore, source: Path, tmp_path: Path) -> None:
    """A file that is not the pinned one is refused at the door and leaves nothing behind."""
    flip(source / "encoder.onnx")
    with pytest.raises(ModelDamaged, match=r"encoder\.onnx is not the file"):
        store.pull("tiny", source=source)
    assert held(tmp_path) == []


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"x" * 10_000_000])
def test_wrong_size_at_pull(store: ModelStore, source: Path, tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    """A file of another size is refused, without reading on past the pinned size."""
    path = source / "detector.onnx"
    pinned = path.stat().st_size
    path.write_bytes(change(path.read_bytes()))
    seen: list[int] = []
    with pytest.raises(ModelDamaged, match=r"detector\.onnx"):
        store.pull("tiny", source=source, progress=lambda done, _: seen.append(done))
    assert held(tmp_path) == []
    assert all(done <= pinned for done in seen)


def test_flipped_byte_at_load(store: ModelStore, source: Path, tmp_path: Path) -> None:
    """A file that changed on disk is named at load and never run; pulling again repairs it."""
    store.pull("tiny", source=source)
    flip(tmp_path / "models/tiny/detector.onnx")
    with pytest.raises(ModelDamaged, match=r"detector\.onnx is damaged: `countenance models pull tiny`"):
        store.load("tiny")
    store.pull("tiny", source=source)
    store.load("tiny")
    assert held(tmp_path) == ["tiny", "tiny/detector.onnx", "tiny/encoder.onnx", "tiny/pack.toml"]


def test_missing_files(store: ModelStore, source: Path, tmp_path: Path) -> None:
    """What is not installed says how to install it; what the folder lacks says where it is published."""
    with pytest.raises(ModelMissing, match="`countenance models pull opencv-zoo`"):
        store.load("opencv-zoo")
    (source / "encoder.onnx").unlink()
    with pytest.raises(ModelMissing, match=r"https://example\.org/encoder\.onnx"):
        store.pull("tiny", source=source)
    assert held(tmp_path) == []


@pytest.mark.parametrize("name", ["nobody", "../source", "", "."])
def test_unknown_pack(store: ModelStore, source: Path, name: str) -> None:
    """A name that is no pack's is not found, also where it is a path to one."""
    assert source.is_dir()
    for verb in (store.manifest, store.pull, store.load):
        with pytest.raises(NotFound, match="countenance models list"):
            verb(name)


@pytest.mark.parametrize(
    ("table", "change", "key"),
    [
        ("encoder", {"gamma": 2}, "encoder.gamma"),
        ("extra", {"a": 1}, "extra"),
        ("encoder", {"mean": None}, "encoder.mean"),
        ("encoder", {"mean": [1, 2]}, "encoder.mean"),
        ("encoder", {"std": [1, 0, 1]}, "encoder.std"),
        ("encoder", {"size": 160}, "encoder.size"),
        ("encoder", {"colour": "lab"}, "encoder.colour"),
        ("encoder", {"dim": "128"}, "encoder.dim"),
        ("encoder", {"file": "detector.onnx"}, "encoder.file"),
        ("detector", {"kind": "scrfd"}, "detector.kind"),
        ("detector", {"file": "../../escape"}, "detector.file"),
        ("detector", {"url": "http://example.org"}, "detector.url"),
        ("detector", {"sha256": "ABC"}, "detector.sha256"),
        ("detector", {"bytes": True}, "detector.bytes"),
        ("pack", {"commercial_use": None}, "pack.commercial_use"),
        ("pack", {"name": "other"}, "pack.name"),
        ("pack", {"licence": " "}, "pack.licence"),
    ],
)
def test_bad_manifest(store: ModelStore, tmp_path: Path, table: str, change: dict, key: str) -> None:  # type: ignore[type-arg]
    """A manifest with an unknown, missing or wrong key is refused, naming the file and the key."""
    source = write_pack(tmp_path / "source", b"d", b"e", **{table: change})
    with pytest.raises(BadPack, match=f"pack.toml: key `{key}`"):
        store.pull("tiny", source=source)
    assert held(tmp_path) == []


def test_manifest_that_is_not_toml(store: ModelStore, source: Path) -> None:
    """A manifest that cannot be read at all is refused by name."""
    (source / "pack.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadPack, match=r"pack\.toml: not UTF-8"):
        store.pull("tiny", source=source)
    (source / "pack.toml").write_bytes(b"pack = [")
    with pytest.raises(BadPack, match=r"pack\.toml: not TOML"):
        store.pull("tiny", source=source)


def test_name_of_a_shipped_pack(store: ModelStore, tmp_path: Path) -> None:
    """A folder cannot pass off its own files as a pack that the program ships."""
    source = write_pack(tmp_path / "source", b"d", b"e", pack={"name": "opencv-zoo"})
    with pytest.raises(BadPack, match="the program ships"):
        store.pull("opencv-zoo", source=source)
    assert held(tmp_path) == []


def test_second_built_in_pack(store: ModelStore, tmp_path: Path) -> None:
    """A manifest of one's own cannot call itself built in."""
    (tmp_path / "pack.toml").write_text(
        '[pack]\nname = "mine"\nlicence = "MIT"\ncommercial_use = true\nhomepage = "https://example.org"\n'
        '[detector]\nkind = "dlib"\n'
    )
    with pytest.raises(BadPack, match="only the shipped pack"):
        store.pull("mine", source=tmp_path)


def test_licence_in_words(store: ModelStore, tmp_path: Path) -> None:
    """A licence without commercial use is refused until it is accepted in its own words."""
    forbids = {"licence": "InsightFace non-commercial", "commercial_use": False}
    source = write_pack(tmp_path / "source", tiny_detector(), tiny_encoder(), pack=forbids)
    for words in (None, "", "yes", "insightface non-commercial"):
        with pytest.raises(LicenceNotAccepted, match='--accept-licence "InsightFace non-commercial"'):
            store.pull("tiny", source=source, accept_licence=words)
        assert not (tmp_path / "models").exists()
    store.pull("tiny", source=source, accept_licence="InsightFace non-commercial")
    assert store.load("tiny").licence == "InsightFace non-commercial"
    (tmp_path / "models/tiny/licence-accepted").unlink()
    with pytest.raises(LicenceNotAccepted):
        store.load("tiny")


def test_interrupted_pull(store: ModelStore, source: Path, tmp_path: Path) -> None:
    """An interruption in the middle of a pull leaves nothing behind."""

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.pull("tiny", source=source, progress=interrupt)
    assert held(tmp_path) == []


def test_killed_pull(store: ModelStore, source: Path, tmp_path: Path) -> None:
    """A pull killed in the middle installs nothing, and the next one cleans up after it."""
    program = (
        "import os, sys; from pathlib import Path\n"
        "from countenance.backends.five_point.store import ModelStore\n"
        "ModelStore(Path(sys.argv[1])).pull('tiny', source=Path(sys.argv[2]),"
        " progress=lambda done, total: os.kill(os.getpid(), 9))"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path / "models"), str(source)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert [manifest.name for manifest in store.manifests()] == ["dlib", "opencv-zoo"]
    store.pull("tiny", source=source)
    assert held(tmp_path) == ["tiny", "tiny/detector.onnx", "tiny/encoder.onnx", "tiny/pack.toml"]


def test_pull_from_a_file(store: ModelStore, source: Path) -> None:
    """Naming one of the files is naming their folder; a folder that is not there is not guessed at."""
    with pytest.raises(NotFound):
        store.pull("tiny", source=source / "nowhere")
    assert store.pull("tiny", source=source / "pack.toml").installed


def test_two_pulls_at_once(store: ModelStore, source: Path, tmp_path: Path) -> None:
    """A second pull is told to wait, and the first is not disturbed."""

    def second(done: int, total: int) -> None:
        with pytest.raises(Busy, match="another process"):
            ModelStore(tmp_path / "models").pull("tiny", source=source)

    assert store.pull("tiny", source=source, progress=second).installed


def test_full_disk(store: ModelStore, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is said in so many words and leaves nothing behind."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull, match="nothing was installed"):
        store.pull("tiny", source=source)
    assert held(tmp_path) == []


def test_pinned_but_no_graph(store: ModelStore, tmp_path: Path) -> None:
    """A pack whose pinned file is no ONNX graph is refused at load, by name."""
    store.pull("tiny", source=write_pack(tmp_path / "source", tiny_detector(), b"not a graph"))
    with pytest.raises(BadPack, match=r"encoder\.onnx is not an ONNX graph"):
        store.load("tiny")


class Web:
    """Answers https requests from a dictionary; a text is an address to go to instead."""

    def __init__(self, pages: dict[str, bytes | str]) -> None:
        self.pages = pages

    def __call__(self, request: urllib.request.Request) -> urllib.response.addinfourl:
        page = self.pages.get(request.full_url)
        if page is None:
            raise urllib.error.URLError("no network")
        headers = Message()
        if isinstance(page, str):
            headers["Location"] = page
        body = b"" if isinstance(page, str) else page
        answer = urllib.response.addinfourl(io.BytesIO(body), headers, request.full_url, 302 if headers else 200)
        answer.msg = "OK"
        return answer


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, source: Path, tmp_path: Path) -> Web:
    """A pack that is described in the store and published at example.org."""
    described = tmp_path / "models/tiny"
    described.mkdir(parents=True)
    (described / "pack.toml").write_bytes((source / "pack.toml").read_bytes())
    files = ("detector.onnx", "encoder.onnx")
    web = Web({f"https://example.org/{file}": (source / file).read_bytes() for file in files})
    monkeypatch.setattr(urllib.request.HTTPSHandler, "https_open", web)
    return web


def test_download(store: ModelStore, web: Web, tmp_path: Path) -> None:
    """A described pack is downloaded over https, following redirects, and keeps its manifest."""
    web.pages["https://mirror.example.org/e"] = web.pages["https://example.org/encoder.onnx"]
    web.pages["https://example.org/encoder.onnx"] = "https://mirror.example.org/e"
    assert not store.manifest("tiny").installed
    assert store.pull("tiny").installed
    store.load("tiny")


@pytest.mark.parametrize("elsewhere", ["http://example.org/plain", "file:///etc/hostname", "ftp://example.org/x"])
def test_redirect_away_from_https(store: ModelStore, web: Web, tmp_path: Path, elsewhere: str) -> None:
    """A redirect to anything but https ends the pull, and nothing is installed."""
    web.pages["https://example.org/encoder.onnx"] = elsewhere
    with pytest.raises(ModelError, match="cannot download"):
        store.pull("tiny")
    assert held(tmp_path) == ["tiny", "tiny/pack.toml"]


def test_full_disk_while_downloading(store: ModelStore, web: Web, tmp_path: Path) -> None:
    """A disk that fills up during a download is not blamed on the network."""

    def full(done: int, total: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull, match="nothing was installed"):
        store.pull("tiny", progress=full)
    assert held(tmp_path) == ["tiny", "tiny/pack.toml"]


def test_intact_pack_is_not_downloaded_again(store: ModelStore, web: Web, tmp_path: Path) -> None:
    """Pulling again downloads nothing while every byte is right, and repairs what is not."""
    store.pull("tiny")
    steps: list[int] = []
    store.pull("tiny", progress=lambda done, total: steps.append(done))
    assert steps == []
    flip(tmp_path / "models/tiny/encoder.onnx")
    store.pull("tiny", progress=lambda done, total: steps.append(done))
    assert steps
    store.load("tiny")


def test_no_network(store: ModelStore, web: Web, tmp_path: Path) -> None:
    """Without a network the message says what to do, and nothing is installed."""
    web.pages.clear()
    with pytest.raises(ModelError, match=r"no network.*--from"):
        store.pull("tiny")
    assert held(tmp_path) == ["tiny", "tiny/pack.toml"]
