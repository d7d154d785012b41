# SPDX-License-Identifier: Apache-2.0
"""QR codes for the cameras of phones, drawn here: a link that is a proof goes to no service that draws pictures."""

from __future__ import annotations

import segno


def qr(text: str) -> str:
    """Return a QR code as a picture for `img src`: an SVG in a `data:` address, black on white in either scheme.

    Source: ISO/IEC 18004, with its quiet zone of four modules and at least 15 % of error correction.
    """
    return segno.make(text, error="M", micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff")
