"""Videos from YouTube through yt-dlp, the program: one at a time, with pauses, resumed, and what is gone remembered.

Run only when somebody asks for it. YouTube's terms are the reader's to keep.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage

from vmp.data.prepare import SILENT, Progress, size_text, state_folder
from vmp.data.programs import find, last_line, run
from vmp.files import write_if_new

#: Endings of whole videos, the preferred one first; ".part" and ".ytdl" are the beginnings of some.
CONTAINERS = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".flv")
#: What yt-dlp says of a video that will not come back.
_GONE = ("video unavailable", "private video", "has been removed", "has been terminated", "no longer available")
#: What it says when YouTube has had enough: going on would make it worse.
_STOP = ("not a bot", "http error 429", "too many requests", "rate-limited", "rate limited")
_FAILURES_IN_A_ROW = 3


@dataclass(frozen=True)
class Download:
    """How to download.

    Attributes:
        cookies: a cookies file, handed to yt-dlp: for videos that ask for a login.
        height: pixels at most; the highest below is taken, without sound.
        pause: seconds between two videos.
        rate: bytes a second at most, as yt-dlp writes it ("2M"); None: as fast as it goes.
        retry_gone: try those too that were gone in an earlier run.
    """

    cookies: Path | None = None
    height: int = 720
    pause: float = 10.0
    rate: str | None = None
    retry_gone: bool = False


def find_videos(folder: Path, ids: Iterable[str]) -> dict[str, Path]:
    """Path of each video that is in a folder or below: ``ID.mp4``, ``Title [ID].mp4`` or ``ID/anything.mp4``."""
    wanted, found = set(ids), dict[str, Path]()
    paths = [path for path in folder.rglob("*") if path.suffix.lower() in CONTAINERS]
    for path in sorted(paths, key=lambda each: (CONTAINERS.index(each.suffix.lower()), str(each))):
        in_brackets = path.stem[-12:-1] if path.stem.endswith("]") and path.stem[-13:-12] == "[" else ""
        for name in (path.stem, in_brackets, path.parent.name):
            if name in wanted:
                found.setdefault(name, path)
                break
    return found


def download_videos(
    ids: Sequence[str], folder: Path, root: Path, how: Download, progress: Progress = SILENT
) -> dict[str, str]:
    """Download the videos that are not in the folder; why those that did not come did not, by id.

    Raises:
        ValueError: a cookies file that is not there, a negative pause, a height below 1.
        OSError: YouTube refuses, or several in a row fail; run again later, what came is kept. MissingProgram, one of
            these: yt-dlp is not installed.
    """
    if how.cookies is not None and not how.cookies.is_file():
        raise ValueError(f"cookies: expected a file, got {how.cookies}")
    if not how.pause >= 0:
        raise ValueError(f"pause: expected seconds, at least 0, got {how.pause}")
    if how.height < 1:
        raise ValueError(f"height: expected pixels, at least 1, got {how.height}")
    note = state_folder(root) / "youtube-gone.json"
    gone = {} if how.retry_gone else _read(note)
    there = find_videos(folder, ids) if folder.exists() else {}
    waiting = [each for each in ids if each not in there and each not in gone]
    if not waiting:
        return {each: gone[each] for each in ids if each in gone}
    program = find(["yt-dlp"], "downloading from YouTube", "pip install yt-dlp, or: apt-get install yt-dlp")
    folder.mkdir(parents=True, exist_ok=True)
    progress.say(
        f"to download from YouTube: {len(waiting):,} videos of at most {how.height} lines; how much disk space that "
        f"needs is not known, {size_text(disk_usage(folder).free)} are free in {folder}"
    )
    failed: dict[str, str] = {}
    row = 0
    with progress.track("downloading from YouTube", len(waiting)) as advance:
        for done, each in enumerate(waiting):
            if done:
                time.sleep(how.pause)
            reason = _download(program, each, folder, how)
            row = 0 if reason is None or _says(reason, _GONE) else row + 1
            if reason is not None:
                failed[each] = reason
            if reason is not None and _says(reason, _GONE):
                gone[each] = reason
                write_if_new(note, json.dumps(gone, indent=1).encode())
            if reason is not None and (_says(reason, _STOP) or row == _FAILURES_IN_A_ROW):
                raise OSError(
                    f"yt-dlp, video {each}: {reason}. {done} of {len(waiting)} were tried before it; wait, "
                    "update yt-dlp (pip install -U yt-dlp), or hand it a browser's cookies with --cookies FILE"
                )
            advance(done + 1)
    return {each: reason for each, reason in {**gone, **failed}.items() if each in set(ids)}


def _download(program: str, video: str, folder: Path, how: Download) -> str | None:
    """One video; the reason where it does not come. The id may begin with "-": only its address is an argument."""
    command: list[str | Path] = [program, "--ignore-config", "--no-playlist", "--no-progress", "--continue"]
    command += ["--no-overwrites", "--no-mtime", "--retries", "10", "--fragment-retries", "10", "--sleep-requests", "1"]
    command += ["--format", f"bv*[height<={how.height}]/b[height<={how.height}]/bv*/b"]
    command += ["--paths", folder, "--output", "%(id)s.%(ext)s"]
    command += ["--limit-rate", how.rate] if how.rate else []
    command += ["--cookies", how.cookies] if how.cookies else []
    done = run([*command, "--", f"https://www.youtube.com/watch?v={video}"])
    if done.returncode == 0 and video in find_videos(folder, [video]):
        return None
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return errors[-1].removeprefix("ERROR:").strip() if errors else last_line(done.stderr or done.stdout)


def _says(reason: str, texts: Sequence[str]) -> bool:
    return any(text in reason.lower() for text in texts)


def _read(note: Path) -> dict[str, str]:
    try:
        return dict(json.loads(note.read_text()))
    except (OSError, ValueError):
        return {}
