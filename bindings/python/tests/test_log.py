# SPDX-License-Identifier: MIT
"""Connection(logger=...): which lines reach a logger, and what a logger can do to a connection."""

from __future__ import annotations

import gc
import logging
import sys
import weakref

import pytest
from tidewire import Connection, Message, Opcode, ProtocolError, Role, UsageError
from wire import KEY, frame, upgraded

FAILED = (
    "server failed: TW_ERR_OPCODE: the opcode is reserved (RFC 6455 5.2), in a frame with FIN 1, RSV 000, opcode 3; "
    "at offset 0, after 0 messages and 0 frames; answered with close code 1002"
)


class Raising:
    """A logger that cannot log."""

    def isEnabledFor(self, level):
        return True

    def log(self, level, text, *arguments):
        raise OSError("disk full")


@pytest.fixture
def unraisable(monkeypatch):
    """What arrives at sys.unraisablehook."""
    caught = []
    monkeypatch.setattr(sys, "unraisablehook", lambda it: caught.append((it.exc_type, str(it.exc_value))))
    return caught


def records(caplog):
    return [(record.levelno, record.getMessage()) for record in caplog.records]


def fail(connection):
    with pytest.raises(ProtocolError):
        connection.receive(frame(3, b"", KEY))


class TestLogger:
    def test_gets_lines_of_all_levels(self, caplog):
        logger = logging.getLogger("tidewire.test")
        caplog.set_level(logging.DEBUG, logger.name)
        connection = upgraded(logger=logger)
        connection.ping()
        fail(connection)
        assert records(caplog) == [
            (logging.INFO, "server opened: upgraded elsewhere, no compression"),
            (logging.DEBUG, "server sent ping, 0 bytes of payload"),
            (logging.ERROR, FAILED),
        ]
        assert {record.filename for record in caplog.records[1:]} == {"test_log.py"}  # who called the connection
        assert {record.name for record in caplog.records} == {logger.name}

    @pytest.mark.parametrize(
        ("level", "levels"),
        [
            (logging.INFO, {logging.INFO, logging.ERROR}),
            (logging.WARNING, {logging.ERROR}),
            (logging.ERROR, {logging.ERROR}),
            (logging.CRITICAL, set()),
        ],
    )
    def test_gets_what_it_is_enabled_for(self, caplog, level, levels):
        logger = logging.getLogger("tidewire.test")
        caplog.set_level(level, logger.name)
        connection = upgraded(logger=logger)
        connection.ping()
        fail(connection)
        assert {record.levelno for record in caplog.records} == levels

    def test_is_asked_once(self, caplog):
        logger = logging.getLogger("tidewire.test")
        caplog.set_level(logging.ERROR, logger.name)
        connection = upgraded(logger=logger)
        caplog.set_level(logging.DEBUG, logger.name)
        connection.ping()
        assert caplog.records == []

    def test_may_be_an_adapter(self, caplog):
        class Adapter(logging.LoggerAdapter):
            def process(self, msg, kwargs):
                return f"{self.extra['peer']}: {msg}", kwargs

        logger = logging.getLogger("tidewire.test")
        caplog.set_level(logging.ERROR, logger.name)
        fail(upgraded(logger=Adapter(logger, {"peer": "192.0.2.1"})))
        assert records(caplog) == [(logging.ERROR, "192.0.2.1: " + FAILED)]

    def test_line_is_no_format(self, caplog):
        caplog.set_level(logging.INFO, "tidewire.test")
        connection = upgraded(logger=logging.getLogger("tidewire.test"))
        connection.receive(frame(Opcode.CLOSE, b"\x03\xe8%s %d", KEY))
        assert caplog.messages[-1] == 'server closing: received close code 1000, reason "%s %d"'

    def test_is_told_when_a_connection_goes(self, caplog):
        caplog.set_level(logging.INFO, "tidewire.test")
        connection = upgraded(logger=logging.getLogger("tidewire.test"))
        del connection
        assert caplog.messages[-1].startswith("server destroyed while open; ")

    @pytest.mark.parametrize("wrong", [1, "tidewire", print])
    def test_of_another_type_is_refused(self, wrong):
        with pytest.raises(TypeError, match="logger must be a logging.Logger"):
            upgraded(logger=wrong)

    def test_that_cannot_tell_its_level_is_refused_with_its_error(self):
        class Broken:
            def isEnabledFor(self, level):
                raise OSError("no configuration")

        with pytest.raises(OSError, match="no configuration"):
            upgraded(logger=Broken())


class TestLoggerThatRaises:
    def test_does_no_harm(self, unraisable):
        connection = upgraded(logger=Raising())
        assert connection.receive(frame(Opcode.PING, b"a", KEY) + frame(Opcode.TEXT, b"b", KEY))[1] == Message(
            b"b", True
        )
        assert unraisable == [(OSError, "disk full")] * 3  # opened, the ping, its pong
        fail(connection)
        assert connection.error.name == "TW_ERR_OPCODE"

    def test_hides_no_exception(self, unraisable):
        def use():
            connection = upgraded(logger=Raising())
            raise KeyError(connection.state)  # the connection is destroyed while it is raised

        with pytest.raises(KeyError):
            use()
        gc.collect()
        assert unraisable == [(OSError, "disk full")] * 2


class TestLoggerThatUsesItsConnection:
    def test_is_refused(self):
        class Curious:
            connection = None
            refused = 0

            def isEnabledFor(self, level):
                return True

            def log(self, level, text, *arguments):
                if self.connection is not None:
                    with pytest.raises(UsageError, match="in use by another call"):
                        self.connection.ping()
                    self.refused += 1

        logger = Curious()
        logger.connection = upgraded(logger=logger)
        logger.connection.ping()
        assert logger.refused == 1
        logger.connection.receive(frame(Opcode.PING, b"", KEY))
        assert logger.refused == 3
        logger.connection = None  # before it is destroyed

    def test_is_no_leak(self):
        class Holding(logging.LoggerAdapter):
            pass

        logger = Holding(logging.getLogger("tidewire.test"), {})
        logger.connection = Connection(Role.SERVER, logger=logger)
        gone = weakref.ref(logger)
        del logger
        gc.collect()
        assert gone() is None
