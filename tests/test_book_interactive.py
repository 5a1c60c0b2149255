import json
import math
import re
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from vmp.figures import palette
from vmp.figures.interactive import Interactive, figure_json

SCRIPT = Path(__file__).resolve().parent.parent / "book" / "assets" / "figures.js"


@pytest.fixture
def figure():
    made = go.Figure(go.Scatter(x=[0.0, 1.0], y=[2.0, 3.0], name="a </script> b"))
    made.update_layout(width=900, height=333, title="A line")
    return made


def embedded(page):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL).group(1))


def test_the_page_gets_the_figure_without_template_and_width(figure):
    page = Interactive(figure, alt='A "line"', caption="See it < rise")._repr_html_()
    content = embedded(page)
    assert content["data"][0]["y"] == [2.0, 3.0]
    assert content["data"][0]["name"] == "a </script> b"
    assert "template" not in content["layout"]
    assert "width" not in content["layout"]
    assert 'class="vmp-interactive"' in page
    assert 'aria-label="A &quot;line&quot;"' in page
    assert 'data-height="333"' in page
    assert "<figcaption>See it &lt; rise</figcaption>" in page


def test_frames_of_an_animation_come_along(figure):
    figure.frames = [go.Frame(data=[go.Scatter(y=[5.0])], name="one")]
    assert embedded(Interactive(figure, alt="x").html)["frames"][0]["name"] == "one"


def test_jupyterlab_gets_plotlys_own_output(figure):
    bundle = Interactive(figure, alt="A line")._repr_mimebundle_()
    assert bundle["application/vnd.plotly.v1+json"]["layout"]["title"] == {"text": "A line"}
    assert bundle["text/plain"] == "Interactive: A line"
    assert bundle["text/html"].startswith('<figure class="vmp-interactive"')


def test_a_still_is_what_shows_before(figure):
    class Drawn:
        def _repr_html_(self):
            return "<svg>still</svg>"

    assert "<svg>still</svg>" in Interactive(figure, alt="x", still=Drawn()).html
    assert '<p class="vmp-interactive-wait">A line</p>' in Interactive(figure, alt="A line").html


@pytest.mark.parametrize(
    "traces", [[], [go.Scatter(x=[], y=[])], [go.Scatter(x=[1, 2], y=[None, math.nan])], [go.Scatter()]]
)
def test_a_figure_without_a_point_is_a_line_of_text(traces):
    shown = Interactive(go.Figure(traces), alt="Lines <of> runs.")
    assert shown.html == (
        '<p class="vmp-interactive-none" aria-label="Lines &lt;of&gt; runs.">There is nothing to draw yet: Lines '
        "&lt;of&gt; runs.</p>"
    )
    assert set(shown._repr_mimebundle_()) == {"text/html", "text/plain"}


@pytest.mark.parametrize("trace", [go.Scatter(y=[None, 1]), go.Surface(z=[[1, 2]]), go.Image(source="data:,")])
def test_one_point_is_enough(trace):
    assert "application/json" in Interactive(go.Figure([go.Scatter(x=[], y=[]), trace]), alt="A.").html


def test_mistakes_are_refused(figure):
    with pytest.raises(ValueError, match="expected a plotly figure, came dict: a matplotlib figure goes into Still"):
        Interactive({}, alt="x")
    with pytest.raises(ValueError, match="expected an alt text"):
        Interactive(figure, alt=" ")
    heavy = go.Figure(go.Heatmap(z=[[str(n) for n in range(400)] for _ in range(400)]))
    with pytest.raises(ValueError, match=r"at most 600,000 characters of figure, came [\d,]+: draw it on a coarser"):
        Interactive(heavy, alt="x")


def test_arrays_travel_in_a_compact_form():
    values = np.linspace(0, 1, 5000)
    assert len(figure_json(go.Figure(go.Scatter(x=values, y=values)))) < 5000 * 24


def test_the_script_has_the_palette_of_the_package():
    text = SCRIPT.read_text()
    for name, anchors in (("ATTENTION", palette.ATTENTION_ANCHORS), ("DIFFERENCE", palette.DIFFERENCE_ANCHORS)):
        line = re.search(rf"const {name} = (.*);", text).group(1)
        assert json.loads(line) == [[i / 4, "#{:02x}{:02x}{:02x}".format(*rgb)] for i, rgb in enumerate(anchors)]
