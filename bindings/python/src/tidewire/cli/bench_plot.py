# SPDX-License-Identifier: MIT
"""What `python -m tidewire bench` measured, as text, as one HTML page that needs nothing else, and as a picture."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Result:
    """One server under one load."""

    name: str
    connections: int
    pipeline: int
    size: int
    messages_per_second: float
    processor_us: float | None
    """Of the server, for each message; None where the system does not tell."""
    p50_us: float
    """How long a batch of `pipeline` messages takes there and back."""
    p99_us: float

    def as_dict(self) -> dict[str, object]:
        """Returns what JSON keeps."""
        return asdict(self)


_STYLE = """
:root { color-scheme: light dark; --page: #fcfcfb; --ink: #0b0b0b; --quiet: #52514e; --bar: #a3a199; --ours: #2a78d6; }
@media (prefers-color-scheme: dark) { :root { --page: #1a1a19; --ink: #ffffff; --quiet: #c3c2b7; --bar: #6b6a64;
  --ours: #3987e5; } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
rect { fill: var(--bar); } .ours { fill: var(--ours); } p { color: var(--quiet); }
"""
_WIDTH, _LEFT, _RIGHT, _ROW = 720, 150, 210, 24


def _size_name(size: int) -> str:
    return f"{size >> 10} KiB" if size >= 1024 and size % 1024 == 0 else f"{size} B"


def _rate(result: Result) -> str:
    return f"{result.messages_per_second:,.0f}"


def _processor(result: Result) -> str:
    return "-" if result.processor_us is None else f"{result.processor_us:.3g}"


def _groups(results: Iterable[Result]) -> dict[tuple[int, int, int], list[Result]]:
    """Returns the results by their loads, in the order in which they were measured."""
    groups: dict[tuple[int, int, int], list[Result]] = {}
    for result in results:
        groups.setdefault((result.connections, result.pipeline, result.size), []).append(result)
    return groups


def _title(load: tuple[int, int, int]) -> str:
    connections, pipeline, size = load
    plural = "" if connections == 1 else "s"
    return f"{_size_name(size)}, {connections} connection{plural}, {pipeline} under way on each"


def as_table(results: Sequence[Result]) -> list[str]:
    """Returns a table for each load."""
    header = ("", "messages/s", "CPU us/message", "p50 us", "p99 us")
    tables = []
    for load, group in _groups(results).items():
        lines = [header] + [
            (each.name, _rate(each), _processor(each), f"{each.p50_us:,.0f}", f"{each.p99_us:,.0f}") for each in group
        ]
        widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
        rows = [
            line[0].ljust(widths[0])
            + "".join("  " + cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
            for line in lines
        ]
        tables.append("\n".join([_title(load), *rows]))
    return tables


def _bars(group: Sequence[Result]) -> str:
    """Returns messages per second as horizontal bars."""
    most = max(each.messages_per_second for each in group)
    parts = []
    for i, each in enumerate(group):
        width = max(1, round((_WIDTH - _LEFT - _RIGHT) * each.messages_per_second / most))
        ours = ' class="ours"' if each.name.startswith("tidewire") else ""
        middle = i * _ROW + 16
        parts.append(f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end">{html.escape(each.name)}</text>')
        parts.append(f'<rect{ours} x="{_LEFT}" y="{i * _ROW + 3}" width="{width}" height="{_ROW - 6}" rx="2"/>')
        figures = f"{_rate(each)}/s, CPU {_processor(each)} us"
        parts.append(f'<text x="{_LEFT + width + 6}" y="{middle}">{figures}</text>')
    label = "messages per second"
    body = "".join(parts)
    return f'<svg viewBox="0 0 {_WIDTH} {len(group) * _ROW}" role="img" aria-label="{label}">{body}</svg>'


def as_html(results: Sequence[Result], facts: Iterable[str]) -> str:
    """Returns a page without scripts that fetches nothing."""
    parts = [f"<h2>{html.escape(_title(load))}</h2>{_bars(group)}" for load, group in _groups(results).items()]
    said = "".join(f"<p>{html.escape(fact)}</p>" for fact in facts)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>tidewire bench</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>Echo over loopback, messages per second</h1>{said}"
        f"{''.join(parts)}</body></html>\n"
    )


def can_write_png() -> bool:
    """Returns whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def write_png(results: Sequence[Result], facts: Iterable[str], path: Path) -> None:
    """Draws the same with matplotlib."""
    from importlib import import_module

    figure_module: Any = import_module("matplotlib.figure")
    groups = _groups(results)
    height = sum(0.9 + 0.3 * len(group) for group in groups.values()) + 0.6
    figure = figure_module.Figure(figsize=(9, height), layout="constrained")
    heights = [len(group) + 2 for group in groups.values()]
    all_axes = figure.subplots(len(groups), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    for axes, (load, group) in zip(all_axes, groups.items(), strict=True):
        colours = ["#2a78d6" if each.name.startswith("tidewire") else "#a3a199" for each in group]
        bars = axes.barh([each.name for each in group], [each.messages_per_second for each in group], color=colours)
        axes.bar_label(bars, [f" {_rate(each)}" for each in group])
        axes.set_title(_title(load), loc="left", fontsize=10)
        axes.invert_yaxis()
        axes.margins(x=0.15)
    figure.supxlabel("messages per second; " + "; ".join(facts), fontsize=8)
    figure.savefig(path, dpi=150)
