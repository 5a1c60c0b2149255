# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Motion prompts in five minutes
#
# A video model is usually given frames, and has to find out by itself what moves in them. *Video motion prompts*
# {cite}`chen2024motion` do a little of that work before the model: they compare each frame with the one before,
# turn the change of every pixel into a weight between 0 and 1, and multiply the frame by it. The frames that go into
# the model are then the same pictures, faded where the weight is low.
#
# What is learned is two numbers. A **slope** $a$ says how sharply the weight goes from 0 to 1, a **shift** $b$ says at
# which change it is one half:
#
# $$f(D) = \frac{1}{1 + e^{-a (D - b)}} \tag{1}$$
#
# $D$ is the **difference**, the grey value of a pixel now minus the grey value before, between $-1$ and $1$; $f(D)$
# is the **attention**; attention times frame is the **prompt** (Eq. 4). Both numbers are trained together with the
# model, by its own loss. That is the whole layer.
#
# Move the two sliders, change the clip, or take a video of your own: everything is computed in this page.

# %% tags=["hide-input"]
import numpy as np
from IPython.display import Markdown

import vmp
from vmp.data.video import example_path
from vmp.figures.moments import take_moment
from vmp.figures.norm_plots import pair_panels
from vmp.figures.norms import pair_table
from vmp.figures.pictures import Pictures
from vmp.figures.still import Still
from vmp.figures.tables import Table

# %% tags=["parameters"]
video = "moving"  # "static" or "moving"
slope = 23.45  # a: learned on MPII Cooking 2 without regularisation, Fig. 12 of the paper
shift = 0.03  # b: likewise
frame = 30  # the moment of the pictures

# %% tags=["hide-input"]
vmp.Explorer(video, slope=slope, shift=shift)

# %% [markdown]
# ## Four lines of code
#
# Read nine frames, make the layer, call it. Nine frames go in and eight prompts come out, since the first frame has
# none before it to be compared with.

# %%
clip = vmp.read_clip(example_path(video), num_frames=9, stride=8)
layer = vmp.MotionPrompt.from_slope_shift(slope, shift, mean=None, std=None)  # pixels in [0, 1], not normalised
pixels = clip.tensor()
prompts, variation = layer(pixels)

# %%
print("clip     ", tuple(pixels.shape), " batch, colour, frames, height, width")
print("prompts  ", tuple(prompts.shape))
print("attention", tuple(layer.attention(pixels).shape))
print("variation", round(variation.item(), 6))
print("learnable", [(name, tuple(value.shape)) for name, value in layer.named_parameters()])

# %% [markdown]
# `prompts` go into the model where the frames went. `variation` is how much the attention changes from frame to frame;
# in training it is added to the loss with a weight $\lambda$, so that the attention does not flicker
# ([that chapter](temporal_variation.ipynb)). For a model of your own, give the layer the `mean` and `std` that the
# model's frames are normalised with.
#
# ## From frame to prompt

# %% tags=["hide-input"]
frames = np.asarray(vmp.example_clip(video))
ours = take_moment(frames, frame, slope, shift)
finegym = take_moment(frames, frame, 11.04, -0.59)
Pictures(
    ours.pictures() + finegym.pictures(),
    columns=4,
    row_labels=[
        f"This page's pair: a = {slope:g}, b = {shift:g}",
        "The pair learned on FineGym: a = 11.04, b = -0.59",
    ],
    alt="Frame, difference, attention and prompt of one moment, for two pairs of slope and shift",
    caption="Blue: the pixel became darker; orange: brighter. Pale attention is 0, dark red is 1. With a shift just "
    "above 0, as MPII's, a pixel that does not change keeps about a third, and only what brightens stands out. With "
    "a shift well below 0, as FineGym's, nearly every pixel keeps its weight and the prompt is nearly the frame. Here "
    "attention multiplies the pixels, and 0 is black; in the explorer it multiplies the normalised frame, as most "
    "models are given it, and 0 is mid-grey.",
)

