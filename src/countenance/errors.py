# SPDX-License-Identifier: Apache-2.0
"""Every error of the program, in one tree.

    CountenanceError
    +-- BadInput                 what was given cannot be used; nothing changed
    |   +-- BadPhoto             one photo; carries a reason code, never ends a batch
    |   +-- BadManifest          a manifest; the message carries the line number
    |   +-- BadPack              a law file or a model manifest
    |   +-- BadDataset           a folder of people, or a list that goes with it
    |   +-- BadOrder             an order file; the message carries the line number
    |   +-- NotFound             no such subject, client, source, face, photo or file
    |   +-- InvalidRelease       a release lacks what the law asks for; lists the fields
    +-- Refused                  the policy says no; carries rule, reason and citation
    +-- AccessError              who calls may not, or not now; nothing changed
    |   +-- NotSignedIn          no session or key, or one that ended
    |   +-- NotAllowed           this role, or this key's scopes, do not hold the verb
    |   |   +-- NotFresh         it takes having signed in within the last minutes
    |   +-- Repeated             was carried out already; carries where to look
    |   +-- TooMany              a rate limit or a quota; carries when to come back
    +-- DataDirectoryError       the data directory as a whole
    |   +-- NotInitialised       no data directory here
    |   +-- AlreadyInitialised   there is one here already
    |   +-- Busy                 another process holds what this command needs
    |   +-- NotWritable          read-only, or wrong permissions
    |   +-- DiskFull             no space left; the unit of work was rolled back
    |   +-- WrongRootKey         the root key does not open this keyring
    |   +-- Damaged              a file does not read back as it was written
    |       +-- KeyGone          the key of what is asked for is destroyed, or held by somebody outside
    +-- ModelError               detectors and encoders
    |   +-- ModelMissing         weights are not installed
    |   +-- ModelDamaged         a file's SHA-256 is not the pinned one
    |   +-- LicenceNotAccepted   a licence that must be accepted in words first
    |   +-- MixedEncoders        faceprints of two encoders were to be compared
    |   +-- EncodingFailed       a vector is zero or not finite; no partial result
    |   +-- LookingFailed        no process can be started to look at photos
    +-- VerificationFailed       what was to be proved is not proved; trust nothing of it
        +-- Malformed            not written as its format says, byte by byte
        +-- UnknownKey           no signature by a key that is trusted here
        +-- BadSignature         a signature in a trusted key's name is not of that key
        +-- QuorumNotReached     too few of the trusted witnesses cosigned
        +-- WrongLog             proved by another log than the one it belongs to
        +-- NotIncluded          the proof does not lead from this leaf to the signed root
        +-- NotConsistent        the proof does not lead from the earlier root to the later one
        +-- Forked               one log signed two histories that contradict each other
        +-- Truncated            a published file is missing or ends too early
        +-- LeafMissing          an entry was cut out of a published log
        +-- LeafChanged          an entry is not the one whose hash was published
        +-- WrongRoot            published hashes do not lead to the signed root
        +-- Contradiction        a document says two things that cannot both be true

Messages say what to do next. They carry ids, never names, images or vectors.
Bad data raises one of these; a call in the wrong order is a `RuntimeError`.
"""

from __future__ import annotations


class CountenanceError(Exception):
    """Root of the tree; `code` is stable and part of the interface."""

    code = "error"


class BadInput(CountenanceError):
    """What was given cannot be used; nothing changed."""

    code = "bad_input"


class BadPhoto(BadInput):
    """A photo that cannot be used; `reason` is a stable reason code.

    Attributes:
        reason: such as `truncated`, `too_many_pixels`, `not_an_image`.
    """

    code = "bad_photo"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BadManifest(BadInput):
    """A manifest that cannot be used; the message names the line."""

    code = "bad_manifest"


class BadPack(BadInput):
    """A law file or model manifest that cannot be used."""

    code = "bad_pack"


class BadDataset(BadInput):
    """A data set cannot be measured on; the message says what it needs."""

    code = "bad_dataset"


class BadOrder(BadInput):
    """An order file that cannot be used; the message names the line."""

    code = "bad_order"


class NotFound(BadInput):
    """No such thing is known here."""

    code = "not_found"


