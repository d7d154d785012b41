# SPDX-License-Identifier: Apache-2.0
"""The organisation's identity provider: OpenID Connect's code flow with PKCE, state and nonce, by authlib.

It says who somebody is, and nothing else: what this person may do here, the account says that was linked before.
Source: OpenID Connect Core 1.0, 3.1; RFC 9700 (OAuth 2.0 security).
"""

from __future__ import annotations

import logging
import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from httpx2 import HTTPError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from countenance.errors import BadInput, NotSignedIn

LOG = logging.getLogger("countenance.provider")
_TIMEOUT_S = 10
_LEEWAY_S = 60
_OTHERS_MAY = 0o077
_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")  # what is signed with a shared secret is not taken
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_KEYS = {"issuer", "client_id", "client_secret", "known_by"}


class KnownBy(StrEnum):
    """Which claim says who somebody is."""

    SUBJECT = "sub"
    """The provider's own id, which it never gives to somebody else."""
    EMAIL = "email"
    """An address that the provider has verified."""


@dataclass(frozen=True)
class Provider:
    """An identity provider as this server knows it.

    Attributes:
        issuer: its address; `/.well-known/openid-configuration` below it describes it.
        client_id: what this server is called there.
        client_secret: proves that to it.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    known_by: KnownBy = KnownBy.SUBJECT


@dataclass(frozen=True)
class Asked:
    """What a browser took along to the provider, kept until it comes back."""

    state: str
    nonce: str
    verifier: str


def read_provider(path: Path) -> Provider:
    """Return the provider that a settings file names: TOML with issuer, client_id, client_secret, known_by.

    Raises:
        BadInput: it cannot be read, others may read it, or it is not as it should be; the message does not repeat it.
    """
    try:
        if path.stat().st_mode & _OTHERS_MAY:
            raise BadInput(f"{path} holds a secret and others may read it; `chmod 600 {path}`")
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        if not set(found) <= _KEYS or not all(isinstance(value, str) for value in found.values()):
            raise ValueError
        made = Provider(
            found["issuer"],
            found["client_id"],
            found["client_secret"],
            KnownBy(found.get("known_by", KnownBy.SUBJECT)),
        )
    except (OSError, UnicodeDecodeError, ValueError, KeyError) as error:
        raise BadInput(
            f"{path} is no file of an identity provider: it has issuer, client_id, client_secret and known_by "
            "(`sub` or `email`), each in quotes"
        ) from error
    if not _is_safe(made.issuer):
        raise BadInput(f"the issuer in {path} is not an HTTPS address")
    return made


def address(provider: Provider, back: str, asked: Asked) -> str:
    """Return where a browser goes to sign in.

    Args:
        back: where the provider sends it afterwards.

    Raises:
        NotSignedIn: the provider cannot be reached, or does not describe itself as it should.
    """
    with _client(provider, back) as client:
        description = _description(client, provider)
        url, _ = client.create_authorization_url(
            description["authorization_endpoint"],
            state=asked.state,
            nonce=asked.nonce,
            code_verifier=asked.verifier,
        )
    return str(url)


def who(provider: Provider, back: str, asked: Asked, code: str, now: datetime) -> str:
    """Return who came back with a code, as the provider knows this person.

    Raises:
        NotSignedIn: the provider does not vouch for anybody: code, signature, issuer, audience, nonce or time is wrong.
    """
    try:
        with _client(provider, back) as client:
            description = _description(client, provider)
            token = client.fetch_token(
                description["token_endpoint"], code=code, code_verifier=asked.verifier, grant_type="authorization_code"
            )
            keys = KeySet.import_key_set({"keys": _json(client, description["jwks_uri"])["keys"]})
        claims = jwt.decode(token["id_token"], keys, algorithms=list(_ALGORITHMS)).claims
        _check(provider, claims, asked.nonce, now)
        return _known_as(provider, claims)
    except (OAuthError, HTTPError, JoseError, KeyError, TypeError, ValueError) as error:
        LOG.warning("a sign-in at the identity provider failed: %s", type(error).__name__)
        raise NotSignedIn("the identity provider did not vouch for you; try again, or sign in another way") from error


def _check(provider: Provider, claims: dict[str, Any], nonce: str, now: datetime) -> None:
    registry = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=_LEEWAY_S,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    registry.validate(claims)
    audiences = claims["aud"]
    if claims.get("azp", provider.client_id) != provider.client_id:
        raise ValueError("azp")
    if isinstance(audiences, list) and len(audiences) > 1 and "azp" not in claims:
        raise ValueError("aud")


def _known_as(provider: Provider, claims: dict[str, Any]) -> str:
    if provider.known_by is KnownBy.EMAIL and claims.get("email_verified") is not True:
        raise ValueError("email_verified")
    found = claims[provider.known_by.value]
    if not isinstance(found, str) or not found:
        raise ValueError(provider.known_by.value)
    return found


def _client(provider: Provider, back: str) -> Any:
    return OAuth2Client(
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        scope="openid email" if provider.known_by is KnownBy.EMAIL else "openid",
        redirect_uri=back,
        code_challenge_method="S256",
        timeout=_TIMEOUT_S,
        follow_redirects=False,
        trust_env=False,
    )


def _description(client: Any, provider: Provider) -> dict[str, Any]:
    """Return what the provider says of itself, for the issuer that was configured and no other."""
    try:
        found = _json(client, f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        safe = all(_is_safe(found[name]) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"))
        if not safe or found["issuer"] != provider.issuer:
            raise ValueError("issuer")
    except (HTTPError, KeyError, TypeError, ValueError) as error:
        LOG.warning("the identity provider cannot be used: %s", type(error).__name__)
        raise NotSignedIn("the identity provider cannot be used now; sign in another way") from error
    return found


def _json(client: Any, url: str) -> dict[str, Any]:
    answer = client.request("GET", url, withhold_token=True)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
