"""What ``vmp train --data`` takes: a folder of one's own videos becomes a manifest on the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from vmp.data.manifest import Manifest


def as_dataset(given: str, allow_missing: bool = False) -> tuple[str, bool]:
    """The data set that is meant, and whether it is one of videos: of a folder its manifest, which may be made now.

    Raises:
        ValueError: no such data set, folder or file; videos that cannot be read, unless that is allowed.
    """
    from vmp.experiments.datasets import DATASETS, MANIFESTS, check_dataset

    if given in DATASETS:
        return given, False
    if Path(given).expanduser().is_dir():
        return str(_manifest_of(Path(given).expanduser().absolute(), allow_missing)), True
    if not given.endswith(MANIFESTS) and Path(given).name != given:
        raise ValueError(f"--data: expected a folder of videos, a manifest or a data set's name; there is no {given}")
    check_dataset(given)
    return str(Path(given).absolute()), True


def has_validation(dataset: str, fold: int) -> bool:
    """Whether a manifest holds clips for validation in that fold."""
    from vmp.data.manifest import read_manifest

    return len(read_manifest(dataset, check_files=False).rows("validation", fold)) > 0


def _manifest_of(folder: Path, allow_missing: bool) -> Path:
    """The manifest in the folder: the one that is there, for somebody chose how to divide, or a new one; told."""
    from vmp.data.manifest import read_manifest
    from vmp.data.own_videos import NAME, prepare
    from vmp.data.prepare_script import console_progress

    target = folder / f"{NAME}.parquet"
    if target.is_file():
        manifest = read_manifest(target)
        typer.echo(f"{target} is there already: {len(manifest)} clips")
    else:
        report = prepare(folder, allow_missing=allow_missing, progress=console_progress())
        typer.echo(str(report))
        if report.manifest is None:
            raise ValueError(
                f"{folder}: expected videos that can be read, got {len(report.unreadable or {})} that cannot, listed "
                "above. Mend or remove them, or leave them out: --allow-missing"
            )
        manifest = read_manifest(report.manifest)
    _tell(manifest, folder, target)
    return target


def _tell(manifest: Manifest, folder: Path, target: Path) -> None:
    from vmp.data.manifest_summary import summary
    from vmp.data.own_videos import NAME, videos_in

    counts = summary(manifest).counts
    counts.loc["all"] = counts.sum()
    typer.echo(counts.to_string())
    missing = target.with_name(f"{NAME}.missing.txt")
    listed = missing.read_text(encoding="utf8").splitlines() if missing.is_file() else []
    known = {*manifest.table["path"], *(line.split(" ", 1)[1].partition(": ")[0] for line in listed if " " in line)}
    new = [path for path in videos_in(folder) if path not in known]
    if new:
        typer.echo(
            f"{len(new)} files of the folder are not in it ({', '.join(new[:3])}{', ...' if len(new) > 3 else ''}). "
            f"To divide anew, with them, remove {target.name}"
        )
