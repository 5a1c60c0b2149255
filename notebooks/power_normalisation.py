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
# # Power normalisation
#
# A difference map holds many small values and a few large ones. A **power normalisation** is a curve that lifts the
# small ones: it maps $[0, 1]$ to $[0, 1]$, rises steeply at 0 and flattens towards 1. Koniusz and Zhang
# {cite}`koniusz2021power` study four of them; the paper {cite}`chen2024motion` puts its learnable sigmoid beside them
# (Fig. 3, Figs. 17 and 18). Here they are, for a value $p \ge 0$:
#
# | name | $g(p)$ | parameter |
# |---|---|---|
# | Gamma | $p^g$ | $0 < g \le 1$ |
# | MaxExp | $1 - (1 - p)^\eta$ | $\eta \ge 1$ |
# | SigmE | $2/(1 + e^{-\eta p}) - 1$ | $\eta > 0$ |
# | AsinhE | $\operatorname{asinh}(g p)$ | $g > 0$ |
#
# Differences have a sign, so the four are extended oddly, $\operatorname{sgn}(p)\, g(|p|)$, and give values from $-1$
# to 1. The learnable function takes the signed difference as it is and gives values from 0 to 1:
#
# $$f(p) = \frac{1}{1 + e^{-a (p - b)}} \tag{1}$$
#
# **Which parameters the paper's figures use is not stated there.** Those of this page stand in its parameters cell.

# %% tags=["hide-input"]
import numpy as np
import pandas as pd
from IPython.display import Markdown, display

import vmp
from vmp.figures import norm_plots, norms
from vmp.figures.interactive import Interactive
from vmp.figures.moments import take_moment
from vmp.figures.pictures import Pictures
from vmp.figures.still import Still
from vmp.figures.surfaces import coarsen, surface_plot
from vmp.figures.tables import Table

# %% tags=["parameters"]
gamma_g = 0.5  # Gamma
max_exp_eta = 10.0  # MaxExp
sigm_e_eta = 10.0  # SigmE
asinh_e_g = 1.0  # AsinhE
slope = 11.04  # a of the learnable function: FineGym, Sec. 3.2
shift = -0.59  # b: likewise
frame = 30  # the moment of the pictures, in both clips
stride = 8  # frames from one compared frame to the next

# %%
family = norms.family(gamma_g, max_exp_eta, sigm_e_eta, asinh_e_g)

# %% [markdown]
# ## The family (Fig. 3 a)

# %% tags=["hide-input"]
Interactive(
    norm_plots.family_plot(family, slope, shift),
    alt="Gamma, MaxExp, SigmE, AsinhE and the learnable function over the difference, with a slider for the shift",
    still=Still(
        norm_plots.family_panel(family, slope, shift),
        alt="Gamma, MaxExp, SigmE, AsinhE and the learnable function over the difference",
    ),
    caption="The four relatives go through 0 and treat brightening and darkening alike; the learnable function does "
    "neither. Move the slider: the thick curve slides along the axis inside its shadow, which covers every shift that "
    "Eq. 2 can reach.",
)

# %% [markdown]
# That the learnable function is not 0 at 0 makes it, strictly, no power normalisation; the paper says so in its first
# footnote. What it means for a video is a matter of two numbers: what a pixel gets that does not change, and how far
# the smallest change, one of 255 grey levels, moves it from there.

# %% tags=["hide-input"]
learned = [
    norms.learned(11.04, -0.59, "FineGym, λ = 2.5"),  # Sec. 3.2
    norms.learned(21.70, -0.39, "HMDB-51, λ = 0.001"),  # Fig. 15
    norms.learned(23.45, 0.03, "MPII, λ = 0"),  # Fig. 12
    norms.learned(10.90, 0.08, "MPII, λ = 2"),  # Fig. 12
]
Table(
    norms.at_zero([*family, *learned]).rename_axis("function").reset_index(),
    decimals=4,
    caption="f(0): what a still pixel gets. +1 and -1 level: how far one grey level of 255 moves it from there. f(-1) "
    "and f(1): the largest changes.",
)

