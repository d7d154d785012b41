# SPDX-License-Identifier: Apache-2.0
"""A small OpenID provider on 127.0.0.1: describes itself, checks PKCE and the client's secret, signs with RS256.

Each part of what it says can be spoiled.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "countenance", "a secret between two servers"


class IdentityProvider:
    """What it knows, and what it says.

    Attributes:
        person: claims of whoever signs in.
        spoil: changes the claims before they are signed.
        description: replaces entries of what it says of itself.
        key: signs; another one than it publishes, where a test sets it.
        now: the moment that it writes into tokens.
    """

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.person: dict[str, Any] = {"sub": "4711", "email": "ann@museum.example", "email_verified": True}
        self.spoil: Callable[[dict[str, Any]], None] = lambda _claims: None
        self.description: dict[str, Any] = {}
        self.published = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.key = self.published
        self.now = int(time.time())
        self._codes: dict[str, dict[str, str]] = {}

    def describe(self) -> dict[str, Any]:
        found = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        found |= {"authorization_endpoint": f"{self.issuer}/authorize", "token_endpoint": f"{self.issuer}/token"}
        return found | self.description

    def authorize(self, query: dict[str, str]) -> str:
        """Return where the browser goes back to."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], header: str) -> dict[str, Any] | None:
        """Return tokens for a code; None for one that is not good."""
        told = base64.b64decode(header.removeprefix("Basic ")).decode()
        asked = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        right = told == f"{CLIENT}:{SECRET}".replace(" ", "+") or told == f"{CLIENT}:{SECRET}"
        if asked is None or proof != asked["code_challenge"] or not right:
            return None
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": self.now, "exp": self.now + 300, "nonce": asked["nonce"]}
        claims |= self.person
        self.spoil(claims)
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        return {"access_token": "x", "token_type": "Bearer", "id_token": signed}


@contextmanager
def serving() -> Iterator[IdentityProvider]:
    """Serve one on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(query))
                self.end_headers()
            elif parts.path == "/keys":
                self._say({"keys": [provider.published.as_dict(private=False)]})
            else:
                self._say(provider.describe())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            answer = provider.token(form, self.headers.get("Authorization", ""))
            self._say(answer or {"error": "invalid_grant"}, 200 if answer else 400)

        def log_message(self, *_: object) -> None:
            pass

        def _say(self, value: object, status: int = 200) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = IdentityProvider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
