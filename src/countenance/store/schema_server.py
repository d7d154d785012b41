# SPDX-License-Identifier: Apache-2.0
"""Tables of the server: accounts, sessions, keys, and what its pages keep.

Names are sealed; tokens, keys and passwords are kept as hashes only.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, Text

from countenance.store.metadata import metadata

# The account of a subject, and all that hangs on it, dies with the subject; that of a searcher with the client.
account = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sealed_name", LargeBinary, nullable=False),
    # HMAC of the name under a key of this data directory: finds an account; NULL when it is disabled.
    Column("name_tag", LargeBinary, unique=True),
    Column("role", Text, nullable=False),
    Column("client", Text, ForeignKey("client.id"), index=True),
    Column("subject", Text, ForeignKey("subject.id"), index=True),
    Column("created_at", Text, nullable=False),
    Column("disabled_at", Text),
    Column("signed_in_at", Text),  # the first time; NULL before
    Column("invite_asked_by", Text),  # the first of two people that an invitation needs
)
invite = Table(
    "invite",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("account", Text, ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("is_link", Integer, nullable=False),  # signs in at once: only in a demonstration
    Column("expires_at", Text, nullable=False),
)
session = Table(
    "session",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("account", Text, ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("method", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("idle_s", Integer, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("agent", Text, nullable=False, server_default=""),  # word of a closed list for the browser
    Column("untold", Integer, nullable=False, server_default="0"),  # a notice below waits for its owner
)
# What happened to an account, for its owner to read: words of closed lists; kept for a while.
access_notice = Table(
    "access_notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", Text, ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("method", Text),
    Column("agent", Text, nullable=False),
    Column("told", Integer, nullable=False),
)
api_key = Table(
    "api_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("account", Text, ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("sealed_label", LargeBinary, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("used_at", Text),
    Column("revoked_at", Text),
    Column("reminded", Integer, nullable=False, server_default="0"),  # its owner was told that it ends soon
)
# Requests that carried an Idempotency-Key: that they were made, and what they made; never what they said.
once = Table(
    "once",
    metadata,
    Column("id", Text, primary_key=True),  # SHA-256 of credential and key
    Column("fingerprint", Text, nullable=False),  # SHA-256 of method, path and body
    Column("at", Text, nullable=False),
    Column("status", Integer),  # None while it is being carried out, or where that was cut off
    Column("location", Text),
)
passkey = Table(
    "passkey",
    metadata,
    Column("id", Text, primary_key=True),  # the authenticator's own, base64url
    Column("account", Text, ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    # HMAC over id, account and key: a row that was written past the program opens nothing
    Column("tag", LargeBinary, nullable=False),
    Column("sign_count", Integer, nullable=False),
    Column("sealed_label", LargeBinary, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("used_at", Text),
)
# A password never stands alone: a code of an authenticator app goes with it.
password = Table(
    "password",
    metadata,
    Column("account", Text, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("sealed_hash", LargeBinary, nullable=False),  # Argon2id, sealed besides
    Column("sealed_totp", LargeBinary, nullable=False),
    Column("totp_step", Integer, nullable=False),  # of the last code that was used; no code works twice
    Column("created_at", Text, nullable=False),
    Column("used_at", Text),
)
# What a browser was asked and has to answer once: a passkey's challenge, or the state of a sign-in elsewhere.
challenge = Table(
    "challenge",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("account", Text, ForeignKey("account.id", ondelete="CASCADE"), index=True),
    Column("kind", Text, nullable=False),
    Column("sealed_data", LargeBinary),
    Column("expires_at", Text, nullable=False, index=True),
)
# Who failed to sign in by a name, whether or not there is an account of it: HMAC of the name; kept for a day.
failed_try = Table(
    "failed_try",
    metadata,
    Column("name_tag", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Text, nullable=False),
)
# Who somebody is at an identity provider: HMAC of issuer and subject or address.
federated = Table(
    "federated",
    metadata,
    Column("tag", LargeBinary, primary_key=True),
    Column("account", Text, ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Text, nullable=False),
)
