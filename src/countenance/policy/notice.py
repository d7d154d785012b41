# SPDX-License-Identifier: Apache-2.0
"""The two texts that come before any faceprint: the public policy, and the notice before a release.

Both are plain text, wrapped, and the same for the same input, so that their digests can be recorded. Facts
are printed with their white space collapsed: no name can forge a heading.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from countenance.clock import to_text
from countenance.errors import InvalidRelease
from countenance.model.purpose import Purpose
from countenance.policy.pack import Law, Pack
from countenance.policy.schema import NOTICE_FIELDS

_WIDTH = 80


@dataclass(frozen=True, kw_only=True)
class NoticeFacts:
    """What a notice tells; what is left empty is missing where the law asks for it.

    Attributes:
        controller: name of who collects and stores (n4).
        contact: postal or e-mail address for every question and request (n4).
        purposes: what searches may be made for (n2).
        recipients: names of clients, or kinds of client in words (n5).
        term_start: first day of the release (n3).
        term_end: the day on which it ends (n3); after `term_start`.
        withdrawal: how to withdraw, in a sentence (n6).
        complaints: the authority that hears complaints (n7).
        storage: where the data is stored and whether it goes abroad (n8).
        policy_url: where the public policy can be read (n9).
        policy_version: of the public policy (n9).
        policy_sha256: of the public policy's bytes, in hex (n9).
        sources: the photos that faceprints are made from, in words (n10).
        alternative: how to get the same service without face data (n12).
    """

    controller: str = ""
    contact: str = ""
    purposes: tuple[Purpose, ...] = ()
    recipients: tuple[str, ...] = ()
    term_start: date | None = None
    term_end: date | None = None
    withdrawal: str = ""
    complaints: str = ""
    storage: str = ""
    policy_url: str = ""
    policy_version: str = ""
    policy_sha256: str = ""
    sources: tuple[str, ...] = ()
    alternative: str = ""


def compose(fields: tuple[str, ...], facts: NoticeFacts, separate: tuple[str, ...] = ()) -> str:
    """Return the text of a notice with exactly these fields, in the order of their codes.

    Args:
        fields: codes n1 to n13, as `law.items("notice.fields")`.
        facts: what to tell.
        separate: matters that get a statement of their own, as `law.items("consent.separate_for")`.

    Raises:
        InvalidRelease: a fact is missing, or the term does not end after it starts; lists every such field.
    """
    if unknown := set(fields) - set(NOTICE_FIELDS):
        raise RuntimeError(f"no notice has a field {', '.join(sorted(unknown))}")
    texts = {code: _FIELDS[code][1](facts) for code in NOTICE_FIELDS if code in fields}
    if missing := tuple(code for code, text in texts.items() if not text):
        names = ", ".join(f"{code} ({_FIELDS[code][0].lower()})" for code in missing)
        raise InvalidRelease(missing, f"the applicable law wants the notice to tell what is missing here: {names}")
    parts = [_wrap(f"{code}  {_FIELDS[code][0]}") + "\n" + _wrap(text) for code, text in texts.items()]
    if separate:
        parts.append(_wrap("Statements that stand by themselves: you sign each of them."))
        parts += [_wrap(f"[{word}] {_SEPARATE[word](facts)}") for word in separate]
    return "\n\n".join(["NOTICE ABOUT YOUR FACE DATA. Read it before you sign.", *parts]) + "\n"


def policy_text(operator: str, packs: Iterable[Pack], since: datetime) -> str:
    """Return the public policy on keeping and destroying face data, drawn from the law files.

    Args:
        operator: name of who runs this search engine.
        packs: every law file in use.
        since: when this text is published; the same moment and the same law make the same text.

    Source: 740 ILCS 14/15(a) asks for a public schedule and guidelines before the first faceprint.
    """
    laws = [Law.of([pack]) for pack in sorted(packs, key=lambda pack: pack.id)]
    parts = [
        _wrap(f"RETENTION AND DESTRUCTION POLICY FOR FACE DATA of {operator}"),
        f"In force since {to_text(since)} (UTC).",
        *(f"{_wrap(heading)}\n{_wrap(text)}" for heading, text in _POLICY.items()),
        _wrap(
            "Schedule by law file. Where several apply to a person, the shortest time counts, "
            "and evidence is kept for the longest."
        ),
        *(_schedule(law) for law in laws),
    ]
    return "\n\n".join(parts) + "\n"


def _schedule(law: Law) -> str:
    pack = law.packs[0]
    areas = [_area(pattern) for pattern in pack.applies.residency]
    if pack.applies.unknown_residency:
        areas.append("people whose residency is unknown")
    if pack.applies.declared:
        areas.append("everybody, while such an order binds this operator")
    elif pack.applies.overlay:
        areas.append("beside what applies there anyway")
    lines = [
        f"{pack.id}, version {pack.version}: {', '.join(areas)}",
        *(
            f"  {label}: {law.number(key):,} {unit}  [{law.cite(key).partition(': ')[2]}]"
            for key, label, unit in _SCHEDULE
        ),
    ]
    return "\n".join(textwrap.fill(line, _WIDTH, subsequent_indent="    ") for line in lines)


def _area(pattern: str) -> str:
    if pattern == "*":
        return "everywhere that no other file names"
    return pattern if not pattern.endswith("-*") else f"every state of {pattern[:-2]} without a file of its own"


def _wrap(text: str) -> str:
    return textwrap.fill(text, _WIDTH)


def _sentence(text: str) -> str:
    """Return the text with one full stop; nothing stays nothing."""
    bare = text.strip().removesuffix(".")
    return bare and f"{bare}."


def _purposes(facts: NoticeFacts) -> str:
    if not facts.purposes:
        return ""
    named = " ".join(f"({purpose}) {purpose.description}" for purpose in facts.purposes)
    return f"{named} Any other purpose needs a new release."


def _term(facts: NoticeFacts) -> str:
    if facts.term_start is None or facts.term_end is None or facts.term_end <= facts.term_start:
        return ""
    return (
        f"From {facts.term_start} until {facts.term_end}. It ends sooner if the purpose is fulfilled, if you "
        "withdraw, or if the public policy sets an earlier date."
    )


def _controller(facts: NoticeFacts) -> str:
    return (
        _sentence(f"{facts.controller}, {facts.contact}") if facts.controller.strip() and facts.contact.strip() else ""
    )


def _recipients(facts: NoticeFacts) -> str:
    if not facts.recipients:
        return ""
    return (
        f"{_sentence('; '.join(facts.recipients))} They learn that a photo they searched with may show you, "
        "and which photos of you are held. Nobody receives the faceprint."
    )


def _rights(facts: NoticeFacts) -> str:
    if not facts.complaints:
        return ""
    return (
        "You may see what is held about you and who searched and found you, have it corrected, withdraw, and "
        f"have it destroyed, all free of charge. Complaints: {_sentence(facts.complaints)}"
    )


def _policy(facts: NoticeFacts) -> str:
    if not (facts.policy_url and facts.policy_version and facts.policy_sha256):
        return ""
    return (
        f"Everyone can read when and how face data is destroyed: {facts.policy_url} (version "
        f"{facts.policy_version}, SHA-256 {facts.policy_sha256})."
    )


def _biometric(facts: NoticeFacts) -> str:
    if not facts.sources:
        return ""
    return (
        "A faceprint: a list of numbers computed from the geometry of your face. It is made from these "
        f"photos: {_sentence('; '.join(facts.sources))}"
    )


def _collected(_facts: NoticeFacts) -> str:
    return (
        "Biometric data about you will be collected and stored: from photos that show your face a "
        "faceprint is computed, a list of numbers by which you can be recognised in other photos. It is "
        "stored encrypted, under a key of your own."
    )


def _matching(_facts: NoticeFacts) -> str:
    return (
        "A search turns one face into numbers and compares them with the faceprints held. What comes out "
        "is a list of candidates, each with a similarity score from -1 to 1; it may be empty. It can be "
        "wrong: somebody else may be taken for you, or you may not be found. Every search states its "
        "error rate (how often a search for a stranger returns somebody) and how many candidates to "
        "expect by chance. A person decides, and no result may be the only ground for a decision against "
        "you."
    )


def _risk(_facts: NoticeFacts) -> str:
    return (
        "You cannot change your face as you change a password: if a faceprint and its key were both "
        "stolen, that could not be undone. What a client learned from a search cannot be made unknown. "
        "Destroying what is held here does not reach copies of photos elsewhere, and backups end only by "
        "the date in the public policy."
    )


_FIELDS: dict[str, tuple[str, Callable[[NoticeFacts], str]]] = {
    "n1": ("What is collected and stored", _collected),
    "n2": ("What for", _purposes),
    "n3": ("For how long", _term),
    "n4": ("Who is responsible", _controller),
    "n5": ("Who learns the result of a search", _recipients),
    "n6": ("How to withdraw", lambda facts: _sentence(facts.withdrawal)),
    "n7": ("Your rights, and where to complain", _rights),
    "n8": ("Where it is stored", lambda facts: _sentence(facts.storage)),
    "n9": ("The public policy on keeping and destroying", _policy),
    "n10": ("Which face data, from which photos", _biometric),
    "n11": ("How matching works, and how it errs", _matching),
    "n12": ("If you do not want this", lambda facts: _sentence(facts.alternative)),
    "n13": ("What risk remains", _risk),
}
"""Each field's heading, and its text or nothing where a fact is missing."""

