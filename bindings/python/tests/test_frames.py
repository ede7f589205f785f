# SPDX-License-Identifier: MIT
"""Frame, decode_frames, encode_frames and close_code_valid."""

from __future__ import annotations

import array
import gc

import pytest
import tidewire
from tidewire import Frame, LimitError, Opcode, ProtocolError, Role, UsageError
from wire import KEY, frame, masked, pattern, writable_buffers

# Around every change of the header's form, and around the length from which payloads are views.
LENGTHS = [0, 1, 125, 126, 127, 65535, 65536, 32 * 1024 - 1, 32 * 1024]


def decode(data, **rules):
    return tidewire.decode_frames(bytearray(data), **rules)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("key", [None, KEY])
def test_a_frame_is_decoded(length, key):
    payload = pattern(length)
    data = frame(Opcode.BINARY, payload, key)
    [decoded], consumed = decode(data)
    assert decoded == Frame(Opcode.BINARY, payload, masking_key=key)
    assert decoded.opcode is Opcode.BINARY
    assert decoded.fin is True
    assert (decoded.rsv, decoded.offset, decoded.masked) == (0, 0, key is not None)
    assert decoded.header_len == len(data) - length
    assert consumed == len(data)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("key", [None, KEY])
def test_a_frame_is_encoded(length, key):
    payload = pattern(length)
    assert tidewire.encode_frames([Frame(Opcode.TEXT, payload, masking_key=key)]) == frame(Opcode.TEXT, payload, key)


def test_many_frames_are_decoded_and_encoded_in_order():
    frames = [
        Frame(
            [Opcode.TEXT, Opcode.BINARY, Opcode.CONTINUATION][i % 3],
            b"x" * (i * 7 % 300),
            fin=i % 5 != 0,
            masking_key=None if i % 2 else i.to_bytes(4, "big"),
        )
        for i in range(500)
    ]
    data = tidewire.encode_frames(iter(frames))
    assert data == b"".join(frame(f.opcode, f.payload, f.masking_key, f.fin) for f in frames)
    decoded, consumed = decode(data)
    assert decoded == frames
    assert consumed == len(data)
    at = 0
    for one in decoded:
        assert one.offset == at
        at += one.header_len + len(one.payload)
    assert at == consumed


def test_no_frames_are_no_bytes():
    assert tidewire.encode_frames([]) == b""
    assert decode(b"") == ([], 0)


def test_a_frame_that_is_cut_stays_as_it_is():
    whole = frame(Opcode.TEXT, b"whole", KEY)
    cut = frame(Opcode.TEXT, b"cut off", KEY)
    for length in range(len(cut)):
        data = bytearray(whole + cut[:length])
        frames, consumed = tidewire.decode_frames(data)
        assert frames == [Frame(Opcode.TEXT, b"whole", masking_key=KEY)]
        assert consumed == len(whole)
        assert data[consumed:] == cut[:length]


def test_payloads_are_unmasked_in_buffers_of_every_kind():
    payload = pattern(49)
    data = frame(Opcode.BINARY, payload, KEY) + b"\x00"  # 56 bytes, and the start of a frame
    for buffer in writable_buffers(data):
        [decoded], consumed = tidewire.decode_frames(buffer)
        assert decoded.payload == payload
        assert consumed == 55
        assert bytes(memoryview(buffer).cast("B"))[6:55] == payload


def test_small_payloads_are_bytes_and_large_ones_views():
    data = bytearray(frame(Opcode.BINARY, pattern(100), KEY) + frame(Opcode.BINARY, pattern(40_000), KEY))
    [small, large], _ = tidewire.decode_frames(data)
    assert type(small.payload) is bytes
    assert type(large.payload) is memoryview
    assert large.payload == pattern(40_000)
    data[-1] ^= 0xFF
    assert large.payload[-1] == pattern(40_000)[-1] ^ 0xFF
    with pytest.raises(BufferError):
        data.clear()
    del large
    gc.collect()
    data.clear()


def test_a_view_outlives_the_frame_and_the_buffer():
    payload = decode(frame(Opcode.BINARY, pattern(50_000), KEY))[0][0].payload
    gc.collect()
    assert payload == pattern(50_000)


def test_views_of_wide_items_are_bytes():
    numbers = array.array("Q", frame(Opcode.BINARY, pattern(40_000 - 8), KEY))
    [decoded], _ = tidewire.decode_frames(numbers)
    assert decoded.payload == pattern(40_000 - 8)
    assert decoded.payload.format == "B"


def test_a_decoded_frame_can_be_encoded_again():
    for length in (10, 40_000):
        data = frame(Opcode.BINARY, pattern(length), KEY)
        frames, _ = decode(data)
        assert tidewire.encode_frames(frames) == data


