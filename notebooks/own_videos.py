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
# # Your own videos
#
# From a folder of videos to a fine-tuned model, and a page that says what it learned, in two commands:
#
# ```bash
# vmp train --data VIDEOS --backbone x3d_s --prompts --weights k400 --out RUN
# vmp report RUN
# ```
#
# `VIDEOS` is a folder with a sub-folder for each class, in any container that FFmpeg reads:
#
# ```text
# VIDEOS/
#   jump/  a.mp4  b.mov  tuesday/c.mkv
#   run/   d.avi  e.webm
# ```
#
# The first command opens every file once and divides them, class by class: 70 % train, 10 % are looked at after each
# epoch, and 20 % are kept for the test. What is where stands in `VIDEOS/own_videos.parquet`, and stays so. Then X3D-S
# starts from the weights that its authors published for Kinetics-400, with a motion prompt layer in front. The second
# command tests the model and writes `RUN/report/index.html`, one file that needs no network.
#
# This page does both on a small folder of videos that it makes itself, in seconds and without a download. It is a toy,
# and says so where it matters. To see it with videos of yours, [give the notebook your folder](#own-notebook).

# %% tags=["hide-input"]
import shlex
import tempfile
from pathlib import Path

from IPython.display import Markdown, display

from vmp.cli.typed import run_typed
from vmp.data.example_folder import write_example_folder
from vmp.figures.film_strips import folder_pictures
from vmp.predict import load_predictor, predict_video
from vmp.report import finished_run, parts

# %% tags=["parameters"]
data = None  # a folder of your own videos, a sub-folder a class; None makes a small one
backbone = "c2d"  # with videos of your own: "x3d_s"
epochs = 10
scale = "small"  # tiny models from random weights, in seconds; "paper" is full size
weights = None  # "k400" at scale "paper": what the authors of the backbone published
device = "auto"

# %% [markdown]
# ## The folder

# %% tags=["hide-input"]
work = Path(tempfile.mkdtemp(prefix="vmp-own-videos-"))
videos = Path(data).expanduser().absolute() if data else write_example_folder(work / "videos")
folder_pictures(videos)

# %% tags=["hide-input"]
Markdown(
    "These are videos of your own."
    if data
    else "Real movements of hands ([Libras](rendered_libras.html)), drawn and encoded as H.264, 96x96 pixels, two "
    "seconds each. **The classes are made easy**: each movement has an object of its own, which gives it away in a "
    "single frame. So this shows how the commands work, and says nothing about what motion prompts are good for."
)

# %% [markdown]
# ## The first command
#
# What follows is typed and printed as in a terminal. `--prompts` alone puts a layer in front of each input of the
# backbone. The learning rate and the rest of the recipe are those of the backbone at the scale.

# %% tags=["hide-input"]
named = shlex.quote(str(videos)) if data else "videos"
given = f"--backbone {backbone} --scale {scale} --epochs {epochs}"
given += f" --weights {weights}" if weights else " --batch-size 8"
chosen = "" if device == "auto" else f" --device {device}"
train = f"vmp train --data {named} {given} --prompts{chosen} --out run"
display(Markdown(f"```bash\n{train}\n```"))
run_typed(train, work)

# %% [markdown]
# The same command goes on with what was interrupted, and does nothing when it is done. Of your own videos leave
# `--scale`, `--epochs` and `--batch-size` out: a folder is trained at the scale `paper`, that is the full-size model,
# 25 epochs, eight clips a step, and tested in the views of the backbone's authors. A video that cannot be read stops
# it before anything is trained, with a list; `--allow-missing` goes on without.

# %% [markdown]
# ## The second command

# %% tags=["hide-input"]
report = f"vmp report run{chosen}"
display(Markdown(f"```bash\n{report}\n```"))
run_typed(report, work)

# %% [markdown]
# The rest of this page is what that report shows, part by part: `vmp.report.parts` makes both.

# %% tags=["hide-input"]
found = finished_run(work / "run", device)
answer, numbers = parts.accuracy(found)
display(Markdown(f"**{answer}**"), numbers)

# %% [markdown]
# The interval is the first thing to read: with a dozen test videos it is so wide that two models can hardly be told
# apart. It also knows nothing of a second training with another seed. *Always the most frequent class* is what a model
# that learned nothing could reach.
#
# ## What is taken for what

# %% tags=["hide-input"]
display(*parts.confusions(found), parts.classes(found))

# %% [markdown]
# ## How training went

# %% tags=["hide-input"]
parts.training(found)

# %% [markdown]
# A validation curve that falls while training goes on is a sign of too many epochs; `--keep best` then keeps the best
# epoch. The test videos have no part in that choice.
#
# ## Slope and shift
#
# What the layer learned, beside the pairs of the paper and of its authors' page.

# %% tags=["hide-input"]
display(*parts.slope_and_shift(found))

# %% [markdown]
# Most of where a run ends is where it began: *m* and *n* are drawn at random, and at the paper's learning rate they
# move slowly. Train with a few values of `--seed` before you read anything into a pair.
#
# ## Clips it got right, and clips it got wrong

# %% tags=["hide-input"]
for right in (True, False):
    heading = "Right" if right else "Wrong"
    display(Markdown(f"**{heading}**"), parts.clips(found, right) or Markdown("There is none."))

# %% [markdown]
# ## What the data were
#
# Whatever was left out, padded or lost is counted, never mended in silence.

# %% tags=["hide-input"]
display(parts.data_counts(found), Markdown("\n".join(f"- {note}" for note in parts.data_notes(found))))

# %% [markdown]
# ## Ask the model
#
# ```bash
# vmp predict VIDEO --weights RUN
# vmp predict VIDEO --weights RUN --every 1 --out said.csv
# vmp live 0 --weights RUN
# vmp live rtsp://... --weights RUN --out seen.mp4
# ```
#
# `predict` averages the views in which the backbone's authors test; with `--every` it also says what it takes each
# part of the video for. `live` watches a camera, a stream or a file: each frame goes through the layer once
# (`MotionPrompt.stream()`), and a page at `http://127.0.0.1:8765` shows the four panes and the likeliest classes while
# it runs. Ctrl-C ends it. Nothing leaves the machine.

# %% tags=["hide-input"]
one = videos / found.data.table["path"].iloc[0]
said = predict_video(load_predictor(work / "run", device), one)
listed = "\n".join(f"- {name}: {probability:.2f}" for name, probability in said.top())
Markdown(f"`vmp predict {found.data.table['path'].iloc[0]}`, over {said.views} views:\n\n{listed}")

# %% [markdown]
# A model knows its own classes only. Shown anything else, it takes it for one of them, often with a high probability.
#
# (own-notebook)=
# ## This page with your videos
#
# ```bash
# papermill notebooks/own_videos.ipynb mine.ipynb -p data ~/VIDEOS -p backbone x3d_s -p scale paper \
#   -p weights k400 -p epochs 25
# ```
#
# On a GPU that is minutes for a few hundred videos; on a laptop, hours. Things worth knowing:
#
# - **A few dozen videos a class** are a fair start from published weights, and too few from random ones.
# - **Cuts of one recording belong together**: a model recognises the room. Give each recording a sub-folder of its
#   class and prepare the folder yourself, `python data_scripts/own_videos.py --root VIDEOS --group folder`; `vmp train`
#   takes the division that it finds.
# - **Left and right**: half of the training clips are mirrored. Where classes tell the sides apart, prepare the folder
#   with `--directional`, and none is.
# - **Long videos** with several actions need a table of intervals instead of folders: `--table FILE.csv` with the
#   columns `path`, `class_name`, `start` and `end`.
