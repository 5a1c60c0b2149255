"""A stored table as the command line prints it."""

from __future__ import annotations

import os

from vmp.experiments.reproduction import Reproduction, stored
from vmp.experiments.rows import Table
from vmp.experiments.store import Store


def printable(wanted: Table, store: Store | str | os.PathLike[str] | None = None) -> Reproduction:
    """Its rows and comparisons; of Table 6 those of its four actions, as the paper prints them. Nothing is trained."""
    shown = stored(wanted, store)
    if wanted.name not in ("table6", "fig10"):
        return shown
    from vmp.experiments.findings.object_accuracy import outcomes, table6

    return table6(shown, outcomes(shown.found))
