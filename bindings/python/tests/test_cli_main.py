# SPDX-License-Identifier: MIT
"""The command line as a whole, and the command mask."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli_process import COMMAND, ENVIRONMENT, tidewire
from tidewire import __version__


class TestMain:
    def test_version_is_that_of_the_package(self) -> None:
        assert tidewire("--version").lines == [f"tidewire {__version__}"]

    def test_help_names_all_commands_and_has_examples(self) -> None:
        done = tidewire("--help")
        assert done.status == 0
        words = done.bytes.decode().split()
        assert {"connect", "echo", "decode", "mask", "bench", "examples:"} <= set(words)

    @pytest.mark.parametrize("command", ["connect", "echo", "decode", "mask", "bench"])
    def test_help_of_a_command_has_examples(self, command: str) -> None:
        done = tidewire(command, "--help")
        assert done.status == 0
        assert f"python -m tidewire {command}" in done.bytes.decode()

    def test_help_needs_neither_asyncio_nor_ssl(self) -> None:
        code = (
            "import sys; from tidewire.cli import main\n"
            "try: main(['--help'])\n"
            "except SystemExit: print(sorted({'asyncio', 'ssl', 'http.client'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT)
        assert done.stdout.splitlines()[-1] == "[]"

    @pytest.mark.parametrize("arguments", [[], ["nothing"], ["mask"], ["decode", "--nothing"]])
    def test_a_wrong_command_line_has_status_2(self, arguments: list[str]) -> None:
        done = tidewire(*arguments)
        assert done.status == 2 and done.bytes == b""
        assert done.errors.startswith("usage: tidewire")

    def test_output_that_nobody_reads_is_no_traceback(self) -> None:
        """As with `| head`: the frames fill the pipe, whose other end is closed."""
        with subprocess.Popen(
            [*COMMAND, "decode", "--limit", "0", "--raw", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
        ) as process:
            assert process.stdout is not None
            process.stdout.close()
            process.stdout = None
            errors = process.communicate(b"\x82\x7f" + (1 << 20).to_bytes(8, "big") + bytes(1 << 20), timeout=60)[1]
        assert process.returncode == 1 and errors == b""


class TestMask:
    def test_mask_is_that_of_the_standards_example(self) -> None:
        assert tidewire("mask", "37fa213d", "48656c6c6f").lines == ["7f9f4d5158"]
        assert tidewire("mask", "37:fa:21:3d", "0x7f", "9f 4d", "5158").lines == ["48656c6c6f"]

    def test_mask_reads_hex_from_its_input(self) -> None:
        assert tidewire("mask", "37fa213d", given=b"4865 6c6c\n6f\n").lines == ["7f9f4d5158"]

    def test_mask_reads_and_writes_bytes(self, tmp_path: Path) -> None:
        data = bytes(range(256)) * 40
        (tmp_path / "payload").write_bytes(data)
        masked = tidewire("mask", "01020304", "--file", tmp_path / "payload", "--raw").bytes
        assert masked == bytes(byte ^ (1, 2, 3, 4)[index % 4] for index, byte in enumerate(data))
        assert tidewire("mask", "01020304", "--file", "-", "--raw", given=masked).bytes == data

    def test_mask_begins_within_the_key(self) -> None:
        assert tidewire("mask", "--phase", "3", "01020304", "000000").lines == ["040102"]

    @pytest.mark.parametrize(
        ("arguments", "status", "what"),
        [
            (["37fa21", "00"], 2, "KEY: a masking key has 4 bytes, not 3"),
            (["37fa213x", "00"], 2, "KEY: 'x' is not a hex digit"),
            (["37fa213d", "000"], 2, "HEX: an odd number of hex digits (3)"),
            (["--phase", "-1", "37fa213d", "00"], 2, "--phase must not be negative"),
            (["37fa213d", "00", "--file", "-"], 2, "give HEX or --file, not both"),
            (["37fa213d", "--file", "/nowhere/to/be/found"], 1, "/nowhere/to/be/found: No such file or directory"),
        ],
    )
    def test_mask_says_in_one_line_what_is_wrong(self, arguments: list[str], status: int, what: str) -> None:
        done = tidewire("mask", *arguments)
        assert (done.status, done.bytes, done.errors) == (status, b"", f"tidewire mask: {what}\n")
