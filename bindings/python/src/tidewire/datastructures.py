# SPDX-License-Identifier: MIT
"""HTTP headers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Protocol, TypeAlias, runtime_checkable

from .exceptions import InvalidHeader, InvalidHeaderValue

__all__ = ["Headers", "HeadersLike", "MultipleValuesError"]


class MultipleValuesError(LookupError):
    """A header that was asked for as one value has several."""

    def __str__(self) -> str:
        return repr(self.args[0]) if len(self.args) == 1 else super().__str__()


class Headers(MutableMapping[str, str]):
    """HTTP headers: names in any case, several values to a name, in the order in which they came.

    `headers[name] = value` adds a value to those that are there; delete the name first to replace them. Values are
    ISO 8859-1, as HTTP has them, and cannot hold a control character, which could smuggle in another line.

    `headers[name]` raises KeyError where there is no such header, and MultipleValuesError where there are several.
    """

    __slots__ = ("_pairs",)

    def __init__(self, *args: HeadersLike, **kwargs: str) -> None:
        self._pairs: list[tuple[str, str]] = []
        self.update(*args, **kwargs)

    def __str__(self) -> str:
        return "".join(f"{name}: {value}\r\n" for name, value in self._pairs) + "\r\n"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._pairs!r})"

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self._pairs})

    def __iter__(self) -> Iterator[str]:
        """Yields each name once, in lower case."""
        return iter(dict.fromkeys(name.lower() for name, _ in self._pairs))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(key.lower() == name.lower() for key, _ in self._pairs)

    def __getitem__(self, name: str) -> str:
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        if len(values) > 1:
            raise MultipleValuesError(name)
        return values[0]

    def __setitem__(self, name: str, value: str) -> None:
        if not _is_token(name):
            raise InvalidHeader(name, "that is not the name of a header")
        value = str(value)  # a length or a status may come as a number
        if not is_field_value(value):
            raise InvalidHeaderValue(name, value)
        self._pairs.append((name, value))

    def __delitem__(self, name: str) -> None:
        lower = name.lower()
        rest = [pair for pair in self._pairs if pair[0].lower() != lower]
        if len(rest) == len(self._pairs):
            raise KeyError(name)
        self._pairs = rest

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._by_name() == other._by_name()

    def copy(self) -> Headers:
        """Returns headers of their own with the same content."""
        made = type(self)()
        made._pairs = self._pairs.copy()
        return made

    def clear(self) -> None:
        """Removes all headers."""
        self._pairs = []

    def update(self, *args: HeadersLike, **kwargs: str) -> None:
        """Adds headers: another `Headers`, a mapping, or pairs."""
        for arg in args:
            for name, value in _pairs_of(arg):
                self[name] = value
        for name, value in kwargs.items():
            self[name] = value

    def get_all(self, name: str) -> list[str]:
        """Returns the values of a header in order, none where it is missing."""
        lower = name.lower()
        return [value for key, value in self._pairs if key.lower() == lower]

    def raw_items(self) -> Iterator[tuple[str, str]]:
        """Yields names as they were written, with their values; a name as often as it has values."""
        return iter(self._pairs)

    def serialize(self) -> bytes:
        """Returns the lines of the headers and the empty line that ends them."""
        return str(self).encode("latin-1")

    def _by_name(self) -> dict[str, list[str]]:
        values: dict[str, list[str]] = {}
        for name, value in self._pairs:
            values.setdefault(name.lower(), []).append(value)
        return values


@runtime_checkable
class SupportsKeysAndGetItem(Protocol):
    """What behaves like a mapping of names to values without being one."""

    def keys(self) -> Iterable[str]:
        """Returns the names."""

    def __getitem__(self, name: str, /) -> str:
        """Returns the value of a name."""


HeadersLike: TypeAlias = Headers | Mapping[str, str] | Iterable[tuple[str, str]] | SupportsKeysAndGetItem
"""What can be made into `Headers`."""


def _pairs_of(headers: HeadersLike) -> Iterable[tuple[str, str]]:
    if isinstance(headers, Headers):
        return list(headers.raw_items())  # a copy: they may be added to themselves
    if isinstance(headers, Mapping):
        return headers.items()
    if isinstance(headers, SupportsKeysAndGetItem):
        return [(name, headers[name]) for name in headers.keys()]
    return headers


# RFC 9110 5.6.2 and 5.5
_is_token = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
is_field_value = re.compile(r"[\t -~\x80-\xff]*").fullmatch
"""Tells whether a string can be the value of a header."""
