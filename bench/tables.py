# SPDX-License-Identifier: MIT
"""Tables as text and as Markdown, with the ratios of ours to the limits and to the best peer below the figures."""

from results import NEGLIGIBLE, best_peer, kind, size_name


def number(value):
    if value < NEGLIGIBLE:
        return "0"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def ratio(ours, other):
    """Of time, or of what the table counts: below 1 ours is better."""
    if other == 0:
        return "1.00x" if ours == 0 else "-"
    return f"{ours / other:.2f}x"


def figure_lines(table):
    """[title, {size: text}] for each row."""
    return [
        (row, {size: number(table.shown(value)) for size, value in values.items()})
        for row, values in table.rows.items()
    ]


def ratio_lines(table):
    others = {row: values for row, values in table.rows.items() if kind(row) == "limit"}
    if peers := best_peer(table):
        others["best peer"] = peers
    lines = []
    for row, values in table.rows.items():
        if kind(row) != "ours":
            continue
        for title, other in others.items():
            ratios = {size: ratio(values[size].median, other[size].median) for size in values if size in other}
            if ratios:
                lines.append((f"{row} / {title}", ratios))
    return lines


def heading(table):
    return f"{table.name.split(':')[0]}: {table.unit}"


def grid(table):
    """The header and the lines of a table, as lists of strings."""
    sizes = table.sizes()
    # Ratios of what is counted would be noise beside the counts.
    lines = figure_lines(table) + (ratio_lines(table) if table.is_timed else [])
    names = [str(size) if "connection" in table.unit else size_name(size) for size in sizes]
    return names, [[title, *(texts.get(size, "-") for size in sizes)] for title, texts in lines]


def as_text(title, header, lines):
    first = max(len(line[0]) for line in lines)
    widths = [max(8, *(len(line[i]) for line in [["", *header], *lines])) for i in range(1, len(header) + 1)]

    def join(name, cells):
        return f"{name:<{first}}" + "".join(f" {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))

    return "\n".join([title, join("", header), *(join(line[0], line[1:]) for line in lines)])


def as_markdown(header, lines):
    """The first column has no name in `header`."""
    rows = [["", *header], ["---"] * (len(header) + 1), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
