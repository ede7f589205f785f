# SPDX-License-Identifier: MIT
"""Frames as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from .._native import Frame, close_code_valid
from .._types import Opcode
from ..frames import Close
from .inflater import Inflater
from .text import Style, escaped, hex_dump

HEADINGS = "  offset  opcode        fin  rsv  mask         length"
_INDENT = " " * 10
_CONTROL = 8


class Shower:
    """Shows the frames of one direction, in order."""

    def __init__(self, style: Style, limit: int, inflater: Inflater | None) -> None:
        """`limit` is the number of bytes that are shown of a payload."""
        self._style = style
        self._limit = limit
        self._inflater = inflater
        self._opcode: Opcode | None = None  # of the message under way
        self._compressed = False
        self.messages = 0
        """Of which the last frame was shown."""

    def show(self, frame: Frame, offset: int) -> Iterator[tuple[str, bool]]:
        """Yields the lines of a frame, and whether each tells of something wrong."""
        yield self._summary(frame, offset), False
        if frame.rsv and frame.opcode not in (Opcode.TEXT, Opcode.BINARY):
            yield f"{_INDENT}compression is said of the first frame of a message alone (RFC 7692 6)", True
        if frame.opcode == Opcode.CLOSE:
            yield from self._show_close(bytes(frame.payload))
        elif frame.opcode >= _CONTROL:
            yield from self._show_bytes(frame.payload)
        else:
            yield from self._show_data(frame)

    def _summary(self, frame: Frame, offset: int) -> str:
        name = self._style("cyan", f"{frame.opcode.name.lower():<12}")
        fin = "fin" if frame.fin else "-"
        rsv = "".join(str(number) for number in (1, 2, 3) if frame.rsv & (8 >> number)) or "-"
        mask = frame.masking_key.hex() if frame.masking_key is not None else "-"
        return f"{offset:>8}  {name}  {fin:<3}  {rsv:<3}  {mask:<8}  {len(frame.payload):>9}"

    def _show_data(self, frame: Frame) -> Iterator[tuple[str, bool]]:
        starts = frame.opcode != Opcode.CONTINUATION
        if starts == (self._opcode is not None):
            what = "a new message begins within another" if starts else "there is no message that it continues"
            yield f"{_INDENT}{what} (RFC 6455 5.4)", True
        if starts:
            self._opcode = frame.opcode
            self._compressed = bool(frame.rsv)
        is_text = self._opcode is Opcode.TEXT
        payload = frame.payload
        if self._compressed and self._inflater is not None:
            try:
                payload = self._inflater.inflate(bytes(payload), last=frame.fin)
                yield self._style("dim", f"{_INDENT}inflated to {len(payload)} bytes"), False
            except ValueError as error:
                is_text = False
                yield f"{_INDENT}{error} (RFC 7692 7.2.2)", True
        yield from self._show_text(payload) if is_text else self._show_bytes(payload)
        if frame.fin:
            self.messages += 1
            self._opcode = None
            self._compressed = False

    def _show_text(self, payload: bytes | memoryview) -> Iterator[tuple[str, bool]]:
        text = bytes(payload[: self._limit]).decode(errors="backslashreplace")
        if text:
            yield f'{_INDENT}"{escaped(text)}"', False
        yield from self._show_rest(payload)

    def _show_bytes(self, payload: bytes | memoryview) -> Iterator[tuple[str, bool]]:
        for line in hex_dump(payload[: self._limit]):
            yield _INDENT + line, False
        yield from self._show_rest(payload)

    def _show_rest(self, payload: bytes | memoryview) -> Iterator[tuple[str, bool]]:
        if len(payload) > self._limit:
            yield self._style("dim", f"{_INDENT}and {len(payload) - self._limit} bytes more"), False

    def _show_close(self, payload: bytes) -> Iterator[tuple[str, bool]]:
        if not payload:
            return
        if len(payload) == 1:
            yield f"{_INDENT}one byte is no close code (RFC 6455 5.5.1)", True
            return
        code = int.from_bytes(payload[:2], "big")
        reason = payload[2:].decode(errors="backslashreplace")
        yield _INDENT + escaped(str(Close(code, reason))), False
        if not close_code_valid(code):
            yield f"{_INDENT}this code must not be sent (RFC 6455 7.4)", True
