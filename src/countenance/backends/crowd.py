# SPDX-License-Identifier: Apache-2.0
"""Processes that look at photos, so that every core works, and a hostile file meets a process without keys.

Each process is started afresh (no fork: it inherits no memory, so no key) without the variables that may hold the
root key, and has one end of a socket. A photo's file goes in, what was seen comes back: numbers as JSON, crops and
preview as bytes. Neither side ever runs what the other one sends (no pickle). Decoded pixels never cross.

A message is four bytes, the length of its JSON part (big endian), that part, and the bytes that it speaks of.
"""

from __future__ import annotations

import json
import os
import queue
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np

from countenance.errors import BadPhoto, LookingFailed
from countenance.model.face import Box, DetectedFace, PointScheme
from countenance.ports.eyes import Eyes, SeenFace, SeenPhoto
from countenance.ports.photos import NamedRegion

_PATIENCE_S = 300.0  # the slowest photo within the limits takes some 10 s on a busy machine
_MAX_ANSWER = 2**28  # bytes; a crop has 0.1 MiB, so that two thousand faces fit
_LOOKS = 3  # at a photo over which a process ended: the first end, or the second, may have another cause
_STARTS = 3  # of processes that end before they have seen anything
_HEAD = 4  # bytes of the length of the JSON part
_READY = b"ready"
_ENDED = (EOFError, OSError, ValueError, KeyError, TypeError, IndexError)  # the last four: an answer that is none