# %% [markdown]
# ## What the two numbers do
#
# The paper prints learned pairs for three data sets, the best one of each is drawn here. The dots are what matters most
# for a still background: $f(0)$, the attention of a pixel that does not change at all.

# %% tags=["hide-input"]
pairs = {"FineGym": (11.04, -0.59), "HMDB-51": (21.70, -0.39), "MPII Cooking 2": (23.45, 0.03)}
Still(
    *pair_panels(pairs),
    alt="Attention over difference for three learned pairs, whole and near zero",
    caption="Left, every possible difference; right, only those up to a tenth, where most pixels are. For FineGym and "
    "HMDB-51 the curve is flat there, and close to 1.",
)

# %% tags=["hide-input"]
Table(
    pair_table(pairs).rename_axis("learned on").reset_index(),
    decimals={"a": 2, "b": 2} | dict.fromkeys(("m", "n", "f(0)", "loses a tenth at"), 4),
    caption="m and n are what is trained (Eq. 2); f(0) is the attention of a still pixel; last, the difference at "
    "which the attention is 0.9.",
)

# %% tags=["hide-input"]
table = pair_table(pairs)
Markdown(
    f"With FineGym's pair a still pixel keeps {table.loc['FineGym', 'f(0)']:.2%} of its value. A pixel has to darken "
    f"by {-table.loc['FineGym', 'loses a tenth at']:.2f} of the full range, "
    f"{-255 * table.loc['FineGym', 'loses a tenth at']:.0f} of 255 grey levels, before it loses a tenth. "
    f"With MPII's pair a still pixel keeps {table.loc['MPII Cooking 2', 'f(0)']:.0%}."
)

# %% [markdown]
# ## What to notice
#
# - **The sign counts.** $D$ is signed. A slope above 0 gives brightening pixels more attention than darkening ones: a
#   pale hand entering a dark region is kept, the dark region it leaves behind is dimmed or, for FineGym's pair, hardly
#   touched.
# - **Stillness is not 0.** $f(0)$ is set by $a b$ alone: about 1 for FineGym and HMDB-51, whose cameras move, and about
#   a third for MPII Cooking 2, whose camera stands. For the first two the layer is nearly the identity on still pixels,
#   and only suppresses strong darkening. The explorer prints $f(0)$ and the distance of prompt and frame beside the
#   pictures.
# - **A third on everything is mostly a change of brightness.** Multiplying a whole frame by the same number says
#   nothing about motion; what says something is how far moving pixels stand out from that level.
#   [Power normalisation](power_normalisation.ipynb) measures it.
# - **Which frames are compared matters as much as the curve.** The paper's models see sampled frames, up to a second
#   apart. [Seeing motion prompts](seeing.ipynb) shows what that does to the differences.
#
# ## How to go on
#
# - [The layer, equation by equation](layer.ipynb): Eqs. 1–21 beside the code.
# - [Power normalisation](power_normalisation.ipynb): the curve, its relatives, and what they do to two clips.
# - [Temporal attention variation](temporal_variation.ipynb): the regulariser.
# - [Seeing motion prompts](seeing.ipynb): the maps on real video, yours too: `vmp maps VIDEO --preset finegym`.
# - [Rendered Libras](rendered_libras.ipynb) and [Fine-tuning variants](finetuning_variants.ipynb): models trained with
#   the layer and without it, on real movements that are rendered here.
# - [Where the paper, its code and its mathematics part](disagreements.ipynb): read it before you quote a number.
#
# ```{note}
# The paper reports that models trained with these prompts are more accurate, by up to 6 points on MPII Cooking 2
# (Table 1). This book trains Table 2 so far, with small models on rendered clips, and says what it found beside the
# paper's numbers: [Fine-tuning variants](finetuning_variants.ipynb). Whether a frozen layer or an extra frame alone
# would do the same is still open here.
# ```
