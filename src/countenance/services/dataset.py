# SPDX-License-Identifier: Apache-2.0
"""Data sets for measuring: a folder of people, each a folder of photos, encoded in memory and forgotten.

The people in it signed no release here. So a data set is a registered source, and each face needs a permit as an
unattributed face of a photo does: the source's permission covers people who signed nothing, and counsel opted in.
Nothing of a face is stored, compared with the gallery or given out; what a measurement keeps is sums.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from countenance.errors import BadDataset, BadPhoto, EncodingFailed, Refused
from countenance.ids import SourceId
from countenance.model.event import EventTag
from countenance.model.face import DetectedFace, Image
from countenance.model.faceprint import Faceprint
from countenance.model.source import Source
from countenance.policy.engine import Evaluation, decide_evaluation
from countenance.policy.permit import Deny, PermittedCrop
from countenance.ports.photos import PhotoReader
from countenance.ports.vision import FacePack
from countenance.services.files import find_files
from countenance.services.law import LawBook
from countenance.store import photos as photo_rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records
from countenance.vision.evaluation import Faces
from countenance.vision.quality import PROBE, assess

Progress = Callable[[int, int], None]
"""Called with the number of photos done and the number in all."""

_BATCH = 64  # faces given to the encoder at once


@dataclass(frozen=True, eq=False)
class DataSet:
    """The encoded faces of a data set; `vectors` are overwritten when the block that asked for it ends.

    Attributes:
        sha256: over names and bytes of all photos.
        photos: those with a usable face, `person/photo`, in the order of the rows of `faces`.
        missed: photos in which no face can be used.
        names: of the people, in the order of their numbers.
        left_out: reason code to number of photos.
    """

    sha256: str
    folder: Path
    photos: tuple[str, ...] = field(repr=False)
    missed: frozenset[str] = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    faces: Faces
    left_out: Counter[str]


@dataclass(frozen=True, eq=False)
class _Look:
    """What one file turned out to be; there is a reason where it was left out."""

    sha256: str
    reason: str | None = None
    crop: PermittedCrop | None = None
    faceprint: Faceprint | None = None
    quality: dict[str, float] = field(default_factory=dict)


class DataSets:
    """Encodes data sets for a measurement."""

    def __init__(
        self, records: Records, law: LawBook, reader: PhotoReader, pack: Callable[[], FacePack], *, jobs: int = 1
    ) -> None:
        self._records = records
        self._law = law
        self._reader = reader
        self._pack = pack
        self._jobs = jobs

    @contextmanager
    def encoded(
        self, folder: Path, source: SourceId, *, same: Path | None = None, progress: Progress | None = None
    ) -> Iterator[DataSet]:
        """Encode a data set for the length of a block.

        In each photo the face nearest to the middle is the folder's person; other faces are not encoded.

        Args:
            folder: holds a folder for each person, named as the person is, with photos.
            source: the registered source that it is.
            same: names that are one person, two to a line with a tab between: labels known to be wrong.

        Raises:
            NotFound: no such source or folder.
            Refused: the permission does not cover it; logged.
            BadDataset: it holds no photos of people in folders, or `same` cannot be read.
        """
        files = _people(folder)
        aliases = {} if same is None else _aliases(same)
        origin = self._permitted(source)
        looks = list(self._looks(files, origin, progress))
        data = _gather(folder, files, looks, aliases)
        try:
            yield data
        finally:
            data.faces.vectors.fill(0.0)
            for look in looks:
                if look.faceprint is not None:
                    look.faceprint.wipe()

    def crops(
        self, folder: Path, source: SourceId, pack: FacePack, count: int, *, progress: Progress | None = None
    ) -> list[PermittedCrop]:
        """Return one aligned face each of so many people, or of as many as there are.

        A person's first usable photo counts.

        Args:
            folder, source, progress: as for `encoded`.
            pack: finds and aligns them.

        Raises:
            NotFound, Refused, BadDataset: as `encoded`.
        """
        files = _people(folder)
        origin = self._permitted(source)
        found: dict[str, PermittedCrop] = {}
        with self._records.kept_open():
            for person, path in files:
                if len(found) == count:
                    break
                crop = None if person in found else self._cropped(path, origin, pack).crop
                if crop is not None:
                    found[person] = crop
                    if progress is not None:
                        progress(len(found), count)
        return list(found.values())

    def alike(self, one: FacePack, other: FacePack, crops: Sequence[PermittedCrop]) -> list[float]:
        """Return the cosine of two encoders' faceprints of each face; the faceprints are overwritten."""
        pairs = list(zip(one.encoder.encode(crops), other.encoder.encode(crops), strict=True))
        cosines = [float(a.vector @ b.vector) for a, b in pairs]
        for pair in pairs:
            for faceprint in pair:
                faceprint.wipe()
        return cosines

    def _permitted(self, source: SourceId) -> Source:
        with self._records.write() as work:
            origin = photo_rows.get_source(work, source)
            decision = decide_evaluation(self._facts(origin, "data set"), self._law.of_bystander([origin]))
            if not isinstance(decision, Deny):
                return origin
            work.log(EventTag.EVALUATION_DENIED, source=source, rule=decision.rule_id)
        raise Refused(decision.rule_id, decision.reason, decision.citation)

    def _facts(self, source: Source, face: str) -> Evaluation:
        with self._records.read() as work:
            policy = subject_rows.current_policy(work)
            return Evaluation(face, work.now, source, None if policy is None else policy.published_at)

    def _looks(self, files: Sequence[tuple[str, Path]], source: Source, progress: Progress | None) -> Iterator[_Look]:
        pending: deque[Future[_Look]] = deque()
        pack = self._pack()
        done = 0
        with self._records.kept_open(), ThreadPoolExecutor(self._jobs, thread_name_prefix="data-set") as pool:
            try:
                for _, path in files:
                    pending.append(pool.submit(self._one, path, source, pack))
                    while len(pending) > 2 * self._jobs or (pending and pending[0].done()):
                        yield pending.popleft().result()
                        done += 1
                        if progress is not None:
                            progress(done, len(files))
                for future in pending:
                    yield future.result()
                    done += 1
                    if progress is not None:
                        progress(done, len(files))
            finally:
                pool.shutdown(cancel_futures=True)

    def _one(self, path: Path, source: Source, pack: FacePack) -> _Look:
        look = self._cropped(path, source, pack)
        if look.crop is None:
            return look
        try:
            (faceprint,) = pack.encoder.encode([look.crop])
        except EncodingFailed as error:
            return replace(look, crop=None, reason=error.code)
        return replace(look, crop=None, faceprint=faceprint)

    def _cropped(self, path: Path, source: Source, pack: FacePack) -> _Look:
        """Return the folder's person in a photo, under a permit of its own."""
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            image = self._reader.read(data).image
        except BadPhoto as error:
            return _Look(sha256, error.reason)
        face = _middle(pack.detector.detect(image), image)
        if face is None:
            return _Look(sha256, "no_face")
        quality = assess(image, face, PROBE)
        measures = {measure.name: measure.value for measure in quality.measures}
        if quality.reason is not None:
            return _Look(sha256, quality.reason, quality=measures)
        decision = decide_evaluation(self._facts(source, path.name), self._law.of_bystander([source]))
        if isinstance(decision, Deny):
            return _Look(sha256, decision.rule_id)
        return _Look(sha256, crop=decision.cover(pack.encoder.align(image, face)), quality=measures)