class InvalidRelease(BadInput):
    """A release that lacks what the applicable law asks for.

    Attributes:
        missing: the missing or wrong notice fields, such as `("n2", "n3")`.
    """

    code = "invalid_release"

    def __init__(self, missing: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.missing = missing


class Refused(CountenanceError):
    """The policy engine said no.

    Attributes:
        rule_id: the rule that refused, such as `consent.order`.
        citation: the law behind it.
    """

    code = "refused"

    def __init__(self, rule_id: str, reason: str, citation: str) -> None:
        super().__init__(f"{reason} (rule {rule_id}; {citation})")
        self.rule_id = rule_id
        self.reason = reason
        self.citation = citation


class AccessError(CountenanceError):
    """Who calls may not do this, or not now; nothing changed."""

    code = "access"


class NotSignedIn(AccessError):
    """There is no session or key, or it has ended."""

    code = "not_signed_in"


class NotAllowed(AccessError):
    """The caller's role, or the scopes of its key, do not hold this verb."""

    code = "not_allowed"


class NotFresh(NotAllowed):
    """The caller may, but signed in too long ago for this; signing in again opens it."""

    code = "not_fresh"


class Repeated(AccessError):
    """The same request was carried out already, or is being carried out.

    Attributes:
        location: path of what it made; None where it made nothing, or has not ended.
    """

    code = "repeated"

    def __init__(self, message: str, location: str | None) -> None:
        super().__init__(message)
        self.location = location


class TooMany(AccessError):
    """A rate limit or a quota was reached.

    Attributes:
        retry_after_s: seconds after which it is worth another try.
    """

    code = "too_many"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DataDirectoryError(CountenanceError):
    """Something is wrong with the data directory as a whole."""

    code = "data_directory"


class NotInitialised(DataDirectoryError):
    """There is no data directory at the given place."""

    code = "not_initialised"


class AlreadyInitialised(DataDirectoryError):
    """There is a data directory at the given place already."""

    code = "already_initialised"


class Busy(DataDirectoryError):
    """Another process holds what this command needs."""

    code = "busy"


class NotWritable(DataDirectoryError):
    """The data directory cannot be written."""

    code = "not_writable"


class DiskFull(DataDirectoryError):
    """No space is left; the unit of work was rolled back."""

    code = "disk_full"


class WrongRootKey(DataDirectoryError):
    """The root key does not open this keyring."""

    code = "wrong_root_key"


class Damaged(DataDirectoryError):
    """A file does not read back as it was written."""

    code = "damaged"


class KeyGone(Damaged):
    """What is asked for cannot be read here: its key is destroyed, or an outside key holder has it."""

    code = "key_gone"


class ModelError(CountenanceError):
    """A detector or encoder cannot be used."""

    code = "model"


class ModelMissing(ModelError):
    """Weights are not installed."""

    code = "model_missing"


class ModelDamaged(ModelError):
    """A file's SHA-256 is not the pinned one."""

    code = "model_damaged"


class LicenceNotAccepted(ModelError):
    """The licence of a model must be accepted in words first."""

    code = "licence_not_accepted"


class MixedEncoders(ModelError):
    """Faceprints of two encoders were to be compared."""

    code = "mixed_encoders"


class EncodingFailed(ModelError):
    """A vector is zero or not finite; there is no partial result."""

    code = "encoding_failed"


class LookingFailed(ModelError):
    """No process can be started to look at photos; what was stored stays."""

    code = "looking_failed"


class VerificationFailed(CountenanceError):
    """What was to be proved is not proved; nothing of it may be trusted."""

    code = "verification_failed"


class Malformed(VerificationFailed):
    """Something is not written as its format says, byte by byte."""

    code = "malformed"


class UnknownKey(VerificationFailed):
    """There is no signature by a key that is trusted here."""

    code = "unknown_key"


class BadSignature(VerificationFailed):
    """A signature in a trusted key's name was not made by that key over these bytes."""

    code = "bad_signature"


class QuorumNotReached(VerificationFailed):
    """Too few of the trusted witnesses cosigned the checkpoint."""

    code = "quorum_not_reached"


class WrongLog(VerificationFailed):
    """The proof is of another log than the one it should be of."""

    code = "wrong_log"


class NotIncluded(VerificationFailed):
    """An inclusion proof does not lead from this leaf to the signed root."""

    code = "not_included"


class NotConsistent(VerificationFailed):
    """A consistency proof does not lead from the earlier root to the later one."""

    code = "not_consistent"


class Forked(VerificationFailed):
    """One log signed two histories that contradict each other."""

    code = "forked"


class Truncated(VerificationFailed):
    """A file of a published log is missing or ends too early."""

    code = "truncated"


class LeafMissing(VerificationFailed):
    """An entry was cut out of a published log."""

    code = "leaf_missing"


class LeafChanged(VerificationFailed):
    """An entry of a published log is not the one whose hash was published."""

    code = "leaf_changed"


class WrongRoot(VerificationFailed):
    """The hashes of a published log do not lead to the signed root."""

    code = "wrong_root"


class Contradiction(VerificationFailed):
    """A document says two things that cannot both be true."""

    code = "contradiction"
