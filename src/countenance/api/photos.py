# SPDX-License-Identifier: Apache-2.0
"""Photos in requests: the body's bytes, in memory only, and how many are worked on at once.

What kind of file it is the reader finds out from its bytes; what a browser calls it counts for nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Depends
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from countenance.errors import BadInput, TooMany

_AT_ONCE = max(2, os.cpu_count() or 1)
_WAIT_S = 20.0
_RETRY_S = 5
_MOST_FILES, _MOST_FIELDS, _LONGEST_TEXT = 2, 20, 500
_turns = threading.BoundedSemaphore(_AT_ONCE)  # a hostile photo may take a gigabyte to decode: memory stays bounded

RAW_PHOTO: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The photo's bytes: JPEG, PNG, WebP, HEIC, AVIF, TIFF or GIF, at most 40 MiB.",
        "content": {"application/octet-stream": {"schema": {}}, "image/*": {"schema": {}}},
    }
}
"""How a route that takes a photo as its body is described."""


async def _body(request: Request) -> bytes:
    return await request.body()


async def _form(request: Request) -> AsyncIterator[FormData]:
    async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS) as form:
        yield form


PhotoBody = Annotated[bytes, Depends(_body)]
"""The body of a request, read after whoever calls was let in."""
PhotoForm = Annotated[FormData, Depends(_form)]
"""A form with photos in it, read after whoever calls was let in, where FastAPI's own forms are read before."""


def file_in(form: FormData, name: str) -> bytes:
    """Return the bytes of a file of a form; none where no file was chosen.

    Raises:
        BadInput: there is a text in its place.
    """
    found = form.get(name)
    if isinstance(found, UploadFile):
        return found.file.read()
    if found:
        raise BadInput(f"{name} is to be a file")
    return b""


def words_in(form: FormData, name: str) -> bytes:
    """Return the bytes of a text that is sent as a file or typed into a field; none where it was left out."""
    found = form.get(name)
    return found.file.read() if isinstance(found, UploadFile) else (found or "").encode()


def name_in(form: FormData, name: str) -> str | None:
    """Return what a browser calls a file of a form; None where no file was chosen."""
    found = form.get(name)
    return found.filename if isinstance(found, UploadFile) else None


def text_in(form: FormData, name: str) -> str | None:
    """Return a text of a form without white space around it; None where there is none.

    Raises:
        BadInput: there is a file in its place, or it is longer than any that is asked for.
    """
    found = form.get(name)
    if isinstance(found, UploadFile) or len(found or "") > _LONGEST_TEXT:
        raise BadInput(f"{name} is to be a text of at most {_LONGEST_TEXT} characters")
    return (found or "").strip() or None


@contextmanager
def turn() -> Iterator[None]:
    """Let only so many requests work on photos at once.

    Raises:
        TooMany: no turn came in time.
    """
    if not _turns.acquire(timeout=_WAIT_S):
        raise TooMany("too many photos are being worked on; send it again", _RETRY_S)
    try:
        yield
    finally:
        _turns.release()
