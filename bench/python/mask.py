# SPDX-License-Identifier: MIT
"""Masking from Python."""

from __future__ import annotations

import re

import rows
from aiohttp._websocket.mask import _websocket_mask_cython
from tidewire import mask, mask_into
from websockets.speedups import apply_mask

SIZES = (16, 125, 1024, 65536)
KEY = bytes.fromhex("37fa213d")


def make_rows(wanted: re.Pattern[str]) -> dict[str, rows.Row]:
    made = {}
    for size in SIZES:
        data = bytes(i % 251 for i in range(size))
        masked = bytes(byte ^ KEY[i % 4] for i, byte in enumerate(data))
        assert mask(data, KEY) == masked == apply_mask(data, KEY)
        room, in_place = bytearray(size), bytearray(data)
        mask_into(room, data, KEY)
        _websocket_mask_cython(KEY, in_place)
        assert room == masked == in_place
        made |= {
            f"BM_PythonMask/{name}/{size}": rows.Row(call)
            for name, call in {
                "tw_mask": lambda data=data: mask(data, KEY),
                "tw_mask_into": lambda room=room: mask_into(room, room, KEY),
                "websockets": lambda data=data: apply_mask(data, KEY),
                "aiohttp": lambda room=in_place: _websocket_mask_cython(KEY, room),
            }.items()
        }
    return {name: row for name, row in made.items() if wanted.search(name)}


if __name__ == "__main__":
    rows.main(make_rows)
