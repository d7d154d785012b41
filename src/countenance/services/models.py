# SPDX-License-Identifier: Apache-2.0
"""Which face pack this data directory uses."""

from __future__ import annotations

from collections.abc import Callable

from countenance.errors import MixedEncoders
from countenance.model.event import EventTag
from countenance.ports.vision import DEFAULT_PACK, FacePack
from countenance.store import photos as photo_rows
from countenance.store.records import Records, set_setting, settings

_SETTING = "pack"


def chosen_pack(records: Records) -> str:
    """Return the name of the pack in use."""
    with records.read() as work:
        return settings(work).get(_SETTING, DEFAULT_PACK)


def use_pack(records: Records, name: str, load: Callable[[str], FacePack]) -> FacePack:
    """Use another pack from now on; return it, loaded.

    Raises:
        MixedEncoders: references of another encoder are held, which this one could not search.
        NotFound, ModelError: no such pack, or it does not load.
    """
    pack = load(name)
    with records.write() as work:
        others = {e: n for e, n in photo_rows.encoders(work).items() if e != pack.encoder.digest}
        if others:
            raise MixedEncoders(
                f"{sum(others.values())} references were made by another encoder and cannot be compared with "
                f"those of {name}; start a new data directory for it, or destroy the references first"
            )
        set_setting(work, _SETTING, name)
        work.log(EventTag.MODEL_CHOSEN, pack=name, encoder=pack.encoder.digest, detector=pack.detector.digest)
    return pack
