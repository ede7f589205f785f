# SPDX-License-Identifier: MIT
"""What users of the package `websockets` expect of whatever takes its place, asked of both.

Every test runs with each library on either side: with `websockets` on both it tells what is expected, and with
`tidewire` on both, or on one, whether that is what happens.
"""

from __future__ import annotations

import asyncio
import inspect

import pytest
from dropin_support import Library

SECONDS = 60  # against hanging: no test takes nearly as long


@pytest.fixture(params=["websockets", "tidewire"])
def server(request: pytest.FixtureRequest) -> Library:
    """The library of the server."""
    return Library(request.param)


@pytest.fixture(params=["websockets", "tidewire"])
def client(request: pytest.FixtureRequest) -> Library:
    """The library of the client."""
    return Library(request.param)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs a test that is a coroutine in a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), SECONDS))
    return True
