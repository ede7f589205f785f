#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the engine with wsproto: from the same bytes the same events and, in the end, the same verdict.

A fixed number of sessions runs, and each difference that README.md explains must occur among them. To go on for longer:

usage: wsproto_test.py [--seconds SECONDS] [--seed SEED]
"""

import argparse
import collections
import dataclasses
import pathlib
import re
import reprlib
import sys
import time
import unittest
import zlib

import tidewire
import wsproto.connection
import wsproto.events
from streams import CLOSE, CONTINUATION, PING, RSV1, TAIL, Session, walk
from wsproto.extensions import PerMessageDeflate

SESSIONS = 1500  # seeds 0 and up: a few seconds
MAX_FRAME = 16 * 1024 * 1024  # the engine's default
REST = bytes(1 << 17)  # to go on with where a stream ends inside a frame
README = pathlib.Path(__file__).with_name("README.md")


@dataclasses.dataclass
class Outcome:
    """What became of a stream. An event is its kind and its data; events are kept apart from their offsets because
    wsproto knows none."""

    events: list = dataclasses.field(default_factory=list)
    offsets: list = dataclasses.field(default_factory=list)
    end: str = "goes on"  # or "closed", "failed"
    code: int = 0  # the close code that answers a failure
    status: str = "TW_OK"
    offset: int = 0  # of the failure

    def __str__(self) -> str:
        return f"{self.end} {self.code} {self.status} at {self.offset}: {reprlib.repr(self.events)}"


# ---- The engine ----


def told(event) -> tuple:
    match event:
        case tidewire.Message():
            return ("text", event.text) if event.is_text else ("binary", event.data)
        case tidewire.Close():
            return "close", event.code, event.reason
        case _:
            return type(event).__name__.lower(), event.data


def run_engine(session: Session, pieces: list[bytes]) -> Outcome:
    deflate = negotiated = None
    if session.terms is not None:
        deflate = tidewire.DeflateConfig(max_context_len=1 << 20, max_ratio=(1 << 32) - 1)
        bits, takeover = session.terms.window_bits, session.terms.takeover
        negotiated = tidewire.Deflate(receive_window_bits=bits, receive_takeover=takeover)
    role = tidewire.Role.SERVER if session.to_server else tidewire.Role.CLIENT
    connection = tidewire.Connection(role, upgraded=True, deflate=deflate, negotiated=negotiated)
    outcome = Outcome()
    for piece in pieces:
        try:
            events = connection.receive(piece)
        except tidewire.Error as error:
            events = error.events
            outcome.end, outcome.code = "failed", error.close_code
            outcome.status, outcome.offset = error.name, error.offset
        outcome.events += map(told, events)
        outcome.offsets += [event.offset for event in events]
        if outcome.end == "failed":
            return outcome
    if outcome.events and outcome.events[-1][0] == "close":
        outcome.end = "closed"
    return outcome


# ---- wsproto ----


class Wsproto:
    def __init__(self, session: Session) -> None:
        extensions = []
        if session.terms is not None:
            sender = "client" if session.to_server else "server"
            parameters = f"permessage-deflate; {sender}_max_window_bits={session.terms.window_bits}"
            if not session.terms.takeover:
                parameters += f"; {sender}_no_context_takeover"
            extensions = [PerMessageDeflate()]
            extensions[0].finalize(parameters)
        role = wsproto.connection.SERVER if session.to_server else wsproto.connection.CLIENT
        self.connection = wsproto.connection.Connection(role, extensions)
        self.message = []
        self.outcome = Outcome()

    def run(self, pieces: list[bytes]) -> Outcome:
        for piece in pieces:
            self.connection.receive_data(piece)
            for event in self.connection.events():
                self.take(event)
            if self.outcome.end != "goes on":
                break
        return self.outcome

    def take(self, event) -> None:
        match event:
            case wsproto.events.Message():
                self.message.append(event.data)
                if event.message_finished:
                    text = isinstance(event, wsproto.events.TextMessage)
                    whole = ("" if text else b"").join(self.message)
                    self.outcome.events.append(("text" if text else "binary", whole))
                    self.message = []
            case wsproto.events.Ping():
                self.outcome.events.append(("ping", bytes(event.payload)))
            case wsproto.events.Pong():
                self.outcome.events.append(("pong", bytes(event.payload)))
            case wsproto.events.CloseConnection():
                # It tells of a failure by the same event, but then without a change of state.
                if self.connection.state is wsproto.connection.ConnectionState.OPEN:
                    self.outcome.end, self.outcome.code = "failed", int(event.code)
                else:
                    self.outcome.end = "closed"
                    self.outcome.events.append(("close", int(event.code), event.reason or ""))


# ---- The differences ----


def compressed_messages(frames):
    """Offset, payload so far and whether it is whole, of each compressed message until the order of frames is broken."""
    start, payload, compressed = None, b"", False
    for frame in frames:
        if frame.opcode >= CLOSE:
            continue
        if (frame.opcode == CONTINUATION) != (start is not None):
            break
        if start is None:
            start, payload, compressed = frame.offset, b"", bool(frame.rsv & RSV1)
        payload += frame.payload
        whole = frame.fin and frame.whole
        if whole:
            if compressed:
                yield start, payload, True
            start = None
    if start is not None and compressed:
        yield start, payload, False


def is_finished(decompressor) -> bool:
    """Whether a block may begin here: a last one, of the byte X alone, is understood."""
    probe = decompressor.copy()
    try:
        return probe.decompress(b"\x01\x01\x00\xfe\xffX") == b"X" and probe.eof
    except zlib.error:
        return False


def inflate_slowly(decompressor, data: bytes) -> None:
    """One byte at a time: only then does zlib look at every distance."""
    while decompressor.decompress(data, 1) or decompressor.unconsumed_tail:
        data = decompressor.unconsumed_tail


class Deflated:
    """The first message with each peculiarity of its DEFLATE data, by zlib alone: its offset, or None."""

    def __init__(self, terms, frames) -> None:
        self.final = self.unfinished = self.too_far = None
        wide = narrow = None
        for offset, payload, whole in compressed_messages(frames):
            if wide is None or not terms.takeover:
                wide, narrow = zlib.decompressobj(-15), zlib.decompressobj(-terms.window_bits)
            data = payload + TAIL if whole else payload
            try:
                wide.decompress(data)
            except zlib.error:
                return
            if wide.eof:
                self.final = offset
                return
            if whole and not is_finished(wide):
                self.unfinished = offset
                return
            try:
                if self.too_far is None:
                    inflate_slowly(narrow, data)
            except zlib.error:
                self.too_far = offset


class Case:
    """A session whose outcomes differ. The methods below are the differences, named as in README.md: each returns the
    offset from which on the two may part, or None where it is not the reason."""

    def __init__(self, session: Session, engine: Outcome, other: Outcome) -> None:
        self.session, self.engine, self.other = session, engine, other
        self.ends = engine.end, other.end
        self.frames = list(walk(session.stream))

    def frame_at(self, offset: int):
        """The frame that the byte at `offset` belongs to."""
        return [frame for frame in self.frames if frame.offset <= offset][-1]

    def deflated(self) -> Deflated:
        return Deflated(self.session.terms, self.frames if self.session.terms else [])

    def judged_early(self):
        last = self.frames[-1]
        if self.ends != ("failed", "goes on") or last.whole or last.offset > self.engine.offset:
            return None
        later = Wsproto(self.session).run([self.session.stream + REST])
        return last.offset if later.end == "failed" else None

    def cut_header(self):
        last = self.frames[-1]
        if self.ends != ("goes on", "failed") or last.whole or last.payload:
            return None
        later = run_engine(self.session, [self.session.stream + REST])
        return last.offset if later.end == "failed" else None

    def no_limits(self):
        if self.engine.status == "TW_ERR_LIMIT_FRAME" and self.frame_at(self.engine.offset).length > MAX_FRAME:
            return self.engine.offset
        return None

    def close_1014(self):
        if self.engine.end == "goes on":
            return None
        last = self.frame_at(self.engine.offset if self.engine.end == "failed" else self.engine.offsets[-1])
        if last.opcode == CLOSE and last.payload[:2] == b"\x03\xf6" and self.other.code == 1002:
            return last.offset
        return None

    def control_in_compressed_message(self):
        for offset, _, _ in compressed_messages(self.frames):
            later = [frame for frame in self.frames if frame.offset > offset]
            for control, following in zip(later, later[1:], strict=False):
                if control.opcode < CLOSE and control.fin:
                    break
                if control.opcode >= PING:
                    return following.offset
        return None

    def final_block(self):
        return self.deflated().final

    def unfinished_block(self):
        offset = self.deflated().unfinished
        if self.engine.status == "TW_ERR_DEFLATE" and offset is not None and offset <= self.engine.offset:
            return offset
        return None

    def beyond_window(self):
        return self.deflated().too_far if self.other.code == 1007 else None

    def inflated_first(self):
        if self.engine.status in ("TW_ERR_INTERLEAVED", "TW_ERR_CONTINUATION") and self.other.code == 1007:
            return self.engine.offset
        return None

    def same_until(self, offset: int) -> bool:
        known = [event for event, at in zip(self.engine.events, self.engine.offsets, strict=True) if at < offset]
        return self.other.events[: len(known)] == known

    def explanation(self) -> str | None:
        for name in DIFFERENCES:
            offset = getattr(self, name)()
            if offset is not None and self.same_until(offset):
                return name
        return None


WSLAY_LIST, _, WSPROTO_LIST = README.read_text("utf-8").partition("## wsproto")
DIFFERENCES = re.findall(r"^\| `(\w+)` \|", WSPROTO_LIST, re.MULTILINE)


def compare(seed: int) -> str | None:
    """The name of a difference, or None where there is none. AssertionError where it cannot be explained."""
    session = Session(seed)
    pieces = session.pieces()
    engine, other = run_engine(session, pieces), Wsproto(session).run(pieces)
    if (engine.events, engine.end, engine.code) == (other.events, other.end, other.code):
        return None
    name = Case(session, engine, other).explanation()
    assert name, f"seed {seed}\n{session}\nengine:  {engine}\nwsproto: {other}"
    return name


class Differential(unittest.TestCase):
    def test_fixed_sessions(self):
        counts = collections.Counter(compare(seed) for seed in range(SESSIONS))
        print(summary(counts))
        for name in DIFFERENCES:
            self.assertGreater(counts[name], 0, f"{name} never occurred: it has no place in README.md any more")

    def test_list_for_wslay(self):
        listed = re.findall(r"^\| ([\w ]+) \|", WSLAY_LIST.partition("## wslay")[2], re.MULTILINE)[1:]
        source = README.parent.parent / "fuzz/wslay_fuzz.cc"
        known = source.read_text("utf-8").partition("g_differences[] = {")[2].partition("};")[0]
        self.assertEqual(listed, re.findall(r'\{"([\w ]+)"', known))


def summary(counts: collections.Counter) -> str:
    different = ", ".join(f"{name} {counts[name]}" for name in DIFFERENCES)
    return f"wsproto: {counts.total()} sessions, {counts[None]} without a difference; {different}"


def run_for(seconds: float, seed: int) -> None:
    counts = collections.Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        counts[compare(seed)] += 1
        seed += 1
    print(f"{summary(counts)}; the next seed is {seed}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(usage=__doc__.rpartition("usage: ")[2].strip())
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=SESSIONS)
    arguments, rest = parser.parse_known_args()
    if arguments.seconds is not None:
        run_for(arguments.seconds, arguments.seed)
    else:
        unittest.main(argv=[sys.argv[0], *rest])
