"""Table 5: clips with noise and at half the resolution; and beside them what else befalls a video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vmp.experiments.rows import Pair, Row, Table
from vmp.experiments.run import Run
from vmp.experiments.tables.starts import (
    chosen_sets,
    dataset_for,
    fine_tuned,
    main_backbone,
    published,
    seeds_of,
    stands_for,
)

#: The paper's degradations -> ours, at the paper's strength.
DEGRADED = {"salt-pepper": ("salt-and-pepper", "medium"), "compression": ("half-resolution", "medium")}
#: All that the curves show, each at three severities.
CURVES = ("salt-and-pepper", "half-resolution", "h264", "blur", "darkening", "dropped-frames")
SEVERITIES = ("mild", "medium", "strong")
SETS = ("finegym", "mpii")
VARIANTS = {"baseline": "without VMP", "vmp": "VMP"}


def table5(
    scale: str = "small", seeds: int | Sequence[int] = 3, backbone: str | None = None, dataset: str | None = None
) -> Table:
    """Table 5, read in two ways: trained on clean clips and tested on degraded ones, and trained on degraded ones too.

    The paper does not say which it is; the first is its row here. I3D at tiny size, else TimeSformer.

    Args:
        scale, seeds: as :func:`vmp.experiments.grid.table` takes them.
        backbone: another one.
        dataset: this one's rows alone.
    """
    seeds, backbone, sets = _chosen(scale, seeds, backbone, dataset, "table5")
    kinds = ("none", *DEGRADED, *(f"{name}-trained" for name in DEGRADED))
    rows = [row for paper in sets for variant in VARIANTS for row in _rows(paper, variant, backbone, scale, seeds)]
    pairs = [Pair(f"{paper}/{kind}/vmp", f"{paper}/{kind}/baseline") for paper in sets for kind in kinds]
    return Table(
        name="table5",
        number=5,
        title="Noise and compression",
        scale=scale,
        seeds=seeds,
        stands_for=stands_for(scale, [dataset_for(paper, scale) for paper in sets], ["source-b"]),
        rows=tuple(rows),
        pairs=tuple(pairs),
    )


def degradations(
    scale: str = "small", seeds: int | Sequence[int] = 3, backbone: str | None = None, dataset: str | None = None
) -> Table:
    """Trained on clean clips, tested under six degradations at three severities: the curves beside Table 5.

    Args: as :func:`table5`.
    """
    seeds, backbone, sets = _chosen(scale, seeds, backbone, dataset, "degradations")
    rows = [row for paper in sets for row in _curves(paper, backbone, scale, seeds)]
    pairs = [
        Pair(f"{paper}/{name}/{severity}/vmp", f"{paper}/{name}/{severity}/baseline", printed=False)
        for paper in sets
        for name in CURVES
        for severity in SEVERITIES
    ]
    return Table(
        name="degradations",
        number=None,
        title="Degradations",
        scale=scale,
        seeds=seeds,
        stands_for=stands_for(scale, [dataset_for(paper, scale) for paper in sets], ["source-b"]),
        rows=tuple(rows),
        pairs=tuple(pairs),
    )


def _rows(paper: str, variant: str, backbone: str, scale: str, seeds: Sequence[int]) -> Iterator[Row]:
    clean = with_or_without(dataset_for(paper, scale), variant, backbone, scale, seeds)
    name, said, of = dataset_for(paper, scale), VARIANTS[variant], {"dataset": paper, "variant": variant}
    yield Row(f"{paper}/none/{variant}", f"{name}, clean, {said}", clean, of | {"degradation": "none"})
    for degradation, how in DEGRADED.items():
        printed = of | {"degradation": degradation}
        tested = tuple(_tested(run, how) for run in clean)
        yield Row(f"{paper}/{degradation}/{variant}", f"{name}, {_words(how)}, {said}", tested, printed)
        both = tuple(replace(run, train_degradation=how, test_degradation=how) for run in clean)
        title = f"{name}, trained and tested with {_words(how)}, {said}"
        note = "the other reading of the paper's row"
        yield Row(f"{paper}/{degradation}-trained/{variant}", title, both, printed, note)


def _curves(paper: str, backbone: str, scale: str, seeds: Sequence[int]) -> Iterator[Row]:
    for variant, said in VARIANTS.items():
        clean = with_or_without(dataset_for(paper, scale), variant, backbone, scale, seeds)
        for name in CURVES:
            for severity in SEVERITIES:
                title = f"{dataset_for(paper, scale)}, {_words((name, severity))}, {said}"
                runs = tuple(_tested(run, (name, severity)) for run in clean)
                yield Row(f"{paper}/{name}/{severity}/{variant}", title, runs)


def with_or_without(dataset: str, variant: str, backbone: str, scale: str, seeds: Sequence[int]) -> tuple[Run, ...]:
    """With ("vmp") or without ("baseline") the layer, from what stands for Kinetics-600; one run a seed."""
    start = published("k600", scale, backbone)
    return fine_tuned(dataset, backbone, scale, seeds, start, True if variant == "vmp" else None)


def _tested(run: Run, how: tuple[str, str]) -> Run:
    return replace(run, start=run, head="kept", tested_only=True, test_degradation=how)


def _words(how: tuple[str, str]) -> str:
    return f"{how[0].replace('-', ' ')} ({how[1]})"


def _chosen(
    scale: str, seeds: int | Sequence[int], backbone: str | None, dataset: str | None, table: str
) -> tuple[tuple[int, ...], str, list[str]]:
    sets = chosen_sets(SETS, scale, dataset, table)
    return seeds_of(seeds), backbone or main_backbone(scale), list(sets)
