# SPDX-License-Identifier: MIT
"""`python -m tidewire bench`: every echo is compared, and what is drawn is what was measured."""

from __future__ import annotations

import argparse
import contextlib
import html.parser
import io
import json
import socket
import subprocess
import sys
import threading

import pytest
from tidewire import Connection, Message, Role
from tidewire.cli import bench
from tidewire.cli.bench_plot import Result, as_html, as_table, can_write_png, write_png
from tidewire.cli.text import CommandError

SECONDS = 60  # for what takes a few
RESULTS = [
    Result("tidewire", 100, 32, 1024, 1_000_000.0, 1.0, 3_200.0, 4_000.0),
    Result("<peer>", 100, 32, 1024, 250_000.0, None, 12_800.0, 16_000.0),
    Result("tidewire", 1, 1, 20, 20_000.0, 31.25, 50.0, 99.0),
]
FACTS = ["cpython 3.0.0, asyncio; tidewire 1.0", "1 s each"]


def run(*arguments):
    command = [sys.executable, "-m", "tidewire", "bench", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=SECONDS)


def parse(*arguments):
    parser = argparse.ArgumentParser()
    bench.add_parser(parser.add_subparsers())
    return parser.parse_args(["bench", *map(str, arguments)])


# ---- The whole ----


def test_servers_are_measured_side_by_side(tmp_path):
    figures, plot = tmp_path / "out.json", tmp_path / "out.html"
    names = ["tidewire.callbacks", "tidewire", "websockets"]
    loads = ["--sizes", "0,126", "--connections", "1,3", "--pipeline", "2", "--seconds", "0.05"]
    done = run("--libraries", ",".join(names), *loads, "--json", figures, "--plot", plot)
    assert (done.returncode, done.stderr) == (0, "")  # and no bar, which is for terminals
    document = json.loads(figures.read_text())
    results = [Result(**each) for each in document["results"]]
    assert [(each.name, each.connections, each.pipeline, each.size) for each in results] == [
        (name, connections, 2, size) for name in names for connections in (1, 3) for size in (0, 126)
    ]
    for result in results:
        assert result.messages_per_second > 0
        assert 0 < result.p50_us <= result.p99_us
    assert done.stdout == "\n\n".join(as_table(results)) + "\n\n" + "\n".join(document["facts"]) + "\n"
    assert plot.read_text() == as_html(results, document["facts"])


def test_figures_that_cannot_be_written_end_in_one_line(tmp_path):
    figures = tmp_path / "none" / "out.json"
    loads = ["--sizes", "0", "--connections", "1", "--pipeline", "1", "--seconds", "0.05"]
    done = run("--libraries", "tidewire", *loads, "--json", figures)
    assert (done.returncode, done.stderr) == (1, f"tidewire bench: {figures}: No such file or directory\n")
    assert "tidewire" in done.stdout  # what was measured is not lost


# ---- The load ----


