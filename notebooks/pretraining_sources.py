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
# # Pretraining sources (Table 3)
#
# **The paper's claim** {cite}`chen2024motion`: whatever a TimeSformer was pretrained on, fine-tuning it on MPII Cooking
# 2 with motion prompts gains 1.9 to 6 points of top-1 accuracy.
#
# Here four rendered sources stand for the four data sets, and small models for TimeSformer. A number on this page says
# something about [rendered Libras movements](rendered_libras.ipynb) and nothing about MPII Cooking 2; it can show
# whether the *direction* of the claim turns up on a stand-in.

# %% tags=["hide-input"]
from IPython.display import Markdown

from vmp.experiments.reproduction import outcome, pretrained, provenance, reproduce
from vmp.figures.gains import gain_figures
from vmp.figures.reproduced import Sentences, accuracy_table, comparison_table
from vmp.figures.still import Still

# %% tags=["parameters"]
scale = "small"  # "smoke": seconds, "small": what is stored, "gpu" and "paper": full-size models
seeds = 3
device = "auto"  # "cpu", "cuda", or whichever is there
backbone = None  # the table's own: I3D at tiny size, TimeSformer at the paper's
datasets = None  # all of the table's, or names that `vmp status` lists
lambda_ = None  # chosen on validation; a number for another

# %% tags=["hide-input"]
shown = reproduce(
    "table3", scale, seeds, backbone=backbone, datasets=datasets, lambda_=lambda_, device=device, report=print
)
Markdown(f"{provenance(shown)}\n\n{pretrained(shown)}")

# %% [markdown]
# ## Paper and here

# %% tags=["hide-input"]
accuracy_table(shown, "Paper: TimeSformer on MPII Cooking 2, one run each.")

# %% tags=["hide-input"]
labels = {row.key: row.paper["pretrained_on"] for row in shown.table.rows}
Still(
    *gain_figures(shown, labels),
    alt="For each source the accuracy without and with the layer, in the paper and here.",
    caption="Open circle: without the layer. Dot: with it; the thin line spans the seeds.",
)

# %% tags=["hide-input"]
comparison_table(shown)

# %% tags=["hide-input"]
Sentences(shown)

# %% [markdown]
# ## What was found here

# %% tags=["hide-input"]
Markdown(outcome(shown))

# %% [markdown]
# The four sources differ in what their clips show, not in size: two show other objects on the same kind of path, one
# other paths, one long films cut at random. What that makes of a start can be read off the rows without the layer.
#
# ## At the paper's scale
#
# The specification changes, and nothing else: TimeSformer at 224x224 from the four published sets of weights, on MPII
# Cooking 2.
#
# ```bash
# vmp run table3 --scale paper --seeds 3 --device cuda
# ```