# %% [markdown]
# Gamma is infinitely steep at 0, so the faintest flicker of a sensor comes out strong. MaxExp multiplies small changes
# by $\eta$, SigmE by $\eta/2$, AsinhE by $g$, and the learnable function by $a f(0)(1 - f(0))$. For FineGym's and
# HMDB-51's pairs that is nearly nothing: $f(0)$ is almost 1 already, and a brightening pixel cannot gain. MPII's pair
# of $\lambda = 0$ is as steep there as SigmE with $\eta = 10$.
#
# ## Slope, shift, before and after (Fig. 3 b–d)
#
# Training does not move $a$ and $b$ themselves but $m$ and $n$ behind them (Eq. 2), which may take any value while
# slope and shift stay within bounds:
#
# $$a(m) = \frac{\alpha}{\beta |\tanh(m)| + \epsilon}, \qquad b(n) = \gamma \tanh(n)$$

# %% tags=["hide-input"]
display(
    Interactive(
        norm_plots.slope_plot(slope),
        alt="Slope a over m",
        still=Still(norm_plots.slope_panel(slope), alt="Slope a over m"),
        caption=f"Dotted: the bounds, 9.1 and 50. The slope is steepest at m = 0, where it has a kink. Dots: the two m "
        f"that give this page's slope, {slope:g}.",
    ),
    Interactive(
        norm_plots.shift_plot(shift),
        alt="Shift b over n",
        still=Still(norm_plots.shift_panel(shift), alt="Shift b over n"),
        caption=f"Dotted: the bounds, -0.6 and 0.6. Dot: this page's shift, {shift:g}. Near a bound the curve is flat, "
        "and n hardly learns any more.",
    ),
)

# %% tags=["hide-input"]
Interactive(
    norm_plots.before_after_plot(shift),
    alt="Value after the normalisation over the difference before and the slope",
    still=Still(
        norm_plots.before_after_panel(shift),
        alt="Value after the normalisation over the difference before and the slope",
        caption="Dashed: the shift. The steeper the slope, the narrower the band between 0 and 1.",
    ),
    caption=f"(d) What a difference becomes for every slope, at this page's shift, {shift:g}. Turn it: along one edge "
    "runs the gentlest sigmoid that Eq. 2 can reach, along the other one that is nearly a step.",
)

# %% [markdown]
# ## On video (Figs. 17 and 18)
#
# The same moment of each clip through every function. The four relatives are shown in the colours of a difference
# (blue below 0, orange above), the learned ones in those of attention. Where a value below 0 multiplies a frame, the
# result is below black, and shown as black.

# %% tags=["hide-input"]
clips = {name: np.asarray(vmp.example_clip(name)) for name in ("static", "moving")}
moments = {name: take_moment(frames, frame, slope, shift, stride) for name, frames in clips.items()}
Pictures(
    [(m.after, f"{name} camera, frame {frame + stride}") for name, m in moments.items()]
    + [(m.pictures()[1][0], f"its difference from frame {frame}, shown × 4") for m in moments.values()],
    columns=2,
    alt="The two frames and their differences",
)

# %% tags=["hide-input"]
shown = [*family, learned[0], learned[2]]
Pictures(
    [
        (picture, f"{name}: {caption}")
        for norm in shown
        for name, m in moments.items()
        for picture, caption in norm_plots.norm_pictures(norm, m.difference, m.after)
    ],
    columns=4,
    row_labels=[norm.label for norm in shown],
    alt="Maps and prompts of four power normalisations and two learned pairs, on both clips",
    caption="The odd functions keep what brightens and turn the rest black, background included. The learned pairs "
    "keep a background, because they are not 0 at 0: FineGym's nearly all of it, MPII's a third.",
)

# %% [markdown]
# ### Noise or motion?
#
# The paper writes that the existing functions capture more noise than the learned one. That can be measured. Take the
# pixels that change by at most 2 of 255 levels as noise, and those that change by more than 0.05 as motion, and ask how
# far a function moves each of them, on average, from where it puts a still pixel. The ratio of the two does not depend
# on what the function is multiplied by; the smaller, the better noise and motion are told apart.

