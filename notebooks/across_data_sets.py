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
# # Across data sets (Table 4)
#
# **The paper's claim** {cite}`chen2024motion`: a TimeSformer that was fine-tuned with motion prompts on FineGym, where
# the camera moves, carries over to MPII Cooking 2, where it rests, 0.2 points of top-1 accuracy better than one without
# them; the other way round it is 0.7 points worse, and the paper takes that for the difficulty of adapting a learned
# attention to a moving camera.
#
# What carries over is everything but the last layer: that is new, and all that is trained on the second set, for 5
# epochs. Slope and shift of the prompt layer stay what the first set made of them.
#
# Here a rendered set with a moving camera stands for FineGym and one with a resting camera for MPII Cooking 2, and a
# small model for TimeSformer. A number on this page says something about
# [rendered Libras movements](rendered_libras.ipynb) and nothing about those two; it can show whether the *direction* of
# the claim turns up on a stand-in. Both sets show the same movements, split in the same way: no movement that one of
# them tests was ever trained on in the other.

# %% tags=["hide-input"]
from IPython.display import Markdown

from vmp.experiments.reproduction import outcome, pretrained, provenance, reproduce
from vmp.figures.across import other_and_own, other_and_own_table
from vmp.figures.gains import gain_figures
from vmp.figures.reproduced import Sentences, accuracy_table, comparison_table
from vmp.figures.still import Still

# %% tags=["parameters"]
scale = "small"  # "smoke": seconds, "small": what is stored, "gpu" and "paper": full-size models
seeds = 3
device = "auto"  # "cpu", "cuda", or whichever is there
backbone = None  # the table's own: I3D at tiny size, TimeSformer at the paper's
datasets = None  # both targets, or the names of some that `vmp status` lists
lambda_ = None  # on the first set: chosen on validation; a number for another

# %% tags=["hide-input"]
shown = reproduce(
    "table4", scale, seeds, backbone=backbone, datasets=datasets, lambda_=lambda_, device=device, report=print
)
Markdown(f"{provenance(shown)}\n\n{pretrained(shown)}")

# %% [markdown]
# ## Paper and here

# %% tags=["hide-input"]
accuracy_table(shown, "Paper: TimeSformer, one run each.")

# %% tags=["hide-input"]
labels = {pair.row: shown.titles[pair.row].replace(", VMP", "").replace(" to ", "\nto ") for pair in shown.table.pairs}
Still(
    *gain_figures(shown, labels),
    alt="For both ways the accuracy without and with the layer, in the paper and here.",
    caption="Open circle: without the layer. Dot: with it; the thin line spans the seeds.",
)

# %% tags=["hide-input"]
comparison_table(shown)

# %% tags=["hide-input"]
Sentences(shown)

# %% [markdown]
# ## What moving to another set costs
#
# A layer can only be said to carry over badly against something. Beside each way stands the model of which every part
# was fine-tuned on the target itself, with and without the layer.

# %% tags=["hide-input"]
compared = other_and_own(shown, lambda_=lambda_)
other_and_own_table(compared)

# %% [markdown]
# ## What was found here

# %% tags=["hide-input"]
Markdown(outcome(shown))

# %% [markdown]
# ## At the paper's scale
#
# The specification changes, and nothing else: TimeSformer at 224x224 from the published Kinetics-600 weights,
# fine-tuned on FineGym or MPII Cooking 2 and given a new last layer on the other.
#
# ```bash
# vmp run table4 --scale paper --seeds 3 --device cuda
# ```
