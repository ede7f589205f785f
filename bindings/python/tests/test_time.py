# SPDX-License-Identifier: MIT
"""Connection.tick: deadlines, time-outs, pings and rates. The rules are tested by the vectors."""

from __future__ import annotations

import inspect

import pytest
from tidewire import NEVER, Close, Connection, LimitError, Message, Opcode, Ping, Pong, Role, State, UsageError, Want
from wire import KEY, binary, frame, open_pair, text, upgraded

SECOND = 1_000_000_000
PARAMETERS = inspect.signature(Connection).parameters
TIMES = [name for name in PARAMETERS if name.endswith("_ns")]
TIMEOUTS = [name for name in TIMES if name != "ping_interval_ns"]


def waiting_for(name: str, **span: int) -> tuple[Connection, int]:
    """A connection in which only the named span runs, and when it began."""
    times = {other: NEVER for other in TIMES if other != name} | span
    if name == "pong_timeout_ns":
        times["ping_interval_ns"] = 1
    connection = Connection(Role.SERVER, upgraded=name != "handshake_timeout_ns", **times)
    connection.tick(0)
    if name == "pong_timeout_ns":
        connection.tick(1)
        return connection, 1
    if name == "message_timeout_ns":
        connection.receive(binary(b"cut")[:-1])
    elif name == "close_timeout_ns":
        connection.close()
    return connection, 0


def test_there_are_times():
    assert len(TIMES) == 6


@pytest.mark.parametrize("name", TIMES)
def test_defaults_are_what_the_signature_says(name):
    """Its numbers are for people; the engine's are what counts."""
    connection, begin = waiting_for(name)
    assert connection.tick(begin) == begin + PARAMETERS[name].default


@pytest.mark.parametrize("name", TIMES)
def test_the_deadline_is_known_after_a_tick(name):
    connection, begin = waiting_for(name, **{name: 1000})
    assert connection.tick(begin + 10) == begin + 1000
    assert connection.deadline_ns == begin + 1000


@pytest.mark.parametrize("name", TIMEOUTS)
def test_a_time_out_names_itself(name):
    connection, begin = waiting_for(name, **{name: 1000})
    connection.tick(begin + 999)
    with pytest.raises(LimitError) as raised:
        connection.tick(begin + 1000)
    assert raised.value.limit == name
    assert raised.value.name == "TW_ERR_TIMEOUT_" + name.removesuffix("_timeout_ns").upper()
    assert connection.error.name == raised.value.name
    with pytest.raises(LimitError):
        connection.tick(begin + 1001)


def test_the_deadline_is_known_after_a_failure():
    connection = upgraded(idle_timeout_ns=1000, close_timeout_ns=50)
    connection.tick(0)
    with pytest.raises(LimitError):
        connection.tick(1000)
    assert connection.deadline_ns == 1050
    assert connection.wants == Want.WRITE
    with pytest.raises(LimitError):
        connection.tick(1050)
    assert connection.deadline_ns is None
    assert connection.wants == Want.CLOSE
    assert connection.data_to_send() == b""


def test_the_peer_is_told():
    connection = upgraded(idle_timeout_ns=1000)
    connection.tick(0)
    with pytest.raises(LimitError):
        connection.tick(1000)
    assert connection.data_to_send() == frame(Opcode.CLOSE, (1001).to_bytes(2, "big"))


def test_a_slow_handshake_is_refused():
    server = Connection(Role.SERVER)
    server.tick(0)
    server.receive(b"GET / HTTP/1.1\r\n")
    with pytest.raises(LimitError) as raised:
        server.tick(10 * SECOND)
    assert raised.value.http_status == 408
    assert server.data_to_send().startswith(b"HTTP/1.1 408 ")
    assert server.state is State.CLOSED


def test_without_ticks_there_is_no_time():
    assert upgraded().deadline_ns is None


def test_all_times_may_be_turned_off():
    connection = upgraded(**dict.fromkeys(TIMES, NEVER))
    assert connection.tick(0) is None
    assert connection.tick(2**64 - 1) is None
    assert connection.deadline_ns is None


def test_time_does_not_go_back():
    connection = upgraded(idle_timeout_ns=1000, ping_interval_ns=NEVER)
    assert connection.tick(500) == 1500
    assert connection.tick(0) == 1500


def test_input_postpones_the_end():
    connection = upgraded(idle_timeout_ns=1000, ping_interval_ns=NEVER)
    connection.tick(0)
    connection.tick(900)
    connection.receive(text(b"alive"))
    assert connection.tick(1000) == 1900


def test_pings_measure_the_round_trip():
    client, server = open_pair(ping_interval_ns=SECOND)
    server.tick(0)
    assert server.stats().rtt_ns == 0
    assert server.data_to_send() == b""
    server.tick(SECOND)
    assert client.receive(server.data_to_send()) == [Ping(b"tidewire")]
    server.tick(SECOND + 5_000_000)
    assert server.receive(client.data_to_send()) == []
    assert server.stats().rtt_ns == 5_000_000


def test_pongs_to_our_own_pings_are_reported():
    client, server = open_pair()
    server.tick(0)
    server.ping(b"sign of life")
    client.receive(server.data_to_send())
    assert server.receive(client.data_to_send()) == [Pong(b"sign of life")]


def test_control_frames_have_a_rate():
    pings = frame(Opcode.PING, b"", KEY) * 3
    connection = upgraded(max_control_rate=3)
    connection.tick(0)
    assert connection.receive(pings) == [Ping()] * 3
    connection.tick(SECOND)
    assert connection.receive(pings) == [Ping()] * 3
    with pytest.raises(LimitError) as raised:
        connection.receive(text(b"before") + pings)
    assert raised.value.limit == "max_control_rate"
    assert raised.value.close_code == 1008
    assert raised.value.events == [Message(b"before", True)]


def test_without_ticks_there_is_no_rate():
    pings = frame(Opcode.PING, b"", KEY) * 10
    assert upgraded(max_control_rate=3).receive(pings) == [Ping()] * 10


def test_who_closes_in_time_has_not_failed():
    connection = upgraded(close_timeout_ns=1000)
    connection.tick(0)
    connection.close()
    connection.data_to_send()
    connection.tick(999)
    assert connection.receive(frame(Opcode.CLOSE, b"", KEY)) == [Close(1005)]
    assert connection.tick(5000) is None
    assert connection.error is None


def test_wrong_arguments_are_refused():
    with pytest.raises(TypeError, match="now_ns must be an int, not float"):
        upgraded().tick(1.5)
    with pytest.raises(UsageError, match="now_ns must be between 0 and"):
        upgraded().tick(-1)
