# SPDX-License-Identifier: MIT
"""BufferPool and the buffers that it lends."""

from __future__ import annotations

import gc
import threading

import pytest
import tidewire
from tidewire import BufferPool, PoolBuffer, PoolClass, PoolClassStats, UsageError
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
        assert (pool.stats().high_water_len, pool.stats().huge) == (1024, 0)
        second.release()

    def test_of_its_classes(self):
        pool = BufferPool(classes=[512, 4096])
        buffers = [pool.acquire(300), pool.acquire(300), pool.acquire(4000)]
        buffers.pop(0).release()
        buffers.append(pool.acquire(1))
        small, large = pool.stats().classes
        assert type(small) is PoolClassStats
        assert (small.len, small.hits, small.misses, small.in_use, small.idle, small.high_water) == (512, 1, 2, 2, 0, 2)
        assert (large.len, large.hits, large.misses, large.in_use, large.high_water) == (4096, 0, 1, 1, 1)

    def test_of_a_huge_buffer(self):
        pool = BufferPool(max_idle_len=1 << 20)
        pool.acquire((1 << 18) + 1).release()
        stats = pool.stats()
        assert (stats.huge, stats.hits, stats.misses, stats.idle_len) == (1, 0, 0, 0)


class TestClasses:
    def test_by_default(self):
        lengths = [size_class.len for size_class in BufferPool().stats().classes]
        assert lengths == [256, 1024, 4096, 8192, 16384, 65536]

    def test_of_your_own(self):
        for classes in ([PoolClass(100, 5), PoolClass(200)], [(100, 5), 200], iter([(100, 5), (200, 0)])):
            first, second = BufferPool(classes=classes).stats().classes
            assert (first.len, first.max_idle, second.len) == (100, 5, 200)

    def test_keep_no_more_than_they_may(self):
        pool = BufferPool(classes=[PoolClass(1000, 2)])
        buffers = [pool.acquire(1000) for _ in range(5)]
        for buffer in buffers:
            buffer.release()
        [size_class] = pool.stats().classes
        assert (size_class.idle, size_class.drops) == (2, 3)

    @pytest.mark.parametrize(
        ("classes", "error", "message"),
        [
            ([], UsageError, "classes must be 1 to 16, not 0"),
            (range(1, 18), UsageError, "classes must be 1 to 16, not 17"),
            ([2, 1], UsageError, "ascending order"),
            ([1, 1], UsageError, "ascending order"),
            ([0], UsageError, "a class must be between 1"),
            ([(0, 1)], UsageError, "len of a class must be between 1"),
            ([(1, -1)], UsageError, "max_idle of a class must be between 0"),
            ([(1,)], UsageError, "a class is a len or a PoolClass"),
            (["1"], TypeError, "a class must be an int, not str"),
            (1, TypeError, "not iterable"),
        ],
    )
    def test_wrong_ones_are_refused(self, classes, error, message):
        with pytest.raises(error, match=message):
            BufferPool(classes=classes)


class TestAdvice:
    def test_says_why_and_is_taken(self):
        pool = BufferPool(classes=[PoolClass(256, 10), PoolClass(1024, 10)])
        for _ in range(10):
            buffers = [pool.acquire(200) for _ in range(40)]
            for buffer in buffers:
                buffer.release()
            pool.acquire(1000).release()
        few, enough = pool.advise()
        assert type(few) is PoolClass
        assert (few.len, few.max_idle) == (256, 12)  # a fifth more: a quarter of the acquisitions are hits
        assert (enough.len, enough.max_idle) == (1024, 10)
        assert few.reason and enough.reason and few.reason != enough.reason
        assert "\n" not in few.reason + enough.reason
        assert [(c.len, c.max_idle) for c in BufferPool(classes=pool.advise()).stats().classes] == [
            (256, 12),
            (1024, 10),
        ]

    def test_of_a_pool_that_did_nothing(self):
        assert [advised.len for advised in BufferPool().advise()] == [256, 1024, 4096, 8192, 16384, 65536]


class TestExactBuffers:
    def test_are_kept_for_their_length(self):
        pool = BufferPool()
        pool.acquire(777, exact=True).release()
        assert pool.stats().idle_len == 777
        with pool.acquire(777, exact=True) as buffer:
            assert len(buffer) == 777
            assert pool.stats().hits == 1

    def test_are_asked_for_by_name(self):
        with pytest.raises(TypeError, match=r"acquire\(\) takes at most 1 positional"):
            BufferPool().acquire(1, True)


class TestTrim:
    def test_frees_what_is_idle(self):
        pool = BufferPool()
        buffers = [pool.acquire(4096) for _ in range(8)]
        lent = pool.acquire(4096)
        for buffer in buffers:
            buffer.release()
        assert pool.stats().idle_len == 8 * 4096
        pool.trim(2 * 4096)
        assert pool.stats().idle_len == 2 * 4096
        pool.trim()
        assert (pool.stats().idle_len, pool.stats().in_use_len) == (0, 4096)
        lent.release()

    def test_takes_a_length(self):
        with pytest.raises(UsageError, match="keep_len must be between 0"):
            BufferPool().trim(-1)
        with pytest.raises(TypeError, match="keep_len must be an int, not str"):
            BufferPool().trim("all")


def test_threads_share_it():
    pool = BufferPool(classes=[1000])

    def work():
        for _ in range(200):
            kept = [pool.acquire(1000) for _ in range(5)]
            with memoryview(kept[-1]) as view:
                view[:] = b"x" * 1000
            assert bytes(kept.pop()) == b"x" * 1000
        pool.trim()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = pool.stats()
    assert stats.in_use_len == 0
    assert stats.hits + stats.misses == 8 * 200 * 5


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
