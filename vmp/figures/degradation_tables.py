"""What a degradation does to each accuracy, the paper's beside both readings of it, as a page shows it."""

from __future__ import annotations

import pandas as pd

from vmp.figures.tables import Table


def changes_table(found: pd.DataFrame) -> Table:
    """Of :func:`vmp.experiments.findings.degradation_changes.changes`; rows that the paper's noise raises are bold."""
    frame = pd.DataFrame(
        {
            "clips": found["title"],
            "paper": found["paper"],
            "here, trained clean": found["tested"],
            "here, trained degraded": found["both"],
        }
    )
    return Table(
        frame,
        decimals=1,
        emphasise=found["paper"] > 0,
        stack=True,
        caption="Degraded minus clean, points of top-1. Bold: the degradation raises what the paper prints. Means of "
        "the stored seeds; a description, not judged.",
    )
