# SPDX-License-Identifier: MIT
"""Seeded random streams of frames: valid ones, and ones that were damaged in one or two places."""

import dataclasses
import random
import zlib
from collections.abc import Iterator

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
RSV1, RSV2, RSV3 = 0x40, 0x20, 0x10
TAIL = b"\x00\x00\xff\xff"  # RFC 7692 7.2.1 takes it off, 7.2.2 puts it back

WORDS = ["", "Hello", " tidewire", "\n", "Grüße", "日本語", "🌍", '{"price": 1.25}', "0123456789" * 7]
CODES = [1000, 1001, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 4999]
BAD_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535]


@dataclasses.dataclass(frozen=True)
class Terms:
    """What was negotiated of permessage-deflate for the direction that is received."""

    window_bits: int
    takeover: bool


@dataclasses.dataclass
class Frame:
    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: int = 0
    masked: bool = False
    key: bytes = b"\0\0\0\0"
    form: int | None = None  # bytes of the extended length, where it is not the shortest
    declared: int | None = None  # the length that the header tells, where it is not the payload's
    cut: int | None = None  # how many bytes of the frame there are, where not all

    def encode(self) -> bytes:
        length = len(self.payload) if self.declared is None else self.declared
        form = self.form
        if form is None:
            form = 0 if length < 126 else 2 if length < 65536 else 8
        short = {0: length & 0x7F, 2: 126, 8: 127}[form]
        extended = (length % (1 << 8 * form)).to_bytes(form, "big")
        header = bytes([self.fin << 7 | self.rsv | self.opcode, self.masked << 7 | short]) + extended
        return (header + (self.key + mask(self.payload, self.key) if self.masked else self.payload))[: self.cut]


def mask(data: bytes, key: bytes) -> bytes:
    keys = (key * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(keys, "big")).to_bytes(len(data), "big")


@dataclasses.dataclass
class Found:
    """A frame as it stands in a stream, which may end inside it."""

    offset: int
    opcode: int
    fin: bool
    rsv: int
    payload: bytes
    length: int  # as its header tells
    whole: bool


def walk(stream: bytes) -> Iterator[Found]:
    """All frames of a stream, whatever rules they break."""
    at = 0
    while at < len(stream):
        header = stream[at : at + 14]
        short = header[1] & 0x7F if len(header) > 1 else 0
        form = {126: 2, 127: 8}.get(short, 0)
        masked = len(header) > 1 and header[1] >= 0x80
        start = at + 2 + form + 4 * masked
        length = int.from_bytes(header[2 : 2 + form], "big") if form else short
        end = start + length
        payload = stream[start:end]
        if masked and payload:
            payload = mask(payload, stream[start - 4 : start])
        first = header[0]
        whole = start <= len(stream) and end <= len(stream)
        yield Found(at, first & 0x0F, first >= 0x80, first & 0x70, payload, length, whole)
        at = max(end, start)


