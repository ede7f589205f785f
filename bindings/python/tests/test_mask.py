# SPDX-License-Identifier: MIT
"""mask, mask_into and validate_utf8, with every kernel that this processor has."""

from __future__ import annotations

import array
import codecs

import pytest
import tidewire
from tidewire import UsageError, unstable
from wire import KEY, masked, pattern, readable_buffers, writable_buffers

LENGTHS = [*range(9), 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000, 4099]
# Past these the GIL is given away.
LONG = [32 * 1024 - 1, 32 * 1024, 100_003]


@pytest.fixture(params=unstable.kernel_names(), autouse=True)
def each_kernel(request):
    with unstable.kernel(request.param):
        yield


@pytest.mark.parametrize("length", [*LENGTHS, *LONG])
def test_mask_is_the_exclusive_or_with_the_repeated_key(length):
    data = pattern(length)
    for phase in (0, 1, 2, 3, 2**64 - 1):
        assert tidewire.mask(data, KEY, phase) == masked(data, KEY, phase)
    assert tidewire.mask(tidewire.mask(data, KEY), KEY) == data


@pytest.mark.parametrize("length", LENGTHS)
def test_mask_reads_buffers_of_every_kind(length):
    data = pattern(length)
    for buffer in readable_buffers(data):
        assert tidewire.mask(buffer, KEY) == masked(data, KEY)
    for key in readable_buffers(KEY):
        assert tidewire.mask(data, key) == masked(data, KEY)


@pytest.mark.parametrize("length", LENGTHS)
def test_mask_into_writes_buffers_of_every_kind(length):
    data = pattern(length)
    for target in writable_buffers(bytes(length)):
        assert tidewire.mask_into(target, data, KEY, phase=1) is None
        assert bytes(memoryview(target)) == masked(data, KEY, 1)


@pytest.mark.parametrize("length", [*LENGTHS, *LONG])
def test_mask_into_works_in_place(length):
    for buffer in writable_buffers(pattern(length)):
        tidewire.mask_into(buffer, buffer, KEY)
        assert bytes(memoryview(buffer)) == masked(pattern(length), KEY)


def test_arguments_may_be_given_by_name():
    assert tidewire.mask(data=b"abcd", key=KEY, phase=2) == masked(b"abcd", KEY, 2)
    target = bytearray(4)
    tidewire.mask_into(key=KEY, src=b"abcd", dst=target)
    assert target == masked(b"abcd", KEY)


@pytest.mark.parametrize("key", [b"", b"abc", b"abcde"])
def test_a_key_of_another_length_is_refused(key):
    with pytest.raises(UsageError, match=rf"key must be 4 bytes, not {len(key)}"):
        tidewire.mask(b"data", key)
    with pytest.raises(UsageError, match="key must be 4 bytes"):
        tidewire.mask_into(bytearray(4), b"data", key)


@pytest.mark.parametrize("phase", [-1, 2**64])
def test_a_phase_out_of_range_is_refused(phase):
    with pytest.raises(UsageError, match=f"phase must be between 0 and {2**64 - 1}, not {phase}"):
        tidewire.mask(b"data", KEY, phase)


@pytest.mark.parametrize("phase", ["1", 1.0, None])
def test_a_phase_that_is_no_int_is_refused(phase):
    with pytest.raises(TypeError, match="phase must be an int"):
        tidewire.mask(b"data", KEY, phase)


def test_what_is_no_buffer_is_refused_by_name():
    with pytest.raises(TypeError, match="data must be bytes-like, not str"):
        tidewire.mask("text", KEY)
    with pytest.raises(TypeError, match="key must be bytes-like, not int"):
        tidewire.mask(b"data", 1)
    with pytest.raises(TypeError, match="dst must be bytes-like, not list"):
        tidewire.mask_into([0] * 4, b"data", KEY)
    with pytest.raises(TypeError, match="src must be bytes-like, not NoneType"):
        tidewire.mask_into(bytearray(4), None, KEY)
    with pytest.raises(TypeError, match="data must be bytes-like, not str"):
        tidewire.validate_utf8("text")


