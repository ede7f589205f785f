# SPDX-License-Identifier: MIT
"""The way out of a Connection: messages, fragments, control frames and the closing handshake."""

from __future__ import annotations

import pytest
from tidewire import (
    Close,
    CloseCause,
    CloseInfo,
    Error,
    Message,
    Opcode,
    Ping,
    Role,
    State,
    UsageError,
    Want,
    decode_frames,
)
from wire import KEY, LENGTHS, binary, counting_random, frame, open_pair, pattern, readable_buffers, text, upgraded


class TestSend:
    @pytest.mark.parametrize("length", LENGTHS)
    def test_a_message_from_buffers_of_every_kind(self, length):
        connection = upgraded()
        for buffer in readable_buffers(pattern(length)):
            connection.send(buffer)
            assert connection.data_to_send() == frame(Opcode.BINARY, pattern(length))
            connection.send_binary(buffer)
            assert connection.data_to_send() == frame(Opcode.BINARY, pattern(length))

    def test_text(self):
        connection = upgraded()
        for string in ("", "ASCII", "Grüße", "日本", "😀", "a" * 70_000):
            expected = frame(Opcode.TEXT, string.encode())
            for send in (connection.send, connection.send_text):
                send(string)
                assert connection.data_to_send() == expected
            connection.send_text(bytearray(string.encode()))
            assert connection.data_to_send() == expected

    def test_a_message_is_sent_as_what_it_is(self):
        connection = upgraded()
        for event in connection.receive(text("grün".encode()) + binary(b"\xff")):
            connection.send(event)
        assert connection.data_to_send() == frame(Opcode.TEXT, "grün".encode()) + frame(Opcode.BINARY, b"\xff")

    def test_the_data_is_copied(self):
        connection = upgraded()
        data = bytearray(b"before")
        connection.send(data)
        data[:] = b"after!"
        assert connection.data_to_send() == frame(Opcode.BINARY, b"before")

    def test_fragments(self):
        connection = upgraded()
        connection.send("gr", more=True)
        connection.send_continuation(b"\xc3", more=True)
        connection.ping(b"between")
        connection.send_continuation(b"\xbc", more=True)
        connection.send_continuation("n")
        assert connection.data_to_send() == (
            frame(Opcode.TEXT, b"gr", fin=False)
            + frame(Opcode.CONTINUATION, b"\xc3", fin=False)
            + frame(Opcode.PING, b"between")
            + frame(Opcode.CONTINUATION, b"\xbc", fin=False)
            + frame(Opcode.CONTINUATION, b"n")
        )

    def test_fragments_in_disorder_are_refused(self):
        connection = upgraded()
        with pytest.raises(UsageError) as raised:
            connection.send_continuation(b"")
        assert raised.value.name == "TW_ERR_STATE"
        connection.send_binary(b"", more=True)
        with pytest.raises(UsageError) as raised:
            connection.send(b"")
        assert raised.value.name == "TW_ERR_STATE"
        connection.send_continuation(b"")

    @pytest.mark.parametrize("wrong", [b"\xff", Message(b"\xff", is_text=True)])
    def test_text_that_is_not_utf8_is_refused(self, wrong):
        connection = upgraded()
        send = connection.send if isinstance(wrong, Message) else connection.send_text
        with pytest.raises(UsageError) as raised:
            send(wrong)
        assert raised.value.name == "TW_ERR_TEXT"
        assert connection.data_to_send() == b""
        assert connection.state is State.OPEN

    def test_lone_surrogates_are_refused(self):
        connection = upgraded()
        for send in (connection.send, connection.send_text, connection.send_continuation):
            with pytest.raises(UnicodeEncodeError):
                send("\ud800")

    @pytest.mark.parametrize("wrong", [1, None, [b""]])
    def test_what_is_no_message_is_refused(self, wrong):
        connection = upgraded()
        for send in (connection.send, connection.send_text, connection.send_binary, connection.send_continuation):
            with pytest.raises(TypeError, match="data must be bytes-like"):
                send(wrong)
        with pytest.raises(TypeError, match="data must be bytes-like, not str"):
            connection.send_binary("text")
        with pytest.raises(TypeError, match="data must be one contiguous piece"):
            connection.send(memoryview(b"abcd")[::2])

    def test_wrong_calls_are_refused_by_name(self):
        connection = upgraded()
        with pytest.raises(TypeError, match=r"send\(\) missing required argument 'data'"):
            connection.send()
        with pytest.raises(TypeError, match=r"send_text\(\) takes at most 1 positional"):
            connection.send_text("", True)
        with pytest.raises(TypeError, match=r"ping\(\) takes at most 1 positional"):
            connection.ping(b"", b"")
        with pytest.raises(TypeError, match=r"close\(\) got an unexpected keyword argument 'why'"):
            connection.close(why="")

    def test_pings_and_pongs(self):
        connection = upgraded()
        connection.ping()
        connection.pong()
        for buffer in readable_buffers(b"abcd"):
            connection.ping(buffer)
            connection.pong(buffer)
        frames, _ = decode_frames(bytearray(connection.data_to_send()))
        assert [(f.opcode, f.payload) for f in frames] == [(Opcode.PING, b""), (Opcode.PONG, b"")] + [
            (Opcode.PING, b"abcd"),
            (Opcode.PONG, b"abcd"),
        ] * len(readable_buffers(b"abcd"))

    def test_a_long_ping_is_refused(self):
        connection = upgraded()
        for send in (connection.ping, connection.pong):
            send(bytes(125))
            with pytest.raises(UsageError) as raised:
                send(bytes(126))
            assert raised.value.name == "TW_ERR_CONTROL_LENGTH"
            with pytest.raises(TypeError, match="data must be bytes-like, not str"):
                send("text")

    def test_pongs_are_ours_when_they_are_manual(self):
        connection = upgraded(manual_pong=True)
        assert connection.receive(frame(Opcode.PING, b"ping", KEY)) == [Ping(b"ping")]
        assert connection.data_to_send() == b""
        connection.pong(b"ping")
        assert connection.data_to_send() == frame(Opcode.PONG, b"ping")

    def test_a_client_masks_with_keys_of_its_random_source(self):
        connection = upgraded(Role.CLIENT, random=counting_random())
        connection.send("one")
        connection.send("two")
        assert connection.data_to_send() == frame(1, b"one", bytes([0, 1, 2, 3])) + frame(
            1, b"two", bytes([4, 5, 6, 7])
        )

    def test_masking_keys_differ_by_default(self):
        connection = upgraded(Role.CLIENT)
        for _ in range(1000):
            connection.send(b"")
        frames, _ = decode_frames(bytearray(connection.data_to_send()), role=Role.SERVER)
        assert len({f.masking_key for f in frames}) > 990


