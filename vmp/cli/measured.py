"""Table 8 on the command line: nothing is trained for it, forward and backward passes are timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmp.experiments.formats import Page
    from vmp.experiments.store import Store


def is_meant(names: Sequence[str], only: dict[str, list[str]]) -> bool:
    """Whether the table of times is among these: by its name, or with all that no choice of data sets narrows.

    Raises:
        ValueError: its name with a choice of data sets, of which it has none.
    """
    from vmp.experiments.names import ALL, MEASURED

    if MEASURED in names and only["datasets"]:
        raise ValueError(
            f"--only: expected no dataset with {MEASURED}, which times models and has no data sets, got "
            f"{', '.join(only['datasets'])}. Name the other tables without it"
        )
    return MEASURED in names or (ALL in names and not only["datasets"])


def measure(
    scale: str, store: Store, device: str, threads: int | None, backbones: Sequence[str], say: Callable[[str], None]
) -> None:
    """Time what is not stored yet, and print what is.

    Args: as :func:`vmp.experiments.timing.table8` takes them; no backbones stand for all.
    """
    from vmp.experiments import timing

    timing.table8(scale, store, device, say, backbones=backbones or None, threads=threads)
    say(f"\n{page(scale, store, device, backbones).text}")


def page(scale: str, store: Store, device: str, backbones: Sequence[str]) -> Page:
    """The stored times beside the paper's, to be printed."""
    from vmp.experiments import text
    from vmp.experiments.formats import Page
    from vmp.experiments.names import MEASURED
    from vmp.experiments.timing import table as timing_table

    rows = timing_table.table(scale, store, device, backbones or None)
    shown = timing_table.printable(rows)
    lines = [tuple(shown.columns), *(tuple(map(str, line)) for line in shown.itertuples(index=False))]
    stored = rows[rows["state"] == "stored"]
    days = sorted({str(date)[:10] for date in stored["date"]})
    parts = [
        "seconds a batch, mean ± deviation; ratios to the model without the layer, median (lowest to highest)",
        f"{len(stored)} of {len(rows)} times stored",
        *sorted(set(stored["device"])),
        *([" to ".join(dict.fromkeys((days[0], days[-1])))] if days else []),
    ]
    caption = f"{'; '.join(parts)}."
    return Page(
        name=MEASURED,
        title="What it costs, beside Table 8 of the paper",
        caption=caption[0].upper() + caption[1:],
        parts=(lines,),
        frame=rows,
        text=f"Table 8: What it costs. {caption}\n\n{text.aligned(lines)}",
    )