class Session:
    """A stream for a receiver of a role, and the pieces that it comes in."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.to_server = self.chance(1, 2)
        self.terms = Terms(self.random.randint(9, 15), self.chance(1, 2)) if self.chance(2, 3) else None
        # A peer that keeps less of the terms than it promised.
        self.sent_bits = 15 if self.chance(1, 10) else self.terms.window_bits if self.terms else 15
        self.compressor = None
        frames = [frame for _ in range(self.random.randint(1, 8)) for frame in self.message()]
        if self.chance(1, 2):
            frames += [self.close(), *self.message()]
        for _ in range(self.random.choice([0, 1, 1, 1, 2])):
            self.damage(frames)
        self.stream = self.damage_bytes(b"".join(frame.encode() for frame in frames))

    def chance(self, part: int, of: int) -> bool:
        return self.random.randrange(of) < part

    def pieces(self) -> list[bytes]:
        """The stream cut at random places, now and then byte by byte."""
        if self.chance(1, 8) and len(self.stream) < 2000:
            return [self.stream[i : i + 1] for i in range(len(self.stream))]
        inner = range(1, len(self.stream))
        cuts = sorted(self.random.sample(inner, min(len(inner), self.random.choice([0, 1, 3, 10]))))
        return [self.stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(self.stream)], strict=True)]

    def __str__(self) -> str:
        receiver = "server" if self.to_server else "client"
        frames = [dataclasses.replace(frame, payload=frame.payload[:20]) for frame in walk(self.stream)]
        return f"{receiver}, {self.terms}, {len(self.stream)} bytes:\n" + "\n".join(map(str, frames))

    # ---- Valid frames ----

    def frame(self, opcode: int, payload: bytes = b"", fin: bool = True, rsv: int = 0) -> Frame:
        return Frame(opcode, payload, fin, rsv, self.to_server, self.random.randbytes(4) if self.to_server else b"")

    def message(self) -> list[Frame]:
        """A message or a control frame; control frames also stand between the fragments of a message."""
        if self.chance(1, 5):
            return [self.control()]
        opcode, payload = self.content()
        compressed = self.terms is not None and self.chance(3, 4)
        rsv = RSV1 if compressed else 0
        if compressed:
            payload = self.deflate(payload)
        pieces = self.random.choice([1, 1, 1, 2, 3, 6])
        cuts = sorted(self.random.randint(0, len(payload)) for _ in range(pieces - 1))
        frames = []
        for number, (a, b) in enumerate(zip([0, *cuts], [*cuts, len(payload)], strict=True)):
            frames.append(self.frame(opcode, payload[a:b], number == pieces - 1, rsv))
            opcode, rsv = CONTINUATION, 0
            if number < pieces - 1 and self.chance(1, 40 if compressed else 4):
                frames.append(self.control())
        return frames

    def content(self) -> tuple[int, bytes]:
        if self.chance(1, 2):
            text = "".join(self.random.choices(WORDS, k=self.random.choice([0, 1, 2, 5, 40])))
            return TEXT, text.encode()
        length = self.random.choice([0, 1, 2, 125, 126, 127, 300, 1000, 5000, 5000, 20000, 65535, 65536])
        alphabet = self.random.randbytes(self.random.choice([1, 3, 256]))
        return BINARY, bytes(self.random.choices(alphabet, k=length))

    def deflate(self, data: bytes) -> bytes:
        """The payload of a compressed message (RFC 7692 7.2.1), with all kinds of blocks."""
        if self.compressor is None or not self.terms.takeover:
            strategy = self.random.choice([zlib.Z_DEFAULT_STRATEGY, zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_RLE])
            level = self.random.choice([0, 1, 6, 9])
            self.compressor = zlib.compressobj(level, zlib.DEFLATED, -self.sent_bits, 8, strategy)
        half = self.random.randint(0, len(data)) if self.chance(1, 4) else 0
        out = self.compressor.compress(data[:half])
        if half:
            out += self.compressor.flush(self.random.choice([zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_PARTIAL_FLUSH]))
        out += self.compressor.compress(data[half:])
        if self.chance(1, 20):  # a final block (7.2.3.4), after which nothing refers to what came before
            out += self.compressor.flush(zlib.Z_FINISH)
            self.compressor = None
            return out + b"\x00"
        out += self.compressor.flush(zlib.Z_SYNC_FLUSH)
        return out[: -len(TAIL)]

    def control(self) -> Frame:
        return self.frame(self.random.choice([PING, PONG]), self.random.randbytes(self.random.choice([0, 1, 8, 125])))

    def close(self) -> Frame:
        if self.chance(1, 6):
            return self.frame(CLOSE)
        code = self.random.choice(CODES)
        return self.frame(CLOSE, code.to_bytes(2, "big") + self.random.choice(WORDS).encode())

    # ---- Damage ----

    def damage(self, frames: list[Frame]) -> None:
        """Breaks a rule, mostly."""
        at = self.random.randrange(len(frames))
        frame = frames[at]
        match self.random.randrange(15):
            case 0:
                frame.fin = not frame.fin
            case 1:
                frame.rsv ^= self.random.choice([RSV1, RSV1, RSV2, RSV3])
            case 2:
                frame.opcode = self.random.randrange(16)
            case 3:
                frame.masked = not frame.masked
                frame.key = frame.key or b"\x01\x02\x03\x04"
            case 4:
                frame.form = self.random.choice([2, 8])
            case 5:
                frame.declared = self.random.choice([0, len(frame.payload) + 1, 1 << 20, 1 << 25, 1 << 62, 1 << 63])
                frame.form = 8 if frame.declared >= 65536 else None
            case 6:
                del frames[at + 1 :]
                frame.payload = frame.payload[: self.random.randint(0, len(frame.payload))]
            case 7:
                frames.insert(at, frames[self.random.randrange(len(frames))])
            case 8:
                frames.insert(at, frames.pop(self.random.randrange(len(frames))))
            case 9:
                frame.payload = self.damage_bytes(frame.payload, at_least=1)
            case 10:
                frame.payload = frame.payload[: self.random.randint(0, len(frame.payload))]
            case 11:
                frame.payload += self.random.randbytes(self.random.choice([1, 4, 126]))
            case 12:
                reason = self.random.choice([b"", b"\xff", b"ok\xc3", "ü".encode() * 61, "ü".encode() * 62])
                frames.insert(at, self.frame(CLOSE, self.random.choice(CODES + BAD_CODES).to_bytes(2, "big") + reason))
            case 13:
                frames.insert(at, self.frame(CLOSE, b"\x03"))
            case 14:
                del frames[at + 1 :]
                frame.rsv ^= RSV1
                frame.cut = self.random.randint(1, 14)

    def damage_bytes(self, data: bytes, at_least: int = 0) -> bytes:
        """Flips bits, cuts the end off, puts bytes in or takes some out; three times in four nothing."""
        out = bytearray(data)
        for _ in range(max(at_least, self.random.choice([0, 0, 0, 1]))):
            if not out:
                break
            at = self.random.randrange(len(out))
            match self.random.randrange(4):
                case 0:
                    out[at] ^= 1 << self.random.randrange(8)
                case 1:
                    del out[at:]
                case 2:
                    out[at:at] = self.random.randbytes(self.random.choice([1, 2, 5]))
                case 3:
                    del out[at : at + self.random.choice([1, 2, 5])]
        return bytes(out)
