"""A set that is prepared by processes which are killed, at any point, ends as one that nobody disturbed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import published_mpii
from make_video import numbers_of
from prepare_fixtures import need_rar_reader, tree, video_bytes, write_bytes
from rar_writer import rar

from vmp.data.hmdb51 import Numbers, prepare
from vmp.data.video import read_clip

ROOT = Path(__file__).resolve().parent.parent
CLASSES = ("kick & run", "sit")

#: Forks a process for each attempt, so that what is imported is imported once. Half of the trials are killed just
#: before the n-th change in the file system, for n from the first to the last one; half after a random time.
DRIVER = """\
import os, random, signal, sys, time
from pathlib import Path
import av, pandas, pyarrow.parquet, filelock
import h5py, vmp.data.decoder, vmp.data.manifest_files, vmp.data.manifest_report, vmp.data.writing
from vmp.data import hmdb51, mpii_cooking2

SETS = {
    "hmdb51": lambda root: hmdb51.prepare(root, archives=archives, published=hmdb51.Numbers(8, 2, 2, 1)),
    "mpii_cooking2": lambda root: mpii_cooking2.prepare(
        root, archives=archives, published=mpii_cooking2.Numbers(10, 4, 4, 6, 3), cut=True
    ),
}
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "subprocess.Popen"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT

def attempt(root, change=None, seconds=None):
    child = os.fork()
    if child == 0:
        changes = 0
        def count(event, arguments):
            nonlocal changes
            if event in CHANGES or event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES:
                changes += 1
                if changes == change:
                    os.kill(os.getpid(), signal.SIGKILL)
        try:
            sys.addaudithook(count)
            report = SETS[name](root)
            assert report.complete, report
            (root.parent / f"{root.name}.changes").write_text(str(changes))
            os._exit(0)
        except BaseException as error:
            print(root.name, change, seconds, repr(error), flush=True)
            os._exit(9)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]

name, archives, work, trials = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
dice = random.Random(20261121)
work.mkdir()
begin = time.monotonic()
assert attempt(work / "undisturbed") == 0
whole = time.monotonic() - begin
last = int((work / "undisturbed.changes").read_text())
for trial in range(trials):
    root, half = work / f"trial{trial}", trials // 2
    if trial < half:
        assert attempt(root, change=1 + (last - 1) * trial // (half - 1)) == signal.SIGKILL
    else:
        attempt(root, seconds=dice.uniform(0, whole))
    attempt(root, change=dice.randint(1, last))
    assert attempt(root) == 0
print(last)
"""


def archives_of(folder: Path) -> Path:
    """Two classes of four clips: a RAR in a RAR, and the splits."""
    clips = {c: {f"{c}/f {i}_{c}_u_cm_np1_fr_med_{i}.avi": video_bytes(i) for i in range(4)} for c in CLASSES}
    write_bytes(folder / "hmdb51_org.rar", rar({f"{c}.rar": rar(files) for c, files in clips.items()}))
    lines = {c: [f"{Path(name).name} {flag}" for name, flag in zip(clips[c], "1120", strict=True)] for c in CLASSES}
    splits = {f"{c}_test_split{k}.txt": "\n".join(lines[c]).encode() for c in CLASSES for k in (1, 2, 3)}
    write_bytes(folder / "test_train_splits.rar", rar(splits))
    return folder


def killed(name: str, archives: Path, work: Path, trials: int) -> None:
    command = [sys.executable, "-BWignore::DeprecationWarning", "-c", DRIVER, name, archives, work, trials]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) > 40  # changes there were to be killed at


def test_killed_at_any_point_and_run_again_it_ends_the_same(tmp_path: Path) -> None:
    need_rar_reader()
    archives = archives_of(tmp_path / "archives")
    expected = tmp_path / "expected"
    assert prepare(expected, archives=archives, published=Numbers(8, 2, 2, 1)).complete
    killed("hmdb51", archives, tmp_path / "work", 20)
    for trial in range(20):
        assert tree(tmp_path / "work" / f"trial{trial}") == tree(expected), f"trial {trial}"


def test_killed_while_it_cuts_clips_it_ends_the_same(tmp_path: Path) -> None:
    """x264 does not give the same bytes every time, so of a cut clip the frames are compared."""
    archives = published_mpii.as_published(tmp_path / "archives", published_mpii.write_kitchen(tmp_path / "archives"))
    killed("mpii_cooking2", archives, tmp_path / "work", 10)
    expected = shown(tmp_path / "work" / "undisturbed")
    assert sum(name.startswith("clips/") for name in expected) == 7
    for trial in range(10):
        assert shown(tmp_path / "work" / f"trial{trial}") == expected, f"trial {trial}"


def shown(root: Path) -> dict[str, bytes | list[int]]:
    """All that lies in a folder; of a cut clip the numbers that its frames carry."""
    return {
        name: numbers_of(read_clip(root / name).frames) if name.startswith("clips/") else content
        for name, content in tree(root).items()
    }


def test_the_scripts_run_from_anywhere(tmp_path: Path) -> None:
    need_rar_reader()
    archives = archives_of(tmp_path / "archives")
    script = os.fspath(ROOT / "data_scripts" / "hmdb51.py")
    options = ["--root", "my data", "--archives", os.fspath(archives), "--allow-missing"]
    done = subprocess.run([sys.executable, script, *options], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"manifest: {tmp_path / 'my data' / 'hmdb51.parquet'} (incomplete, as allowed)" in done.stdout
    for name in ("finegym", "mpii_cooking2", "ucf_crime"):
        script = os.fspath(ROOT / "data_scripts" / f"{name}.py")
        assert f"vmp.data.{name} import main" in Path(script).read_text()
    done = subprocess.run(
        [sys.executable, script, "--root", "x", "--mirror", "gitub"], cwd=tmp_path, capture_output=True
    )
    assert done.returncode == 2
    assert b"mirror: expected github, jinmang2 or an address" in done.stderr
