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
# # Seeing motion prompts
#
# What do motion prompts look like on real video, beside the other ways to put motion into a picture? This page shows
# it on the two clips that come with the book, one from a fixed camera and one from a camera that pans, and
# [at its end](#your-own-video) how to see it on a video of your own.

# %% tags=["hide-input"]
import pandas as pd
import torch
from IPython.display import Markdown, display

import vmp
from vmp.figures.clips import chosen_clips
from vmp.figures.moments import prompt_pictures, take_moment
from vmp.figures.other_motion import motion_pictures
from vmp.figures.pictures import Pictures
from vmp.figures.still import Still
from vmp.figures.strides import stride_numbers, stride_panels
from vmp.figures.tables import Table

# %% tags=["parameters"]
video = "both"  # "static", "moving", "both", or the path of a video file
slope = 11.04  # a: FineGym, Sec. 3.2 of the paper
shift = -0.59  # b: likewise
frame = 30  # the moment that the pictures show
sampled = 8  # frames from one compared frame to the next, where they are not adjacent
step = 3  # frames from one to the next in the pictures of motion

# %% tags=["hide-input"]
clips = chosen_clips(video)


def at(clip, span):
    """The moment of the pictures, or the last one that leaves ``span`` frames after it."""
    return max(0, min(frame, len(clip) - 1 - span))


Table(
    pd.DataFrame(
        [(name, len(clip), f"{clip.shape[2]} × {clip.shape[1]}", clip.rate) for name, clip in clips.items()],
        columns=["clip", "frames", "size", "frames a second"],
    ),
    decimals=1,
)

# %% [markdown]
# ## Motion in one picture
#
# Figure 1 of the paper {cite}`chen2024motion` makes a point on a fight from a surveillance camera (UCF-Crime,
# {cite}`sultani2018real`): pictures of motion show *all* motion, and none says which of it matters. That footage may
# not be passed on, so here are the same pictures from our two clips, with two classics beside them:
#
# - **normalised difference**: the grey difference of two frames, divided by its largest size;
# - **time-colour reordering** {cite}`kim2022capturing`: one channel each of three consecutive frames as red, green and
#   blue. What stands still is grey, what moves leaves coloured edges;
# - **Taylor frame** {cite}`wang2024taylor`: displacement, velocity and acceleration of each pixel over a short block,
#   as red, green and blue. Mid-grey is stillness;
# - **dynamic image** {cite}`bilen2016dynamic`: late frames minus early ones, weighted by their rank. Mid-grey again is
#   stillness;
# - **optical flow** {cite}`zach2007duality`: where each pixel goes; the hue is the direction (red right, yellow-green
#   down, cyan left, violet up), white stands still.
#
# `vmp.motion` has them all, with their equations.

# %% tags=["hide-input"]
Pictures(
    [picture for clip in clips.values() for picture in motion_pictures(clip.frames, at(clip, 15 * step), step)],
    columns=2,
    row_labels=[label for name in clips for label in (name, "", "")],
    alt="Frame, normalised difference, time-colour reordering, Taylor frame, dynamic image and optical flow",
    caption=f"Made from frames {step} apart. In the book's own clips: with the fixed camera, all of them find the two "
    "people. With the panning camera every edge of the background moves too, and they fill the picture with it; the "
    "flow alone gives player and background different colours.",
)

# %% [markdown]
# ## Frame, difference, attention, prompt
#
# Figure 5 of the paper shows consecutive frames, their difference, the attention and the prompt. Its "consecutive"
# frames are those that the sampler gives, which lie some frames apart. Here are the same pictures for the learned
# pairs that the paper prints: MPII Cooking 2 (Fig. 12), HMDB-51 (Fig. 15) and FineGym (Sec. 3.2).

# %%
pairs = {
    "MPII, λ = 0": (23.45, 0.03),
    "MPII, λ = 2": (10.90, 0.08),
    "HMDB-51, λ = 0.001": (21.70, -0.39),
    "FineGym, λ = 2.5": (11.04, -0.59),
}

# %% tags=["hide-input"]
for name, clip in clips.items():
    moments = {label: take_moment(clip.frames, at(clip, sampled), a, b, sampled) for label, (a, b) in pairs.items()}
    display(
        Pictures(
            next(iter(moments.values())).consecutive(),
            columns=4,
            alt=f"Two frames of the {name} and their difference",
            row_labels=[name],
        ),
        Pictures(
            [
                (picture, f"{label}: {caption}")
                for label, moment in moments.items()
                for picture, caption in moment.pictures()[2:]
            ],
            columns=4,
            alt=f"Attention and prompt for four learned pairs, {name}",
            caption=f"Frames {sampled} apart. Attention from pale (0) to dark red (1), and the prompt it makes. MPII's "
            "pairs dim everything that does not brighten; HMDB-51's and FineGym's hand the frame through, except where "
            "something dark covers something bright.",
        ),
    )

# %% tags=["hide-input"]
shade = {
    name: {label: stride_numbers(clip.frames, [sampled], *pair)["mean f"].item() for label, pair in pairs.items()}
    for name, clip in clips.items()
}
still = {label: float(vmp.power_norm.learnable(torch.zeros(1), *pair)) for label, pair in pairs.items()}
means = pd.DataFrame({"f(0)": still} | {f"mean, {name}": values for name, values in shade.items()})
Table(
    means.rename_axis("pair").reset_index(),
    decimals=4,
    caption=f"f(0), the attention of a still pixel, beside the mean attention of each clip, frames {sampled} apart.",
)