def test_roles_ask_for_a_mask_or_for_none():
    assert decode(frame(1, b"a", KEY), role=Role.SERVER)[1] == 7
    assert decode(frame(1, b"a"), role=Role.CLIENT)[1] == 3
    with pytest.raises(ProtocolError) as raised:
        decode(frame(1, b"a"), role=Role.SERVER)
    assert raised.value.name == "TW_ERR_MASK_MISSING"
    with pytest.raises(ProtocolError) as raised:
        decode(frame(1, b"a", KEY), role=Role.CLIENT)
    assert raised.value.name == "TW_ERR_MASK_UNEXPECTED"


@pytest.mark.parametrize("rsv", [1, 2, 4, 7])
def test_reserved_bits_must_be_allowed(rsv):
    data = frame(Opcode.BINARY, b"a", rsv=rsv)
    with pytest.raises(ProtocolError) as raised:
        decode(data)
    assert raised.value.name == "TW_ERR_RSV"
    [decoded], _ = decode(data, allow_rsv=rsv)
    assert decoded.rsv == rsv
    assert tidewire.encode_frames([decoded]) == data


def test_text_is_validated_unless_it_need_not_be():
    data = frame(Opcode.TEXT, b"\xff")
    with pytest.raises(ProtocolError) as raised:
        decode(data)
    assert raised.value.name == "TW_ERR_UTF8"
    assert raised.value.close_code == 1007
    assert decode(data, validate_text=False)[0] == [Frame(Opcode.TEXT, b"\xff")]


def test_an_error_has_the_frames_before_it():
    good = frame(Opcode.TEXT, b"good") * 70  # more than the engine decodes in one call
    with pytest.raises(ProtocolError) as raised:
        decode(good + b"\x83\x00")
    assert raised.value.name == "TW_ERR_OPCODE"
    assert raised.value.offset == len(good)
    assert raised.value.events == [Frame(Opcode.TEXT, b"good")] * 70


def test_what_cannot_be_decoded_into_is_refused():
    data = frame(Opcode.TEXT, b"a", KEY)
    for read_only in (data, memoryview(data), memoryview(bytearray(data)).toreadonly()):
        with pytest.raises(TypeError, match="buffer is written to and must be writable, not read-only"):
            tidewire.decode_frames(read_only)
    with pytest.raises(TypeError, match="buffer must be one contiguous piece of memory"):
        tidewire.decode_frames(memoryview(bytearray(data * 2))[::2])
    with pytest.raises(TypeError, match="buffer must be bytes-like, not str"):
        tidewire.decode_frames("text")


@pytest.mark.parametrize("role", [2, -1])
def test_a_number_that_is_no_role_is_refused(role):
    with pytest.raises(UsageError, match="role must be between 0 and 1"):
        decode(b"", role=role)


def test_the_rules_are_given_by_name():
    with pytest.raises(TypeError, match="takes at most 1 positional"):
        tidewire.decode_frames(bytearray(), Role.SERVER)
    with pytest.raises(UsageError, match="allow_rsv must be between 0 and 7, not 8"):
        decode(b"", allow_rsv=8)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        (Frame(Opcode.PING, bytes(126)), "TW_ERR_CONTROL_LENGTH"),
        (Frame(Opcode.PING, fin=False), "TW_ERR_CONTROL_FRAGMENTED"),
    ],
)
def test_what_no_receiver_may_accept_is_not_encoded(wrong, name):
    with pytest.raises(tidewire.Error) as raised:
        tidewire.encode_frames([Frame(Opcode.TEXT), wrong])
    assert raised.value.name == name


@pytest.mark.parametrize("frames", [[1], ["ab"], [None], [b""]])
def test_only_frames_are_encoded(frames):
    with pytest.raises(TypeError, match="frames must hold Frame objects, not"):
        tidewire.encode_frames(frames)


def test_only_iterables_are_encoded():
    with pytest.raises(TypeError, match="frames must be iterable"):
        tidewire.encode_frames(1)


