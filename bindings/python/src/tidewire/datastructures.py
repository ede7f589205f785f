# SPDX-License-Identifier: MIT
"""HTTP headers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TypeAlias

__all__ = ["Headers", "HeadersLike", "MultipleValuesError"]


class MultipleValuesError(LookupError):
    """A header that was asked for as one value has several."""

    def __str__(self) -> str:
        return repr(self.args[0]) if len(self.args) == 1 else super().__str__()


class Headers(MutableMapping[str, str]):
    """HTTP headers: names in any case, several values to a name, in the order in which they came.

    `headers[name] = value` adds a value to those that are there; delete the name first to replace them.
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
        if not _is_token(name) or not _is_value(value):
            raise ValueError(f"not a header: {name!r}: {value!r}")
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
        made = Headers()
        made._pairs = self._pairs.copy()
        return made

    def clear(self) -> None:
        """Removes all headers."""
        self._pairs = []

    def update(self, *args: HeadersLike, **kwargs: str) -> None:  # type: ignore[override]
        """Adds headers: another `Headers`, a mapping, or pairs."""
        for arg in args:
            pairs = arg.raw_items() if isinstance(arg, Headers) else arg.items() if isinstance(arg, Mapping) else arg
            for name, value in pairs:
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


HeadersLike: TypeAlias = Headers | Mapping[str, str] | Iterable[tuple[str, str]]
"""What can be made into `Headers`."""

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def _is_token(name: str) -> bool:
    return bool(name) and _TOKEN.issuperset(name)


def _is_value(value: str) -> bool:
    """A value of ISO 8859-1 without control characters: no line can be smuggled in."""
    return all(char == "\t" or " " <= char <= "~" or "\x80" <= char <= "\xff" for char in value)
