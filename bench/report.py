# SPDX-License-Identifier: MIT
"""One HTML page of a run, complete in itself: no script, nothing fetched."""

import html

from compare import grids
from plot import Series, plot, stroke
from results import VARIANTS, collect, kind, size_name, typical_spread
from tables import grid, heading

# Each library has one colour on all of the page; what is drawn in grey and dashed limits the others.
PEER_COLOURS = {
    "beast": "--orange",
    "websocketpp": "--magenta",
    "wslay": "--green",
    "libwebsockets": "--yellow",
    "simdutf": "--red",
    "picows": "--orange",
    "picows.websockets": "--magenta",
    "websockets": "--green",
    "aiohttp": "--yellow",
    "wsproto": "--red",
    "gws": "--orange",
    "gorilla": "--magenta",
    "coder": "--green",
    "tungstenite": "--yellow",
    "tungstenite:forward": "--orange",
    "fastwebsockets": "--magenta",
    "tokio-websockets": "--green",
}
OUR_COLOURS = ("--blue", "--aqua", "--violet")
LIMIT_DASHES = ("6 4", "2 3", "10 3 2 3")

STYLE = """
:root { color-scheme: light dark; --page: #fcfcfb; --ink: #0b0b0b; --quiet: #52514e; --grid: #e1e0d9; --axis: #a3a199;
  --blue: #2a78d6; --aqua: #1baf7a; --violet: #4a3aa7; --orange: #eb6834; --magenta: #e87ba4; --green: #008300;
  --yellow: #b98600; --red: #e34948; --grey: #86847c; }
@media (prefers-color-scheme: dark) { :root { --page: #1a1a19; --ink: #ffffff; --quiet: #c3c2b7; --grid: #2c2c2a;
  --axis: #5b5a55; --blue: #3987e5; --aqua: #199e70; --violet: #9085e9; --orange: #d95926; --magenta: #d55181;
  --green: #31a331; --yellow: #c98500; --red: #e66767; --grey: #918f87; } }
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h2 { margin-top: 3rem; } .quiet, dt { color: var(--quiet); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dd { margin: 0; overflow-wrap: anywhere; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; } figure { margin: 0; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: var(--quiet); }
.grid { stroke: var(--grid); } .axis, .tick { stroke: var(--axis); } .line { fill: none; stroke-width: 2; }
.dot { stroke: var(--page); stroke-width: 2; } .legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }
.legend svg { width: 24px; height: 10px; margin-right: .4rem; } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { text-align: left; } th { color: var(--quiet); font-weight: 500; }
.slower { color: var(--red); font-weight: 600; } .faster { color: var(--green); }
"""


def facts(document):
    machine, context = document["machine"], document["context"]
    return {
        "date": machine["date"],
        "processor": f"{machine['cpu']}, core {machine['core']} of {machine['cores']}",
        "system": machine["system"],
        "compiler": f"{context['compiler']} {context['flags']}",
        "engine": f"tidewire {context['tidewire']}, kernel {context['kernel']}",
        "packages": ", ".join(machine["packages"]),
        "load average": f"{machine['load_average'][0]:.2f} before the run",
        "command": machine["command"],
    } | {name: text for name, text in context.items() if text.startswith("no rows")}


def drawn_rows(table):
    """What is drawn of a table; all of it is in the table below. Not the kernels that were not chosen, nor variants."""
    rows = {}
    for row, values in table.rows.items():
        points = {size: value for size, value in values.items() if size != "random" and size > 0 and value.median > 0}
        if kind(row) != "kernel" and not row.endswith(VARIANTS) and points:
            rows[row] = points
    return rows


def make_series(table, value_of):
    """value_of(size, value) is what to draw."""
    looks = {"limit": 0, "ours": 0, "peer": 0}  # how many of each kind there are so far
    all_series = []
    for row, values in drawn_rows(table).items():
        each = kind(row)
        dash = LIMIT_DASHES[looks[each] % len(LIMIT_DASHES)] if each == "limit" else ""
        colour = {
            "limit": "--grey",
            "ours": OUR_COLOURS[looks[each] % len(OUR_COLOURS)],
            "peer": PEER_COLOURS.get(row, "--ink"),
        }[each]
        looks[each] += 1
        points = [(size, value_of(size, value)) for size, value in sorted(values.items())]
        all_series.append(Series(row, f"var({colour})", dash, points))
    return all_series


def legend(all_series):
    entries = []
    for series in all_series:
        mark = f'<svg viewBox="0 0 24 10"><path class="line" {stroke(series)} d="M0 5H24"/></svg>'
        entries.append(f"<span>{mark}{html.escape(series.name)}</span>")
    return f'<div class="legend">{"".join(entries)}</div>'


def figures(table):
    x_names = {size: size_name(size) for values in drawn_rows(table).values() for size in values}
    if not table.is_timed or len(x_names) < 3:
        return ""
    throughput = make_series(table, lambda size, value: (value.bytes_per_second or size / value.median) * 1e-9)
    time = make_series(table, lambda _, value: value.median * 1e9)
    plots = [plot(throughput, x_names, "GB/s"), plot(time, x_names, "ns per message")]
    drawn = "".join(f"<figure>{each}</figure>" for each in plots)
    return f'{legend(throughput)}<div class="plots">{drawn}</div>'


def cell(text):
    style = {"!": ' class="slower"', "+": ' class="faster"'}.get(text[-1:], "")
    return f"<td{style}>{html.escape(text)}</td>"


def html_table(header, lines):
    head = "".join(f"<th>{html.escape(text)}</th>" for text in ["", *header])
    body = "".join(f"<tr>{''.join(cell(text) for text in line)}</tr>" for line in lines)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def comparison_section(comparison):
    verdict = f"{len(comparison.slower)} slower, {len(comparison.faster)} faster, of {len(comparison.changes)} rows"
    parts = [f"<h2>New / old</h2><p>{verdict}. ! is slower, and + faster, by more than noise.</p>"]
    parts += [f"<p>{html.escape(note)}</p>" for note in comparison.notes]
    for names, title in ((comparison.missing, "old"), (comparison.added, "new")):
        if names:
            parts.append(f"<p>Only in the {title} run: {html.escape(', '.join(names))}</p>")
    for title, header, lines in grids(comparison):
        parts.append(f"<h3>{html.escape(title)}</h3>{html_table(header, lines)}")
    return "".join(parts)


def make_report(document, comparison=None):
    """The page for a document as run.py --json writes it."""
    tables = collect(document["suites"])
    parts = [f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in facts(document).items()]
    page = ["<h1>tidewire: benchmarks</h1>", f"<dl>{''.join(parts)}</dl>"]
    page.append(
        "<p>Medians. Ratios are of time: below 1 ours is faster. Compare figures of one table only. Dashed lines limit "
        "what is possible: a copy of the same bytes, or lean loops that do the work and nothing else.</p>"
        f'<p class="quiet">Typical spread of the repetitions: {typical_spread(tables):.1%}</p>'
    )
    if comparison:
        page.append(comparison_section(comparison))
    for table in tables.values():
        page.append(f"<h2>{html.escape(heading(table))}</h2>{figures(table)}{html_table(*grid(table))}")
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>tidewire: benchmarks</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>{''.join(page)}</body></html>\n"
    )