# %% [markdown]
# The paper reads the pale background of its fixed-camera examples as "not important", and the dark red one of its
# moving-camera examples as motion that receives attention. The table suggests a plainer reading: the level of the
# background is about $f(0) = 1/(1 + e^{ab})$, and follows from the pair alone. Give FineGym's pair to the fixed camera,
# and its still background is dark red as well; give MPII's to the moving one, and most of it turns pale.
#
# ## Adjacent or sampled frames
#
# How far apart are the frames that are compared? TimeSformer's recipe in the published code samples every 32nd frame,
# which at 30 frames a second is one second. Between such frames a person has taken a step, and a panning camera shows
# another scene: the layer then calls all of it motion.

# %% tags=["hide-input"]
shortest = min(len(clip) for clip in clips.values())
strides = [stride for stride in (1, 2, 4, 8, 16, 30, 45, 60) if stride < shortest]
numbers = {name: stride_numbers(clip.frames, strides, slope, shift) for name, clip in clips.items()}
shown = [stride for stride in (1, 8, 30) if stride in strides]
Pictures(
    [
        picture
        for clip in clips.values()
        for stride in shown
        for picture in prompt_pictures(clip.frames, at(clip, stride), stride, (slope, shift), (23.45, 0.03))
    ],
    columns=4,
    row_labels=[f"{name}, {stride} frame{'s'[: stride > 1]} apart" for name in clips for stride in shown],
    alt="The same moment with frames compared that lie further and further apart",
    caption="Differences as they are, not strengthened. In the book's own clips: with the fixed camera the difference "
    "stays with the people. With the panning one it fills the frame, and prompts show two times at once: dark ghosts "
    "stand where something bright was before.",
)

# %% tags=["hide-input"]
Table(
    pd.concat({name: table.loc[shown] for name, table in numbers.items()}, names=["clip", "apart"])
    .reset_index()
    .rename(columns={"|D| > .05": "|D| > 0.05", "f < .5": "f < 0.5"}),
    decimals=4,
    caption="Means over pairs of frames (up to twelve a distance): size of the difference, share of pixels that change "
    "by more than 0.05 (13 grey levels), attention f of this page's pair, share of pixels that lose more than half.",
)

# %% tags=["hide-input"]
seconds = 1 / next(iter(clips.values())).rate
Still(
    *stride_panels(numbers, seconds),
    alt="Mean size of the difference, and share of pixels that change, over the seconds between compared frames",
    caption="In the book's own clips the fixed camera's differences stay small at any distance, while the panning "
    "camera's keep growing: what the layer calls motion depends on the sampler as much as on the video.",
)

# %% tags=["hide-input"]
first, last = shown[0], shown[-1]
Markdown(
    " ".join(
        f"{name[0].upper() + name[1:]}: from {first} to {last} frames apart the mean size of the difference grows from "
        f"{table.loc[first, 'mean |D|']:.4f} to {table.loc[last, 'mean |D|']:.4f}, and "
        f"{table.loc[last, '|D| > .05']:.1%} of the pixels change by more than 0.05 "
        f"(before: {table.loc[first, '|D| > .05']:.1%})."
        for name, table in numbers.items()
    )
)

# %% [markdown]
# ## Play
#
# *Frames apart* goes from adjacent frames to frames a second apart. Move it, and watch the difference and its histogram
# grow; with this page's pair the prompt hardly follows, with one of MPII's from the list it does.

# %% tags=["hide-input"]
spacing = min(sampled, int(next(iter(clips.values())).rate))  # the page allows up to a second
vmp.Explorer("moving" if video == "both" else video, slope=slope, shift=shift, spacing=spacing)

# %% [markdown]
# (your-own-video)=
# ## Your own video
#
# In the explorer above: choose *Your video*. The file is opened in the page and goes nowhere.
#
# On the command line, from any file that FFmpeg reads:
#
# ```bash
# vmp maps VIDEO --preset finegym
# vmp maps VIDEO --slope 23.45 --shift 0.03
# vmp maps VIDEO --preset finegym --stride 30
# vmp maps VIDEO --preset finegym --arrays
# ```
#
# The first writes frame, difference, attention and prompt side by side as a video, and a contact sheet, with the
# paper's pair; the second takes any pair, the third compares frames 30 apart, the fourth adds the maps as `.npy` for
# figures of your own.
#
# In Python:
#
# ```python
# import vmp
#
# clip = vmp.read_clip("VIDEO", num_frames=9, stride=8)
# layer = vmp.MotionPrompt.from_paper("finegym", mean=None, std=None)
# prompts, variation = layer(clip.tensor())      # (1, 3, 8, H, W)
# attention = layer.attention(clip.tensor())     # (1, 1, 8, H, W)
# ```
#
# And this whole page with your video, from the notebook:
#
# ```bash
# papermill notebooks/seeing.ipynb mine.ipynb -p video VIDEO -p slope 11.04 -p shift -0.59
# ```