@pytest.mark.parametrize("target", [bytes(4), memoryview(bytes(4)), memoryview(bytearray(4)).toreadonly()])
def test_read_only_targets_are_refused(target):
    with pytest.raises(TypeError, match="dst is written to and must be writable, not read-only"):
        tidewire.mask_into(target, b"data", KEY)


def test_views_with_gaps_are_refused():
    with pytest.raises(TypeError, match="data must be one contiguous piece of memory"):
        tidewire.mask(memoryview(b"abcdefgh")[::2], KEY)
    with pytest.raises(TypeError, match="dst must be one contiguous piece of memory"):
        tidewire.mask_into(memoryview(bytearray(8))[::2], b"data", KEY)


def test_a_released_view_says_so():
    view = memoryview(bytearray(4))
    view.release()
    with pytest.raises(ValueError, match="released memoryview"):
        tidewire.mask(view, KEY)


def test_different_lengths_are_refused():
    with pytest.raises(UsageError, match="dst and src must have the same length, not 5 and 4 bytes"):
        tidewire.mask_into(bytearray(5), b"data", KEY)


def test_partial_overlap_is_refused():
    memory = memoryview(bytearray(16))
    with pytest.raises(UsageError, match="overlap"):
        tidewire.mask_into(memory[1:9], memory[0:8], KEY)


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        ((b"",), {}, r"mask\(\) missing required argument 'key'"),
        ((b"", KEY, 0, 0), {}, r"mask\(\) takes at most 3 positional arguments \(4 given\)"),
        ((b"", KEY), {"key": KEY}, r"mask\(\) got multiple values for argument 'key'"),
        ((b"", KEY), {"other": 1}, r"mask\(\) got an unexpected keyword argument 'other'"),
    ],
)
def test_wrong_calls_are_refused(arguments, keywords, message):
    with pytest.raises(TypeError, match=message):
        tidewire.mask(*arguments, **keywords)


TEXTS = [
    "",
    "a",
    "plain ASCII " * 20,
    "Grüße, Jürgen",
    "日本語のテキスト" * 9,
    "😀🎉" * 17,
    "\x00\x7f\x80\u07ff\u0800\uffff\U0010ffff",
]
NOT_TEXTS = [
    b"\x80",
    b"\xc0\x80",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf0\x80\x80\x80",
    b"\xff",
    b"\xe2\x82",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_valid(text):
    for buffer in readable_buffers(text.encode()):
        assert tidewire.validate_utf8(buffer) is True


@pytest.mark.parametrize("wrong", NOT_TEXTS)
def test_what_is_not_text_is_not_valid(wrong):
    for before in (0, 1, 15, 16, 31, 63, 64, 127, 40_000):
        data = b"a" * before + wrong
        assert tidewire.validate_utf8(data) is False
        assert tidewire.validate_utf8(data + b"a" * 70) is False


def test_validation_agrees_with_python_on_every_pair_of_bytes():
    decode = codecs.getdecoder("utf-8")
    for first in range(256):
        for second in range(256):
            data = bytes([first, second])
            try:
                decode(data)
                expected = True
            except UnicodeDecodeError:
                expected = False
            assert tidewire.validate_utf8(data) is expected


def test_numpy_arrays_are_buffers():
    numpy = pytest.importorskip("numpy", reason="NumPy is an example of a buffer, not a requirement")
    data = numpy.arange(64, dtype=numpy.uint8)
    assert tidewire.mask(data, KEY) == masked(bytes(range(64)), KEY)
    tidewire.mask_into(data, data, KEY)
    assert data.tobytes() == masked(bytes(range(64)), KEY)
    with pytest.raises(TypeError, match="data must be one contiguous piece of memory"):
        tidewire.mask(data[::2], KEY)
    square = numpy.asfortranarray(numpy.arange(16, dtype=numpy.uint8).reshape(4, 4))
    with pytest.raises(TypeError, match="data must be one contiguous piece of memory"):
        tidewire.mask(square, KEY)
    data.flags.writeable = False
    with pytest.raises(TypeError, match="dst is written to"):
        tidewire.mask_into(data, bytes(64), KEY)


def test_items_of_any_size_count_as_their_bytes():
    numbers = array.array("Q", [1, 2, 3])
    assert tidewire.mask(numbers, bytes(4)) == numbers.tobytes()
