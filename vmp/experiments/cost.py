"""What the paper's tables need at the scale of the paper: GPU hours, processor hours of decoding, storage.

    GPU hours = (clips x epochs x FLOPs of a step + clips x views x tests x FLOPs of a view) / (FLOP/s x 3600)

The clips are the facts' (:mod:`vmp.data.facts`), epochs and what learns the recipe's, views the backbone's, FLOPs
counted (:mod:`vmp.experiments.cost_flops`); the FLOP/s are assumed, or the paper's
(:mod:`vmp.experiments.cost_throughput`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmp.data.facts import facts
from vmp.experiments.cost_flops import clip_flops
from vmp.experiments.cost_tables import TableWork, Work, together
from vmp.experiments.cost_throughput import FAMILIES
from vmp.experiments.datasets import PREPARED
from vmp.experiments.nearest import unknown

if TYPE_CHECKING:
    import pandas as pd

#: Width and height of what benchmarks/loading.py decodes.
MEASURED_SIZE = (340, 256)


@dataclass(frozen=True)
class Cost:
    """What some work costs, before anything is assumed of a machine.

    Attributes:
        runs: trainings.
        steps: clips that go through a training step, each as often as it does.
        views: views that are tested.
        flops: by family of backbones.
        reads: how often a clip is read from video, by data set.
        parameters: of all the models that are kept.
    """

    runs: int
    steps: int
    views: int
    flops: Mapping[str, float]
    reads: Mapping[str, int]
    parameters: int

    def hours(self, throughput: Mapping[str, float]) -> float:
        """GPU hours at a FLOP/s for each family."""
        return sum(flops / throughput[family] for family, flops in self.flops.items()) / 3600

    @property
    def weights_bytes(self) -> int:
        """Of the weights that are kept, in float32."""
        return 4 * self.parameters


def cost(work: Iterable[Work], unsplit_test_share: float = 0.2) -> Cost:
    """What work costs.

    Args:
        work: runs, each counted as often as it is given; :func:`vmp.experiments.cost_tables.together` gives each once.
        unsplit_test_share: as :func:`clips_of` takes it.

    Raises:
        ValueError: a share that is not in (0, 1), or a run on a set whose clips are not known.
    """
    from vmp.backbones.registry import BACKBONES

    runs = steps = views = parameters = 0
    flops, reads = dict.fromkeys(FAMILIES, 0.0), dict.fromkeys(PREPARED, 0)
    for each in work:
        run = each.run
        training, testing = clips_of(run.dataset, unsplit_test_share)
        one = clip_flops(run.backbone, run.prompts, run.recipe.trained)
        temporal, spatial = BACKBONES[run.backbone].test_views
        stepped, read = training * run.recipe.epochs, testing * temporal * each.tests
        viewed = read * spatial  # the crops beside each other are of one reading
        flops[run.backbone.partition("_")[0]] += stepped * one.step + viewed * one.view
        reads[run.dataset] += stepped + read
        runs, steps, views, parameters = runs + 1, steps + stepped, views + viewed, parameters + one.parameters
    return Cost(runs, steps, views, flops, reads, parameters)


def costs(tables: Iterable[TableWork], throughputs: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """A row a table, and one for all of them together, in which a run that several show counts once.

    Columns: table, runs, steps_millions, views_millions, exaflops (10^18), the names of ``throughputs`` (GPU hours),
    weights_gigabytes, note.
    """
    import pandas as pd

    tables = list(tables)
    named = [(f"{table.number} {table.title}", table.work, table.note) for table in tables]
    named.append(("together", together(tables), "what tables share is done once"))
    made: list[dict[str, object]] = []
    for title, work, note in named:
        found = cost(work)
        counts = {"table": title, "runs": found.runs}
        sums = {"steps_millions": found.steps / 1e6, "views_millions": found.views / 1e6}
        hours = {name: found.hours(throughput) for name, throughput in throughputs.items()}
        total = {"exaflops": sum(found.flops.values()) / 1e18}
        made.append({**counts, **sums, **total, **hours, "weights_gigabytes": found.weights_bytes / 1e9, "note": note})
    return pd.DataFrame(made)


def reading(work: Iterable[Work], clips_a_core_second: float) -> pd.DataFrame:
    """What decoding costs, a row a data set and one for all.

    Columns: dataset, reads_millions (clips read from video), pixels (of a frame, over those of 340x256),
    core_hours_as_published and core_hours_resized (to 340x256 before). Time is taken to grow with the pixels.

    Args:
        work: as :func:`cost` takes it.
        clips_a_core_second: clips of 340x256 that one processor core reads in a second; benchmarks/loading.py tells.

    Raises:
        ValueError: a speed that is not above 0.
    """
    import pandas as pd

    if not clips_a_core_second > 0:
        raise ValueError(f"clips_a_core_second: expected a number above 0, got {clips_a_core_second}")
    made = []
    for dataset, reads in cost(work).reads.items():
        known = facts(PREPARED[dataset].module)
        width, height = known.pixels or MEASURED_SIZE
        pixels = width * height / (MEASURED_SIZE[0] * MEASURED_SIZE[1])
        hours = reads / clips_a_core_second / 3600
        made.append((known.title, reads / 1e6, pixels, hours * pixels, hours * min(pixels, 1.0)))
    columns = ["dataset", "reads_millions", "pixels", "core_hours_as_published", "core_hours_resized"]
    frame = pd.DataFrame(made, columns=columns)
    totals = ["together", frame["reads_millions"].sum(), float("nan"), *frame[columns[3:]].sum()]
    return pd.concat([frame, pd.DataFrame([totals], columns=columns)], ignore_index=True)


def clips_of(dataset: str, unsplit_test_share: float = 0.2) -> tuple[int, int]:
    """Clips that train and that test in one split of a run's data set.

    Args:
        dataset: as a :class:`vmp.experiments.run.Run` names it.
        unsplit_test_share: of MPII Cooking 2's intervals: how many of them train and test is known only when it is
            prepared. All 14,105 are counted, those of the 20 activities that are no class too, which is too many.

    Raises:
        ValueError: a set whose clips are not known, or a share that is not in (0, 1).
    """
    if dataset not in PREPARED:
        raise unknown("dataset", dataset, PREPARED)
    if not 0 < unsplit_test_share < 1:
        raise ValueError(f"unsplit_test_share: expected a share above 0 and below 1, got {unsplit_test_share}")
    known = facts(PREPARED[dataset].module)
    if known.parts is not None and known.parts.train is not None and known.parts.test is not None:
        return known.parts.train, known.parts.test
    total = int(known.clips.value or 0)
    testing = round(total * unsplit_test_share)
    return total - testing, testing
