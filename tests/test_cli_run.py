from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from experiment_stand_ins import BASELINE, PROMPTED, SOURCE, record_of, small_table

from vmp.experiments import grid
from vmp.experiments.run import Run
from vmp.experiments.scheduler import Event, Outcome, Stopped, Watch
from vmp.experiments.store import Store
from vmp.predictions import Predictions


@pytest.fixture
def vmp(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setitem(grid.TABLES, "small", lambda scale, seeds, *_: small_table(*grid.seeds_of(seeds)))
    return CommandLine(capsys)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "results")
    for run in (SOURCE, BASELINE, PROMPTED):
        found.add(*record_of(run))
    return found


# --- run ---


def test_run_prints_what_is_stored_beside_the_paper(vmp: CommandLine, store: Store) -> None:
    status, said, errors = vmp("run", "small", "--scale", "smoke", "--seeds", "1", "--store", store.path)
    assert (status, errors) == (0, "")
    assert said.startswith("3 runs, all of them stored; nothing to do\n\nTable 2: Small.")
    assert "Baseline  50.6         81.8   50.0  " in said
    assert "vmp  baseline  +5.6   +0.0" in said


def test_run_hands_its_options_on_and_tells_failures(
    vmp: CommandLine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def run_jobs(runs: list[Run], store: Store, work: Any, **options: Any) -> Outcome:
        seen.update(options, runs=runs, store=store.path, work=work.path)
        options["watch"](Event("fail", "It failed", SOURCE, done=1, total=2))
        return Outcome(failed={SOURCE.identity: "no clips. Its log: x"}, skipped={BASELINE.identity: SOURCE.identity})

    monkeypatch.setattr("vmp.experiments.scheduler.run_jobs", run_jobs)
    status, said, errors = vmp(
        "run", "table2", "--scale", "smoke", "--seeds", "2", "--backbone", "x3d_s", "--dataset", "libras-moving",
        "--jobs", "3", "--threads", "2", "--device", "cpu", "--store", store.path, "--work", store.path / "w",
    )  # fmt: skip
    assert status == 1
    assert "1/2  It failed" in said
    assert errors.splitlines()[1:] == [
        "1 failed, 1 that start from them were left out:", f"  {SOURCE.identity}: no clips. Its log: x",
    ]  # fmt: skip
    assert (seen["jobs"], seen["threads"], seen["device"]) == (3, 2, "cpu")
    assert (seen["store"], seen["work"]) == (store.path, store.path / "w")
    wanted = grid.table("table2", "smoke", 2, "x3d_s", "libras-moving")
    assert {run.identity for run in seen["runs"]} == {run.identity for run in wanted.runs()}
    assert [run.seed for run in seen["runs"]] == [0] * 9 + [1] * 8  # the pretraining is of seed 0
    assert seen["similar"] == wanted.similarities()


def test_all_tables_are_one_list_of_runs_and_a_line_each(
    vmp: CommandLine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that tables share come once; Table 8 is measured after the rest, with the backbones that were chosen."""
    seen: list[Any] = []

    def run_jobs(runs: list[Run], *_: object, watch: Watch, **__: object) -> Outcome:
        seen.extend(runs)
        watch(Event("plan", "not shown: the estimate says it", total=len(runs)))
        watch(Event("done", "the first", runs[0], done=1, total=len(runs)))
        return Outcome(done=[run.identity for run in runs])

    def table8(*arguments: Any, **options: Any) -> int:
        seen.append((arguments[0], arguments[2], options))
        return 0

    monkeypatch.setattr("vmp.experiments.scheduler.run_jobs", run_jobs)
    monkeypatch.setattr("vmp.experiments.timing.table8", table8)
    given = ("--scale", "smoke", "--seeds", "2", "--only", "backbone=x3d", "--store", store.path, "--threads", "1")
    status, said, errors = vmp("run", "all", "table1", *given, "--device", "cpu")
    assert (status, errors) == (0, "")
    assert seen.pop() == ("smoke", "cpu", {"backbones": ["x3d"], "threads": 1})
    assert {run.backbone for run in seen} == {"x3d_m"}
    assert len(seen) == len({run.identity for run in seen}) == 1 + 2 * 2 * 5
    lines = said.splitlines()
    assert lines[0].startswith("21 runs, none of them stored; 21 to do: about ")
    assert lines[0].endswith(" (medians of stored runs; 21 runs by the nearest backbone)")
    assert lines[1].startswith("1/21  the first  (about ")
    assert lines[2:4] == [
        "table1  Accuracy across backbones: 0 of 12 rows stored; 3 comparisons: 3 not run yet", "",
    ]  # fmt: skip
    assert lines[4].startswith("Table 8: What it costs. ")


def test_a_dry_run_tells_how_long_and_trains_nothing(
    vmp: CommandLine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vmp.experiments.scheduler.run_jobs", None)
    given = ("--scale", "smoke", "--seeds", "2", "--store", store.path, "--jobs", "1", "--device", "cpu", "--dry-run")
    assert vmp("run", "small", *given)[1] == (
        "5 runs, 3 of them stored; 3 to do (1 of them stored: their weights are not on this machine): about 4 s with "
        "1 process (medians of stored runs)\n"
    )
    status, said, _ = vmp("run", "table8", *given)
    assert (status, said) == (0, "table8: nothing is trained for it, it is measured\n")


@pytest.mark.parametrize(("number", "status"), [(15, 143), (2, 130)])
def test_run_that_is_stopped(
    vmp: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    def stopped(*arguments: object, **options: object) -> None:
        raise Stopped(number)

    monkeypatch.setattr("vmp.experiments.scheduler.run_jobs", stopped)
    came, _, errors = vmp("run", "small", "--store", tmp_path)
    assert came == status
    assert errors.endswith("the same command goes on from here\n")
    assert "Traceback" not in errors


def test_a_failed_run_does_not_keep_the_others_back(
    vmp: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data set that is not here: the runs that train on it fail, those that start from them are left out."""
    monkeypatch.setenv("VMP_DATA", str(tmp_path))
    status, said, errors = vmp(
        "run", "table2", "--scale", "paper", "--seeds", "1", "--backbone", "c2d", "--jobs", "1", "--device", "cpu",
        "--store", tmp_path / "results",
    )  # fmt: skip
    assert status == 1
    assert "4 failed, 4 that start from them were left out" in errors
    assert "dataset: mpii-cooking-2 is not here: expected its manifest" in errors
    assert "Its log: " in errors
    log = Path(errors.rpartition("Its log: ")[2].strip())
    assert "Traceback" in log.read_text()
    assert log.is_relative_to(tmp_path)
    assert "left out, for" in said
    assert "missing" in said
    assert not list((tmp_path / "results").rglob("*.json"))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("run", "table22"), "table: expected one of table1, table2"),
        (("run", "table22"), "Did you mean 'table2'?"),
        (("run", "table2", "fig77"), "Did you mean 'fig7'?"),
        (("run",), "Missing argument"),
        (("run", "table2", "--scale", "smal"), "Did you mean 'small'?"),
        (("run", "table2", "--only", "x3d"), "--only: expected backbone=NAME or dataset=NAME"),
        (("run", "table2", "--only", "backbone="), "--only: expected backbone=NAME or dataset=NAME"),
        (("run", "table2", "--only", "backbone=i3d,,c2d"), "got 'backbone=i3d,,c2d'"),
        (("run", "table2", "--only", "bakbone=i3d"), "Did you mean 'backbone'?"),
        (("run", "table2", "--only", "backbone=x3d"), "backbone of table2: expected one of i3d; got 'x3d'"),
        (("run", "all", "--only", "dataset=libras-statik"), "dataset of these tables: expected one of libras-mixed"),
        (("run", "all", "--scale", "paper", "--device", "cpu"), "device: expected a GPU at scale 'paper', got 'cpu'"),
        (("run", "table8", "--only", "backbone=x3dd"), "Did you mean 'x3d_s'?"),
        (("run", "table8", "table2", "--only", "dataset=libras-static"), "expected no dataset with table8"),
        (("table", "tabl1"), "Did you mean 'table1'?"),
        (("table", "table2", "--format", "latx"), "format: expected one of text, md, csv, latex; got 'latx'"),
        (("table", "table2", "--digits", "9"), "digits: expected 0 to 6, got 9"),
        (("run", "table2", "--backbone", "timesformr"), "Did you mean 'timesformer'?"),
        (("run", "table2", "--dataset", "libras-statc"), "Did you mean 'libras-static'?"),
        (("run", "table2", "--seeds", "0"), "seeds: expected how many, at least 1"),
        (("run", "table2", "--jobs", "0"), "jobs: expected at least 1, got 0"),
        (("run", "table2", "--device", "gpu"), "device: expected one of auto, cpu, cuda; got 'gpu'"),
        (("run", "table2", "--sede", "3"), "--seeds"),
        (("stats",), "Did you mean 'status'?"),
        (("status", "tabel2"), "Did you mean 'table2'?"),
        (("verify", "1", "--table", "tble2"), "Did you mean 'table2'?"),
        (("verify", "0"), "count: expected at least 1 run, got 0"),
        (("verify", "1"), "holds no fresh record to verify"),
        (("train", "--backbone", "x3d", "--dataset", "source-a", "--out", "o"), "backbone: expected one of"),
        (("train", "--backbone", "c2d", "--dataset", "source-e", "--out", "o"), "dataset: expected one of"),
        (("train", "--backbone", "c2d", "--dataset", "source-a", "--out", "o", "--lr", "-1"), "lr: expected a number"),
        (("train", "--backbone", "c2d", "--dataset", "source-a", "--out", "o", "--trained", "hed"), "'head'"),
        (
            ("train", "--backbone", "c2d", "--dataset", "source-a", "--out", "o", "--prompts", "slw"),
            "Did you mean 'slow'?",
        ),
        (
            ("train", "--backbone", "c2d", "--dataset", "source-a", "--out", "o", "--steps", "a,b"),
            "--steps: expected num",
        ),
        (("train", "--backbone", "c2d", "--dataset", "source-a", "--out", "o", "--layer", "gamma"), "option=value"),
        (
            ("train", "--backbone", "c2d", "--dataset", "source-a", "--out", "o", "--start", "a.pt"),
            "there is no file a.pt",
        ),
        (("evaluate", "nowhere.safetensors"), "expected a file of weights, and there is none"),
    ],
)
def test_mistakes_are_one_line_and_status_2(
    vmp: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], reason: str
) -> None:
    monkeypatch.setenv("VMP_RESULTS", str(tmp_path / "results"))
    monkeypatch.chdir(tmp_path)
    status, _, errors = vmp(*arguments)
    assert status == 2
    assert reason in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "results" / "runs").exists()


