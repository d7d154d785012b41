# SPDX-License-Identifier: Apache-2.0
"""Where the root key comes from, and how another one takes its place.

By default it is the file `root.key` of the data directory, or what a link of that name leads to. The environment can
name another place: `COUNTENANCE_ROOT_KEY_FILE` a file, `COUNTENANCE_ROOT_KEY` the key itself (64 hexadecimal digits)
or `keyring:SERVICE/USER`, an entry of the operating system's keyring.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from countenance.errors import BadInput, NotInitialised, NotWritable, WrongRootKey
from countenance.store.sealing import KEY_BYTES

FILE_VARIABLE = "COUNTENANCE_ROOT_KEY_FILE"
KEY_VARIABLE = "COUNTENANCE_ROOT_KEY"
NEXT_VARIABLE = "COUNTENANCE_ROOT_KEY_NEW"
_OS_KEYRING = "keyring:"


class RootKey(Protocol):
    """A place that holds a root key, and beside it the next one while a rotation is under way."""

    def read(self) -> bytes:
        """Return the root key.

        Raises:
            NotInitialised, NotWritable, WrongRootKey: there is none, it cannot be read, it is no 256-bit key.
        """
        ...

    def fresh(self) -> bytes:
        """Return the key to rotate to."""
        ...

    def stage(self, root: bytes) -> None:
        """Store the next key beside the present one, durable on return."""
        ...

    def staged(self) -> bytes | None:
        """Return the next key, if a whole one is stored."""
        ...

    def swap(self) -> None:
        """Put the next key in the place of the present one, at once or not at all."""
        ...


def source(path: Path) -> RootKey:
    """Return where the root key of a data directory comes from.

    Args:
        path: the file that holds it where the environment names no other place.

    Raises:
        BadInput: the environment names two places, or none that can be.
    """
    file, given = os.environ.get(FILE_VARIABLE), os.environ.get(KEY_VARIABLE)
    if file and given:
        raise BadInput(f"set {FILE_VARIABLE} or {KEY_VARIABLE}, not both")
    if given and given.startswith(_OS_KEYRING):
        service, slash, user = given.removeprefix(_OS_KEYRING).rpartition("/")
        if not (service and slash and user):
            raise BadInput(f"{KEY_VARIABLE} names an entry of the operating system's keyring as keyring:SERVICE/USER")
        return OsKeyring(service, user)
    return GivenKey(given) if given else KeyFile(Path(file) if file else path)


def make(path: Path) -> bytes:
    """Return the root key of a data directory about to be made: the one given, or a fresh one written to the file."""
    place = source(path)
    return new_root_key(path) if place == KeyFile(path) else place.read()


def new_root_key(path: Path) -> bytes:
    """Write a fresh root key (hex, mode 0600) and return it."""
    root = secrets.token_bytes(KEY_BYTES)
    write_private(path, f"{root.hex()}\n".encode())
    return root


def read_root_key(path: Path) -> bytes:
    """Return the root key from its file.

    Raises:
        NotInitialised: there is none.
        NotWritable: it cannot be read.
        WrongRootKey: the file does not hold a 256-bit key.
    """
    try:
        text = path.read_text()
    except FileNotFoundError as error:
        raise NotInitialised(
            f"the root key {path} is missing; without it nothing can be read. Put it back from its safe copy"
        ) from error
    except OSError as error:
        raise NotWritable(f"the root key cannot be read: {error.strerror}; check {path}") from error
    except UnicodeDecodeError as error:
        raise WrongRootKey("the root key file does not hold 64 hexadecimal digits") from error
    return _parse(text, "the root key file")


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read (0600), durable on return."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make durable which files a folder holds."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class KeyFile:
    """A root key in a file; the next one waits in a file of the same name with `.new` added."""

    path: Path

    def read(self) -> bytes:
        """Return the root key."""
        return read_root_key(self.path)

    def fresh(self) -> bytes:
        """Return a random key."""
        return secrets.token_bytes(KEY_BYTES)

    def stage(self, root: bytes) -> None:
        """Store the next key."""
        try:
            self._next.unlink(missing_ok=True)  # of a rotation that was killed before it changed anything
            write_private(self._next, f"{root.hex()}\n".encode())
        except OSError as error:
            raise NotWritable(f"{self._next} cannot be written ({error.strerror}); nothing was changed") from error

    def staged(self) -> bytes | None:
        """Return the next key."""
        try:
            return read_root_key(self._next)
        except (NotInitialised, WrongRootKey):
            return None

    def swap(self) -> None:
        """Put the next key in its place."""
        self._next.replace(self.path.resolve())
        sync_folder(self._next.parent)

    @property
    def _next(self) -> Path:
        real = self.path.resolve()  # the name may be a link to another device
        return real.with_name(f"{real.name}.new")


@dataclass(frozen=True)
class GivenKey:
    """A root key in the environment, which only the operator can change: both keys are given for a rotation."""

    text: str = field(repr=False)

    def read(self) -> bytes:
        """Return the root key."""
        return _parse(self.text, KEY_VARIABLE)

    def fresh(self) -> bytes:
        """Return the key that the operator wants next."""
        root = self.staged()
        if root is None:
            raise BadInput(
                f"the root key is in the environment: make a new one (openssl rand -hex 32), keep it where the old one "
                f"is kept, set {NEXT_VARIABLE} to it for this command, and {KEY_VARIABLE} afterwards"
            )
        return root

    def stage(self, root: bytes) -> None:
        """Do nothing: the operator holds the next key."""

    def staged(self) -> bytes | None:
        """Return the next key."""
        text = os.environ.get(NEXT_VARIABLE)
        return None if text is None else _parse(text, NEXT_VARIABLE)

    def swap(self) -> None:
        """Do nothing: the operator changes the environment."""


@dataclass(frozen=True)
class OsKeyring:
    """A root key in the operating system's keyring; the next one waits in the entry `USER.new`."""

    service: str
    user: str

    def read(self) -> bytes:
        """Return the root key."""
        text = self._get(self.user)
        if text is None:
            raise NotInitialised(
                f"the operating system's keyring has no entry {self.service}/{self.user}; store 64 hexadecimal digits "
                f"there: openssl rand -hex 32 | keyring set {self.service} {self.user}"
            )
        return _parse(text, f"the entry {self.service}/{self.user}")

    def fresh(self) -> bytes:
        """Return a random key."""
        return secrets.token_bytes(KEY_BYTES)

    def stage(self, root: bytes) -> None:
        """Store the next key."""
        _library().set_password(self.service, self._next, root.hex())

    def staged(self) -> bytes | None:
        """Return the next key."""
        text = self._get(self._next)
        return None if text is None else _parse(text, f"the entry {self.service}/{self._next}")

    def swap(self) -> None:
        """Put the next key in its place; killed in between, both entries hold it."""
        _library().set_password(self.service, self.user, self._get(self._next) or "")
        _library().delete_password(self.service, self._next)

    @property
    def _next(self) -> str:
        return f"{self.user}.new"

    def _get(self, user: str) -> str | None:
        found: str | None = _library().get_password(self.service, user)
        return found


def _library() -> Any:
    try:
        import keyring  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise BadInput(
            "the operating system's keyring needs an extra: pip install 'countenance[os-keyring]'"
        ) from error
    return keyring


def _parse(text: str, where: str) -> bytes:
    try:
        root = bytes.fromhex(text.strip())
    except ValueError as error:
        raise WrongRootKey(f"{where} does not hold 64 hexadecimal digits") from error
    if len(root) != KEY_BYTES:
        raise WrongRootKey(f"{where} does not hold 64 hexadecimal digits")
    return root