class TestClose:
    def test_what_came_before_the_peers_may_still_be_answered(self):
        connection = upgraded()
        question, _ = connection.receive(text(b"question") + frame(Opcode.CLOSE, b"\x03\xe8", KEY))
        connection.send(question)
        assert connection.data_to_send() == frame(Opcode.TEXT, b"question") + frame(Opcode.CLOSE, b"\x03\xe8")
        with pytest.raises(UsageError) as raised:
            connection.send("too late")
        assert raised.value.name == "TW_ERR_STATE"

    def test_the_answer_may_be_ours(self):
        connection = upgraded()
        connection.receive(frame(Opcode.CLOSE, b"\x03\xe8", KEY))
        connection.close(4000, "farewell")
        assert connection.data_to_send() == frame(Opcode.CLOSE, b"\x0f\xa0farewell")

    def test_only_the_answer_is_ours_when_it_is_manual(self):
        connection = upgraded(manual_close=True)
        assert connection.receive(frame(Opcode.CLOSE, b"\x03\xe8", KEY)) == [Close(1000)]
        assert connection.data_to_send() == b""
        assert connection.state is State.CLOSING
        assert not connection.wants
        connection.send("last words")
        connection.close(0)
        assert connection.data_to_send() == frame(Opcode.TEXT, b"last words") + frame(Opcode.CLOSE)
        assert connection.state is State.CLOSED

    def test_who_closed_and_with_what(self):
        nothing = CloseInfo(0, 0, CloseCause.NOBODY)
        client, server = open_pair()
        assert client.close_info == server.close_info == nothing
        client.close(4000)
        assert client.close_info == CloseInfo(4000, 0, CloseCause.US)
        server.receive(client.data_to_send())
        assert server.close_info == CloseInfo(0, 4000, CloseCause.PEER)
        client.receive(server.data_to_send())
        assert client.close_info == CloseInfo(4000, 4000, CloseCause.US)
        assert server.close_info == CloseInfo(4000, 4000, CloseCause.PEER)
        assert client.close_info.cause is CloseCause.US

    def test_a_failure_closes(self):
        connection = upgraded()
        with pytest.raises(Error):
            connection.receive(text(b"\xff"))
        connection.data_to_send()
        assert connection.close_info == CloseInfo(1007, 0, CloseCause.ERROR)

    def test_both_sides_say_goodbye(self):
        client, server = open_pair()
        client.close(4000, "auf Wiederhören")
        assert client.state is State.CLOSING
        assert server.receive(client.data_to_send()) == [Close(4000, "auf Wiederhören")]
        assert server.state is State.CLOSING
        assert server.wants == Want.WRITE
        assert client.receive(server.data_to_send()) == [Close(4000)]
        assert client.state is server.state is State.CLOSED
        assert server.wants == client.wants == Want.CLOSE
        assert server.error is client.error is None

    @pytest.mark.parametrize(
        ("arguments", "payload"),
        [
            ((), b"\x03\xe8"),
            ((0,), b""),
            ((1001,), b"\x03\xe9"),
            ((3000, "x" * 123), b"\x0b\xb8" + b"x" * 123),
        ],
    )
    def test_code_and_reason(self, arguments, payload):
        connection = upgraded()
        connection.close(*arguments)
        assert connection.data_to_send() == frame(Opcode.CLOSE, payload)

    @pytest.mark.parametrize("code", [999, 1005, 1006, 1015, 5000, 65536 + 1000])
    def test_codes_that_must_not_be_sent(self, code):
        with pytest.raises(UsageError) as raised:
            upgraded().close(code)
        assert raised.value.name == "TW_ERR_SEND_CLOSE_CODE"

    def test_wrong_arguments(self):
        with pytest.raises(UsageError, match="code must be between 0 and 4294967295"):
            upgraded().close(-1)
        with pytest.raises(TypeError, match="code must be an int, not str"):
            upgraded().close("1000")
        with pytest.raises(TypeError, match="reason must be str, not bytes"):
            upgraded().close(1000, b"bytes")
        with pytest.raises(UnicodeEncodeError):
            upgraded().close(1000, "\ud800")
        with pytest.raises(UsageError) as raised:
            upgraded().close(1000, "ü" * 62)
        assert raised.value.name == "TW_ERR_CONTROL_LENGTH"

    def test_closing_twice_is_refused(self):
        connection = upgraded()
        connection.close()
        with pytest.raises(UsageError) as raised:
            connection.close()
        assert raised.value.name == "TW_ERR_STATE"
        with pytest.raises(UsageError) as raised:
            connection.send("too late")
        assert raised.value.name == "TW_ERR_STATE"
