"""Counts what a clip costs each backbone of the paper's size, and keeps it where the cost of the tables is computed.

    python benchmarks/flops.py       # a minute; writes vmp/assets/cost/clip_flops.csv

Nothing is timed: the counts hang on the models alone, so this is run again when one of them changes.
"""

from __future__ import annotations

import csv
from pathlib import Path

from vmp.experiments.cost_flops import rows

TO = Path(__file__).resolve().parents[1] / "vmp" / "assets" / "cost" / "clip_flops.csv"


def main() -> None:
    made = rows()
    TO.parent.mkdir(parents=True, exist_ok=True)
    with TO.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(made[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(made)
    print(f"wrote {TO}: {len(made)} rows")


if __name__ == "__main__":
    main()
