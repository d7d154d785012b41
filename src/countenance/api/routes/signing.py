# SPDX-License-Identifier: Apache-2.0
"""One signing, for whoever holds its link: see, choose, sign or refuse, show the face, take the receipt.

The link is the proof of who calls. No route here takes a picture before there is a signature.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance import canonical
from countenance.api.exact import Whole
from countenance.api.guard import EngineOf, SettingsOf
from countenance.api.photos import RAW_PHOTO, PhotoBody, turn
from countenance.api.settings import LARGEST_UPLOAD
from countenance.bootstrap import Engine
from countenance.errors import BadInput
from countenance.ids import ClientId, ReleaseId, SubjectId
from countenance.model.consent import SignatureMethod
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.signing import Act, Relation, SigningState, strokes_of
from countenance.model.source import FaceState
from countenance.model.subject import AgeBand
from countenance.services.release_act import Draft
from countenance.services.signing_screen import Screen

router = APIRouter(prefix="/signing/{token}", tags=["signing"])

Point = Annotated[list[float], Field(min_length=2, max_length=2)]
Line = Annotated[list[Point], Field(max_length=4000)]


class OfferedPurpose(BaseModel):
    """A purpose on offer, in a plain sentence."""

    purpose: Purpose
    description: str


class OfferedClient(BaseModel):
    """A client on offer, by name."""

    client: str
    name: str
    kind: ClientKind


class DraftOut(BaseModel):
    """The notice that is to be signed, as it stands."""

    text: str
    text_sha256: str = Field(description="To be sent back with the signature: what is signed is what was shown.")
    statements: list[str] = Field(description="Statements that stand by themselves; each is ticked by itself.")
    purposes: list[Purpose]
    clients: list[str]
    kinds: list[ClientKind]
    term_days: int | None


class ScreenOut(BaseModel):
    """What the screen of a signing shows."""

    state: SigningState
    label: str = Field(description="What the operator calls the person.")
    minor: bool
    residency: list[str]
    expires_at: datetime
    purposes: list[OfferedPurpose]
    clients: list[OfferedClient]
    kinds: list[ClientKind]
    longest_days: int
    draft: DraftOut | None
    release: str | None
    pictured: bool


class HomeIn(BaseModel):
    """Where the person says to live."""

    place: str = Field(max_length=20, description="A place code such as `US-IL`.")


class ChoiceIn(BaseModel):
    """What the person chose, each by itself."""

    purposes: list[Purpose] = Field(default=[], max_length=20)
    clients: list[str] = Field(default=[], max_length=100)
    kinds: list[ClientKind] = Field(default=[], max_length=20)
    term_days: Whole | None = Field(default=None, ge=1, description="By default as long as is offered and lawful.")


class SignatureIn(BaseModel):
    """The act of signing."""

    text_sha256: str = Field(max_length=64)
    name: str = Field(max_length=200, description="Of who signs, as typed.")
    strokes: list[Line] = Field(default=[], max_length=500, description="What was drawn, in a box of 1000 by 400.")
    statements: list[Annotated[str, Field(max_length=40)]] = Field(default=[], max_length=20)
    relation: Relation | None = None


class SignedOut(BaseModel):
    """A release that was signed."""

    release: str
    term_end: datetime


class PrivateLink(BaseModel):
    """The private link to the person's own view; it cannot be shown again, and earlier ones open nothing any more."""

    link: str


class PictureOut(BaseModel):
    """What became of the picture: the state of its one face."""

    state: FaceState
    reason: str | None


@router.get("")
def read_screen(engine: EngineOf, token: str) -> ScreenOut:
    """Return what the screen shows."""
    return screen_out(engine.signings.screen(token))


@router.post("/residence")
def say_residence(engine: EngineOf, token: str, home: HomeIn) -> ScreenOut:
    """Say where the person lives; it decides which law the notice follows."""
    engine.signings.reside(token, home.place)
    return read_screen(engine, token)


