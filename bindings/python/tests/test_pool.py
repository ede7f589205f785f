# SPDX-License-Identifier: MIT
"""BufferPool and the buffers that it lends."""

from __future__ import annotations

import gc

import pytest
import tidewire
from tidewire import BufferPool, PoolBuffer, UsageError
from wire import KEY, masked


@pytest.mark.parametrize("length", [0, 1, 256, 257, 4096, 65536, 65537, 1_000_000])
def test_a_buffer_is_writable_and_as_long_as_asked(length):
    with BufferPool().acquire(length) as buffer:
        assert type(buffer) is PoolBuffer
        assert len(buffer) == length
        with memoryview(buffer) as view:
            assert not view.readonly
            assert len(view) == length
            view[:] = b"x" * length
            assert bytes(view) == b"x" * length


def test_the_engine_works_in_it():
    with BufferPool().acquire(5) as buffer:
        tidewire.mask_into(buffer, b"hello", KEY)
        assert bytes(buffer) == masked(b"hello", KEY)
    data = tidewire.encode_frames([tidewire.Frame(1, b"hello", masking_key=KEY)])
    with BufferPool().acquire(len(data)) as buffer:
        with memoryview(buffer) as view:
            view[:] = data
        assert tidewire.decode_frames(buffer)[1] == len(data)
        with memoryview(buffer) as view:
            view[:] = data
        connection = tidewire.Connection(tidewire.Role.SERVER, upgraded=True)
        assert connection.receive(buffer) == [tidewire.Message(b"hello", True)]


def totals(pool):
    """Hits, misses, drops, bytes lent out and bytes kept."""
    return pool.stats()[:5]


class TestStatistics:
    def test_of_the_pool(self):
        pool = BufferPool()
        assert totals(pool) == (0, 0, 0, 0, 0)
        first = pool.acquire(1000)
        assert totals(pool) == (0, 1, 0, 1024, 0)
        first.release()
        assert totals(pool) == (0, 1, 0, 0, 1024)
        second = pool.acquire(900)
        assert totals(pool) == (1, 1, 0, 1024, 0)
        second.release()


def test_what_is_over_the_idle_limit_is_dropped():
    pool = BufferPool(max_idle_len=2000)
    buffers = [pool.acquire(500) for _ in range(3)]
    for buffer in buffers:
        buffer.release()
    stats = pool.stats()
    assert stats.idle_len <= 2000
    assert stats.drops + stats.idle_len // 1024 == 3


def test_a_buffer_goes_back_by_itself():
    pool = BufferPool()
    buffer = pool.acquire(10)
    view = memoryview(buffer)
    del buffer
    gc.collect()
    assert pool.stats().in_use_len > 0
    view[:] = b"still mine"
    del view
    gc.collect()
    assert pool.stats().in_use_len == 0


def test_a_pool_lives_as_long_as_its_buffers():
    buffer = BufferPool().acquire(10)
    gc.collect()
    with memoryview(buffer) as view:
        view[:] = b"0123456789"
    assert bytes(buffer) == b"0123456789"


def test_a_buffer_with_views_does_not_go_back():
    pool = BufferPool()
    buffer = pool.acquire(10)
    view = memoryview(buffer)
    part = view[2:4]
    with pytest.raises(BufferError, match="the buffer has 1 views"):
        buffer.release()
    with pytest.raises(BufferError), buffer:
        pass
    view.release()
    with pytest.raises(BufferError):
        buffer.release()
    part.release()
    buffer.release()
    assert pool.stats().in_use_len == 0


def test_a_released_buffer_is_empty():
    buffer = BufferPool().acquire(10)
    buffer.release()
    buffer.release()
    assert len(buffer) == 0
    with pytest.raises(ValueError, match="the buffer was released"):
        memoryview(buffer)


@pytest.mark.parametrize("length", [-1, 2**64])
def test_a_length_out_of_range_is_refused(length):
    with pytest.raises(UsageError, match="len must be between 0"):
        BufferPool().acquire(length)
    with pytest.raises(UsageError, match="max_idle_len must be between 1"):
        BufferPool(max_idle_len=length)


def test_a_length_is_an_int():
    with pytest.raises(TypeError, match="len must be an int, not str"):
        BufferPool().acquire("1")
    with pytest.raises(TypeError, match="max_idle_len must be an int, not float"):
        BufferPool(max_idle_len=1.0)


def test_memory_that_is_not_there():
    with pytest.raises(MemoryError) as raised:
        BufferPool().acquire(2**62)
    assert isinstance(raised.value, tidewire.OutOfMemoryError)
    assert raised.value.name == "TW_ERR_NO_MEMORY"


def test_buffers_come_from_pools_only():
    with pytest.raises(TypeError):
        PoolBuffer()
