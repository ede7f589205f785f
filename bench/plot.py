# SPDX-License-Identifier: MIT
"""Line plots as SVG: both axes logarithmic, colours from the page's custom properties."""

import dataclasses
import html
import math

WIDTH, HEIGHT = 560, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 10, 34


@dataclasses.dataclass
class Series:
    name: str
    colour: str  # a CSS colour
    dash: str  # as SVG's stroke-dasharray; "" for a full line
    points: list  # (x, y), both positive


def decades(low, high):
    """Ticks 1, 2 and 5 times powers of ten that lie within, or only the powers where there are many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if last - first <= 3 else (1,)
    ticks = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    return [tick for tick in ticks if low <= tick <= high]


class Axis:
    """Maps positive numbers to pixels."""

    def __init__(self, values, start, end, margin):
        self.low, self.high = min(values) / margin, max(values) * margin
        if self.low == self.high:
            self.low, self.high = self.low / 2, self.high * 2
        self.start, self.end = start, end

    def at(self, value):
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.start + share * (self.end - self.start), 1)


def tick_name(value):
    return f"{value:g}" if value < 1e6 else f"{value:.0e}".replace("e+0", "e")


def text(x, y, anchor, content):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{html.escape(content)}</text>'


def frame(x_axis, y_axis, x_ticks, y_name):
    parts = []
    for tick in decades(y_axis.low, y_axis.high):
        y = y_axis.at(tick)
        parts.append(f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        parts.append(text(LEFT - 6, y + 4, "end", tick_name(tick)))
    free_from = -math.inf
    for value, name in x_ticks:
        x = x_axis.at(value)
        parts.append(f'<path class="tick" d="M{x} {HEIGHT - BOTTOM}v4"/>')
        if x >= free_from:
            parts.append(text(x, HEIGHT - BOTTOM + 17, "middle", name))
            free_from = x + 48
    parts.append(f'<path class="axis" d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
    middle = (TOP + HEIGHT - BOTTOM) // 2
    parts.append(
        f'<text transform="translate(12 {middle}) rotate(-90)" text-anchor="middle">{html.escape(y_name)}</text>'
    )
    return parts


def stroke(series):
    dash = f' stroke-dasharray="{series.dash}"' if series.dash else ""
    return f'style="stroke:{series.colour}"{dash}'


def line(series, x_axis, y_axis, x_names, y_name):
    places = [(x_axis.at(x), y_axis.at(y)) for x, y in series.points]
    path = "M" + "L".join(f"{x} {y}" for x, y in places)
    parts = [f'<path class="line" {stroke(series)} d="{path}"/>']
    for (x, y), (at_x, at_y) in zip(series.points, places, strict=True):
        title = html.escape(f"{series.name}, {x_names[x]}: {y:.3g} {y_name}")
        parts.append(
            f'<circle class="dot" style="fill:{series.colour}" cx="{at_x}" cy="{at_y}" r="4">'
            f"<title>{title}</title></circle>"
        )
    return parts


def plot(all_series, x_names, y_name):
    """x_names: {x: text} for every x of the series."""
    x_axis = Axis(x_names, LEFT + 12, WIDTH - RIGHT - 20, 1)
    y_axis = Axis([y for series in all_series for _, y in series.points], HEIGHT - BOTTOM, TOP, 1.15)
    parts = frame(x_axis, y_axis, sorted(x_names.items()), y_name)
    for series in all_series:
        parts += line(series, x_axis, y_axis, x_names, y_name)
    label = html.escape(f"{y_name} over size")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">' + "".join(parts) + "</svg>"
