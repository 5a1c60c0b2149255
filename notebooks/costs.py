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
# # What it costs (Table 8)
#
# **The paper's claim** {cite}`chen2024motion`: the motion prompt layer adds a negligible computational overhead. Its
# cost is $\mathcal{O}(H \times W)$, and Table 8 has the seconds a batch of every backbone with and without it.
#
# Here the same backbones, as the paper has them, are timed with and without the layer. The paper's times are of a
# Tesla V100, as all its experiments, and those here are of the device that each column names: **ratios can be compared,
# seconds cannot.**

# %% tags=["hide-input"]
from IPython.display import Markdown

from vmp.experiments import timing
from vmp.experiments.timing import table as timing_table
from vmp.experiments.timing.layer import growth
from vmp.experiments.timing.overhead import overhead
from vmp.experiments.timing.records import TimingStore
from vmp.figures import cost_plots, cost_text
from vmp.figures.still import Still
from vmp.figures.tables import Table

# %% tags=["parameters"]
scale = "small"  # "smoke": seconds, "small": what is stored, on a CPU, "gpu" and "paper": batches of 8 on a GPU
device = "auto"  # "cpu", "cuda", or what the scale means
backbones = None  # for example ["x3d", "timesformer"]; None: all
measure = False  # True: time what is not stored yet, on this machine, which should do nothing else

# %% [markdown]
# ## What is timed
#
# - **Forward** is the model and the loss, **backward** the gradients; testing is the forward pass in evaluation mode.
#   The weight λ of the variation is 1, so that it has a gradient too. Reading video and the optimiser are left out.
# - With the layer a model takes one frame more; that is part of what the layer costs.
# - **In turns.** In one process each variant takes a step, then each again, another one first. A ratio is the median
#   over the pairs of steps that were taken beside each other, so that a slow moment of the machine meets both. One
#   or two rounds go before the first that counts, and a GPU is waited for.
# - **Tiny** models have the paper's modules with small widths, 64×64 pixels. **Full size** is the paper's, at 224×224.
#   The paper does not say which SlowFast and which X3D it has: here SlowFast 4×16 and X3D-M.
#
# This page shows what is stored and times nothing: on a machine that builds a book, times are noise.

# %% tags=["hide-input"]
if measure or scale == "smoke":
    timing.table8(scale, device=device, backbones=backbones, report=print)
rows = timing_table.table(scale, device=device, backbones=backbones)
Markdown(cost_text.provenance(rows))

# %% [markdown]
# ## With and without

# %% tags=["hide-input"]
Still(
    cost_plots.overhead_figure(rows, "train_step"),
    cost_plots.overhead_figure(rows, "test_forward"),
    alt="How many times as long a training step and a test take with the layer, a line a model, paper and here.",
    caption="1: as long as without. Dots: median over pairs of steps, with the lowest and the highest. Diamonds: the "
    "paper's means, with what their rounding to milliseconds allows.",
)

# %% tags=["hide-input"]
Markdown(f"{overhead(rows).sentence}\n\n{cost_text.findings(rows)}")

# %% [markdown]
# What the paper's diamonds are worth: its forward passes in testing take 3 to 24 ms and are printed to the millisecond,
# and many of its [deviations cannot be those of ten runs](disagreements.ipynb).

# %% tags=["hide-input"]
printed = timing_table.printable(rows)
ratios = printed[printed["paper, ratio"] != ""]
Table(
    ratios[[name for name in ratios if not name.endswith(", s")]].rename(
        columns=lambda name: name.removesuffix(", ratio")
    ),
    caption="How many times as long with the layer. Paper: of the means. Here: median over pairs of steps (lowest to "
    "highest). A dash: not stored.",
)

# %% [markdown]
# ## Seconds

# %% tags=["hide-input"]
Table(
    printed[[name for name in printed if not name.endswith(", ratio")]].rename(columns=lambda n: n.removesuffix(", s")),
    caption="Seconds a batch, mean ± standard deviation over runs. The paper: batches of 8 on its GPU, ten runs.",
)

# %% tags=["hide-input"]
Table(
    timing_table.medians(rows),
    caption="The same here, median (lowest to highest), which one slow run does not move.",
)

# %% [markdown]
# ## Memory
#
# On a CPU it is what the whole process holds at its peak, each variant in a process of its own; on a GPU what torch has
# allocated there. “Added” is what a training step takes beyond model and batch. With the layer there is one map more
# for the backward pass, and the gradient of the backbone's input, which nobody needs without it.

# %% tags=["hide-input"]
memory = cost_text.memory_table(rows)
(
    Table(memory, decimals={"peak, GiB": 2, "added by a step, GiB": 2, "with / without": 3})
    if len(memory)
    else Markdown("None is stored at this scale.")
)

# %% [markdown]
# ## Does it grow with HW?

# %% tags=["hide-input"]
planned = timing.plan(scale, device)
layer = TimingStore().layer(planned.batch, planned.sides, planned.on)
Markdown(
    f"{cost_text.operations_sentence()} "
    + (cost_text.growth_sentence(layer, growth(*layer.medians)) if layer else "Times are not stored yet.")
)

# %% tags=["hide-input"]
(
    Still(
        cost_plots.growth_figure(layer),
        alt="Seconds of the layer, forward and backward, over the pixels of a frame, both axes logarithmic.",
        caption="Medians over runs. Small frames cost what calling the layer costs; then time grows with the pixels.",
    )
    if layer
    else None
)

# %% [markdown]
# ## What this says, and what it does not
#
# A ratio is of a model on a device. The layer does the same work in front of any backbone, so a small model, or one
# whose step is fast on its device, is slowed by a larger part; that holds for the paper's table as well. Timed here is
# the eager layer; `torch.compile` makes it faster (`benchmarks/layer.py` measures both).
#
# ## At the paper's scale
#
# Full-size models, batches of 8, ten runs, on a GPU; the columns appear on this page beside the others.
#
# ```bash
# vmp run table8 --scale paper --device cuda
# ```
#
# What is missing here is timed, on a machine that does nothing else, with `vmp run table8 --scale small`. One backbone:
#
# ```bash
# papermill notebooks/costs.ipynb out.ipynb -p measure True -y "backbones: [x3d]"
# ```