# %% tags=["hide-input"]
answers = {name: norms.response([*family, *learned], m.difference) for name, m in moments.items()}
Table(
    pd.concat(
        [
            table[["noise", "motion", "noise / motion"]]
            .rename(columns={"noise / motion": "ratio"})
            .add_prefix(f"{name}: ")
            for name, table in answers.items()
        ],
        axis=1,
    )
    .rename_axis("function")
    .reset_index(),
    decimals=4,
    caption="Noise, motion: how far the value of a pixel that hardly changes, and of one that moves, lies from that of "
    "a still one. Ratio: the one over the other; small is good.",
)

# %% tags=["hide-input"]
ratio = pd.DataFrame({name: table["noise / motion"] for name, table in answers.items()})
below = {name: table["share below 0"].iloc[0] for name, table in answers.items()}
Markdown(
    f"With the fixed and the moving camera MPII's pair of λ = 0 has ratios of {ratio.loc['MPII, λ = 0', 'static']:.4f} "
    f"and {ratio.loc['MPII, λ = 0', 'moving']:.4f}, MaxExp with η = {max_exp_eta:g} has "
    f"{ratio.loc['MaxExp', 'static']:.4f} and {ratio.loc['MaxExp', 'moving']:.4f}; the flatter pair of λ = 2 has "
    f"{ratio.loc['MPII, λ = 2', 'static']:.4f} and {ratio.loc['MPII, λ = 2', 'moving']:.4f}, SigmE with "
    f"η = {sigm_e_eta:g} has {ratio.loc['SigmE', 'static']:.4f} and {ratio.loc['SigmE', 'moving']:.4f}. "
    f"In the odd maps {below['static']:.0%} (fixed) and {below['moving']:.0%} (moving) of the pixels lie below 0."
)

# %% [markdown]
# With the parameters that this page comes with, Gamma is by far the noisiest, as the paper says of its relatives. But
# MPII's two pairs are about as noisy as MaxExp and SigmE: near 0 a sigmoid is a curve with a slope like any other.
# FineGym's and HMDB-51's pairs are much cleaner, since nothing but strong darkening moves them at all. So the
# comparison of Figs. 17 and 18 is one of parameters as much as of functions, and theirs are not given.
#
# The *context* that the paper sees in its own maps is $f(0)$ times the frame: it would be there with no motion in the
# video at all.

# %% tags=["hide-input"]
peak = {name: np.unravel_index(np.abs(m.difference).argmax(), m.difference.shape) for name, m in moments.items()}
Still(
    *[
        norm_plots.profile_panel(
            [*family, learned[2]], m.difference, peak[name][0], slice(max(0, peak[name][1] - 60), peak[name][1] + 60)
        )
        for name, m in moments.items()
    ],
    alt="A stretch of one row of pixels: differences, and what each function makes of them",
    caption="Around the pixel that changes most, left with the fixed camera, right with the panning one: above the "
    "differences, below the values after. The learnable function here is MPII's: it rests at a third, not at 0, and "
    "darkening can take no more than that third from it.",
)

# %% [markdown]
# ### As surfaces
#
# Figure 17 of the paper draws the maps as surfaces over the picture. Choose a function from the list, and turn the
# surface with the mouse or a finger. The grid is coarse: each point is the mean over 10 by 10 pixels.

# %% tags=["hide-input"]
for name, m in moments.items():
    maps = {"difference": m.difference} | {norm.name: norm(m.difference) for norm in shown}
    display(
        Interactive(
            surface_plot(maps, signed={"difference", *(norm.name for norm in family)}, start=learned[2].name),
            alt=f"Difference and power normalised maps as surfaces, {name} camera",
            still=Still(
                norm_plots.map_panel(coarsen(m.difference, 48), f"difference, {name} camera", signed=True),
                norm_plots.map_panel(coarsen(learned[2](m.difference), 48), "MPII's pair", signed=False),
                alt=f"Difference and attention on the coarse grid, {name} camera",
            ),
            caption=f"The {name} camera. The learned pairs stand on a floor at f(0), the four relatives on one at 0, "
            "with pits where a pixel darkened.",
        )
    )

# %% [markdown]
# ## Where to go from here
#
# What a slope and a shift do to attention over time is the subject of
# [Temporal attention variation](temporal_variation.ipynb). All functions of this page are in `vmp.power_norm`; the
# explorer in [Motion prompts in five minutes](five_minutes.ipynb) runs them on your own video.
