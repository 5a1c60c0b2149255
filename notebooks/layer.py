# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The layer, equation by equation
#
# The motion prompt layer {cite}`chen2024motion` takes $T$ frames and gives $T-1$ prompts. This chapter goes through
# Eqs. 1–7 of the paper and Eqs. 8–21 of its appendix, in their own numbers, and puts beside each the call of this
# package that computes it, on a real clip. The functions are in `vmp/equations.py`, the layer is in `vmp/prompt.py`.

# %% tags=["hide-input"]
import math

import pandas as pd
import torch
from IPython.display import Markdown

import vmp
from vmp.data.clip import to_tensor
from vmp.figures import contract, gating, norm_plots, sensitivity
from vmp.figures.clips import chosen_clips
from vmp.figures.moments import highlight
from vmp.figures.overview import Overview
from vmp.figures.palette import colour_attention, colour_difference
from vmp.figures.pictures import Pictures
from vmp.figures.still import Still
from vmp.figures.tables import Table
from vmp.prompt import inverse_shift, inverse_slope
from vmp.prompt import shift as shift_of
from vmp.prompt import slope as slope_of

# %% tags=["parameters"]
video = "static"  # "static", "moving" or a video file
num_frames = 9  # T: what goes in
stride = 8  # frames from one to the next; the two clips have 30 a second
slope = 23.45  # a: learned on MPII Cooking 2 without regularisation (paper, Fig. 12)
shift = 0.03  # b: likewise
m = 0.7  # where the derivatives are plotted
n = -1.2
seed = 0

# %% tags=["hide-input"]
camera, shown = next(iter(chosen_clips(video).items()))
frames = shown.frames[::stride][:num_frames]  # (T, H, W, 3) uint8
clip = to_tensor(frames[None])  # (1, 3, T, H, W) in [0, 1]
middle = num_frames // 2
Overview(
    frames[middle - 1 : middle + 2],
    slope,
    shift,
    caption="The layer, with three frames in and two prompts out (Fig. 2 of the paper, drawn anew). Differences are "
    "shown four times stronger: blue became darker, orange brighter. Attention is pale at 0 and dark red at 1.",
)

# %% [markdown]
# ## Frames become differences
#
# Sec. 2.1 turns each frame grey, with values in $[0, 1]$, and subtracts: $D_t = F'_{t+1} - F'_t$, in $[-1, 1]$. The
# sign is kept: a pixel that brightens is not the same as one that darkens.

# %%
difference = vmp.frame_difference(clip, mean=None, std=None)  # (1, 1, T-1, H, W); no normalisation to undo

# %% tags=["hide-input"]
Markdown(
    f"{clip.shape[2]} frames give {difference.shape[2]} maps of {difference.shape[4]}x{difference.shape[3]} pixels. "
    f"On this clip ({camera}, frames {stride} apart) they lie between {difference.min():.2f} and "
    f"{difference.max():.2f}; {(difference.abs() < 1 / 255).float().mean():.0%} of all pixels change by less than "
    f"one of 255 grey levels, and {(difference.abs() > 0.1).float().mean():.1%} by more than a tenth of the range."
)

# %% [markdown]
# A model's clips are usually normalised, $x = (p - \mu) / \sigma$. The mean cancels in a difference and $\sigma$ goes
# into the channels' weights, so the layer needs no de-normalised copy of the clip:

# %%
normalised = to_tensor(frames[None], mean=(0.45,) * 3, std=(0.225,) * 3)
same = vmp.frame_difference(normalised, mean=(0.45,) * 3, std=(0.225,) * 3)
Markdown(f"Largest deviation from the difference of the pixels: {(same - difference).abs().max():.1g}.")

# %% [markdown]
# ## Eqs. 1, 2, 3 and 8: differences become attention
#
# The function is a sigmoid with a slope $a > 0$ and a shift $b$:
#
# $$
# f(D) = \frac{1}{1 + e^{-a (D - b)}}
# \tag{1}
# $$
#
# It is the logistic curve of Appendix B with carrying capacity $L = 1$:
#
# $$
# f(x) = \frac{L}{1 + e^{-a (x - b)}}
# \tag{8}
# $$
#
# Slope and shift are not learned directly. Two free numbers $m$ and $n$ are, and $\tanh$ keeps what they give in range:
#
# $$
# \begin{aligned}
# a(m) &= \frac{\alpha}{\beta\, |\tanh(m)| + \epsilon} \\
# b(n) &= \gamma \tanh(n)
# \end{aligned}
# \tag{2}
# $$
#
# with $\alpha = 5$, $\beta = 0.45$, $\gamma = 0.6$, $\epsilon = 0.1$. Together:
#
# $$
# f(D) = \frac{1}{1 + e^{-\frac{\alpha}{\beta |\tanh(m)| + \epsilon} (D - \gamma \tanh(n))}}
# \tag{3}
# $$

