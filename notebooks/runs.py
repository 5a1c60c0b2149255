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
# # Every run
#
# What is stored: each training and each test behind the numbers of this book, with its configuration, seed, device,
# seconds, date and versions. A run is *stored* while the code of today computes what it computed then (each record
# holds a fingerprint of that behaviour), else *stale*, and a stale run is shown in no chapter.

# %% tags=["hide-input"]
import pandas as pd
from IPython.display import Markdown

from vmp.experiments import grid
from vmp.experiments.ledger import ledger
from vmp.experiments.state import state_of
from vmp.experiments.store import Store
from vmp.figures.fold import Fold
from vmp.figures.tables import Table

# %% tags=["parameters"]
scale = "small"  # whose runs; "smoke", "gpu" and "paper" where such runs are stored
seeds = 3  # of which the tables should have each row

# %% [markdown]
# ## By table

# %% tags=["hide-input"]
store = Store.find()
states: dict[str, str] = {}
rows = []
for name in grid.TABLES:
    wanted = grid.table(name, scale, seeds)
    for run in wanted.runs():
        states.setdefault(run.identity, state_of(run, store).name)
    own = pd.Series([states[run.identity] for run in wanted.runs()]).value_counts()
    counts = {state: int(own.get(state, 0)) for state in ("stored", "stale", "missing")}
    rows.append({"table": name, "what": wanted.title, "rows": len(wanted.rows), "runs": len(wanted.runs()), **counts})
Table(
    pd.DataFrame(rows),
    caption="Runs of each table, those that it shares with others and pretraining included. vmp status says the same.",
)

# %% tags=["hide-input"]
kept = ledger(store, scale)
hours = kept["seconds"].sum() / 3600
days = " to ".join(sorted({str(kept["date"].min()), str(kept["date"].max())}))
total = pd.Series(list(states.values())).value_counts()
Markdown(
    f"All tables together: {len(states)} runs, {total.get('stored', 0)} stored, {total.get('stale', 0)} stale, "
    f"{total.get('missing', 0)} missing. The stored ones took {hours:.1f} hours of one thread each on "
    f"{'; '.join(sorted(set(kept['device'])))}, {days}, with torch "
    f"{', '.join(sorted(set(kept['torch'])))}."
    if len(kept)
    else f"Nothing is stored at scale “{scale}”; `vmp run all --scale {scale}` runs {len(states)} runs."
)

# %% [markdown]
# ## One by one
#
# A record as a whole, with its training log and what it said of every test clip: `results/runs/KEY.json` and
# `results/predictions/KEY.parquet`; `results/README.md` says how to read them without this package.

# %% tags=["hide-input"]
shown = kept.drop(columns=["title", "device", "torch", "version"]).assign(
    top1=kept["top1"].round(1), seconds=kept["seconds"].round(), commit=kept["commit"].str[:8]
)
parts = [(f"{name}: {len(part)} runs", part.drop(columns="dataset")) for name, part in shown.groupby("dataset")]
Fold(*parts) if parts else Markdown("")

# %% [markdown]
# ## Run it again
#
# ```bash
# vmp status                      # what is stored, stale, missing
# vmp run all --scale small --seeds 3   # what is missing or stale, and nothing else
# vmp verify                      # some stored runs again, compared within the tolerance
# ```