def _people(folder: Path) -> list[tuple[str, Path]]:
    """Return (person, photo) for every photo of the data set, in a stable order.

    Raises:
        NotFound: there is no such folder.
        BadDataset: no photos of at least two people lie in folders of their own.
    """
    found = [(path.relative_to(folder).parts, path) for path in find_files([folder])] if folder.is_dir() else []
    files = [(parts[0], path) for parts, path in found if len(parts) > 1]
    if len({person for person, _ in files}) < 2:
        raise BadDataset(
            f"{folder} is no data set: it needs a folder for each of at least two people, named as the person is, "
            "with that person's photos in it"
        )
    return files


def _aliases(file: Path) -> dict[str, str]:
    """Return the first name for each second one."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadDataset(f"{file} cannot be read: it is a text of two names to a line, with a tab between") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        one, _, two = line.partition("\t")
        if not one or not two:
            raise BadDataset(f"{file}:{number}: two names with a tab between are one person")
        found[two] = found.get(one, one)
    return found


def _gather(
    folder: Path, files: Sequence[tuple[str, Path]], looks: Sequence[_Look], aliases: dict[str, str]
) -> DataSet:
    usable = [(person, path, look) for (person, path), look in zip(files, looks, strict=True) if look.faceprint]
    if not usable:
        raise BadDataset(f"no face in {folder} can be used: {dict(Counter(look.reason for look in looks))}")
    names, people = np.unique([aliases.get(person, person) for person, _, _ in usable], return_inverse=True)
    vectors = np.stack([look.faceprint.vector for _, _, look in usable if look.faceprint is not None])
    measures = sorted({name for _, _, look in usable for name in look.quality})
    quality = {name: np.array([look.quality.get(name, np.nan) for _, _, look in usable]) for name in measures}
    lines = [
        f"{path.relative_to(folder).as_posix()} {look.sha256}\n" for (_, path), look in zip(files, looks, strict=True)
    ]
    return DataSet(
        sha256=hashlib.sha256("".join(lines).encode()).hexdigest(),
        folder=folder,
        photos=tuple(path.relative_to(folder).as_posix() for _, path, _ in usable),
        missed=frozenset(
            path.relative_to(folder).as_posix()
            for (_, path), look in zip(files, looks, strict=True)
            if look.faceprint is None
        ),
        names=tuple(str(name) for name in names),
        faces=Faces(vectors, people.astype(np.int64), quality),
        left_out=Counter(look.reason for look in looks if look.reason is not None),
    )


def _middle(faces: Sequence[DetectedFace], image: Image) -> DetectedFace | None:
    """Return the face nearest to the middle of the photo."""
    middle = np.array([image.shape[1], image.shape[0]]) / 2

    def away(face: DetectedFace) -> float:
        centre = np.array([face.box.left + face.box.right, face.box.top + face.box.bottom]) / 2
        return float(np.linalg.norm(centre - middle))

    return min(faces, key=away, default=None)
