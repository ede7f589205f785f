# SPDX-License-Identifier: MIT
"""Messages of several frames: how they are collected for recv, passed on for recv_streaming, and made by send."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, TypeAlias

from .._native import Chunk
from .._types import Opcode
from ..typing import Data, DataLike

Pieces: TypeAlias = Iterator[DataLike] | AsyncIterator[DataLike]

END = object()
"""What `next_piece` returns behind the last one."""


def join(chunks: list[Chunk]) -> Data:
    """Makes a message of all its chunks: str if it is text, bytes if not."""
    data = b"".join([chunk.data for chunk in chunks])
    return data.decode() if chunks[0].opcode is Opcode.TEXT else data


class Decoder:
    """Turns the bytes of one message into what the user wants, piece by piece."""

    __slots__ = ("_decoder",)

    def __init__(self, is_text: bool, decode: bool | None) -> None:
        """`decode` is the argument of recv_streaming: None for what the peer says it is."""
        wanted = is_text if decode is None else decode
        self._decoder = codecs.getincrementaldecoder("utf-8")() if wanted else None

    def __call__(self, data: Data, last: bool) -> Data:
        """Returns a piece as str or bytes. UnicodeDecodeError for binary data that is not text."""
        if self._decoder is None:
            return data.encode() if isinstance(data, str) else data
        return data if isinstance(data, str) else self._decoder.decode(data, last)


def pieces_of(message: Any) -> Pieces:
    """Returns an iterator over the pieces to send. TypeError where `message` has none."""
    if isinstance(message, AsyncIterable):
        return aiter(message)
    if isinstance(message, Iterable) and not hasattr(message, "keys"):
        return iter(message)
    raise TypeError(
        "a message must be str, bytes, bytearray, memoryview, or an iterable or asynchronous iterable of them, "
        f"not {type(message).__name__}"
    )


async def next_piece(pieces: Pieces) -> Any:
    """Returns the next piece, or END."""
    if isinstance(pieces, AsyncIterator):
        return await anext(pieces, END)
    return next(pieces, END)


def check_piece(piece: Any, text: bool) -> DataLike:
    """Returns `piece` if it is of the kind of the first one, `text` for str. Raises TypeError."""
    if isinstance(piece, str) if text else isinstance(piece, (bytes, bytearray, memoryview)):
        return piece  # type: ignore[no-any-return]
    raise TypeError(f"a fragment must be {'str' if text else 'bytes'} as the first one, not {type(piece).__name__}")
