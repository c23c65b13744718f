"""A line chart with logarithmic axes as SVG, readable on a light and on a dark page. Standard library only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 84, 176, 44, 48
# Each has a contrast of at least 3 (lines) or 4 (text) with #ffffff and with #0d1117, GitHub's two backgrounds.
TEXT, GRID = "#6e7781", "#8c959f"
COLOURS = ("#2f7de1", "#bc6c00", "#8957e5")
FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"


@dataclass(frozen=True)
class Line:
    """Points with positive coordinates, sorted by x."""

    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


def chart(*, title: str, x: str, y: str, lines: Sequence[Line]) -> str:
    xs = [at for line in lines for at, _ in line.points]
    ys = [value for line in lines for _, value in line.points]
    area = _Area(_decades(xs), _decades(ys))
    style = f'font-family="{FONT}" font-size="13" fill="{TEXT}"'
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    middle, half_way = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    upright = f'transform="translate(16 {half_way:.0f}) rotate(-90)"'
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {style}>',
        f"<title>{escape(title)}</title>",
        f'<text x="{LEFT}" y="22" font-size="15" font-weight="600">{escape(title)}</text>',
        *area.grid(),
        f'<text x="{middle:.0f}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x)}</text>',
        f'<text {upright} text-anchor="middle">{escape(y)}</text>',
        *area.drawn(lines),
        "</svg>\n",
    )
    return "\n".join(parts)


def _decades(values: Sequence[float]) -> range:
    """The exponents of the powers of ten around the values, at least two."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return range(low, max(high, low + 1) + 1)


class _Area:
    """The part of the chart inside the axes."""

    def __init__(self, x_decades: range, y_decades: range) -> None:
        self.x_decades, self.y_decades = x_decades, y_decades

    def x(self, value: float) -> float:
        share = (log10(value) - self.x_decades[0]) / (self.x_decades[-1] - self.x_decades[0])
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (log10(value) - self.y_decades[0]) / (self.y_decades[-1] - self.y_decades[0])
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def grid(self) -> Iterator[str]:
        style = f'stroke="{GRID}" stroke-opacity="0.35"'
        for exponent in self.x_decades:
            at = self.x(10.0**exponent)
            yield f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" {style}/>'
            yield f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{_power(exponent)}</text>'
        for exponent in self.y_decades:
            at = self.y(10.0**exponent)
            yield f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" {style}/>'
            yield f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{_power(exponent)}</text>'

    def drawn(self, lines: Sequence[Line]) -> Iterator[str]:
        labels = self._labels(lines)
        for number, line in enumerate(lines):
            colour, dash = COLOURS[number % len(COLOURS)], ' stroke-dasharray="5 4"' if line.dashed else ""
            points = " ".join(f"{self.x(at):.1f},{self.y(value):.1f}" for at, value in line.points)
            yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
            for point in points.split():
                at, value = point.split(",")
                yield f'<circle cx="{at}" cy="{value}" r="3.5" fill="{colour}"/>'
            yield f'<text x="{WIDTH - RIGHT + 12}" y="{labels[number]:.1f}" fill="{colour}">{escape(line.name)}</text>'

    def _labels(self, lines: Sequence[Line]) -> list[float]:
        """The heights of the names: at the last points, but not on top of each other."""
        ends = [self.y(line.points[-1][1]) + 4 for line in lines]
        lowest = float("-inf")
        heights = [0.0] * len(lines)
        for number in sorted(range(len(lines)), key=ends.__getitem__):
            lowest = heights[number] = max(ends[number], lowest + 17)
        return heights


def _power(exponent: int) -> str:
    return f"{10.0**exponent:,.{max(0, -exponent)}f}"
