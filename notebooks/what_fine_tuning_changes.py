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
# # What fine-tuning changes (Figs. 7–9)
#
# **The paper's claim** {cite}`chen2024motion`: held against each other layer by layer, the weights of models that were
# fine-tuned with and without the motion prompt layer show where it works: in TimeSformer on the projections of
# attention, the layers that carry time, and the embeddings of tokens and time; in X3D and SlowFast on temporal blocks.
#
# The measure is the cosine between two models' weights, a layer at a time, without the last. The paper has one run on
# either side. But two runs differ in their seed too, and a cosine below 1 does not say why; so beside every pair stands
# one that has no layer on either side: the same fine-tuning from another seed. What stands for what is told
# [here](rendered_libras.ipynb); the models are small.

# %% tags=["hide-input"]
from IPython.display import Markdown, display

from vmp.experiments import grid, load, names, run_missing
from vmp.experiments.findings.weights_compared import figure7, parts, temporal_layers
from vmp.experiments.reproduction import provenance, stored
from vmp.experiments.tables.starts import dataset_for
from vmp.figures.similarity_page import similarity_page
from vmp.figures.similarity_tables import HMDB_CLAIM, most_alike, outcome

# %% tags=["parameters"]
scale = "small"  # "smoke": seconds, "small": what is stored, "gpu" and "paper": full-size models
seeds = 3  # the yardstick needs two
device = "auto"  # "cpu", "cuda", or whichever is there
backbones = None  # all, or some: ["x3d"]
datasets = None  # all, or names that `vmp status` lists: ["libras-static"]
lambda_ = None  # what the tables have; a number for another

# %% tags=["hide-input"]
chosen = names.tables(["fig7", "fig8", "fig9", "fig11"], scale, seeds, backbones=backbones, datasets=datasets)
tables = {each.name: each if lambda_ is None else each.with_lambda(lambda_) for each in chosen}
for each in tables.values():
    run_missing(each, device=device, report=print)
shown = {name: stored(each) for name, each in tables.items()}
temporal = temporal_layers(tables.values())
called = {"fig7": "Fig. 7", "fig8": "Fig. 8", "fig9": "Fig. 9", "fig11": "TimeSformer"}
Markdown("\n".join(f"- {called[name]}. {provenance(each)}" for name, each in shown.items()))

# %% [markdown]
# ## Four pairs (Fig. 7)
#
# The paper compares TimeSformer's weights on MPII Cooking 2 in four pairs: pretrained and fine-tuned; fine-tuned
# without and with the layer; fine-tuned and its second round with the layer; and the last two with each other. Here
# they are [Table 2's](finetuning_variants.ipynb) runs, with its backbone. Two yardsticks stand beside them: the
# fine-tuned model against itself from another seed, and a second round without the layer.

# %% tags=["hide-input"]
variants = grid.table("table2", scale, seeds)  # all of it, for a yardstick that Fig. 7 lacks
found = load(variants if lambda_ is None else variants.with_lambda(lambda_))
pairs = figure7(found) if "fig7" in tables else []
display(*similarity_page(pairs, "Table 2's runs", temporal))

# %% tags=["hide-input"]
Markdown(
    most_alike(
        pairs, "with VMP, second round with VMP",
        "In the paper the model fine-tuned with the layer and the second round with it are the most alike.",
    )
)  # fmt: skip

# %% [markdown]
# ### TimeSformer
#
# Of the paper's own backbone, tiny and from the second pretraining source, Table 1 has the runs of the second pair.

# %% tags=["hide-input"]
timesformer, starts = parts(shown, "fig11")
display(*similarity_page(timesformer, "TimeSformer's runs of Table 1", temporal, starts))

# %% [markdown]
# ## X3D on three sets (Fig. 8)

# %% tags=["hide-input"]
x3d, starts = parts(shown, "fig8")
display(*similarity_page(x3d, "X3D's runs of Table 1", temporal, starts))

# %% tags=["hide-input"]
Markdown(most_alike(x3d, dataset_for("hmdb51", scale), HMDB_CLAIM))

# %% [markdown]
# ## SlowFast on three sets (Fig. 9)
#
# With the layer on the slow pathway, on the fast one, and on both.

# %% tags=["hide-input"]
slowfast, starts = parts(shown, "fig9")
display(*similarity_page(slowfast, "SlowFast's runs of Table 1", temporal, starts))

# %% tags=["hide-input"]
Markdown(most_alike(slowfast, dataset_for("hmdb51", scale), HMDB_CLAIM))

# %% [markdown]
# ## What was found here

# %% tags=["hide-input"]
Markdown(outcome([*pairs, *timesformer, *x3d, *slowfast], temporal))

# %% [markdown]
# A cosine below 1 is what any fine-tuning leaves behind, for a seed decides the new head, the order of the clips and
# their renderings. Only what lies below the dashed lines could be the layer's doing.
#
# ## At the paper's scale
#
# The specification changes, and nothing else: full-size TimeSformer, X3D and SlowFast from published weights, on the
# three real data sets.
#
# ```bash
# vmp run fig7 fig8 fig9 --scale paper --seeds 3 --device cuda
# papermill notebooks/what_fine_tuning_changes.ipynb out.ipynb -y "{scale: paper, backbones: [x3d]}"
# ```
