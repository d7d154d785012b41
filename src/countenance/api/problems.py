# SPDX-License-Identifier: Apache-2.0
"""The error tree as HTTP answers: RFC 9457 problem documents with the codes of `countenance.errors`."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse

from countenance.errors import (
    AccessError,
    BadInput,
    BadPhoto,
    Busy,
    CountenanceError,
    DataDirectoryError,
    InvalidRelease,
    KeyGone,
    ModelError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Refused,
    Repeated,
    TooMany,
    VerificationFailed,
)

MEDIA_TYPE = "application/problem+json"
_BUSY_RETRY_S = 5
_STATUS: tuple[tuple[type[CountenanceError], HTTPStatus], ...] = (  # the first that fits
    (NotFound, HTTPStatus.NOT_FOUND),
    (BadInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Refused, HTTPStatus.FORBIDDEN),
    (NotSignedIn, HTTPStatus.UNAUTHORIZED),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (TooMany, HTTPStatus.TOO_MANY_REQUESTS),
    (Repeated, HTTPStatus.CONFLICT),
    (AccessError, HTTPStatus.FORBIDDEN),
    (KeyGone, HTTPStatus.NOT_FOUND),  # of a person, as long as the last rows are there; a lost keyring is not ready
    (DataDirectoryError, HTTPStatus.SERVICE_UNAVAILABLE),
    (ModelError, HTTPStatus.SERVICE_UNAVAILABLE),
    (VerificationFailed, HTTPStatus.UNPROCESSABLE_ENTITY),
)


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(description="`urn:countenance:error:` and the code.")
    title: str
    status: int
    detail: str = Field(description="What to do; ids, never names.")
    code: str = Field(description="Stable code of the error tree.")
    request_id: str | None = None
    rule: str | None = Field(default=None, description="Of a refusal: the rule that refused.")
    citation: str | None = Field(default=None, description="Of a refusal: the law behind it.")
    reason: str | None = Field(default=None, description="Of a photo: why it cannot be used.")
    missing: list[str] | None = Field(default=None, description="Of a release: the fields that it lacks.")
    errors: list[dict[str, Any]] | None = Field(
        default=None, description="Of a request that is not as described: where."
    )


def status_of(error: CountenanceError) -> HTTPStatus:
    """Return the HTTP status of an error."""
    return next((status for branch, status in _STATUS if isinstance(error, branch)), HTTPStatus.INTERNAL_SERVER_ERROR)


def problem_of(error: CountenanceError, request_id: str | None) -> Problem:
    """Return the problem document of an error."""
    status = status_of(error)
    return Problem(
        type=f"urn:countenance:error:{error.code}",
        title=status.phrase,
        status=status.value,
        detail=str(error),
        code=error.code,
        request_id=request_id,
        rule=error.rule_id if isinstance(error, Refused) else None,
        citation=error.citation if isinstance(error, Refused) else None,
        reason=error.reason if isinstance(error, BadPhoto) else None,
        missing=list(error.missing) if isinstance(error, InvalidRelease) else None,
    )


def plain_problem(status: int, detail: str, request_id: str | None, **more: Any) -> Problem:
    """Return a problem of HTTP itself: a wrong path, method, body or host."""
    phrase = HTTPStatus(status).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    return Problem(
        type=f"urn:countenance:error:{code}",
        title=phrase,
        status=status,
        detail=detail,
        code=code,
        request_id=request_id,
        **more,
    )


def headers_of(error: CountenanceError) -> Mapping[str, str]:
    """Return the headers that go with an error."""
    if isinstance(error, TooMany):
        return {"Retry-After": str(max(1, error.retry_after_s))}
    if isinstance(error, Repeated) and error.location is not None:
        return {"Location": error.location}
    if isinstance(error, Busy):
        return {"Retry-After": str(_BUSY_RETRY_S)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, NotSignedIn) else {}


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a problem as a response."""
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def request_id(request: Request) -> str | None:
    """Return the id of a request, which the log entry of what it did carries too."""
    found = request.scope.get("state", {}).get("request_id")
    return found if isinstance(found, str) else None