# --- status, verify ---


def test_status(vmp: CommandLine, store: Store) -> None:
    status, said, _ = vmp("status", "small", "--scale", "smoke", "--seeds", "2", "--store", store.path)
    assert status == 0
    lines = said.splitlines()
    assert lines[0] == f"results: {store.path}"
    assert lines[1] == "small (smoke, 2 seeds): 3 stored, 0 stale, 2 missing"
    assert [line.split()[0] for line in lines[2:4]] == ["missing", "missing"]
    said = vmp("status", "--scale", "smoke", "--seeds", "1", "--store", store.path)[1]
    assert "table2 (smoke, 1 seed): 0 stored, 0 stale, 9 missing" in said
    assert "small (smoke, 1 seed): 3 stored, 0 stale, 0 missing" in said
    every = {run.identity for name in grid.TABLES for run in grid.table(name, "smoke", 1).runs()}
    assert said.splitlines()[-1] == f"all: {len(every)} runs, 3 stored, 0 stale, {len(every) - 3} missing"


def test_status_of_figures_counts_what_they_share_once(vmp: CommandLine, store: Store) -> None:
    given = ("--scale", "smoke", "--seeds", "1", "--store", store.path)
    said = vmp("status", "fig7", "table2", "--only", "backbone=i3d", *given)[1]
    assert [line for line in said.splitlines() if not line.startswith("  ")][1:] == [
        "fig7 (smoke, 1 seed): 0 stored, 0 stale, 4 missing",
        "table2 (smoke, 1 seed): 0 stored, 0 stale, 9 missing",
        "all: 9 runs, 0 stored, 0 stale, 9 missing",
    ]
    assert "nothing is trained for it; vmp run table8 measures it" in vmp("status", "table8", *given)[1]


