"""What the page computes, from the bytes it decoded, against torch at every pixel: WebGL and Canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from explorer_page import (
    EXPLORER,
    TOLERANCE,
    check_against_torch,
    element,
    read_back,
    settle,
    torch_attention,
    torch_difference,
    wait_for_clip,
    wait_for_variation,
    write_page,
)
from playwright.sync_api import Browser, Page

import vmp
from vmp.explorer.settings import NORM_PARAMETERS

SLOPES = (9.1, 11.04, 23.45, 50.0)
SHIFTS = (-0.599, -0.1, 0.0, 0.03, 0.599)


@pytest.fixture(scope="module", params=["webgl", "canvas"])
def explorer(
    request: pytest.FixtureRequest,
    browser: Browser,
    serve: Callable[[Path], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Page]:
    """A page with the moving clip, drawn by this renderer."""
    folder = tmp_path_factory.mktemp(request.param)
    write_page(folder, element("moving", renderer=request.param))
    page = browser.new_page(viewport={"width": 800, "height": 900})
    page.goto(f"{serve(folder)}/page.html")
    wait_for_clip(page, "moving")
    assert page.evaluate(f"{EXPLORER}.renderer") == request.param
    yield page
    page.close()


def set_state(page: Page, **values: Any) -> None:
    page.evaluate(f"(values) => {EXPLORER}.set(values)", values)
    settle(page)


@pytest.mark.parametrize("slope", SLOPES)
def test_attention_is_torchs_over_the_grid(explorer: Page, slope: float) -> None:
    set_state(explorer, norm="learnable", difference="signed", product="normalised", spacing=1, frame=60)
    for shift in SHIFTS:
        set_state(explorer, slope=slope, shift=shift)
        read = read_back(explorer, [])
        expected = vmp.power_normalise(torch_difference(read.past, read.now), slope, shift)
        assert np.abs(read.attention - expected.numpy()).max() <= TOLERANCE
        still = read.attention[(read.past == read.now).all(axis=-1)]
        assert still.size > 0
        assert np.ptp(still) == 0  # equal pixels differ by exactly 0
    check_against_torch(explorer)  # and what is shown of it


@pytest.mark.parametrize("norm", [norm for norm in NORM_PARAMETERS if norm != "learnable"])
@pytest.mark.parametrize("difference", ["signed", "absolute"])
def test_every_norm_is_torchs(explorer: Page, norm: str, difference: str) -> None:
    allowed = NORM_PARAMETERS[norm]
    assert allowed is not None
    for parameter in (allowed.low, allowed.start, allowed.high):
        set_state(explorer, norm=norm, parameter=parameter, difference=difference, spacing=4, frame=60)
        read, state = read_back(explorer, []), explorer.evaluate(f"{EXPLORER}.state")
        assert (state["norm"], state["parameter"]) == (norm, parameter)
        expected = torch_attention(torch_difference(read.past, read.now, difference == "absolute"), state)
        assert np.abs(read.attention - expected.numpy()).max() <= TOLERANCE
    check_against_torch(explorer)


@pytest.mark.parametrize("product", ["normalised", "pixels"])
@pytest.mark.parametrize("difference", ["signed", "absolute"])
@pytest.mark.parametrize("spacing", [1, 7, 30])
def test_prompts_and_spacing(explorer: Page, product: str, difference: str, spacing: int) -> None:
    set_state(explorer, norm="learnable", slope=23.45, shift=0.03)
    set_state(explorer, product=product, difference=difference, spacing=spacing, frame=90, gain=1)
    read = check_against_torch(explorer)
    assert read.index == 90
    black = read.attention < 0.5 / 255 / 2
    if black.any():
        assert (np.abs(read.panes["prompt"][black].astype(int) - (0 if product == "pixels" else 115)) <= 1).all()
    set_state(explorer, gain=4)


def test_the_pair_is_the_frame_and_the_one_spacing_before(explorer: Page) -> None:
    set_state(explorer, spacing=1, frame=31)
    adjacent = read_back(explorer, ["frame"])
    set_state(explorer, spacing=5, frame=35)
    apart = read_back(explorer, ["frame"])
    assert (adjacent.index, apart.index) == (31, 35)
    np.testing.assert_array_equal(apart.past, adjacent.past)  # frame 30, both times


@pytest.mark.parametrize("norm", ["learnable", "gamma", "asinh_e"])
def test_read_outs_are_torchs(explorer: Page, norm: str) -> None:
    set_state(explorer, norm=norm, slope=11.89, shift=-0.149, difference="signed", product="normalised")
    set_state(explorer, spacing=1, frame=77)
    read, state = read_back(explorer, []), explorer.evaluate(f"{EXPLORER}.state")
    attention = torch_attention(torch_difference(read.past, read.now), state)
    measures = explorer.evaluate(
        f"(({{mean, distance, bins}}) => ({{mean, distance, bins: [...bins]}}))({EXPLORER}.measures)"
    )
    assert measures["mean"] == pytest.approx(float(attention.mean()), abs=1e-5)
    frame = torch.from_numpy(read.now.copy()).double()
    prompt = attention[..., None] * (frame - 0.45 * 255) + 0.45 * 255
    assert measures["distance"] == pytest.approx(float((prompt - frame).abs().mean()), abs=1e-3)
    steps = (torch_difference(read.past, read.now) * 255_000).round().numpy()
    counts, _ = np.histogram(steps, bins=161, range=(-255_000.5, 255_000.5))
    # A value on the edge of two bins may fall into either.
    assert np.abs(counts - measures["bins"]).sum() <= 0.001 * steps.size
    still = float(torch_attention(torch.zeros(1, dtype=torch.float64), state))
    assert float(explorer.locator("[data-readout=still]").inner_text()) == pytest.approx(still, abs=5.1e-5)
    assert float(explorer.locator("[data-readout=mean]").inner_text()) == pytest.approx(measures["mean"], abs=5.1e-5)


@pytest.mark.parametrize(
    ("values", "frames"),
    [
        ({"norm": "learnable", "slope": 30.0, "shift": 0.02, "spacing": 1}, range(120)),
        ({"norm": "learnable", "slope": 9.1, "shift": -0.599, "spacing": 30}, range(0, 120, 30)),
        ({"norm": "max_exp", "parameter": 20.0, "spacing": 8, "difference": "absolute"}, range(0, 120, 8)),
    ],
)
def test_the_variation_is_the_layers(explorer: Page, values: dict[str, Any], frames: range) -> None:
    set_state(explorer, difference="signed")
    set_state(explorer, **values)
    shown = wait_for_variation(explorer)
    count = explorer.evaluate(f"{EXPLORER}.clip.frames.length")
    assert count == 120
    clip = [page_frame(explorer, i) for i in frames]
    state = explorer.evaluate(f"{EXPLORER}.state")
    absolute = state["difference"] == "absolute"
    maps = [torch_attention(torch_difference(p, n, absolute), state) for p, n in pairwise(clip)]
    attention = torch.stack(maps)[None, None]  # (1, 1, T-1, H, W)
    assert shown == pytest.approx(float(vmp.attention_variation(attention, "mean")), rel=1e-4, abs=1e-9)


def page_frame(page: Page, index: int) -> np.ndarray:
    import base64

    text = page.evaluate(
        f"""(i) => {{
          const {{data}} = {EXPLORER}.clip.frames[i];
          let text = "";
          for (let j = 0; j < data.length; j += 32768) text += String.fromCharCode(...data.subarray(j, j + 32768));
          return btoa(text);
        }}""",
        index,
    )
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(270, 480, 4)[..., :3]


def test_the_layer_itself_gives_this_attention_and_these_prompts(explorer: Page) -> None:
    set_state(
        explorer, norm="learnable", slope=11.04, shift=-0.2, difference="signed", product="pixels", spacing=1, frame=50
    )
    read = read_back(explorer, ["prompt"])
    layer = vmp.MotionPrompt.from_slope_shift(11.04, -0.2, mean=None, std=None, product="pixels")
    clip = torch.from_numpy(np.stack([read.past, read.now])).permute(3, 0, 1, 2)[None].float() / 255
    with torch.no_grad():
        prompts, _ = layer(clip)
        attention = layer.attention(clip)
    assert np.abs(attention[0, 0, 0].numpy() - read.attention).max() <= TOLERANCE
    assert np.abs(prompts[0, :, 0].permute(1, 2, 0).numpy() - read.panes["prompt"] / 255).max() <= TOLERANCE
