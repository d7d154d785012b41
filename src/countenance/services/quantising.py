# SPDX-License-Identifier: Apache-2.0
"""Quantise: write a face pack's encoder in 8-bit integers, with the faces of a data set.

The data set's people are bystanders here (`services.dataset`). Of them the new pack knows how large each of the
encoder's tensors got over all of their faces, and nothing else. It has a name of its own and is used only where
somebody says so: an evaluation with either pack decides whether its answers are as good.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from countenance.errors import BadDataset, BadInput
from countenance.ids import SourceId
from countenance.model.event import EventTag
from countenance.policy.permit import PermittedCrop
from countenance.ports.vision import DEFAULT_PACK, FacePack
from countenance.services.dataset import DataSets, Progress
from countenance.store.records import Records

FACES = 100
"""People whose faces show how large activations get; as many others are compared. More change nothing that matters."""
_FEWEST = 32  # of either


@dataclass(frozen=True)
class Quantised:
    """A pack in 8 bits, and how alike its faceprints are to the whole pack's.

    Attributes:
        name, encoder: of the new pack; `encoder` is its digest.
        faces: compared, of people who did not take part in making it.
        alike, least: cosine of both faceprints of one face: median and lowest.
    """

    name: str
    encoder: str
    faces: int
    alike: float
    least: float


class Quantising:
    """The verb `quantise`.

    Args:
        load: opens a pack.
        write: writes an installed pack in 8 bits, from crops, and opens it.
    """

    def __init__(
        self,
        records: Records,
        datasets: DataSets,
        load: Callable[[str], FacePack],
        write: Callable[[str, Sequence[PermittedCrop]], FacePack],
    ) -> None:
        self._records = records
        self._datasets = datasets
        self._load = load
        self._write = write

    def quantise(self, name: str, folder: Path, source: SourceId, *, progress: Progress | None = None) -> Quantised:
        """Write a pack in 8 bits and install it beside the pack.

        Args:
            name: of an installed five-point pack.
            folder, source: the data set, as `DataSets.encoded` has it.

        Raises:
            BadInput: the pack is in 8 bits as it comes.
            NotFound, ModelError: no such pack, or it does not load, or cannot be written in 8 bits.
            Refused: the source's permission does not cover the data set; logged.
            BadDataset: it has faces of too few people.
        """
        if name == DEFAULT_PACK:
            raise BadInput(f"the pack {name!r} computes in 8 bits as it comes")
        pack = self._load(name)
        crops = self._datasets.crops(folder, source, pack, 2 * FACES, progress=progress)
        if len(crops) < 2 * _FEWEST:
            raise BadDataset(
                f"faces of {len(crops)} people can be used, and {2 * _FEWEST} are needed; add photos of others"
            )
        shown, compared = crops[::2], crops[1::2]
        small = self._write(name, shown)
        alike = self._datasets.alike(pack, small, compared)
        with self._records.write() as work:
            work.log(
                EventTag.MODEL_QUANTISED,
                pack=small.name,
                encoder=small.encoder.digest,
                of=pack.encoder.digest,
                source=source,
                faces=len(crops),
            )
        return Quantised(small.name, small.encoder.digest, len(alike), float(np.median(alike)), float(min(alike)))