def test_verify_says_what_does_not_agree(vmp: CommandLine, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def done_again(runs: list[Run], scratch: Store, work: Any, **options: Any) -> Outcome:
        for run in (SOURCE, BASELINE):
            scratch.add(*record_of(run, [True] * 10 if run is BASELINE else None))
        return Outcome(failed={PROMPTED.identity: "diverged"})

    monkeypatch.setattr("vmp.experiments.verify.run_jobs", done_again)
    before = {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()}
    status, said, _ = vmp("verify", "3", "--store", store.path)
    lines = {line.split()[0]: line for line in said.splitlines()}
    assert status == 1
    assert lines[SOURCE.identity].endswith("agrees (the same kind of machine: equal to the last bit)")
    assert "top1 of each group 100 %, stored 50 %" in lines[BASELINE.identity]
    assert "diverged" in lines[PROMPTED.identity]
    assert said.splitlines()[-1] == "1 of 3 agree"
    assert {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()} == before


# --- train, evaluate ---


def _train(vmp: CommandLine, out: Path, *more: str) -> tuple[int, str, str]:
    return vmp(
        "train", "--backbone", "c2d", "--dataset", "libras-static", "--scale", "smoke", "--epochs", "1", "--out", out,
        "--device", "cpu", "--threads", "1", *more,
    )  # fmt: skip


def test_train_and_evaluate(vmp: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    status, said, errors = _train(vmp, out, "--prompts", "all", "--lambda", "0.5", "--layer", "channel_order=BGR")
    assert (status, errors) == (0, "")
    assert "epoch 1/1  loss" in said
    assert said.splitlines()[-1].startswith("epoch 1 kept after ")
    run = Run.from_json(json.loads((out / "run.json").read_bytes()))
    assert run.prompts is True
    assert run.layer == (("channel_order", "BGR"),)
    assert (run.recipe.epochs, run.recipe.lambda_) == (1, 0.5)
    before = (out / "weights.safetensors").read_bytes()
    assert _train(vmp, out, "--prompts", "all", "--lambda", "0.5", "--layer", "channel_order=BGR")[0] == 0
    assert (out / "weights.safetensors").read_bytes() == before
    status, _, errors = _train(vmp, out, "--prompts", "all", "--lambda", "0.7", "--layer", "channel_order=BGR")
    assert status == 2
    assert "holds another run: recipe.lambda_ was 0.5, is 0.7. Give another folder" in errors
    _evaluate(vmp, out)
    # another run starts from it: its head is new, its layer's numbers come along
    status, said, _ = _train(vmp, tmp_path / "next", "--prompts", "all", "--start", str(out), "--trained", "head")
    assert status == 0
    rows = [json.loads(line) for line in (tmp_path / "next" / "log.jsonl").read_text().splitlines()]
    last = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
    assert rows[0]["slope"] == pytest.approx(last["slope"])
    status, _, errors = _train(vmp, tmp_path / "third", "--start", str(out))  # without a layer there is no place for it
    assert status == 2
    assert "expected the weights of this model; not in the model: prompts.clip" in errors


def _evaluate(vmp: CommandLine, out: Path) -> None:
    status, said, errors = vmp("evaluate", out, "--device", "cpu", "--split", "validation")
    assert (status, errors) == (0, "")
    lines = said.splitlines()
    assert lines[0] == "libras-static, validation: 24 clips, 24 groups of clips"
    assert [line.split()[0] for line in lines[2:-1]] == ["top1", "top5", "mean_class", "mean_ap"]
    written = out / "predictions-libras-static-validation.parquet"
    assert lines[-1] == f"wrote {written}"
    found = Predictions.load(written)
    assert float(lines[2].split()[1]) == pytest.approx(100 * found.correct().mean(), abs=0.05)
    # a file by itself needs to be told what it is
    alone = out.parent / "alone.safetensors"
    alone.write_bytes((out / "weights.safetensors").read_bytes())
    status, _, errors = vmp("evaluate", alone)
    assert (status, "Give --backbone and --dataset" in errors) == (2, True)
    given = ("--backbone", "c2d", "--dataset", "libras-static", "--scale", "smoke", "--split", "validation")
    status, _, errors = vmp("evaluate", alone, *given, "--device", "cpu")
    assert (status, "not in the model: prompts.clip.m, prompts.clip.n" in errors) == (2, True)
    more = ("--prompts", "all", "--layer", "channel_order=BGR", "--out", str(out / "again.parquet"))
    assert vmp("evaluate", alone, *given, *more, "--device", "cpu")[0] == 0
    again = Predictions.load(out / "again.parquet")
    assert (again.scores == found.scores).all()


def test_every_number_of_a_recipe_can_be_given(
    vmp: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Run] = []

    def keep(out: Path, run: Run, **options: object) -> None:
        seen.append(run)
        raise ValueError("enough")

    monkeypatch.setattr("vmp.experiments.single.train_in", keep)
    _train(
        vmp, tmp_path, "--batch-size", "6", "--accumulate", "2", "--precision", "bf16-mixed", "--optimiser", "adamw",
        "--lr", "0.1", "--weight-decay", "0.2", "--norm-weight-decay", "0", "--prompt-lr", "0.3",
        "--prompt-weight-decay", "0", "--schedule", "step", "--steps", "0,1", "--factors", "1,.5",
        "--warmup-epochs", "0.5", "--warmup-start", "0.1", "--clip-gradient", "4", "--label-smoothing", "0.1",
        "--mixup", "0.8", "--freeze-batchnorm", "--keep", "best", "--dropout", "0.2", "--trained", "head,backbone",
        "--validation", "validation", "--seed", "5", "--split", "train+validation", "--size", "tiny",
    )  # fmt: skip
    (run,) = seen
    recipe = run.recipe
    assert (recipe.batch_size, recipe.accumulate, recipe.precision, recipe.clip_gradient) == (6, 2, "bf16-mixed", 4)
    chosen = recipe.optimiser
    assert (chosen.kind, chosen.lr, chosen.weight_decay, chosen.norm_weight_decay) == ("adamw", 0.1, 0.2, 0)
    assert (chosen.prompt_lr, chosen.prompt_weight_decay) == (0.3, 0)
    schedule = recipe.schedule
    assert (schedule.kind, schedule.steps, schedule.factors) == ("step", (0, 1), (1, 0.5))
    assert (schedule.warmup_epochs, schedule.warmup_start) == (0.5, 0.1)
    assert (recipe.label_smoothing, recipe.mixup, recipe.freeze_batchnorm, recipe.keep) == (0.1, 0.8, True, "best")
    assert (recipe.dropout, recipe.trained, recipe.epochs) == (0.2, ("backbone", "head"), 1)
    assert (run.seed, run.train_split, run.validation_split) == (5, "train+validation", "validation")
    _train(vmp, tmp_path, "--schedule", "constant")
    assert (seen[1].recipe.schedule.kind, seen[1].recipe.schedule.steps) == ("constant", ())


# --- around it ---


def test_the_command_line_itself_loads_nothing_heavy() -> None:
    script = (
        "import sys, vmp; import vmp.cli; vmp.cli.app; "
        "print([m for m in ('torch', 'pandas', 'transformers', 'rich.progress', 'vmp.experiments.grid') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_bars_of_a_terminal() -> None:
    from io import StringIO

    from rich.console import Console

    from vmp.experiments.progress import Bars

    console = Console(file=StringIO(), force_terminal=True, width=200)
    with Bars(console) as bars:
        for event in (
            Event("plan", "1 runs are stored, 2 to do", total=2), Event("start", "a", SOURCE, total=2),
            Event("epoch", "a", SOURCE, 1, total=2), Event("done", "a: top-1 3 %", SOURCE, done=1, total=2),
            Event("skip", "b: left out", BASELINE, done=2, total=2),
        ):  # fmt: skip
            bars(event)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for part in ("1 runs are stored, 2 to do", "a: top-1 3 %", "b: left out", "2/2", SOURCE.title[:60]):
        assert part in shown
