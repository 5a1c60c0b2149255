import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from vmp.figures.palette import ATTENTION
from vmp.figures.still import Still, still_panel, still_style


def curve(title: str = "Slope", colour: str | None = None):
    with still_style():
        figure, axes = still_panel()
        axes.plot([0, 1, 2], [0, 1, 4], "o-", color=colour, label="a(m)")
        axes.plot([0, 2], [4, 0], color="black", label="ink")
        axes.set(title=title, xlabel="m", ylabel="$a(m)$")
        axes.legend()
    return figure


def ids_of(text: str) -> list[str]:
    return re.findall(r' id="([^"]+)"', text)


def test_text_stays_text_and_takes_the_colour_of_the_page():
    html = Still(curve(), alt="a curve")._repr_html_()
    assert ">Slope</text>" in html
    assert "currentColor" in html
    assert ATTENTION in html  # the data keep their colour
    assert not re.search(r"#(000000|262626|ffffff)", html)
    assert "DejaVu" not in html


def test_frame_has_class_alt_and_caption_and_escapes_them():
    html = Still(curve(), alt='f < "1"', caption="a & b").html
    assert html.startswith('<figure class="vmp-still"')
    assert 'role="img" aria-label="f &lt; &quot;1&quot;"' in html
    assert "<figcaption" in html
    assert "a &amp; b</figcaption>" in html
    assert "<figcaption" not in Still(curve(), alt="a curve").html


def test_nothing_of_the_svg_reaches_beyond_it():
    html = Still(curve(), alt="a curve").html
    assert "<style" not in html
    assert "<?xml" not in html
    assert "<!DOCTYPE" not in html
    assert "<metadata" not in html
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", html)


def test_every_reference_has_its_id_and_no_two_panels_share_one():
    html = Still(curve("left"), curve("right"), alt="two").html
    assert html.count("<svg") == 2
    ids = ids_of(html)
    assert ids
    assert len(ids) == len(set(ids))
    references = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', html)
    assert {one or other for one, other in references} == set(ids)
    assert not set(ids) & set(ids_of(Still(curve("left"), alt="another").html))


def test_same_figure_gives_the_same_characters():
    assert Still(curve(), alt="a curve").html == Still(curve(), alt="a curve").html


def test_figures_are_closed():
    before = plt.get_fignums()
    Still(curve(), alt="a curve")
    assert plt.get_fignums() == before


def test_colours_of_a_small_raster_are_kept():
    with still_style():
        figure, axes = still_panel()
        axes.imshow(np.eye(4), cmap="gray", interpolation="nearest")
    html = Still(figure, alt="a diagonal").html
    assert "data:image/png;base64," in html


def test_mimebundle_has_html_and_a_text_for_terminals():
    bundle = Still(curve(), alt="a curve")._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == "Still: a curve"


def test_style_leaves_the_readers_settings_alone():
    before = plt.rcParams["axes.spines.top"]
    with still_style():
        assert plt.rcParams["axes.spines.top"] is False
    assert plt.rcParams["axes.spines.top"] == before


def test_text_too_small_for_a_phone_is_refused():
    with still_style():
        figure, axes = still_panel(width=6.4)  # 328 / (72 * 6.4) = 0.71 px a point: 8.5 pt are 6.1 px
        axes.set_xlabel("frame")
    with pytest.raises(ValueError, match=r"6\.4 in wide is .* px on a phone; expected at least 11 px"):
        Still(figure, alt="wide")
    plt.close(figure)


def test_a_heavy_svg_is_refused():
    with still_style():
        figure, axes = still_panel()
        axes.imshow(np.random.default_rng(0).random((700, 700)), interpolation="none")
    with pytest.raises(ValueError, match=r"expected at most 400,000.*Pictures"):
        Still(figure, alt="noise")


def test_no_figure_and_no_alt_are_refused():
    with pytest.raises(ValueError, match="at least one matplotlib figure"):
        Still(alt="nothing")
    figure = curve()
    with pytest.raises(ValueError, match="alt text"):
        Still(figure, alt=" ")
    plt.close(figure)


def test_no_machine_path_in_the_page():
    assert str(Path.cwd()) not in Still(curve(), alt="a curve").html