class Crowd:
    """Implements `ports.eyes.Eyes` by processes; leaving the context ends them.

    Args:
        command: module to run and its arguments; the number of the socket is added.
        count: how many processes, each of which looks at one photo at a time.
    """

    def __init__(self, command: Sequence[str], count: int) -> None:
        self._command = command
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._all: set[_Process] = set()
        self._closed = False
        self._count = count

    def __enter__(self) -> Self:
        """Start the processes; they load their models while the caller goes on."""
        for _ in range(self._count):
            self._idle.put(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes at once, whatever they do."""
        with self._lock:
            self._closed = True
            for process in self._all:
                process.end()
            self._all.clear()

    def look(self, data: bytes) -> SeenPhoto:
        """Return what a photo's file shows.

        A process that ends over a photo is replaced, and its photo is looked at again, twice at most.

        Raises:
            BadPhoto: with one of `ports.photos.REASONS`, or `crashed`.
            LookingFailed: no process gets as far as looking.
        """
        crashed = lost = 0
        while crashed < _LOOKS and lost < _STARTS:
            process = self._idle.get()
            try:
                answer = process.ask(data)
            except _ENDED:
                crashed += process.ready
                lost += not process.ready
                self._idle.put(self._replace(process))
                continue
            self._idle.put(process)
            if isinstance(answer, BadPhoto):
                raise answer
            return answer
        if crashed < _LOOKS:
            raise LookingFailed("processes that look at photos end before they have begun; is there memory for --jobs?")
        raise BadPhoto("crashed", "three processes ended while they looked at this photo; save a copy of it anew")

    def _start(self) -> _Process:
        with self._lock:
            if self._closed:
                raise BadPhoto("crashed", "nobody looks at photos any more")
            process = _Process(self._command)
            self._all.add(process)
            return process

    def _replace(self, process: _Process) -> _Process:
        process.end()
        with self._lock:
            self._all.discard(process)
        return self._start()


class _Process:
    """One process, and our end of its socket."""

    def __init__(self, command: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            # A session of its own: Ctrl-C is for the one who started it, and ends it by closing the socket.
            self._process = subprocess.Popen(  # noqa: S603 - our own module under our own interpreter
                [sys.executable, "-P", "-m", *command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=dict(_environment()),
                start_new_session=True,
            )
        self._connection = Connection(ours.detach())
        self._heard = select.poll()  # made once: `Connection.poll` makes a selector for every question
        self._heard.register(self._connection.fileno(), select.POLLIN)
        self.pid = self._process.pid
        self.ready = False

    def ask(self, data: bytes) -> SeenPhoto | BadPhoto:
        """Return what the process saw in a photo, or why it saw nothing.

        Raises:
            EOFError, OSError: it ended, or said nothing for too long.
            ValueError, KeyError, TypeError, IndexError: its answer is none.
        """
        if not self.ready:
            self.ready = self._answer() == _READY
        self._connection.send_bytes(data)
        return _read(self._answer())

    def _answer(self) -> bytes:
        if not self._heard.poll(_PATIENCE_S * 1000):
            raise TimeoutError("a process looked at one photo for too long")
        return self._connection.recv_bytes(_MAX_ANSWER)

    def end(self) -> None:
        """Kill the process; whoever waits for its answer is told that it ended."""
        self._process.kill()
        self._process.wait()


def _environment() -> Iterator[tuple[str, str]]:
    """Yield the variables of a process that looks: none of ours, which may hold the root key, and one thread."""
    for name, value in os.environ.items():
        if not name.startswith("COUNTENANCE_"):
            yield name, value
    yield "OMP_NUM_THREADS", "1"


def serve(number: int, eyes: Eyes) -> None:
    """Look at every photo that comes through a socket, until the other end closes it.

    Args:
        number: of the open socket.
    """
    cv2.setNumThreads(1)  # the other cores have processes of their own
    with Connection(number) as connection, suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send_bytes(_READY)
        while True:
            data = connection.recv_bytes()
            try:
                answer = _written(eyes.look(data))
            except BadPhoto as error:
                answer = _packed({"reason": error.reason, "detail": str(error)}, [])
            connection.send_bytes(answer)


def _written(seen: SeenPhoto) -> bytes:
    blobs: list[bytes | memoryview] = [np.ascontiguousarray(f.crop).data for f in seen.faces if f.crop is not None]
    if seen.preview is not None:
        blobs.append(seen.preview)
    said = {
        "size": seen.full_size,
        "regions": [[region.name, region.box] for region in seen.regions],
        "faces": [
            {
                "found": [*face.found.box, face.found.score, *face.found.landmarks.ravel().tolist()],
                "scheme": face.found.scheme.value,
                "box": face.box,
                "reason": face.reason,
                "detail": face.detail,
                "crop": None if face.crop is None else face.crop.shape,
            }
            for face in seen.faces
        ],
        "preview": None if seen.preview is None else len(seen.preview),
        "taken_on": None if seen.taken_on is None else seen.taken_on.isoformat(),
    }
    return _packed(said, blobs)


def _packed(said: dict[str, Any], blobs: Sequence[bytes | memoryview]) -> bytes:
    head = json.dumps(said).encode()
    return b"".join([len(head).to_bytes(_HEAD, "big"), head, *blobs])


def _read(message: bytes) -> SeenPhoto | BadPhoto:
    """Return what a message says.

    Raises:
        ValueError, KeyError, TypeError, IndexError: it is none of ours.
    """
    end = _HEAD + int.from_bytes(message[:_HEAD], "big")
    said = json.loads(message[_HEAD:end])
    if "reason" in said:
        return BadPhoto(str(said["reason"]), str(said["detail"]))
    blobs = _Blobs(message, end)
    faces = tuple(_face(face, blobs) for face in said["faces"])
    preview = None if said["preview"] is None else bytes(blobs.take(int(said["preview"])))
    height, width = said["size"]
    regions = tuple(NamedRegion(name, None if box is None else Box(*box)) for name, box in said["regions"])
    taken_on = None if said["taken_on"] is None else date.fromisoformat(said["taken_on"])
    return SeenPhoto((int(height), int(width)), regions, faces, preview, taken_on)


class _Blobs:
    """The bytes that follow the JSON part, one piece after the other."""

    def __init__(self, message: bytes, start: int) -> None:
        self._message = memoryview(message)
        self._at = start

    def take(self, length: int) -> memoryview:
        piece = self._message[self._at : self._at + length]
        if length < 0 or len(piece) != length:
            raise ValueError("the answer ends too early")
        self._at += length
        return piece


def _face(said: dict[str, Any], blobs: _Blobs) -> SeenFace:
    left, top, right, bottom, score, *points = map(float, said["found"])
    landmarks = np.array(points, np.float32).reshape(5, 2)
    found = DetectedFace(Box(left, top, right, bottom), score, landmarks, PointScheme(said["scheme"]))
    crop = None
    if said["crop"] is not None:
        height, width, channels = map(int, said["crop"])
        crop = np.frombuffer(blobs.take(height * width * channels), np.uint8).reshape(height, width, channels)
    return SeenFace(found, Box(*map(float, said["box"])), said["reason"], said["detail"], crop)
