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
# # The data sets
#
# The paper trains and tests on three sets of real video and draws figures of a fourth; its models start from weights
# that were trained on four more. Here is what each of them is, how to get it into a form that `vmp` reads, what its
# owners allow, what went wrong for others, and what a run on it costs. The sets themselves are not part of this book:
# **no number on these pages comes from them**, and none of the published addresses was reachable when it was made.

# %% tags=["hide-input"]
import re
import tempfile
from pathlib import Path

import pandas as pd
from IPython.display import Markdown, display

from vmp.backbones.registry import BACKBONES
from vmp.data import facts, own_videos
from vmp.data.example_folder import write_example_folder
from vmp.data.manifest import read_manifest
from vmp.data.manifest_summary import summary
from vmp.experiments.cost import cost, costs, reading
from vmp.experiments.cost_tables import tables, together
from vmp.experiments.cost_throughput import GPUS, assumed, implied, printed
from vmp.figures import set_sizes, set_text
from vmp.figures.still import Still
from vmp.figures.tables import Table

# %% tags=["parameters"]
gpu = "A100"  # one of V100, A100, H100, RTX 4090
utilisation = 0.3  # of its peak: assumed
seeds = 1  # runs of each row; the paper has one
slowfast = "slowfast_8x8"  # which SlowFast and which X3D the paper takes it does not say
x3d = "x3d_m"
clips_a_core_second = 25.0  # clips of 340x256 that one core decodes in a second

# %% tags=["hide-input"]
display(
    Table(
        facts.overview(),
        stack=True,
        caption="The paper trains and tests on the first three and shows figures of UCF-Crime; its weights were "
        "trained on the others. A question mark: not read in the source itself, or from memory.",
    ),
    Still(
        set_sizes.clips_figure(list(facts.FACTS.values())),
        set_sizes.lengths_figure(list(facts.FACTS.values())),
        alt="For eight data sets, clips a class and in all, 130 to 136 million, and seconds of a clip, 2 to 243",
        caption="Orange: the paper trains and tests on it; blue: its weights were trained on it; grey: in figures "
        "alone. Open: not verified. HowTo100M has no labels. The labelled sets behind the weights have 6 to 73 times "
        "as many clips as the three sets of the paper.",
    ),
)

# %% [markdown]
# ## One table a set
#
# Whatever a set looks like when it is published, its script makes one table of it, the **manifest**: a row a clip, with
# its file, where in the file it begins and ends, its label and name, its split, and what the set tells besides. Every
# script says beforehand how much it downloads and how much room that takes, goes on where it was stopped, changes
# nothing when it is run twice, and holds what it counts against what is published. Where the counts do not hold, it
# writes no manifest and ends with a status that is not 0; `--allow-missing` goes on with what is there and keeps a list
# of what is not. With the root `data/SET` that is used below (or `$VMP_DATA/SET`), `--scale paper` finds the set.
#
# `vmp data summary` shows what is in a manifest. This one is of a small folder of videos, made on the spot:

# %% tags=["hide-input"]
with tempfile.TemporaryDirectory() as place:
    folder = write_example_folder(Path(place) / "videos", ("circle", "tremble"), videos=8, size=64)
    manifest = read_manifest(own_videos.prepare(folder).manifest)
    text = str(summary(manifest)).replace(f", {folder}", "")