_SEPARATE: dict[str, Callable[[NoticeFacts], str]] = {
    "disclosure": lambda facts: (
        f"I agree that these may learn that a photo they searched with may show me: "
        f"{_sentence('; '.join(facts.recipients))}"
    ),
    "sale": lambda _: "I agree to no sale: nothing about my face is sold.",
    "new_purpose": lambda _: "I agree to no other purpose: each new one needs a new release.",
    "each_purpose": lambda facts: (
        f"I agree to each of these purposes by itself: {_sentence(', '.join(facts.purposes))}"
    ),
    "photo_retention": lambda _: (
        "I agree that previews of the photos that show me are kept for this term, and photos of me that were sent here "
        "and lie nowhere else."
    ),
    "evaluation": lambda _: "I agree to no measurement with my photos: that needs a release of its own.",
}
"""What the notice says on each matter that a law wants asked separately."""

_POLICY = {
    "What is held": (
        "Of people who signed a release after they received a written notice: faceprints (lists of numbers computed "
        "from the geometry of a face), the notice and the release, what the operator calls them, and which searches "
        "found them. Previews of the photos that show them, and the photos themselves where they were sent here and "
        "lie nowhere else. What can identify anybody is encrypted, under keys of each person's and each photo's own. "
        "Of other people in the photos no faceprint is kept."
    ),
    "When it is destroyed": (
        "At the earliest of these: the person withdraws or asks for it; the purpose of the release is "
        "fulfilled; the term of the release ends; the person has not been in touch for the time below; "
        "the longest term below ends; a review finds it no longer needed."
    ),
    "How it is destroyed": (
        "First it is frozen: no search finds it from then on. Then the person's key is destroyed, which "
        "makes every copy unreadable; the records, the search index, the previews and the photos that were sent here "
        "are deleted; the database is compacted, so that no deleted bytes remain. Where a photo shows others too, the "
        "person's face is masked in what is kept of it. Backups cannot be read once the key is gone from them too, "
        "by the time below."
    ),
    "Warrants, subpoenas and legal holds": (
        "A valid warrant or subpoena of a competent court can suspend destruction. Until it ends, the "
        "data is sealed and no search finds it."
    ),
    "What is never done": (
        "Faceprints are not sold, leased, traded or given to anyone, and nobody profits from them. No "
        "model is trained with them, unless the law allows it and the person signed a separate release "
        "for it."
    ),
    "What is kept after destruction": (
        "As evidence, for the time below: the record that a notice and a release were given, and of what "
        "was destroyed. It holds no faceprint and no photo. Without end: the log, whose entries about the person can "
        "be read by nobody any more, and under random numbers the days of requests."
    ),
}

_SCHEDULE = (
    ("consent.max_age_days", "a release is signed anew or ends after", "days"),
    ("retention.after_purpose_days", "destroyed after the purpose is fulfilled, within", "days"),
    ("retention.after_last_interaction_days", "destroyed after the last contact, within", "days"),
    ("retention.hard_term_days", "longest term from the signature", "days"),
    ("retention.review_every_days", "reviewed every", "days"),
    ("retention.after_review_unneeded_days", "destroyed after a review finds no need, within", "days"),
    ("destruction.freeze_on_request_minutes", "frozen after a withdrawal or request, within", "minutes"),
    ("destruction.request_deadline_days", "destroyed after a request, within", "days"),
    ("destruction.backup_deadline_days", "unreadable in backups, within", "days"),
    ("retention.evidence_days", "evidence of release and destruction kept for", "days"),
)