class TestFrame:
    def test_has_defaults(self):
        one = Frame(1)
        assert (one.opcode, one.payload, one.fin, one.rsv, one.masking_key) == (Opcode.TEXT, b"", True, 0, None)
        assert (one.offset, one.header_len, one.masked) == (0, 0, False)

    def test_copies_a_buffer(self):
        payload = bytearray(b"abc")
        one = Frame(Opcode.BINARY, payload)
        payload[0] = 0
        assert one.payload == b"abc"

    def test_shows_what_it_is(self):
        assert repr(Frame(Opcode.PING, b"hi", masking_key=KEY)) == (
            "Frame(opcode=Opcode.PING, payload=b'hi', fin=True, rsv=0, masking_key=b'7\\xfa!=', offset=0, header_len=0)"
        )

    def test_shows_the_start_of_a_long_payload(self):
        assert f"payload=<40000 bytes: {pattern(64)!r}...>" in repr(Frame(2, pattern(40_000)))
        [view], _ = decode(frame(2, pattern(40_000)))
        assert f"payload=<40000 bytes: {pattern(64)!r}...>" in repr(view)

    def test_its_representation_makes_it_again(self):
        one = Frame(Opcode.TEXT, b"hi", False, 2, KEY, offset=3, header_len=6)
        again = eval(repr(one), {"Frame": Frame, "Opcode": Opcode})
        assert again == one
        assert (again.offset, again.header_len) == (3, 6)

    def test_is_compared_by_what_is_sent(self):
        assert Frame(1, b"a", offset=9, header_len=2) == Frame(Opcode.TEXT, b"a")
        assert hash(Frame(1, b"a", offset=9)) == hash(Frame(1, b"a"))
        for other in (
            Frame(2, b"a"),
            Frame(1, b"b"),
            Frame(1, b"a", False),
            Frame(1, b"a", rsv=1),
            Frame(1, b"a", masking_key=KEY),
        ):
            assert Frame(1, b"a") != other
        assert Frame(1) != (Opcode.TEXT, b"", True, 0, None)

    def test_has_no_order(self):
        with pytest.raises(TypeError):
            _ = Frame(1) < Frame(2)

    def test_cannot_be_changed(self):
        with pytest.raises(AttributeError):
            Frame(1).payload = b""
        with pytest.raises(AttributeError):
            Frame(1).other = 1

    @pytest.mark.parametrize("opcode", [3, 7, 11, 15])
    def test_refuses_reserved_opcodes(self, opcode):
        with pytest.raises(UsageError, match=f"opcode {opcode} is reserved"):
            Frame(opcode)

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"opcode": "1"}, TypeError, "opcode must be an int, not str"),
            ({"opcode": 256}, UsageError, "opcode must be between 0 and 255"),
            ({"opcode": 1, "payload": "text"}, TypeError, "payload must be bytes-like, not str"),
            ({"opcode": 1, "rsv": 8}, UsageError, "rsv must be between 0 and 7, not 8"),
            ({"opcode": 1, "masking_key": b"abc"}, UsageError, "masking_key must be 4 bytes, not 3"),
            ({"opcode": 1, "offset": -1}, UsageError, "offset must be between 0"),
            ({}, TypeError, "missing required argument 'opcode'"),
        ],
    )
    def test_refuses_wrong_arguments(self, arguments, error, message):
        with pytest.raises(error, match=message):
            Frame(**arguments)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999])
def test_close_codes_that_may_be_sent(code):
    assert tidewire.close_code_valid(code) is True


@pytest.mark.parametrize(
    "code", [-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65536 + 1000, 2**32 + 1000, 2**80]
)
def test_close_codes_that_may_not_be_sent(code):
    assert tidewire.close_code_valid(code) is False


def test_a_close_code_is_an_int():
    with pytest.raises(TypeError):
        tidewire.close_code_valid("1000")


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1000])
def test_masking_keys_are_fresh(count):
    keys = tidewire.masking_keys(count)
    assert len(keys) == count
    assert all(len(key) == 4 for key in keys)
    # That more than 10 of 1000 come again happens less than once in 10^45 runs.
    assert len(set(keys)) >= count - 10
    frames = [Frame(Opcode.TEXT, b"a", masking_key=key) for key in keys]
    assert len(tidewire.encode_frames(frames)) == 7 * count


@pytest.mark.parametrize("count", ["1", 1.0, None])
def test_a_number_of_masking_keys_is_an_int(count):
    with pytest.raises(TypeError):
        tidewire.masking_keys(count)


@pytest.mark.parametrize("count", [-1, 1 << 64])
def test_a_number_of_masking_keys_must_make_sense(count):
    with pytest.raises(UsageError):
        tidewire.masking_keys(count)


def test_masking_is_undone_with_the_reference():
    [decoded], _ = decode(frame(Opcode.BINARY, masked(pattern(9), KEY)))
    assert masked(bytes(decoded.payload), KEY) == pattern(9)


def test_a_payload_too_long_to_address_is_refused():
    with pytest.raises((ProtocolError, LimitError)) as raised:
        decode(b"\x82\x7f" + b"\xff" * 8)
    assert raised.value.name == "TW_ERR_LENGTH_TOO_LARGE"
