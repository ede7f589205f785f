# SPDX-License-Identifier: MIT
"""The body of a response that refuses a connection, without I/O."""

from __future__ import annotations

from collections.abc import Generator

from .http11 import MAX_BODY_LEN, Response

_MAX_LINE_LEN = 1024  # of a chunk's size and its extensions


class BodyReader:
    """Collects the body of a response: as long as Content-Length says, in chunks, or up to the end of the connection
    (RFC 9112 6.3).

    The body helps to understand a refusal, and the refusal is what counts: a body that is longer than MAX_BODY_LEN,
    cut off or broken ends where it is, and is no error.
    """

    def __init__(self, response: Response) -> None:
        self.body = bytearray()
        """What came so far."""
        self.done = False
        """Whether nothing more is awaited."""
        self._input = bytearray()
        self._parser = self._parse(response)
        self.feed(b"")

    def feed(self, data: bytes) -> bool:
        """Takes what was read. Returns `done`."""
        self._input += data
        try:
            next(self._parser)
        except (StopIteration, ValueError):
            self.done = True
            self._input.clear()
        return self.done

    # The rest are generators that yield when they need more input, and raise ValueError when there is nothing to hope.

    def _parse(self, response: Response) -> Generator[None, None, None]:
        headers = response.headers
        if response.status_code < 200 or response.status_code in (204, 304):
            return
        if codings := headers.get_all("Transfer-Encoding"):
            if [coding.strip(" \t").lower() for coding in codings] != ["chunked"]:
                raise ValueError("a coding that is unknown")
            while size := int((yield from self._line()).partition(b";")[0], 16):
                yield from self._take(size)
                yield from self._line()
        elif lengths := set(headers.get_all("Content-Length")):
            (length,) = lengths
            yield from self._take(int(length))
        else:
            yield from self._take(MAX_BODY_LEN)

    def _line(self) -> Generator[None, None, bytes]:
        while (end := self._input.find(b"\r\n")) < 0:
            if len(self._input) > _MAX_LINE_LEN:
                raise ValueError("not a line")
            yield
        line = bytes(self._input[:end])
        del self._input[: end + 2]
        return line

    def _take(self, length: int) -> Generator[None, None, None]:
        while length > 0:
            part = self._input[: min(length, MAX_BODY_LEN - len(self.body))]
            del self._input[: len(part)]
            self.body += part
            length -= len(part)
            if len(self.body) == MAX_BODY_LEN:
                raise ValueError("longer than allowed")
            if length > 0:
                yield
