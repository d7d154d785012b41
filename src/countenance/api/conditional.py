# SPDX-License-Identifier: Apache-2.0
"""Conditional requests (RFC 9110, section 13): what a reader has already is not sent again."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

ASK_AGAIN = "public, no-cache"
"""May be kept by anybody, and is asked for again each time."""
FOR_GOOD = "public, max-age=31536000, immutable"
"""Never changes under its path."""
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "What the reader has is still right (ETag)."}}


def conditional(
    request: Request, body: bytes, media_type: str, *, cache: str = ASK_AGAIN, name: str | None = None
) -> Response:
    """Return a public body with its digest as its ETag, or 304 for a reader who has it.

    Args:
        name: of the file, where it is to be kept instead of shown.
    """
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": cache}
    asked = request.headers.get("if-none-match", "")
    if asked.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in asked.split(",")}:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if name is not None:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(body, media_type=media_type, headers=headers)
