# SPDX-License-Identifier: MIT
"""Reads the vector files whose format is described in vectors/README.md. Whatever is not in that format is refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).parent / "vectors"


@dataclasses.dataclass
class Step:
    action: str | None
    data: bytes  # of every action but close
    code: int
    reason: bytes
    opcode: str
    more: bool
    status: str
    events: list[tuple[str, bytes, int, int]]  # type, data, code, offset
    output: bytes
    output_is_prefix: bool


@dataclasses.dataclass
class Vector:
    name: str
    role: str
    config: dict[str, int]
    handshake: dict[str, Any] | None
    steps: list[Step]
    state: str
    error: dict[str, Any]


class FormatError(Exception):
    """A vector file says something that its format does not know."""


def take(source: dict[str, Any], **kinds: type) -> dict[str, Any]:
    """The keys of an object that are there, each of its kind."""
    for key, value in source.items():
        if key not in kinds or type(value) is not kinds[key] and kinds[key] is not object:
            raise FormatError(f"{key}: {value!r}")
    return source


def masked(key: bytes, data: bytes) -> bytes:
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(data))


def read_data(value: Any, named: dict[str, Any]) -> bytes:
    if isinstance(value, str):
        return bytes.fromhex(value)
    if isinstance(value, list):
        return b"".join(read_data(part, named) for part in value)
    match value:
        case {"text": str(text), **rest} if not rest:
            return text.encode()
        case {"lines": list(lines), **rest} if not rest:
            return b"".join(line.encode() + b"\r\n" for line in lines)
        case {"repeat": [data, int(count)], **rest} if not rest:
            return read_data(data, named) * count
        case {"masked": [str(key), data], **rest} if not rest:
            return bytes.fromhex(key) + masked(bytes.fromhex(key), read_data(data, named))
        case {"use": str(name), **rest} if not rest:
            return read_data(named[name], named)
    raise FormatError(f"no DATA: {value!r}")


def read_event(source: dict[str, Any], named: dict[str, Any]) -> tuple[str, bytes, int, int]:
    take(source, type=str, data=object, code=int, offset=int)
    if source["type"] not in ("open", "text", "binary", "ping", "pong", "close"):
        raise FormatError(source["type"])
    return source["type"], read_data(source.get("data", ""), named), source.get("code", 0), source.get("offset", 0)


ACTIONS = ("create", "input", "eof", "send", "ping", "pong", "close")


def read_step(source: dict[str, Any], named: dict[str, Any]) -> Step:
    take(
        source,
        **dict.fromkeys(("input", "send", "ping", "pong", "reason", "output", "output_prefix"), object),
        **dict.fromkeys(("create", "eof", "more"), bool),
        **dict.fromkeys(("opcode", "status"), str),
        events=list,
        close=int,
    )
    actions = [action for action in ACTIONS if action in source]
    if len(actions) > 1 or {"output", "output_prefix"} <= source.keys():
        raise FormatError(f"too much for one step: {source!r}")
    action = actions[0] if actions else None
    data = read_data(source[action], named) if action in ("input", "send", "ping", "pong") else b""
    return Step(
        action,
        data,
        code=source.get("close", 0),
        reason=read_data(source.get("reason", ""), named),
        opcode=source.get("opcode", ""),
        more=source.get("more", False),
        status=source.get("status", "TW_OK"),
        events=[read_event(event, named) for event in source.get("events", [])],
        output=read_data(source.get("output", source.get("output_prefix", "")), named),
        output_is_prefix="output_prefix" in source,
    )


def read_vector(source: dict[str, Any], named: dict[str, Any]) -> Vector:
    take(
        source,
        **dict.fromkeys(("name", "section", "role", "state", "comment"), str),
        **dict.fromkeys(("config", "handshake", "error"), dict),
        steps=list,
    )
    sizes = dict.fromkeys(("max_head_len", "max_header_count", "max_line_len"), int)
    strings = dict.fromkeys(("host", "target", "origin"), str)
    lists = dict.fromkeys(("subprotocols", "origins", "headers"), list)
    take(source.get("handshake", {}), **sizes, **strings, **lists, any_origin=bool)
    limits = dict.fromkeys(("max_frame_len", "max_message_len", "max_fragments", "max_output_len"), int)
    return Vector(
        source["name"],
        source["role"],
        take(source.get("config", {}), **limits),
        source.get("handshake"),
        [read_step(step, named) for step in source["steps"]],
        source["state"],
        take(source.get("error", {}), status=str, offset=int, close_code=int, limit=str, http_status=int),
    )


def read_file(path: Path) -> list[Vector]:
    source = json.loads(path.read_text())
    take(source, about=str, data=dict, vectors=list)
    named = source.get("data", {})
    vectors = [read_vector(vector, named) for vector in source["vectors"]]
    if len({vector.name for vector in vectors}) != len(vectors):
        raise FormatError(f"{path.name}: a name comes twice")
    return vectors
