# SPDX-License-Identifier: Apache-2.0
"""Order files on their way in: from a path, from what a browser sends, from a form."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from countenance.errors import BadInput, BadOrder
from countenance.policy import order_file
from countenance.policy.order_writer import OrderForm, write
from countenance.store.orders import OrderDocument

LARGEST = 4 << 20
"""Bytes of the largest text: an order with all its exhibits is some hundred pages."""


def document(path: Path) -> OrderDocument:
    """Return an order file as it is entered, with the text of the instrument that it names.

    Raises:
        BadOrder: it is no TOML, or does not say where the instrument's text is.
        OSError, UnicodeDecodeError: a file cannot be read.
    """
    file = path.read_text(encoding="utf-8")
    beside = order_file.text_file(file, path.name)
    text = None if beside is None else (path.parent / beside).read_text(encoding="utf-8")
    return OrderDocument(file, path.name, text)


def uploaded(file: bytes, name: str, instrument: bytes | None) -> OrderDocument:
    """Return an order file that was sent, with the instrument's text where that is a file of its own.

    Args:
        name: the file's name, for messages.
        instrument: UTF-8; None where the order file carries the text.

    Raises:
        BadOrder: it is no TOML, or says that the text is elsewhere than where it was sent.
        BadInput: too large, or no text.
    """
    plain = PurePosixPath(name.replace("\\", "/")).name or "order.toml"
    text = _text(file, plain)
    beside = order_file.text_file(text, plain)
    if beside is not None and instrument is None:
        raise BadOrder(f"{plain}:1: the order's words are in {beside}; send that file too")
    if beside is None and instrument is not None:
        raise BadOrder(f"{plain}:1: this order file carries the order's words itself; send no second file")
    return OrderDocument(text, plain, None if instrument is None else _text(instrument, beside or ""))


def filled_in(form: OrderForm) -> OrderDocument:
    """Return the order file that a form describes."""
    return OrderDocument(write(form), "form.toml", None)


def _text(data: bytes, name: str) -> str:
    if len(data) > LARGEST:
        raise BadInput(f"{name} is larger than {LARGEST >> 20} MiB")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is no UTF-8 text; an order is entered as text, not as a scan or a PDF") from error