@router.post("/choice")
def choose_release(engine: EngineOf, token: str, chosen: ChoiceIn) -> DraftOut:
    """Choose purposes and clients; returns the notice to read."""
    draft = engine.signings.choose(
        token,
        purposes=frozenset(chosen.purposes),
        clients=frozenset(map(ClientId, chosen.clients)),
        kinds=frozenset(chosen.kinds),
        term_days=chosen.term_days,
    )
    return draft_out(draft)


@router.post("/signature", status_code=201)
def sign_release(engine: EngineOf, token: str, signed: SignatureIn) -> SignedOut:
    """Sign what is shown."""
    strokes = strokes_of(signed.strokes) if signed.strokes else ()
    act = Act(
        signed.name,
        SignatureMethod.DRAWN if strokes else SignatureMethod.TYPED,
        strokes,
        frozenset(signed.statements),
        signed.relation,
    )
    release = engine.signings.sign(token, signed.text_sha256, act)
    return SignedOut(release=release.id, term_end=release.term_end)


@router.post("/refusal", status_code=204)
def refuse_release(engine: EngineOf, token: str) -> None:
    """Say no; it ends here, and nothing else follows."""
    engine.signings.refuse(token)


@router.post("/picture", max_body_size=LARGEST_UPLOAD, openapi_extra=RAW_PHOTO)
def send_picture(engine: EngineOf, token: str, photo: PhotoBody) -> PictureOut:
    """Send the picture of the person who signed; refused, without a look at it, before the signature."""
    with turn():
        face = engine.signings.picture(token, photo)
    return PictureOut(state=face.state, reason=face.reason)


@router.post("/link", status_code=201)
def make_private_link(engine: EngineOf, settings: SettingsOf, token: str) -> PrivateLink:
    """Make the private link of the person who signed."""
    _, subject = signed_by(engine, token)
    return PrivateLink(link=f"{settings.origin}/mine/{engine.own.link(subject)}")


@router.get("/receipt", response_class=Response)
def read_receipt(engine: EngineOf, token: str) -> Response:
    """Return the signed release as a document that verifies offline."""
    release, subject = signed_by(engine, token)
    name = f'attachment; filename="release-{release}.json"'
    data = engine.own.receipt(subject, release)
    return Response(data, media_type="application/json", headers={"Content-Disposition": name})


def signed_by(engine: Engine, token: str) -> tuple[ReleaseId, SubjectId]:
    """Return what was signed with a link, and who gave it.

    Raises:
        NotSignedIn: the link opens nothing.
        BadInput: nothing was signed yet.
    """
    one = engine.signings.screen(token).signing
    if one.release is None:
        raise BadInput("nothing was signed yet")
    return one.release, one.subject


def draft_out(draft: Draft) -> DraftOut:
    """Return a notice as sent."""
    return DraftOut(
        text=draft.text,
        text_sha256=canonical.digest(draft.text),
        statements=list(draft.separate),
        purposes=sorted(draft.terms.purposes),
        clients=sorted(draft.terms.clients),
        kinds=sorted(draft.terms.kinds),
        term_days=draft.terms.term_days,
    )


def screen_out(shown: Screen) -> ScreenOut:
    """Return a screen as sent."""
    one = shown.signing
    return ScreenOut(
        state=one.state,
        label=shown.person.label,
        minor=shown.person.age_band is AgeBand.MINOR,
        residency=list(shown.person.residency),
        expires_at=one.expires_at,
        purposes=[OfferedPurpose(purpose=p, description=p.description) for p in sorted(one.offer.purposes)],
        clients=[OfferedClient(client=c.id, name=c.name, kind=c.kind) for c in shown.clients],
        kinds=sorted(one.offer.kinds),
        longest_days=shown.longest_days,
        draft=None if shown.draft is None else draft_out(shown.draft),
        release=one.release,
        pictured=one.pictured,
    )