# %%
by_hand = vmp.power_normalise(difference, slope, shift)  # Eq. 1
layer = vmp.MotionPrompt.from_slope_shift(slope, shift, mean=None, std=None)  # finds m and n: the inverse of Eq. 2
attention = layer.attention(clip)  # Eq. 3, (1, 1, T-1, H, W) in [0, 1]

# %% tags=["hide-input"]
Markdown(
    f"The slope {slope:g} needs m = {inverse_slope(slope):.4g} (or its negative: a(m) is even), the shift {shift:g} "
    f"needs n = {inverse_shift(shift):.4g}. The layer holds m = {layer.m.item():.4g} and n = {layer.n.item():.4g}, "
    f"and Eq. 3 agrees with Eq. 1 to {(attention - by_hand).abs().max():.1g}. A pixel that does not change gets f(0) "
    f"= {vmp.power_normalise(torch.tensor(0.0), slope, shift).item():.3f}, not 0."
)

# %% tags=["hide-input"]
Still(
    norm_plots.slope_panel(slope),
    norm_plots.shift_panel(shift),
    alt="Slope a over m, with its peak of 50 at m = 0, and shift b over n, between -0.6 and 0.6",
    caption="Eq. 2. The slope is steepest at m = 0, where it has a kink, and flattens out at 9.09; the shift runs "
    "between its bounds. Far from 0 both curves are flat: there m and n move, and slope and shift hardly do.",
)

# %% [markdown]
# [Power normalisation](power_normalisation.ipynb) compares this function with the family it comes from
# {cite}`koniusz2021power`.
#
# ## Eq. 4: attention times frame is a prompt
#
# $$
# Z = \left[ f(D_1) \odot F_2, \; \dots, \; f(D_{T-1}) \odot F_T \right]
# \tag{4}
# $$
#
# The map is the same for the three channels (the paper writes $f^{(3)}$), and it multiplies the *later* of the two
# frames. The first frame has no difference before it and gives no prompt.

# %%
prompts, variation = layer(clip)  # (1, 3, T-1, H, W), and V of Eq. 6
product = attention * clip[:, :, 1:]  # (1, 1, T-1, H, W) x (1, 3, T-1, H, W)
Markdown(f"Largest deviation of the layer from the product: {(prompts - product).abs().max():.1g}.")

# %% tags=["hide-input"]
pair = frames[middle - 1 : middle + 1]
maps = difference[0, 0, middle - 1].numpy(), attention[0, 0, middle - 1].detach().numpy()
Pictures(
    [
        (pair[0], "frame t"),
        (pair[1], "frame t + 1"),
        (colour_difference(maps[0], gain=4.0), "difference, 4 times stronger"),
        (colour_attention(maps[1]), "attention"),
        (highlight(pair[1], maps[1]), "prompt: attention times frame t + 1"),
    ],
    columns=3,
    alt="Two frames, their difference, the attention map and the prompt",
    caption=f"a = {slope:g}, b = {shift:g}. What brightened keeps its value; what darkened, and most of "
    "what stood still, fades.",
)

# %% [markdown]
# For a normalised clip there are two readings. `product="normalised"`, the default and the published code's, multiplies
# the frame as it comes, so that attention 0 gives the mean, a mid-grey; `product="pixels"` multiplies the pixel values
# as Eq. 4 is written, so that attention 0 gives black. [Item 18 of the disagreements](disagreements.ipynb) shows both.
#
# ## Eqs. 5, 9 and 10: the link to attention
#
# Written out for one frame, with $h$ the grey image,
#
# $$
# Z_t = \sigma^{(3)}\!\left( a \left[ h(F_{t+1}) - h(F_t) - b \right] \right) \odot F_{t+1}
# \tag{5}
# $$
#
# the paper compares it to the attention of a transformer {cite}`vaswani2017attention`:
#
# $$
# A = \operatorname{softmax}\!\left( \frac{Q K^\top}{\sqrt{d_k}} \right)
# \tag{9}
# $$
#
# $$
# Z = A V
# \tag{10}
# $$
#
# Here are both on six pixels of the clip, sorted from the one that darkened most to the one that brightened most. The
# tokens are the pixels' colours; the three projections are random, since nothing was trained.

