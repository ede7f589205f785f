# SPDX-License-Identifier: MIT
"""Times calls in turn, in this process, and prints them as Google Benchmark would."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass
class Row:
    call: Callable[[], object]
    messages: int = 0  # in one call; 0 where bytes are what counts


def main(make_rows: Callable[[re.Pattern[str]], Mapping[str, Row]]) -> None:
    """`make_rows` returns the rows whose names, such as BM_PythonMask/tw_mask/1024, match. It has checked what they
    return."""
    options = _options()
    rows = make_rows(options.filter)
    counts = {name: _calibrate(row.call, options.min_time) for name, row in rows.items()}
    entries = [
        _entry(name, index, row, _seconds(row.call, counts[name]) / counts[name])
        for _ in range(options.repetitions)
        for index, (name, row) in enumerate(rows.items())
    ]
    json.dump(entries, sys.stdout)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", type=re.compile, default=re.compile("."))
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--min-time", type=float, default=0.05)
    return parser.parse_args()


def _seconds(call: Callable[[], object], count: int) -> float:
    begin = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - begin


def _calibrate(call: Callable[[], object], min_time: float) -> int:
    """How many calls take that long."""
    count = 1
    while (seconds := _seconds(call, count)) < min_time:
        count = max(2 * count, int(count * min_time / max(seconds, 1e-6)))
    return count


def _entry(name: str, family_index: int, row: Row, seconds: float) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": name,
        "family_index": family_index,
        "run_type": "iteration",
        "cpu_time": seconds * 1e9,
        "time_unit": "ns",
    }
    if row.messages:
        entry["per_message"] = seconds / row.messages
    else:
        entry["bytes_per_second"] = int(name.rpartition("/")[2]) / seconds
    return entry
