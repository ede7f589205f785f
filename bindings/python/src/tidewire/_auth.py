# SPDX-License-Identifier: MIT
"""HTTP Basic Authentication of a server (RFC 7617) without I/O, for `tidewire.asyncio` and `tidewire.sync`."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeAlias, cast

from .datastructures import Headers
from .exceptions import InvalidHeaderValue
from .http11 import Request, Response, plain_response

CredentialsLike: TypeAlias = tuple[str, str] | Iterable[tuple[str, str]]
"""User and password, or several such pairs."""
Check: TypeAlias = Callable[[str, str], Awaitable[bool] | bool]


class BasicAuth:
    """Who may come in, and what the others are told."""

    def __init__(
        self, realm: str = "", credentials: CredentialsLike | None = None, check_credentials: Check | None = None
    ) -> None:
        """Either the pairs, or a function of user and password.

        Raises ValueError unless it is one of the two, or where the realm cannot be in a header; TypeError where the pairs
        are none.
        """
        if (credentials is None) == (check_credentials is None):
            raise ValueError("basic_auth takes either credentials or check_credentials")
        quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
        try:
            self._challenge = Headers({"WWW-Authenticate": f'Basic realm="{quoted}", charset="UTF-8"'})
        except InvalidHeaderValue:
            raise ValueError(f"a realm must be printable text of one line, not {realm!r}") from None
        self.check: Check = check_credentials or _known_pairs(credentials)

    def read(self, request: Request) -> tuple[str, str] | Response:
        """Returns user and password of a request, or the response that asks for them."""
        values = request.headers.get_all("Authorization")
        if not values:
            return self.refuse("Missing credentials\n")
        scheme, _, encoded = values[0].partition(" ")
        try:
            if len(values) > 1 or scheme.lower() != "basic":
                raise ValueError("not Basic")
            user, colon, password = base64.b64decode(encoded.strip(" "), validate=True).decode().partition(":")
            if not colon:
                raise ValueError("no colon")
        except (ValueError, binascii.Error):
            return self.refuse("Unsupported credentials\n")
        return user, password

    def refuse(self, text: str = "Invalid credentials\n") -> Response:
        """Returns the response that asks for credentials."""
        response = plain_response(401, text)
        response.headers.update(self._challenge)
        return response


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(isinstance(item, str) for item in value)


def _known_pairs(credentials: Any) -> Check:
    if _is_pair(credentials):
        pairs = [credentials]
    elif isinstance(credentials, Iterable) and not isinstance(credentials, (str, bytes, Mapping)):
        pairs = list(credentials)
    else:
        pairs = [None]
    if not all(_is_pair(pair) for pair in pairs):
        raise TypeError("credentials must be a pair of user and password, or pairs of them")
    known = {_encode(user): _encode(password) for user, password in cast(list[tuple[str, str]], pairs)}

    def check(user: str, password: str) -> bool:
        # All users are compared, so that the time does not tell which of them exist.
        good = False
        for known_user, known_password in known.items():
            same_user = hmac.compare_digest(known_user, _encode(user))
            same_password = hmac.compare_digest(known_password, _encode(password))
            good |= same_user and same_password
        return good

    return check


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