# %%
pixels = gating.telling_pixels(difference[0, 0, middle - 1])  # indices of six pixels
tokens = clip[0, :, middle].flatten(1)[:, pixels].T  # (6, 3): the later frame's colours
change = difference[0, 0, middle - 1].flatten()[pixels]  # (6,)

W = 3 * torch.randn(3, 3, 3, generator=torch.Generator().manual_seed(seed))
Q, K, V = tokens @ W[0], tokens @ W[1], tokens @ W[2]  # (6, 3) each
A = torch.softmax(Q @ K.T / math.sqrt(K.shape[1]), dim=-1)  # Eq. 9, (6, 6)
Z_softmax = A @ V  # Eq. 10: every token is a mixture of all

gates = vmp.power_normalise(change, slope, shift)  # (6,)
Z_gated = gates[:, None] * tokens  # Eq. 5: every pixel is scaled by its own gate

# %% tags=["hide-input"]
Still(
    *gating.matrix_figures(A, gates),
    alt="A full six by six softmax attention matrix beside the diagonal matrix of the gates",
    caption="Left, softmax attention: every pixel reads from all, and its six weights sum to 1. Right, the layer as a "
    "matrix: it is diagonal. A pixel reads only itself, scaled by its gate.",
)

# %% tags=["hide-input"]
two_way = torch.softmax(torch.stack([slope * (change - shift), torch.zeros(6)]), dim=0)[0]
count = clip.shape[3] * clip.shape[4]
Markdown(
    f"The rows of A sum to 1 (off by at most {(A.sum(1) - 1).abs().max():.1g}); the gates sum to {gates.sum():.2f}, "
    "and nothing asks for 1. As a matrix product, diag(gates) times tokens is the same as the gated pixels to "
    f"{(torch.diag(gates) @ tokens - Z_gated).abs().max():.1g}. Each gate is also a softmax by itself, between its "
    f"score and 0: softmax([a(D - b), 0]) agrees to {(two_way - gates).abs().max():.1g}. For a frame of this clip, "
    f"softmax attention between pixels would have {count**2:,} weights; the layer has {count:,} gates and two "
    "learned numbers."
)

# %% [markdown]
# So the analogy holds for the *role*: a score, squashed, weighs a value. It does not hold for the *reach*: nothing
# moves from one pixel to another, and the score comes from a fixed rule, how much the pixel changed. Divided
# space-time attention, by comparison, mixes tokens over both {cite}`bertasius2021space`.
#
# If all gates are 1 the prompts are the frames themselves. If all gates are 0, nothing is left.
#
# ## Eqs. 6 and 7: how much the attention flickers
#
# $$
# \mathcal{V} = \frac{1}{T-2} \sum_{t=1}^{T-2} \left\| f(D_{t+1}) - f(D_t) \right\|_F^2
# \tag{6}
# $$
#
# $$
# \mathcal{L} = \mathcal{L}_{\mathrm{ori}} + \lambda \mathcal{V}
# \tag{7}
# $$
#
# The layer returns $\mathcal{V}$ beside the prompts; adding it to a loss is the caller's line.

# %%
step = attention[:, :, 1:] - attention[:, :, :-1]  # (1, 1, T-2, H, W)
as_printed = vmp.attention_variation(attention, pixel_reduction="sum")  # Eq. 6
as_coded = vmp.attention_variation(attention, pixel_reduction="mean")  # the published code, and the layer's default
weight = 2.5  # λ
loss = torch.nn.functional.cross_entropy(torch.zeros(1, 99), torch.tensor([0])) + weight * variation  # Eq. 7

# %% tags=["hide-input"]
Markdown(
    f"By hand: a mean of {step.square().mean():.5f} over pixels and {step.square().sum() / step.shape[2]:.1f} as a "
    f"sum. From the package: {as_coded:.5f} and {as_printed:.1f}, {as_printed / as_coded:,.0f} apart: the number of "
    f"pixels. The layer returned {variation:.5f}; with λ = {weight} and a cross-entropy at chance over 99 classes "
    f"the loss of Eq. 7 is {loss:.3f}."
)

# %% [markdown]
# What $\mathcal{V}$ does to slope and shift has [its own chapter](temporal_variation.ipynb).
#
# ## What goes in and out, and what it costs

# %%
swapped = vmp.MotionPrompt.from_slope_shift(slope, shift, mean=None, std=None, layout="BTCHW")
cases = {
    "B, C, T, H, W": (layer, clip),
    "two frames": (layer, clip[:, :, :2]),
    "bfloat16": (layer, clip.bfloat16()),
    "float64": (layer, clip.double()),
    'layout="BTCHW"': (swapped, clip.transpose(1, 2)),
}
Table(contract.shapes(cases), decimals=6)

