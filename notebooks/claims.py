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
# # Every claim of the paper
#
# What the paper {cite}`chen2024motion` says, where it says it, its number, and what was found here. The data here are
# [rendered Libras movements](rendered_libras.ipynb) and the models are tiny: a line can show whether the *direction* of
# a claim turns up on a stand-in, and no more. Each verdict is computed from the [stored runs](runs.ipynb) while this
# page is built.

# %% tags=["hide-input"]
from IPython.display import Markdown

from vmp.experiments.claims import NOT_RUN, claims
from vmp.figures.claims import claims_figure, claims_table
from vmp.figures.still import Still

# %% tags=["parameters"]
scale = "small"  # "gpu" and "paper": full-size models, where their runs are stored
seeds = 3

# %% tags=["hide-input"]
found = claims(scale, seeds)
claims_table(found)

# %% tags=["hide-input"]
Still(
    claims_figure(found[(found["unit"] == "points") & (found["verdict"] != "not testable here")]),
    alt="Each claim about accuracy: the paper's gain, and the one here with its interval.",
    caption="Dot and line: here, with the 95 % interval. Diamond: the paper. What is not testable here is left out.",
)

# %% tags=["hide-input"]
counts = found["verdict"].value_counts()
Markdown(
    f"Of {len(found)} claims: "
    + ", ".join(f"{count} “{name}”" for name, count in counts.items())
    + (". Runs that are missing are trained by `vmp run all`." if NOT_RUN in counts else ".")
)

# %% [markdown]
# ## How to read a verdict
#
# - **same direction on the stand-in**, **opposite**: the interval, where there is one, leaves out 0 *and* the test,
#   corrected for all claims here, has p of at most .05. The cost in time has a rule of its own, in its chapter.
#   Where one seed is stored, it can be due to one run whose training collapsed; each chapter names those runs.
# - **cannot tell**: anything else. Each chapter says how large a difference would have been seen.
# - **not testable here**: the paper gives no direction to agree with, or a model that the claim is about learned
#   nothing here but to guess.
# - **not run yet**: a run that the claim needs is not stored.
#
# A claim about several rows (backbones, sources) is pooled: each row and seed counts as a run, and a gain on average
# is not one of every row; a row whose model only guesses counts, and pulls the mean towards 0. A second round with
# prompts is held against one round without, as in the paper; what a second round alone does is one of the
# [controls](controls.ipynb). That one row is above others, or gains more than they do, is tested as a weighted sum of
# rows, by the same test. Claims about slopes, shifts, weights and classes have tests of their own: signs of paired
# runs, with an interval over seeds, since all runs of a seed begin at the same slope and shift; Student's test of the
# seeds for weights; for classes a sign test of those that gained against those that lost, and Student's of the seeds,
# of which the less sure one counts. How the layer's time grows is a fit: the same direction where its 95 % interval
# holds the paper's power, 1, and neither 0.5 nor 1.5. What is computed and not trained stands in its chapter: what the
# maps show in [Seeing motion prompts](seeing.ipynb) and [Temporal attention variation](temporal_variation.ipynb), and
# where the paper disagrees with itself in [this one](disagreements.ipynb).
#
# ## At the paper's scale
#
# ```bash
# vmp run all --scale paper --seeds 3 --device cuda
# ```
