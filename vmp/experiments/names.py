"""What ``vmp run`` and ``vmp table`` know by name: the paper's tables and figures, the controls, and all of them.

A figure has no runs of its own: it shows what runs of tables gave, and its name stands for those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from vmp.experiments import grid
from vmp.experiments.grid import Table
from vmp.experiments.nearest import unknown
from vmp.experiments.rows import rows_with
from vmp.experiments.tables.starts import dataset_for, main_backbone

#: The paper's table of times: nothing is trained for it, it is measured.
MEASURED = "table8"
ALL = "all"

Seeds = int | Sequence[int]
Name = str | None


def fig4(scale: str = "small", seeds: Seeds = 3, backbone: Name = None, dataset: Name = None) -> list[Table]:
    """Fig. 4: a and b over the epochs for each lambda (a, b: FineGym), by data set (c) and by backbone (d).

    (a) and (b) are Table 7's runs, every backbone and set of it. (c) is TimeSformer with the layer on each data set,
    I3D at tiny size as in Table 7; (d) every backbone with the layer on the first split of HMDB-51: rows of Table 1.
    """
    accuracy = grid.table("table1", scale, seeds, backbone, dataset)
    main, mixed = main_backbone(scale), dataset_for("hmdb51", scale)
    keys = [
        row.key
        for row in accuracy.rows
        if _in_first_split(row.key)
        and row.runs[0].prompts is not None
        and (row.runs[0].backbone == main or row.runs[0].dataset == mixed)
    ]
    return [_of_figure(4, grid.table("table7", scale, seeds, backbone, dataset)), *_picked(4, accuracy, keys, "fig4cd")]


def fig7(scale: str = "small", seeds: Seeds = 3, backbone: Name = None, dataset: Name = None) -> list[Table]:
    """Fig. 7: the weights of TimeSformer on MPII Cooking 2, layer by layer, in four pairs of Table 2's runs.

    Pretrained and baseline; baseline and fine-tuned with the layer; baseline and its second round with the layer;
    fine-tuned with the layer and that second round. I3D at tiny size, as in Table 2.
    """
    keys = ("baseline", "vmp+finetuned-pretrained", "vmp+finetuned-baseline")
    return _picked(7, grid.table("table2", scale, seeds, backbone, dataset), keys)


def fig8(scale: str = "small", seeds: Seeds = 3, backbone: Name = None, dataset: Name = None) -> list[Table]:
    """Fig. 8: X3D's weights with and without the layer, on FineGym, MPII Cooking 2 and HMDB-51's first split.

    The paper names Kinetics-600 as what it starts from; only Kinetics-400 weights of X3D were published.
    """
    return _similarity(8, scale, seeds, backbone or "x3d_m", dataset)


def fig9(scale: str = "small", seeds: Seeds = 3, backbone: Name = None, dataset: Name = None) -> list[Table]:
    """Fig. 9: SlowFast's weights without the layer and with it on slow, fast and both, on the sets of Fig. 8."""
    return _similarity(9, scale, seeds, backbone or "slowfast_4x16", dataset)


def fig10(scale: str = "small", seeds: Seeds = 3, backbone: Name = None, dataset: Name = None) -> list[Table]:
    """Fig. 10: actions with one object, with and without the layer: Table 6's runs."""
    return [_of_figure(10, grid.table("table6", scale, seeds, backbone, dataset))]


def fig11(scale: str = "small", seeds: Seeds = 3, backbone: Name = None, dataset: Name = None) -> list[Table]:
    """Fig. 11: accuracy class by class of TimeSformer from Kinetics-600 on MPII Cooking 2, with and without the layer.

    Another backbone is shown from what Table 1 has it start from.
    """
    wanted = grid.table("table1", scale, seeds, backbone or "timesformer", dataset or dataset_for("mpii", scale))
    keys = [row.key for row in wanted.rows if _in_first_split(row.key)]
    return _picked(11, wanted, [key for key in keys if "-k600/" in key] or keys)


def _similarity(number: int, scale: str, seeds: Seeds, backbone: str, dataset: Name) -> list[Table]:
    wanted = grid.table("table1", scale, seeds, backbone, dataset)
    return _picked(number, wanted, [row.key for row in wanted.rows if _in_first_split(row.key)])


def _in_first_split(key: str) -> bool:
    """Whether a row of Table 1 is of HMDB-51's first split, or of a set that has one."""
    return not key.endswith(("/split2", "/split3", "/mean"))


def _picked(number: int, table: Table, keys: Iterable[str], name: str = "") -> list[Table]:
    return [_of_figure(number, table.picked(keys), name)]


def _of_figure(number: int, table: Table, name: str = "") -> Table:
    return replace(table, name=name or f"fig{number}", title=f"{table.title}, for Fig. {number}")


#: Name -> function (scale, seeds, backbone, dataset), the last two None for the figure's own, of the tables it needs.
FIGURES: dict[str, Callable[..., list[Table]]] = {
    "fig4": fig4,
    "fig7": fig7,
    "fig8": fig8,
    "fig9": fig9,
    "fig10": fig10,
    "fig11": fig11,
}


def known() -> list[str]:
    """Every name, in the order in which they are listed."""
    return [*grid.TABLES, MEASURED, *FIGURES, ALL]


def tables(
    names: Iterable[str],
    scale: str = "small",
    seeds: Seeds = 3,
    backbone: Name = None,
    dataset: Name = None,
    *,
    backbones: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
) -> list[Table]:
    """The tables that these names stand for, each once, in the order of the names; "table8" has none.

    Args:
        names: of :func:`known`.
        scale, seeds, backbone, dataset: as :func:`vmp.experiments.grid.table` takes them.
        backbones, datasets: the rows of these alone, as ``Table.only`` takes them; a table that has none of them is
            left out.

    Raises:
        ValueError: an unknown name, with the nearest; a backbone or data set that none of the tables has.
    """
    found = {made.name: made for name in names for made in _tables(name, scale, seeds, backbone, dataset)}
    if not found or not (backbones or datasets):
        return list(found.values())
    kept = zip(found.values(), rows_with(list(found.values()), backbones, datasets), strict=True)
    return [table.picked(row.key for row in rows) for table, rows in kept if rows]


def _tables(name: str, scale: str, seeds: Seeds, backbone: Name, dataset: Name) -> list[Table]:
    if name not in known():
        raise unknown("table", name, known())
    if name == MEASURED:
        return []
    if name in FIGURES:
        return FIGURES[name](scale, seeds, backbone, dataset)
    chosen = list(grid.TABLES) if name == ALL else [name]
    return [grid.table(each, scale, seeds, backbone, dataset) for each in chosen]
