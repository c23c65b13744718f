"""The charts in the documentation."""

from xml.etree import ElementTree as ET

import pytest

from benchmarks import chart, plots
from benchmarks.chart import COLOURS, TEXT, Line

BACKGROUNDS = ("#ffffff", "#0d1117")


def luminance(colour):
    # https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_charts_are_readable_on_light_and_dark_pages(background):
    assert contrast(TEXT, background) > 4
    assert all(contrast(colour, background) > 3 for colour in COLOURS)


def test_a_chart_has_its_title_its_axes_and_the_names_of_its_lines():
    lines = [Line("ours <1>", [(1_000, 2), (100_000, 2)]), Line("former", [(1_000, 20), (100_000, 2_000)])]
    svg = ET.fromstring(chart.chart(title="Pages", x="orders", y="RCU", lines=lines))  # noqa: S314 (our own)
    texts = [element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Pages", "orders", "RCU", "ours <1>", "former", "1,000", "100,000"} <= set(texts)


def test_names_at_the_same_height_do_not_overlap():
    lines = [Line("page 1", [(1, 2), (10, 2)]), Line("page 2", [(1, 2), (10, 2)])]
    svg = ET.fromstring(chart.chart(title="", x="", y="", lines=lines))  # noqa: S314
    heights = [
        float(element.get("y"))
        for element in svg.iter("{http://www.w3.org/2000/svg}text")
        if element.text in ("page 1", "page 2")
    ]
    assert abs(heights[0] - heights[1]) >= 17


def test_the_charts_in_the_documentation_show_the_recorded_results():
    for name, svg in plots.charts(plots.recorded()).items():
        assert (plots.IMAGES / name).read_text() == svg, f"Run python -m benchmarks.plots to draw {name} again."
