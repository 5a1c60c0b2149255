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
# # Controls: what does the layer itself do?
#
# **The paper's claim** {cite}`chen2024motion`: "with only two additional learnable parameters, our motion prompt layer
# significantly enhances action recognition". Its tables hold a model with the layer against one without.
#
# More than the two parameters differs between those two models. The layer looks at one frame more. It multiplies every
# pixel by something, trained or not. In one of the variants it comes with a second round of training. And whether the
# slope and the shift that were *learned* matter is another question than whether the layer does. The paper has no
# controls for these, so this page has no numbers of the paper beside its own: a verdict says "higher here", "lower
# here" or "cannot tell".
#
# The runs are on [rendered Libras movements](rendered_libras.ipynb), with a static camera (stands for MPII Cooking 2)
# and a moving one (stands for FineGym), and with a small model; they say something about those.

# %% tags=["hide-input"]
from IPython.display import Markdown

from vmp.experiments.findings.parts_of_gain import against_baseline, parts_of_gain, variants
from vmp.experiments.reproduction import pretrained, provenance, reproduce, tally
from vmp.figures.controlled import control_figures
from vmp.figures.reproduced import Sentences, accuracy_table, comparison_table
from vmp.figures.still import Still

# %% tags=["parameters"]
scale = "small"  # "smoke": seconds, "small": what is stored, "gpu" and "paper": full-size models
seeds = 3
device = "auto"  # "cpu", "cuda", or whichever is there
backbone = None  # the table's own: I3D at tiny size, TimeSformer at the paper's
datasets = None  # both of the table's, or names that `vmp status` lists
lambda_ = None  # chosen on validation; a number for another

# %% tags=["hide-input"]
shown = reproduce(
    "controls", scale, seeds, backbone=backbone, datasets=datasets, lambda_=lambda_, device=device, report=print
)
Markdown(f"{provenance(shown)}\n\n{pretrained(shown)}")

# %% [markdown]
# ## The controls
#
# - **A layer that changes nothing**: slope 50, shift −0.599, not trained. Its attention is 1 wherever a pixel does not
#   darken by half of its range at once, so the model gets the frames of the baseline through a layer that is there.
# - **Left at the random start**: m and n stay what they were drawn as; the model around them is trained.
# - **Frozen at the paper's pair**: a = 11.04, b = −0.59, which the paper learned on FineGym.
# - **The extra frame alone**: no layer; the model sees the frame that the layer would have looked at as well. A model
#   that takes two pathways has no such row.
# - **Fine-tuned twice**: no layer; a second round, as long as the first.
# - **Red and blue the other way round**: the published code weights the channels as if they were BGR while its reader
#   gives RGB; the weights of this page's layer are those of RGB.
# - **Adjacent differences**: each sampled frame against the frame of the video just before it. The paper's text reads
#   as if frames were adjacent; its code subtracts sampled frames, which lie a stride apart.
# - **Absolute differences**: |D| for D, so that brighter and darker count alike.
#
# ## At a glance

# %% tags=["hide-input"]
labels = against_baseline(shown)
Still(
    *control_figures(shown.pairs, labels),
    alt="For each control the difference in top-1 accuracy to the baseline, with its 95 percent interval, on the set "
    "with the static and the one with the moving camera.",
    caption="Dot and line: the difference to the model without the layer, with its 95 % interval. Orange: higher; "
    "blue: lower; grey: cannot tell. The interval is not corrected for the other comparisons, the verdict is.",
)

# %% tags=["hide-input"]
accuracy_table(shown, "The paper has no such rows.")

# %% tags=["hide-input"]
comparison_table(shown)

# %% tags=["hide-input"]
Sentences(shown)

# %% [markdown]
# ## What was found here
#
# Which part of a gain, if there is one, comes from the layer, from the extra frame, from longer training?

# %% tags=["hide-input"]
Markdown("\n\n".join(f"**{dataset}.** {parts_of_gain(shown, dataset)}" for dataset in labels))

# %% [markdown]
# And does it matter what the layer learns, and how the difference is taken?

# %% tags=["hide-input"]
told = [f"**{dataset}.** {said}" for dataset in labels if (said := variants(shown, dataset))]
Markdown("\n\n".join([*told, f"All comparisons of this page: {tally(shown.pairs)}."]))

# %% [markdown]
# A difference that nobody can tell is not a difference of nothing: each sentence above says how large one these data
# would have shown.
#
# ## At the paper's scale
#
# The specification changes, and nothing else: TimeSformer at 224x224 from the published Kinetics-600 weights, on MPII
# Cooking 2 and FineGym.
#
# ```bash
# vmp run controls --scale paper --seeds 3 --device cuda
# ```