print(re.sub("█+", lambda bar: bar[0][: len(bar[0]) // 8], text))  # shorter bars, for a phone

# %% [markdown]
# ## HMDB-51
#
# Everyday actions from films and the web {cite}`kuehne2011hmdb`. In the paper it stands for generic action recognition
# with much camera motion; *mean* in Table 1 is over its three splits.

# %% tags=["hide-input"]
display(
    Table(facts.table("hmdb51"), stack=True, caption="What is known of HMDB-51, and where it was read."),
    Markdown(set_text.how_to("hmdb51")),
    Table(set_text.files("hmdb51"), stack=True, caption="What is downloaded, from the first mirror that answers."),
    Markdown("**Traps**\n\n" + set_text.traps("hmdb51")),
)

# %% [markdown]
# ## FineGym
#
# Gymnastics, labelled by the element {cite}`shao2020finegym`: the paper's fine-grained set with a moving camera. Gym99
# is the part with 99 classes.

# %% tags=["hide-input"]
display(
    Table(facts.table("finegym"), stack=True, caption="What is known of Gym99 v1.1, and where it was read."),
    Markdown(set_text.how_to("finegym")),
    Table(set_text.files("finegym"), stack=True, caption="Four text files; the videos come from YouTube by their id."),
    Markdown("**Traps**\n\n" + set_text.traps("finegym")),
)

# %% [markdown]
# ## MPII Cooking 2
#
# One kitchen, one fixed camera, 67 things to do there {cite}`rohrbach2015recognizing`: the paper's fine-grained set
# with a static camera, and the one on which most of its ablations run.

# %% tags=["hide-input"]
display(
    Table(facts.table("mpii_cooking2"), stack=True, caption="What is known of MPII Cooking 2, and where it was read."),
    Markdown(set_text.how_to("mpii_cooking2")),
    Table(set_text.files("mpii_cooking2"), stack=True, caption="Nobody states how large the videos' archive is."),
    Markdown("**Traps**\n\n" + set_text.traps("mpii_cooking2")),
)

# %% [markdown]
# ## UCF-Crime
#
# Surveillance videos {cite}`sultani2018real`. The paper shows figures of it and no numbers, so only the annotated test
# videos are read.

# %% tags=["hide-input"]
display(
    Table(facts.table("ucf_crime"), stack=True, caption="What is known of UCF-Crime, and where it was read."),
    Markdown(set_text.how_to("ucf_crime")),
    Table(set_text.files("ucf_crime"), stack=True, caption="The archives hold all videos; 290 of them are kept."),
    Markdown("**Traps**\n\n" + set_text.traps("ucf_crime")),
)

# %% [markdown]
# ## Your own videos
#
# A folder with a sub-folder a class, or a CSV file with the columns `path` and `class_name`, in any container that
# FFmpeg reads. Clips are divided into training, validation and test by class, files with the same bytes stay on one
# side, and so does what `--group` says: the clips of one person, one day, one camera. Without that, a model is tested
# on what it has nearly seen.
#
# ```bash
# # a sub-folder a class
# python data_scripts/own_videos.py --root my_videos
# # a table with a column "person", whose clips stay together
# python data_scripts/own_videos.py --root my_videos --table clips.csv --group person
# # the classes tell left from right: mirror no clip
# python data_scripts/own_videos.py --root my_videos --directional
# ```
#
# ## What the weights were trained on
#
# Nobody needs these sets to use this book: the weights are downloaded instead. What a model has seen still matters,
# since nearly all that it knows when fine-tuning begins comes from there.

# %% tags=["hide-input"]
sources = [each for each in facts.FACTS.values() if each.role == "pretrained on"]
seen = [
    {
        "set": each.title,
        "labels": each.labelled.value,
        "licence": str(each.licence),
        "what to know": " ".join(each.traps),
        "weights here": ", ".join(
            spec.name for spec in BACKBONES.values() if any(entry.name == each.name for entry in spec.weights)
        ),
    }
    for each in sources
]
display(
    Table(
        pd.DataFrame(seen),
        stack=True,
        caption="The weights have licences of their own: those of TimeSformer are CC BY-NC 4.0 (vmp.list_backbones()).",
    )
)

# %% [markdown]
# ## What a run at the scale of the paper needs
#
# A GPU hour is computed here from what is counted and what is assumed:
#
# - **Counted**: the FLOPs of a clip through each full-size model, forward and backward, by torch's counter on tensors
#   without values, two for each multiply-add; the gradients that a frozen part does not need are not in it.
# - **From the paper**: which rows there are, on which sets and splits. A row that two tables show is trained once.
# - **From the recipes**: 25 epochs, as the published configuration has it for TimeSformer on MPII (the paper states no
#   epochs), and the views that each backbone's authors test with, 30 for the CNNs and 3 for TimeSformer.
# - **Not verified**: the peaks and memory bandwidths of the GPUs, which are NVIDIA's, from memory.
# - **Assumed**: how much of a GPU's peak is reached, and that four fifths of MPII Cooking 2's 14,105 intervals train
#   and the rest tests, which is too many, since those of 20 activities do not count.
#
# The search for λ is Table 7. Table 1 is taken with each λ known, as the paper found it: on the test set.

# %% tags=["hide-input"]
work = tables(slowfast, x3d, seeds)
speeds = {f"{gpu}, {precision}": assumed(gpu, precision, utilisation) for precision in GPUS[gpu].peak}
speeds["V100 as in Table 8"] = printed(slowfast, x3d)
needed = costs(work, speeds)
all_of_it = needed.iloc[-1]
hours = {name: f"hours: {name}" for name in speeds}
display(
    Table(
        needed[["table", "runs", "exaflops", *speeds]].rename(columns={"exaflops": "exaFLOP", **hours}),
        decimals={"exaFLOP": 1, **dict.fromkeys(hours.values(), 1)},
        emphasise=needed["table"] == "together",
        stack=True,
        caption=f"Hours of one {GPUS[gpu].title} at {utilisation:.0%} of its peak in each precision (X3D: by memory), "
        f"and of one V100 at the speed that Table 8 comes to. Seeds: {seeds}. An exaFLOP is 10 to the 18th operations. "
        'The recipe at the scale of the paper says float32; precision="bf16-mixed" is what "half" stands for.',
    ),
    Markdown(
        f"**Together {all_of_it['runs']} runs and {all_of_it['exaflops']:.1f} exaFLOP**: "
        f"{all_of_it[f'{gpu}, half']:,.0f} hours of one {gpu} in half precision under these assumptions, and "
        f"{all_of_it['V100 as in Table 8']:,.0f} of one V100 by the paper's own times. Both leave out reading "
        "video; see below for how much that is."
    ),
    Table(
        needed[["table", "steps_millions", "views_millions", "weights_gigabytes", "note"]].rename(
            columns={
                "steps_millions": "clips trained, millions",
                "views_millions": "views tested, millions",
                "weights_gigabytes": "weights, GB",
                "note": "to know",
            }
        ),
        decimals={"clips trained, millions": 1, "views tested, millions": 2, "weights, GB": 1},
        emphasise=needed["table"] == "together",
        stack=True,
        caption="What the hours are made of. A clip counts once an epoch, a view once a test; weights are kept in "
        "float32.",
    ),
)

# %% [markdown]
# Other GPUs, under the same assumption:

# %% tags=["hide-input"]
everything = cost(together(work))
others = [
    {
        "GPU": each.title,
        "precision": precision,
        "peak, TFLOP/s ?": each.peak[precision] / 1e12,
        "hours": everything.hours(assumed(name, precision, utilisation)),
    }
    for name, each in GPUS.items()
    for precision in each.peak
]
Table(
    pd.DataFrame(others).assign(**{"days on four of them": lambda rows: rows["hours"] / 96}),
    decimals=1,
    caption=f"All tables once, at {utilisation:.0%} of the peak. fp32 is without tensor cores; half is bfloat16, "
    "float16 on a V100. Peaks are of dense products, from memory of "
    "NVIDIA's data sheets (not verified; what others quote of them agrees for A100, H100 and RTX 4090).",
)

# %% [markdown]
# ### Is the assumption any good?
#
# Table 8 prints how long a training step takes on a V100 with a batch of 8. Over the counted FLOPs that gives a speed:

# %% tags=["hide-input"]
speed = implied(slowfast, x3d)
columns = {
    "gflops_forward": "forward, GFLOP", "gflops_step": "step, GFLOP", "milliseconds": "paper's ms a clip",
    "tflops": "TFLOP/s", "share_of_fp32": "of V100's fp32 peak ?",
}  # fmt: skip
pairs = speed.set_index(["backbone", "variant"])
share = pairs["share_of_fp32"].xs("baseline", level="variant")
layer = pairs.loc[("c2d", "vmp")] / pairs.loc[("c2d", "baseline")] - 1
deepest = pairs.loc[("i3d", "vmp")] / pairs.loc[("i3d", "baseline")] - 1
display(
    Table(
        speed.rename(columns=columns),
        decimals={**dict.fromkeys(columns.values(), 1), columns["share_of_fp32"]: 2},
        caption="A clip at the training crop: counted operations, the paper's time, and the speed the two come to. The "
        "V100's peak, 15.7 TFLOP/s without tensor cores, is not verified.",
    ),
    Markdown(
        "- The 2D and 3D ResNets reach half to three quarters of the peak without tensor cores: believable.\n"
        f"- X3D reaches {share['x3d']:.0%}: few operations, much memory. Its hours "
        "above follow the memory's bandwidth for that reason: by FLOPs alone it would look "
        f"{share['c2d'] / share['x3d']:.0f} times as cheap as it is beside C2D.\n"
        f"- TimeSformer's {share['timesformer']:.0%} **cannot be float32** on that "
        "GPU. Either it was trained in half precision, or the time is not of the whole step; the paper says neither.\n"
        "- The layer works element by element and adds next to nothing itself. What it does add is the gradient of the "
        f"backbone's input, which nobody needs without it: {layer['gflops_step']:.1%} of a step for C2D, "
        f"{deepest['gflops_step']:.1%} for I3D, whose stem is five frames deep. The paper's times grow by "
        f"{layer['milliseconds']:.1%} and {deepest['milliseconds']:.1%}."
    ),
)

# %% [markdown]
# ### Reading video is the larger bill
#
# A processor core decodes about 25 to 50 clips of 340x256 a second with this loader (`python benchmarks/loading.py`
# says how many on yours; 25 is its slowest window, eight frames 32 apart with rare key frames, on one x86-64 core).
# In the same run plain PyAV 18.1 decodes 0.28 to 0.71 times as many, OpenCV 5.0 0.29 to 0.89 times: the loader is the
# fastest of the three in each of ten windows, since it neither decodes nor converts what no wanted frame needs.
# torchcodec 0.17, in another run of 15 rounds, does 0.71 to 1.01 times as many; the benchmark has it where it can be
# imported, which takes FFmpeg's shared libraries. (Medians, 12 rounds, one thread, a machine with other work, 21
# November 2026.)
# Time is taken to grow with the pixels of a frame, and MPII's frames are large.

# %% tags=["hide-input"]
read = reading(together(work), clips_a_core_second)
bill = read.iloc[-1]
display(
    Table(
        read.rename(
            columns={
                "dataset": "set",
                "reads_millions": "clips read, millions",
                "pixels": "pixels, of 340x256",
                "core_hours_as_published": "core hours as published",
                "core_hours_resized": "core hours, resized once",
            }
        ),
        decimals=1,
        emphasise=read["dataset"] == "together",
        caption=f"All tables once, {clips_a_core_second:g} clips a second and core. FineGym is taken as 1280x720, "
        "HMDB-51 as 320x240.",
    ),
    Markdown(
        f"With the videos as they are published, one {gpu} in half precision would want "
        f"**{bill['core_hours_as_published'] / all_of_it[f'{gpu}, half']:.0f} cores** to be kept busy; with videos "
        "that were once resized to 256 pixels on their shorter side, "
        f"**{bill['core_hours_resized'] / all_of_it[f'{gpu}, half']:.0f}**. Resizing MPII Cooking 2 and FineGym once "
        "pays before a long run. It departs from the recipe, whose shorter side goes up to 320, so say it with the "
        "result."
    ),
)

# %% [markdown]
# ### Room on disk
#
# HMDB-51 takes about 9 GB: 4.2 GB of archive, as its mirror states, and about as much unpacked (not verified). To get
# the 290 test videos of UCF-Crime, 25 GB of archives and more are downloaded (18.4 GB stated, the rest not verified).
# How large MPII Cooking 2 is nobody states: its 2.9 million frames of 1624x1224 are 27 hours. FineGym is whole
# competitions, hundreds of hours of them (not verified). The scripts say what they know before they begin, and stop
# where there is less room than that.
