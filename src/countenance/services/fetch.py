# SPDX-License-Identifier: Apache-2.0
"""Fetch one photo of one person who signed a release, from a host that the source's permission names.

There is no other way to the web, so a crawl cannot be expressed: each fetch names one address, one source, one
subject and one release. The web server then has the last word: robots.txt (RFC 9309; where it cannot be read, nothing
may be fetched), TDMRep in its file and its headers, a size, a type. A veto is a skip with a reason, and logged.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from protego import Protego

from countenance.errors import BadInput, NotFound, NotWritable, Refused
from countenance.ids import ReleaseId, SourceId, SubjectId
from countenance.model.event import EventTag
from countenance.policy.engine import Fetch, deny_fetch
from countenance.policy.set_back import deny_set_back
from countenance.ports.web import Page, Unreachable, Web
from countenance.services.files import MAX_FILE_BYTES
from countenance.services.ingest import Ingest, IngestSummary
from countenance.services.law import LawBook
from countenance.services.order_gate import barred_by
from countenance.store import photos as photo_rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records

ROBOT = "countenance"
"""The name that robots.txt files address."""

_ROBOTS_BYTES = 500 * 1024  # RFC 9309, 2.5: at least as much is parsed
_TDMREP_BYTES = 1 << 20
_REDIRECTS = 5  # RFC 9309, 2.3.1.2
_SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/avif": ".avif",
    "image/tiff": ".tiff",
    "image/gif": ".gif",
}


@dataclass(frozen=True)
class Fetched:
    """What became of one fetch.

    Attributes:
        path: where the photo lies now; None where it was not taken.
        reason: why it was not, a stable code: `robots_disallow`, `robots_unreachable`, `tdm_reserved`,
            `tdm_unreadable`, `other_host`, `too_many_redirects`, `http_404` (or another status), `not_an_image`,
            `too_many_bytes`, `unreachable`.
        ingested: the sums of its ingest.
    """

    path: Path | None
    reason: str | None
    ingested: IngestSummary | None


class _Skip(Exception):
    """The web server says no, or nothing usable."""


class Fetches:
    """The verb `fetch`."""

    def __init__(
        self, records: Records, law: LawBook, web: Callable[[], Web], ingest: Callable[[], Ingest], data: Path
    ) -> None:
        self._records = records
        self._law = law
        self._web = web
        self._ingest = ingest
        self._data = data

    def fetch(self, url: str, *, source: SourceId, subject: SubjectId, release: ReleaseId, into: Path) -> Fetched:
        """Fetch one photo into a folder of the operator's and ingest it as one of this person.

        Args:
            url: of one photo, http or https.
            into: a folder outside of the data directory; the photo gets a folder of the subject's in it.

        Raises:
            BadInput: no address of one thing on one host, or a folder inside the data directory.
            NotFound: no such source, subject, or release of this subject.
            Refused: no live release covers it, the source does not name the host, or is revoked; logged.
            NotWritable: the folder cannot be written.
        """
        parts = _parts(url)
        if into.resolve().is_relative_to(self._data.resolve()):
            raise BadInput(f"{into} lies in the data directory, where no photo may; name another folder (--into)")
        self._permitted(parts, source, subject, release)
        ids = {"source": source, "release": release}
        try:
            page = self._photo(url)
            suffix = _checked(page)
        except (_Skip, Unreachable) as veto:
            reason = str(veto) if isinstance(veto, _Skip) else "unreachable"
            with self._records.write() as work:
                work.log(EventTag.FETCH_SKIPPED, subject=subject, reason=reason, **ids)
            return Fetched(None, reason, None)
        path = _write(into / subject, page.body, suffix)
        with self._records.write() as work:
            work.log(EventTag.FETCH_DONE, subject=subject, bytes=len(page.body), **ids)
        return Fetched(path, None, self._ingest().run(source, [path]))

    def _permitted(self, parts: SplitResult, source: SourceId, subject: SubjectId, release: ReleaseId) -> None:
        """Refuse, and log it, unless this release of this person covers a fetch from this host."""
        with self._records.write() as work:
            origin = photo_rows.get_source(work, source)
            person = subject_rows.get(work, subject)
            signed = subject_rows.releases(work, subject).get(subject, [])
            own = next((one for one in signed if one.id == release), None)
            if own is None:
                raise NotFound(f"{subject} has no release {release}; `countenance subject show` lists a person's")
            policy = subject_rows.current_policy(work)
            order = barred_by(work, subject, own.signed_at if own is not None else None)
            facts = Fetch(
                face="fetch",
                now=work.now,
                subject=person,
                release=own,
                source=origin,
                policy_published_at=None if policy is None else policy.published_at,
                host=parts.netloc.lower(),
                barred_by=None if order is None else order.id,
            )
            law = self._law.of_subject(person, [origin], work.now)
            denial = deny_set_back(work.behind) or deny_fetch(facts, law)
            if denial is None:
                return
            work.log(EventTag.FETCH_REFUSED, subject=subject, source=source, release=release, rule=denial.rule_id)
        raise Refused(denial.rule_id, denial.reason, denial.citation)

    def _photo(self, url: str) -> Page:
        """Return the photo, after every redirect within the host, each of them asked about first."""
        root = urlsplit(url)._replace(path="", query="", fragment="").geturl()
        robots, reserved = self._robots(root), self._reserved(root)
        return self._follow(url, MAX_FILE_BYTES, lambda target: _may(target, robots, reserved))

    def _robots(self, root: str) -> Protego:
        """Return the rules of a host; without any where it says that there are none (4xx).

        Raises:
            _Skip: they cannot be read, which is a complete disallow.
        """
        try:
            page = self._follow(f"{root}/robots.txt", _ROBOTS_BYTES, lambda _: None)
        except (Unreachable, _Skip) as error:
            raise _Skip("robots_unreachable") from error
        if 400 <= page.status < 500:
            return Protego.parse("")
        if page.status != 200:
            raise _Skip("robots_unreachable")
        return Protego.parse(page.body.decode(errors="replace"))

    def _reserved(self, root: str) -> Protego:
        """Return the paths that a host's TDMRep file reserves, as rules of the same form as a robots.txt."""
        try:
            page = self._follow(f"{root}/.well-known/tdmrep.json", _TDMREP_BYTES, lambda _: None)
        except (Unreachable, _Skip) as error:
            raise _Skip("tdm_unreadable") from error
        if 400 <= page.status < 500:
            return Protego.parse("")
        try:
            entries: list[dict[str, object]] = json.loads(page.body if page.status == 200 and page.whole else b"?")
            paths = [str(entry["location"]) for entry in entries if str(entry.get("tdm-reservation", 0)) == "1"]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise _Skip("tdm_unreadable") from error
        # Locations are written as robots.txt writes paths; any that matches reserves, however exact another is.
        lines = [f"Disallow: {path.split(chr(10))[0]}" for path in paths]
        return Protego.parse("\n".join(["User-agent: *", *lines]))

    def _follow(self, url: str, most_bytes: int, ask: Callable[[str], None]) -> Page:
        host, target = urlsplit(url).netloc.lower(), url
        for _ in range(_REDIRECTS + 1):
            ask(target)
            page = self._web().get(target, most_bytes=most_bytes)
            if not (300 <= page.status < 400 and "location" in page.headers):
                return page
            target = urljoin(target, page.headers["location"])
            if urlsplit(target).netloc.lower() != host or urlsplit(target).scheme not in ("http", "https"):
                raise _Skip("other_host")
        raise _Skip("too_many_redirects")


