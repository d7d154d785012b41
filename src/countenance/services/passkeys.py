# SPDX-License-Identifier: Apache-2.0
"""Passkeys (WebAuthn level 2): what a browser is asked, and whether what it answers is true.

The user is verified by the device (a finger, a face there, a PIN), so one passkey is two factors; it answers only the
address that it was made for, so no other site can ask for it. Attestation is not asked: it would tell devices apart.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from countenance.errors import NotSignedIn
from countenance.model.account import Account
from countenance.model.credential import Passkey

_TIMEOUT_MS = 300_000  # as long as `policy.access.CHALLENGE`
_MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class Place:
    """Where browsers reach the server, which passkeys are bound to.

    Attributes:
        origin: such as `https://faces.museum.example`.
        operator: who runs it, as browsers show it.
    """

    origin: str
    operator: str

    @property
    def host(self) -> str:
        """The host that passkeys are made for."""
        return urlsplit(self.origin).hostname or ""


def ask_new(place: Place, account: Account, challenge: bytes, known: list[str]) -> dict[str, Any]:
    """Return the options of `navigator.credentials.create` for a new passkey of an account.

    Args:
        known: ids of its passkeys, so that no device holds two.
    """
    options = webauthn.generate_registration_options(
        rp_id=place.host,
        rp_name=place.operator,
        user_id=account.id.encode(),
        user_name=account.name,
        challenge=challenge,
        timeout=_TIMEOUT_MS,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    found: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return found


def ask(place: Place, challenge: bytes) -> dict[str, Any]:
    """Return the options of `navigator.credentials.get`; they name no account, so they give none away."""
    options = webauthn.generate_authentication_options(
        rp_id=place.host,
        challenge=challenge,
        timeout=_TIMEOUT_MS,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    found: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return found


def challenge_of(answer: str) -> bytes:
    """Return which challenge a browser says it answers; whether it does, is to be proved.

    Raises:
        NotSignedIn: this is no answer of a browser.
    """
    try:
        if len(answer) > _MOST_CHARACTERS:
            raise ValueError
        data = json.loads(base64url_to_bytes(json.loads(answer)["response"]["clientDataJSON"]))
        return base64url_to_bytes(data["challenge"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotSignedIn("this is no answer of a passkey; try again") from error


def id_of(answer: str) -> str:
    """Return the id of the passkey that answered; only after `challenge_of`."""
    return str(json.loads(answer).get("id", ""))


def new(place: Place, account: Account, challenge: bytes, answer: str) -> Passkey:
    """Return the passkey that a browser made.

    Raises:
        NotSignedIn: it does not answer the challenge, is for another address, or its user was not verified.
    """
    try:
        found = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise NotSignedIn("this passkey cannot be used here; try again, or take another device") from error
    return Passkey(bytes_to_base64url(found.credential_id), account.id, found.credential_public_key, found.sign_count)


def proved(place: Place, key: Passkey, challenge: bytes, answer: str) -> int:
    """Return the new count of a passkey that proved itself.

    Raises:
        NotSignedIn: it did not: another signature, challenge, address, no verified user, or a count that went back.
    """
    try:
        found = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise NotSignedIn("this passkey did not prove itself; try again") from error
    return found.new_sign_count