# %% [markdown]
# Prompts come back in the dtype that went in; difference, attention and $\mathcal{V}$ are computed in float32 or
# better, since a bfloat16 difference is rough and the slope multiplies what it lost. With two frames there is one
# map and nothing to compare it with: $\mathcal{V}$ is 0, with gradient 0.
#
# A model that wants 8 frames needs 9: **the extra frame**. Take it from before the others, so that the 8 frames whose
# prompts the model sees are the same that it would have seen without the layer.
#
# For the backward pass the layer keeps the clip, which exists anyway, and one attention map; the difference is computed
# again. What is kept, as autograd's own hooks see it:

# %%
kept = contract.kept_for_backward(layer, clip)
Table(kept.rename(columns={"share_of_clip": "share of the clip"}), decimals={"share of the clip": 3})

# %% [markdown]
# ### Options
#
# Where paper and published code differ the choice is an option; `MotionPrompt.paper()` and `MotionPrompt.published()`
# are the two sets. What each does to this clip's prompts, beside the default:

# %%
Table(
    contract.options(normalised, slope, shift).rename(columns={"differs": "prompt differs by"}),
    decimals={"prompt differs by": 4, "V": 4},
    caption="Mean absolute difference from the default's prompt, in pixels of [0, 1]; V beside it.",
)

# %% [markdown]
# ## Bounds (Appendix C)
#
# $\tanh$ lies in $(-1, 1)$, so the slope lies between $\alpha / (\beta + \epsilon)$ and $\alpha / \epsilon$, and the
# shift between $-\gamma$ and $\gamma$. The steepest slope is reached, at $m = 0$; the others are limits.

# %%
alpha, beta, gamma, epsilon = (sensitivity.CONSTANTS[name] for name in ("alpha", "beta", "gamma", "epsilon"))
wide = torch.linspace(-8, 8, 100_001, dtype=torch.float64)
Table(
    pd.DataFrame(
        {
            "": ["slope a", "shift b"],
            "smallest computed": [slope_of(wide).min().item(), shift_of(wide).min().item()],
            "lower bound": [alpha / (beta + epsilon), -gamma],
            "largest computed": [slope_of(wide).max().item(), shift_of(wide).max().item()],
            "upper bound": [alpha / epsilon, gamma],
        }
    ),
    decimals=6,
    caption="Over m and n from -8 to 8.",
)

# %% [markdown]
# A slope or shift out of reach is refused, with the range in the message:

# %%
try:
    vmp.MotionPrompt.from_slope_shift(5.0, 0.0)
except ValueError as error:
    print(error)

# %% [markdown]
# ## Constraints and k: Eqs. 11–15, 21 (Appendix D)
#
# $f$ is to reach nearly 1 at $D = 1$ and nearly 0 at $D = -1$, wherever slope and shift are:
#
# $$
# \frac{\alpha}{\beta |\tanh(m)| + \epsilon} \, (1 - \gamma \tanh(n)) \gg 1
# \tag{11}
# $$
#
# The worst case is the gentlest slope, $|\tanh(m)| = 1$, with $\tanh(n) = 1$:
#
# $$
# \alpha \gg \frac{\beta + \epsilon}{1 - \gamma}
# \tag{12}
# $$
#
# Likewise at the other end,
#
# $$
# \frac{\alpha}{\beta |\tanh(m)| + \epsilon} \, (-1 - \gamma \tanh(n)) \ll -1
# \tag{13}
# $$
#
# where the paper takes $|\tanh(m)| = 0$ and $\tanh(n) = -1$:
#
# $$
# \alpha \gg \frac{-\epsilon}{-1 + \gamma}
# \tag{14}
# $$
#
# The larger of the two decides, with a constant $k \gg 1$:
#
# $$
# \alpha = k \cdot \max\left\{ \frac{\beta + \epsilon}{1 - \gamma}, \; \frac{-\epsilon}{-1 + \gamma} \right\}
# \tag{15}
# $$

# %%
bound_12 = (beta + epsilon) / (1 - gamma)
bound_14 = -epsilon / (-1 + gamma)
k = alpha / max(bound_12, bound_14)

# %% [markdown]
# With the paper's constants:
#
# $$
# \alpha = k \cdot \max\{1.375, \; 0.25\} = 1.375\, k
# \tag{21}
# $$