def serve_once(answer):
    """Serves one connection in a thread; `answer` makes an echo of a message, or None, which closes the connection.
    Returns the port and the thread."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        # A load that fails is gone at once.
        with listening, listening.accept()[0] as peer, contextlib.suppress(ConnectionError):
            peer.settimeout(SECONDS)
            engine = Connection(Role.SERVER)
            while data := peer.recv(65536):
                for event in engine.receive(data):
                    if isinstance(event, Message):
                        if (echo := answer(event.data)) is None:
                            return
                        engine.send(echo)
                peer.sendall(engine.data_to_send())

    thread = threading.Thread(target=serve)
    thread.start()
    return listening.getsockname()[1], thread


def load(port, pid=0):
    command = [sys.executable, "-m", "tidewire.cli.bench_load", *map(str, (port, pid, 1, 2, 20, 0.05))]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=SECONDS)


def test_load_fails_when_an_echo_differs():
    port, thread = serve_once(lambda data: data[:-1] + b"?")
    done = load(port)
    thread.join()
    assert done.returncode == 1
    assert done.stderr == "a message came back that differs from what was sent\n"


def test_load_fails_when_the_server_goes():
    port, thread = serve_once(lambda data: None)
    done = load(port)
    thread.join()
    assert done.returncode == 1
    assert done.stderr.startswith("the server closed a connection: ")


def test_load_fails_when_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    done = load(port)
    assert done.returncode == 1
    assert "Connect call failed" in done.stderr


def test_a_server_that_does_not_start_is_named(monkeypatch):
    monkeypatch.setitem(bench.LIBRARIES, "nothing", "tidewire")
    options = parse("--seconds", "0.05")
    options.libraries = ["nothing"]
    with pytest.raises(CommandError, match="^the server of nothing did not start: KeyError: 'nothing'$"):
        bench.run(options)


# ---- Arguments ----


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--libraries", "tidewire,none"), "'none' is none of tidewire.callbacks, tidewire, "),
        (("--sizes", "20,-1"), "'-1' is not a number from 0 to 1048576"),
        (("--connections", "0"), "'0' is not a number from 1 to 10000"),
        (("--pipeline", "2,x"), "'x' is not a number from 1 to 10000"),
        (("--seconds", "nan"), "'nan' is not a number of seconds from 0.01 to 3600"),
        (("--plot", "out.gif"), "'out.gif' ends with neither .html nor .png"),
    ],
)
def test_bad_argument_is_refused(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(*arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "absent", "message"),
    [
        (("--plot", "out.png"), "matplotlib", "--plot to a .png needs the package matplotlib, which is not installed"),
        (("--loop", "uvloop"), "uvloop", "--loop uvloop needs the package uvloop, which is not installed"),
        (("--libraries", "picows"), "picows", "the package picows is not installed"),
    ],
)
def test_absent_package_is_named_before_anything_is_measured(arguments, absent, message, monkeypatch, capsys):
    def find_spec(name):
        return None if name == absent else object()

    monkeypatch.setattr("tidewire.cli.bench.find_spec", find_spec)
    monkeypatch.setattr("tidewire.cli.bench_plot.find_spec", find_spec)
    with pytest.raises(CommandError) as caught:
        bench.run(parse(*arguments))
    assert str(caught.value).startswith(message)
    assert capsys.readouterr().out == ""


# ---- Showing ----


def test_table_has_a_part_for_each_load():
    first, second = as_table(RESULTS)
    assert first.splitlines() == [
        "1 KiB, 100 connections, 32 under way on each",
        "          messages/s  CPU us/message  p50 us  p99 us",
        "tidewire   1,000,000               1   3,200   4,000",
        "<peer>       250,000               -  12,800  16,000",
    ]
    assert second.splitlines()[0] == "20 B, 1 connection, 1 under way on each"


class Page(html.parser.HTMLParser):
    """Keeps the texts and the widths of bars, and fails for tags that do not match."""

    def __init__(self, page):
        super().__init__()
        self.open, self.texts, self.widths = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.widths.append(int(dict(attrs)["width"]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_page_draws_bars_in_proportion_and_needs_nothing_else():
    text = as_html(RESULTS, FACTS)
    page = Page(text)
    assert page.widths == [360, 90, 360]
    assert {"<peer>", "1,000,000/s, CPU 1 us", "250,000/s, CPU - us", *FACTS} <= set(page.texts)
    for outside in ("http:", "https:", "<script", "<link", "<img", "@import", "url("):
        assert outside not in text


def test_picture_is_written(tmp_path):
    if not can_write_png():
        pytest.skip("matplotlib, which draws pictures, is not installed")
    write_png(RESULTS, FACTS, tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG\r\n")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_on_a_terminal_alone():
    for out in (Terminal(), io.StringIO()):
        progress = bench._Progress(2, out)
        progress.show("tidewire", 100, 32, 20)
        progress.show("picows", 100, 32, 20)
        progress.end()
        lines = out.getvalue().split("\r\x1b[K")
        if out.isatty():
            assert lines[1:] == [
                f"[{'.' * 24}] 1/2 tidewire, 20 B, 100 x 32",
                f"[{'#' * 12}{'.' * 12}] 2/2 picows, 20 B, 100 x 32",
                "",
            ]
        else:
            assert lines == [""]
