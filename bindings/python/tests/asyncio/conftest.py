# SPDX-License-Identifier: MIT
"""Runs tests that are coroutines, each on the event loop of the standard library and on uvloop."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from client_peers import each_loop


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A coroutine gets a loop to run on."""
    if inspect.iscoroutinefunction(metafunc.function):
        metafunc.fixturenames.append("run")
        mark = each_loop.mark
        metafunc.parametrize(*mark.args, **mark.kwargs)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs it."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    pyfuncitem.callspec.params["run"](_supervised(pyfuncitem.obj, arguments))
    return True


async def _supervised(test: Callable[..., Awaitable[None]], arguments: dict[str, Any]) -> None:
    """Runs a test, after which nothing may have been reported to the loop behind its back."""
    reports: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))
    await test(**arguments)
    assert reports == []
