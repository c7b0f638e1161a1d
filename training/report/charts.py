"""Charts as SVG that stands in the page: text stays text, set in the reader's own Chinese font."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_STYLE: Any = {
    "font.family": ["Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "DejaVu Sans"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": False,
    "text.parse_math": False,  # a dollar is a dollar
    "svg.fonttype": "none",  # text, not outlines
    "svg.hashsalt": "tipdesk",  # equal charts are equal bytes
}
# Where a font is missing here, the reader's browser has one: only the measures are a guess then.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


class Chart:
    """A figure with one pair of axes, and what it becomes."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width, height), layout="constrained")
        self.axes: Axes = self.figure.add_subplot()
        self.svg = Markup()


@contextmanager
def chart(title: str, *, width: float = 7.0, height: float = 3.5) -> Iterator[Chart]:
    """Draw on ``axes`` inside the block; afterwards ``svg`` holds the chart, ready for a template.

    Parameters
    ----------
    title : str
        What screen readers say the chart is.
    width, height : float
        Inches.
    """
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        drawn = Chart(width, height)
        yield drawn
        buffer = io.StringIO()
        drawn.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)
    drawn.svg = Markup(svg)  # noqa: S704 - matplotlib escapes what it writes
