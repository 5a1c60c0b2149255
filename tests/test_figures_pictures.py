import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from vmp.figures.pictures import Pictures, encode_picture


def flat(height: int = 27, width: int = 48, colour: tuple[int, int, int] = (200, 30, 40)) -> np.ndarray:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def decode(address: str) -> np.ndarray:
    head, data = address.split(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def test_colours_survive_the_compression():
    picture = decode(encode_picture(flat()))
    assert picture.shape == (27, 48, 3)
    assert np.abs(picture.astype(int) - [200, 30, 40]).max() <= 4


def test_wide_pictures_are_scaled_down_and_narrow_ones_left():
    assert decode(encode_picture(flat(270, 960), width=480)).shape == (135, 480, 3)
    assert decode(encode_picture(flat(10, 20), width=480)).shape == (10, 20, 3)


def test_four_in_a_row_are_as_wide_as_a_page_shows():
    html = Pictures([(flat(540, 960), "a")] * 4, columns=4, alt="four").html
    address = re.search(r'src="([^"]+)"', html)
    assert address
    assert decode(address[1]).shape == (160, 285, 3)  # 1.5 * 760 / 4 = 285; 540 * 285 / 960 = 160.3


def test_each_picture_has_caption_alt_and_size():
    html = Pictures([(flat(), "frame <1>"), (flat(), "frame 2")], columns=2, alt="frames", caption="look").html
    assert html.startswith('<figure class="vmp-pictures"')
    assert 'aria-label="frames"' in html
    assert html.count('loading="lazy"') == 2
    assert 'alt="frame &lt;1&gt;" width="48" height="27"' in html
    assert "frame &lt;1&gt;</figcaption>" in html
    assert "look</figcaption></figure>" in html


def test_a_row_label_stands_before_its_row():
    html = Pictures([(flat(), name) for name in "abcd"], columns=2, alt="two rows", row_labels=["first", "second"]).html
    order = re.findall(r"(first|second|>[abcd])<", html)
    assert order == ["first", ">a", ">b", "second", ">c", ">d"]


def test_an_empty_label_begins_a_row_without_a_heading():
    html = Pictures([(flat(), name) for name in "ab"], columns=1, alt="two rows", row_labels=["first", ""]).html
    assert html.count("font-weight:600") == 1
    assert html.count("grid-column:1/-1") == 2


def test_mimebundle_has_html_and_a_text_for_terminals():
    pictures = Pictures([(flat(), "a")], alt="one")
    assert pictures._repr_mimebundle_() == {
        "text/html": pictures._repr_html_(),
        "text/plain": "Pictures: one",
    }


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((4, 4, 3)), np.zeros((4, 4), dtype=np.uint8), np.zeros((4, 4, 4), dtype=np.uint8)],
)
def test_wrong_pictures_are_refused(wrong):
    with pytest.raises(ValueError, match=r"picture 1 must be uint8 of shape \(H, W, 3\)"):
        Pictures([(flat(), "a"), (wrong, "b")], alt="wrong")


def test_other_mistakes_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        Pictures([], alt="none")
    with pytest.raises(ValueError, match="columns must be 1 or more, got 0"):
        Pictures([(flat(), "a")], columns=0, alt="none")
    with pytest.raises(ValueError, match="alt text"):
        Pictures([(flat(), "a")], alt="")
    with pytest.raises(ValueError, match="3 pictures in 2 columns are 2 rows, got 1 row labels"):
        Pictures([(flat(), "a")] * 3, columns=2, alt="rows", row_labels=["first"])