def _parts(url: str) -> SplitResult:
    """Return the parts of an address of one thing.

    Raises:
        BadInput: another scheme, no host, a wildcard, a name or password in it.
    """
    try:
        parts = urlsplit(url.strip())
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if not whole or "*" in url or "@" in parts.netloc or any(char.isspace() or ord(char) < 32 for char in url.strip()):
        raise BadInput(
            f"{url!r} is not the address of one photo; write it as `https://photos.example.org/gala/17.jpg`, without "
            "wildcard, name or password. Each fetch takes one photo of one person; nothing here crawls"
        )
    return parts


def _may(url: str, robots: Protego, reserved: Protego) -> None:
    if not robots.can_fetch(url, ROBOT):
        raise _Skip("robots_disallow")
    if not reserved.can_fetch(url, ROBOT):
        raise _Skip("tdm_reserved")


def _checked(page: Page) -> str:
    """Return the file name's suffix for a photo that may be taken."""
    if page.headers.get("tdm-reservation", "").strip() == "1":
        raise _Skip("tdm_reserved")
    if page.status != 200:
        raise _Skip(f"http_{page.status}")
    suffix = _SUFFIXES.get(page.headers.get("content-type", "").partition(";")[0].strip().lower())
    if suffix is None:
        raise _Skip("not_an_image")
    if not page.whole:
        raise _Skip("too_many_bytes")
    return suffix


def _write(folder: Path, data: bytes, suffix: str) -> Path:
    """Write a photo under its digest, readable to the operator alone; ingest takes the folder's name for who it is."""
    path = folder / f"{hashlib.sha256(data).hexdigest()[:16]}{suffix}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
    except OSError as error:
        raise NotWritable(f"{path} cannot be written: {error.strerror}") from error
    return path
