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
import math

import pandas as pd
from IPython.display import Markdown

from vmp.experiments.claims import NOT_RUN, claims
from vmp.experiments.reproduction import points
from vmp.figures.claims import claims_figure
from vmp.figures.reproduced import interval
from vmp.figures.still import Still
from vmp.figures.tables import Table

# %% tags=["parameters"]
scale = "small"  # "gpu" and "paper": full-size models, where their runs are stored
seeds = 3

# %% tags=["hide-input"]
found = claims(scale, seeds)


def here(row: dict[str, object]) -> str:
    """The difference with what it is a difference of."""
    if math.isnan(row["here"]):
        return "–"
    if row["unit"] == "points":
        return f"{points(row['here'])} ({interval(row['low'], row['high'])})"
    return f"{row['unit']} {row['here']:+.3f}".replace("-", "−")


said = found.to_dict("records")
Table(
    pd.DataFrame(
        {
            "claim": found["words"],
            "where": found["where"],
            "paper": ["–" if math.isnan(row["paper"]) else points(row["paper"]) for row in said],
            "here (95 % interval)": [here(row) for row in said],
            "p (Holm)": found["p_holm"],
            "runs": found["runs"],
            "verdict": found["verdict"],
            "chapter": [page.replace("_", " ") for page in found["page"]],
        }
    ),
    decimals=3,
    stack=True,
    links={"chapter": [f"{page}.html" for page in found["page"]]},
    caption="Points of top-1, or differences of learned slopes and shifts. Runs: how many are compared with as "
    "many others. p is corrected by Holm's method for all claims of this page.",
)

# %% tags=["hide-input"]
Still(
    claims_figure(found[found["unit"] == "points"]),
    alt="Each claim about accuracy: the paper's gain, and the one here with its interval.",
    caption="Dot and line: here, with the 95 % interval. Diamond: the paper.",
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
# - **same direction on the stand-in**, **opposite**: the interval leaves out 0 *and* the test, corrected for all claims
#   here, has p of at most .05.
# - **cannot tell**: anything else. Each chapter says how large a difference would have been seen.
# - **not testable here**: the paper gives no direction to agree with.
# - **not run yet**: a run that the claim needs is not stored.
#
# A claim about several rows (backbones, sources) is pooled: each row and seed counts as a run, so the interval allows
# for other rows as for other seeds. Claims about slopes and shifts are paired run by run; their test flips runs, and
# nothing but the layer's two numbers is looked at.
#
# Claims that were computed and not trained are in their chapters: what a layer costs in
# [What it costs](costs.ipynb), what the maps show in [Seeing motion prompts](seeing.ipynb) and
# [Temporal attention variation](temporal_variation.ipynb), where the paper disagrees with itself in
# [Where paper, code and mathematics disagree](disagreements.ipynb).
#
# ## At the paper's scale
#
# ```bash
# vmp run all --scale paper --seeds 3 --device cuda
# ```
