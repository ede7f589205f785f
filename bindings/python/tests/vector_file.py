# SPDX-License-Identifier: MIT
"""Reads the vector files whose format is described in vectors/README.md. Whatever is not in that format is refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, NamedTuple

DIRECTORY = Path(__file__).parent / "vectors"


NEVER = 2**64 - 1


class Event(NamedTuple):
    type: str
    data: bytes
    code: int
    offset: int
    fin: bool = False  # of chunks


class Frame(NamedTuple):
    first: int
    key: bytes | None
    data: bytes


@dataclasses.dataclass
class Step:
    action: str | None
    data: bytes  # of input, send, ping and pong
    code: int
    reason: bytes
    opcode: str
    more: bool
    compress: bool | None
    number: int  # the time of tick, the bytes of consume
    status: str
    events: list[Event]
    deadline: int | None
    form: str  # the key of the output
    output: bytes
    frames: list[Frame]
    wants: list[str] | None


@dataclasses.dataclass
class Vector:
    name: str
    role: str
    config: dict[str, Any]
    handshake: dict[str, Any] | None
    deflate: dict[str, int] | None
    negotiated: dict[str, Any] | None
    random: bytes
    steps: list[Step]
    state: str
    error: dict[str, Any]
    close_info: dict[str, Any] | None
    agreed: dict[str, Any] | None  # empty: none
    stats: dict[str, int]


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


TYPES = ("open", "text", "binary", "ping", "pong", "close", "chunk_text", "chunk_binary", "chunk_continuation")


def read_event(source: dict[str, Any], named: dict[str, Any]) -> Event:
    take(source, type=str, data=object, code=int, offset=int, fin=bool)
    kind, fin = source["type"], source.get("fin", False)
    if kind not in TYPES or (fin and not kind.startswith("chunk_")):
        raise FormatError(f"{source!r}")
    return Event(kind, read_data(source.get("data", ""), named), source.get("code", 0), source.get("offset", 0), fin)


def read_frame(source: dict[str, Any], named: dict[str, Any]) -> Frame:
    take(source, first=str, key=str, data=object)
    (first,) = bytes.fromhex(source["first"])
    key = bytes.fromhex(source["key"]) if "key" in source else None
    return Frame(first, key, read_data(source.get("data", ""), named))


def read_time(value: Any) -> int:
    if value == "never":
        return NEVER
    return int(take({"time": value}, time=int)["time"])


ACTIONS = ("create", "input", "eof", "send", "ping", "pong", "close", "tick", "consume")
OUTPUTS = ("output", "output_prefix", "deflated_output", "keep_output")


def read_step(source: dict[str, Any], named: dict[str, Any]) -> Step:
    take(
        source,
        **dict.fromkeys(("input", "send", "ping", "pong", "reason", "output", "output_prefix", "deadline"), object),
        **dict.fromkeys(("create", "eof", "more", "compress", "keep_output"), bool),
        **dict.fromkeys(("opcode", "status"), str),
        **dict.fromkeys(("events", "deflated_output", "wants"), list),
        **dict.fromkeys(("close", "tick", "consume"), int),
    )
    actions = [action for action in ACTIONS if action in source]
    forms = [form for form in OUTPUTS if form in source]
    if len(actions) > 1 or len(forms) > 1:
        raise FormatError(f"too much for one step: {source!r}")
    action = actions[0] if actions else None
    if (action == "tick") != ("deadline" in source):
        raise FormatError(f"tick and deadline come together: {source!r}")
    data = read_data(source[action], named) if action in ("input", "send", "ping", "pong") else b""
    return Step(
        action,
        data,
        code=source.get("close", 0),
        reason=read_data(source.get("reason", ""), named),
        opcode=source.get("opcode", ""),
        more=source.get("more", False),
        compress=source.get("compress"),
        number=source.get("tick", source.get("consume", 0)),
        status=source.get("status", "TW_OK"),
        events=[read_event(event, named) for event in source.get("events", [])],
        deadline=read_time(source["deadline"]) if action == "tick" else None,
        form=forms[0] if forms else "output",
        output=read_data(source.get("output", source.get("output_prefix", "")), named),
        frames=[read_frame(frame, named) for frame in source.get("deflated_output", [])],
        wants=source.get("wants"),
    )


CONFIG = {
    **dict.fromkeys(("max_frame_len", "max_message_len", "max_output_len", "max_memory_len"), int),
    **dict.fromkeys(("output_high_len", "output_low_len", "max_fragments", "max_control_rate"), int),
    **dict.fromkeys(("stream", "stream_fragmented", "manual_pong", "manual_close", "trusted"), bool),
    **dict.fromkeys(("handshake_timeout_ns", "idle_timeout_ns", "ping_interval_ns"), object),
    **dict.fromkeys(("pong_timeout_ns", "message_timeout_ns", "close_timeout_ns"), object),
}
HANDSHAKE = {
    **dict.fromkeys(("max_head_len", "max_header_count", "max_line_len"), int),
    **dict.fromkeys(("host", "target", "origin"), str),
    **dict.fromkeys(("subprotocols", "origins", "headers"), list),
    "any_origin": bool,
}
DEFLATE = dict.fromkeys(
    (
        *("level", "memory_level", "send_window_bits", "receive_window_bits"),
        *("max_context_len", "min_len", "max_call_len", "max_ratio"),
    ),
    int,
)
TERMS = {
    **dict.fromkeys(("send_window_bits", "receive_window_bits"), int),
    **dict.fromkeys(("send_takeover", "receive_takeover"), bool),
}
ERROR = {"status": str, "offset": int, "close_code": int, "limit": str, "http_status": int}
CLOSE_INFO = {"local_code": int, "remote_code": int, "cause": str}
STATS = dict.fromkeys(
    (
        *("bytes_received", "bytes_sent", "messages_received", "messages_sent", "frames_received", "frames_sent"),
        *("control_frames_received", "control_frames_sent", "deflated_received_len", "inflated_received_len"),
        *("deflated_sent_len", "inflated_sent_len", "rtt_ns"),
    ),
    int,
)


def read_config(source: dict[str, Any]) -> dict[str, Any]:
    return {name: read_time(value) if name.endswith("_ns") else value for name, value in take(source, **CONFIG).items()}


def read_terms(source: Any) -> dict[str, Any] | None:
    """The arguments of tidewire.Deflate; empty where there is no compression."""
    if source is None or source == "none":
        return None if source is None else {}
    return {"send_window_bits": 15, "receive_window_bits": 15, **take(source, **TERMS)}


def read_vector(source: dict[str, Any], named: dict[str, Any]) -> Vector:
    take(
        source,
        **dict.fromkeys(("name", "section", "role", "state", "comment"), str),
        **dict.fromkeys(("config", "handshake", "deflate", "negotiated", "error", "close_info", "stats"), dict),
        **dict.fromkeys(("random", "agreed"), object),
        steps=list,
    )
    take(source.get("handshake", {}), **HANDSHAKE)
    take(source.get("deflate", {}), **DEFLATE)
    take(source.get("close_info", {}), **CLOSE_INFO)
    return Vector(
        source["name"],
        source["role"],
        read_config(source.get("config", {})),
        source.get("handshake"),
        source.get("deflate"),
        read_terms(source.get("negotiated")),
        read_data(source["random"], named) if "random" in source else bytes(range(256)),
        [read_step(step, named) for step in source["steps"]],
        source["state"],
        take(source.get("error", {}), **ERROR),
        source.get("close_info"),
        read_terms(source.get("agreed")),
        take(source.get("stats", {}), **STATS),
    )


def read_file(path: Path) -> list[Vector]:
    source = json.loads(path.read_text())
    take(source, about=str, data=dict, vectors=list)
    named = source.get("data", {})
    vectors = [read_vector(vector, named) for vector in source["vectors"]]
    if len({vector.name for vector in vectors}) != len(vectors):
        raise FormatError(f"{path.name}: a name comes twice")
    return vectors
