# SPDX-License-Identifier: MIT
"""`python -m tidewire decode`."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from cli_process import tidewire
from tidewire import Connection as Engine
from tidewire import DeflateConfig, Frame, Opcode, Role, build_request, encode_frames, generate_key


def decoded(*arguments: object, given: bytes = b"") -> list[list[str]]:
    """The words of each line between the headings and the last line, of a stream without a fault."""
    done = tidewire("decode", *arguments, given=given)
    assert (done.status, done.errors) == (0, "")
    return [line.split() for line in done.lines[1:-1]]


class TestFrames:
    def test_decode_shows_every_field_of_a_frame(self) -> None:
        done = tidewire("decode", "81 85 37fa213d 7f9f4d5158")
        assert done.lines[0].split() == ["offset", "opcode", "fin", "rsv", "mask", "length"]
        assert done.lines[1].split() == ["0", "text", "fin", "-", "37fa213d", "5"]
        assert done.lines[2].split() == ['"Hello"']
        assert done.lines[3] == "frames: 1, whole messages: 1"

    def test_decode_shows_all_kinds_with_their_offsets(self) -> None:
        stream = encode_frames(
            [
                Frame(Opcode.TEXT, "Grü".encode()[:3], fin=False),
                Frame(Opcode.PING, b"\x01"),
                Frame(Opcode.CONTINUATION, "Grü".encode()[3:]),
                Frame(Opcode.BINARY, bytes(range(20))),
                Frame(Opcode.PONG),
                Frame(Opcode.CLOSE, b"\x03\xe9bye"),
            ]
        )
        lines = decoded(stream.hex())
        assert [line[:3] for line in lines if len(line) == 6 and line[1].isalpha()] == [
            ["0", "text", "-"],
            ["5", "ping", "fin"],
            ["8", "continuation", "fin"],
            ["11", "binary", "fin"],
            ["33", "pong", "fin"],
            ["35", "close", "fin"],
        ]
        assert ["000010", "10", "11", "12", "13", "|....|"] in lines
        assert ["1001", "(going", "away)", "bye"] in lines

    def test_decode_limits_what_it_shows(self) -> None:
        stream = encode_frames([Frame(Opcode.BINARY, bytes(100)), Frame(Opcode.TEXT, b"x" * 100)])
        lines = decoded("--limit", 32, stream.hex())
        assert lines.count(["and", "68", "bytes", "more"]) == 2
        assert ['"' + "x" * 32 + '"'] in lines
        assert ['"' + "x" * 100 + '"'] in decoded("--limit", 0, stream.hex())

    def test_decode_lets_no_text_control_the_terminal(self) -> None:
        lines = decoded(encode_frames([Frame(Opcode.TEXT, b"a\x1b[2Jb\x07\n")]).hex())
        assert lines[1] == ['"a\\x1b[2Jb\\x07\\n"']


class TestSources:
    STREAM = encode_frames([Frame(Opcode.TEXT, b"from a file")])

    def test_decode_reads_hex_and_bytes_from_files_and_its_input(self, tmp_path: Path) -> None:
        (tmp_path / "hex").write_text("\n".join(f"{byte:02x}:" for byte in self.STREAM))
        (tmp_path / "raw").write_bytes(self.STREAM)
        expected = decoded(self.STREAM.hex())
        assert decoded("--file", tmp_path / "hex") == expected
        assert decoded("--raw", tmp_path / "raw") == expected
        assert decoded(given=self.STREAM.hex(" ").encode()) == expected
        assert decoded("--raw", "-", given=self.STREAM) == expected

    def test_decode_shows_and_skips_an_http_head(self) -> None:
        head = build_request(generate_key(), host="example.com", target="/feed")
        lines = decoded("--raw", "-", given=head + self.STREAM)
        assert lines[0] == ["Host:", "example.com"]  # the first line of the head is where the headings are elsewhere
        assert [str(len(head)), "text", "fin", "-", "-", "11"] in lines

    @pytest.mark.parametrize(
        ("arguments", "given", "status", "what"),
        [
            (["8g"], b"", 2, "HEX: 'g' is not a hex digit"),
            ([], b"810", 1, "the standard input: an odd number of hex digits (3)"),
            (["--file", "a", "--raw", "b"], b"", 2, "give one of HEX, --file and --raw"),
            (["--raw", "/nowhere/to/be/found"], b"", 1, "/nowhere/to/be/found: No such file or directory"),
            (["--raw", "-"], b"GET / HTTP/1.1\r\nHost: x\r\n", 1, "the HTTP head at the start has no end"),
            (["--limit", "-1"], b"", 2, "--limit must not be negative"),
        ],
    )
    def test_decode_says_in_one_line_what_is_wrong_with_its_input(
        self, arguments: list[str], given: bytes, status: int, what: str
    ) -> None:
        done = tidewire("decode", *arguments, given=given)
        assert (done.status, done.bytes, done.errors) == (status, b"", f"tidewire decode: {what}\n")


class TestFaults:
    @pytest.mark.parametrize(
        ("arguments", "offset", "rule"),
        [
            (["8101ff"], "0", "RFC 6455 8.1"),
            (["8100", "9100"], "2", "RFC 6455 5.2"),
            (["8100", "83 00"], "2", "RFC 6455 5.2"),
            (["8100", "827e0001 00"], "2", "RFC 6455 5.2"),
            (["8100", "0900"], "2", "RFC 6455 5.5"),
            (["--from", "client", "8100"], "0", "RFC 6455 5.1"),
            (["--from", "server", "818000000000"], "0", "RFC 6455 5.1"),
            (["8000"], None, "RFC 6455 5.4"),
            (["0100", "8100"], None, "RFC 6455 5.4"),
            (["880103"], None, "RFC 6455 5.5.1"),
            (["880203ed"], None, "RFC 6455 7.4"),
            (["--inflate", "0100", "c000"], None, "RFC 7692 6"),
            (["--inflate", "c101ff"], None, "RFC 7692 7.2.2"),
        ],
    )
    def test_decode_names_the_rule_and_the_place(self, arguments: list[str], offset: str | None, rule: str) -> None:
        done = tidewire("decode", *arguments)
        assert done.status == 1 and done.errors == ""
        [line] = [line for line in done.lines if "RFC" in line]
        assert rule in line
        assert offset is None or line.split()[0] == offset

    @pytest.mark.parametrize(
        ("stream", "left"),
        [("81", "1 bytes"), ("8105 4865", "4 of 7"), ("81fe 0080", "4 of 136"), ("82 7f 00", "3 bytes")],
    )
    def test_decode_says_what_is_missing_at_the_end(self, stream: str, left: str) -> None:
        done = tidewire("decode", "8100", stream)
        assert done.status == 1
        assert done.lines[-2].split()[0] == "2"
        assert f"within a frame: {left}" in done.lines[-2]

    def test_decode_points_to_the_option_for_compressed_messages(self) -> None:
        done = tidewire("decode", "c107f248cdc9c90700")
        assert done.status == 1 and "see --inflate" in done.lines[-2]


class TestInflate:
    def test_decode_inflates_the_standards_examples(self) -> None:
        """RFC 7692 7.2.3: a message, the same in two frames, with context, without compression, and with a stream that
        ends."""
        frames = ["c107f248cdc9c90700", "4103f248cd", "8004c9c90700", "c105f200110000", "c10b000500faff48656c6c6f00"]
        lines = decoded("--inflate", *frames, "c108f348cdc9c9070000", "8105 48656c6c6f")
        assert [line[0] for line in lines if line[0].startswith('"')] == [
            *['"Hello"', '"He"', '"llo"', '"Hello"', '"Hello"', '"Hello"', '"Hello"']
        ]

    def test_decode_inflates_what_the_engine_compressed(self) -> None:
        server = Engine(Role.SERVER, deflate=DeflateConfig(max_context_len=1 << 20))
        client = Engine(Role.CLIENT, host="h", deflate=DeflateConfig(max_context_len=1 << 20))
        server.receive(client.data_to_send())
        sent = server.data_to_send()
        client.receive(sent)
        for number in range(5):
            server.send(f"message {number}, again and " + "again and " * 100)
        sent += server.data_to_send()
        # The HTTP head tells of the compression.
        lines = decoded("--raw", "-", "--from", "server", "--limit", 20, given=sent)
        assert [line[:2] for line in lines if line[0] == '"message'] == [['"message', f"{n},"] for n in range(5)]

    def test_decode_gives_up_a_bomb(self) -> None:
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        bomb = deflater.compress(bytes(1 << 27)) + deflater.flush(zlib.Z_SYNC_FLUSH)
        stream = encode_frames([Frame(Opcode.BINARY, bomb[:-4], rsv=4)])
        done = tidewire("decode", "--inflate", "--raw", "-", given=stream)
        assert done.status == 1
        assert any("inflates to more than 67108864 bytes" in line for line in done.lines)