# %% tags=["hide-input"]
worst_one = vmp.power_normalise(torch.tensor(1.0), alpha / (beta + epsilon), gamma).item()
worst_zero = vmp.power_normalise(torch.tensor(-1.0), alpha / (beta + epsilon), -gamma).item()
Markdown(
    f"Computed: {bound_12:.4g} and {bound_14:.4g}, so α = {alpha:g} is k = {k:.4g} (the paper: about 3.6). In the "
    f"worst case the exponent of f is k itself, so k says how near f comes to its ends: f(1) = {worst_one:.4f} and "
    f"f(-1) = {worst_zero:.4f} at the gentlest slope with the shift at its least favourable bound. (Eq. 14's |tanh "
    "m| = 0 is the steepest slope, the best case; the worst gives Eq. 12 again, and the maximum is the same.)"
)

# %% tags=["hide-input"]
Still(
    gating.k_figure(k),
    alt="What f reaches at D = 1 and D = -1 in the worst case, over k; at k = 3.64 it is within 0.026 of its ends",
    caption="“k much larger than 1” in numbers: at the paper's k, f stays within 3 % of its ends in the worst case.",
)

# %% [markdown]
# ## Sensitivities: Eqs. 16–20 (Appendix D)
#
# With $g = \frac{\alpha (D - \gamma \tanh(n))}{\beta |\tanh(m)| + \epsilon}$ every derivative of $f$ begins with
# the same bell, $f (1 - f)$, which the paper writes as $e^{-g} / (1 + e^{-g})^2$. It is widest for a gentle slope,
# and centred on the shift.
#
# $$
# \frac{\partial f}{\partial \alpha} = f (1 - f) \cdot \frac{D - \gamma \tanh(n)}{\beta |\tanh(m)| + \epsilon}
# \tag{16}
# $$
#
# $$
# \frac{\partial f}{\partial \beta} = f (1 - f) \cdot
# \frac{- \alpha (D - \gamma \tanh(n)) \, |\tanh(m)|}{(\beta |\tanh(m)| + \epsilon)^2}
# \tag{17}
# $$
#
# $$
# \frac{\partial f}{\partial \gamma} = f (1 - f) \cdot \frac{- \alpha \tanh(n)}{\beta |\tanh(m)| + \epsilon}
# \tag{18}
# $$
#
# $$
# \frac{\partial f}{\partial m} = f (1 - f) \cdot
# \frac{\alpha \beta \tanh'(m) \, (D - \gamma \tanh(n))}{(\beta |\tanh(m)| + \epsilon)^2}
# \tag{19}
# $$
#
# $$
# \frac{\partial f}{\partial n} = f (1 - f) \cdot \frac{- \alpha \gamma \tanh'(n)}{\beta |\tanh(m)| + \epsilon}
# \tag{20}
# $$
#
# Each as printed, against autograd through `vmp.power_normalise`, at $m$ and at $-m$:

# %%
deviations = sensitivity.deviations(m, n)
Table(
    deviations.rename(columns=lambda name: name.replace("_", " ")),
    caption=f"Largest absolute deviation over D in [-1, 1]; m = {m:g}, n = {n:g}.",
)

# %% tags=["hide-input"]
Still(
    *sensitivity.sensitivity_figures(m, n),
    alt="Eqs. 16, 17, 18 and 20 over the difference D, with autograd as dots on the curves",
    caption=f"Four derivatives at m = {m:g}, n = {n:g}, where the shift is {0.6 * math.tanh(n):.2f}. Only differences "
    "near the shift are sensitive to anything: elsewhere f is at one of its ends.",
)

# %% [markdown]
# Eq. 19 is the exception. Its true form carries a factor $-\operatorname{sgn}(\tanh(m))$, as Appendix C has it for
# $a'(m)$; as printed it is right for $m < 0$ and has the wrong sign for $m > 0$.

# %% tags=["hide-input"]
Still(
    *sensitivity.sign_figures(m, n),
    alt="Eq. 19 for negative and for positive m: the printed curve is right on the left and mirrored on the right",
    caption="Left, m < 0: the printed form lies on autograd. Right, m > 0: it is the mirror image.",
)

# %% [markdown]
# The layer is not touched by this: it leaves Eq. 2 to autograd. More in
# [Where the paper, its code and its mathematics part](disagreements.ipynb).
#
# ## A frame at a time
#
# `layer.stream()` keeps the frame before, and gives the prompts of live video, equal to those of the whole clip:

# %%
stream = layer.stream()
one_by_one = [stream(clip[:, :, t]) for t in range(clip.shape[2])]  # None for the first frame, then (1, 3, H, W)
streamed = torch.stack(one_by_one[1:], dim=2)
Markdown(f"Largest deviation from the clip's prompts: {(streamed - prompts).abs().max():.1g}.")
