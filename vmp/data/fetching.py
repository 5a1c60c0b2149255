"""Getting one part of a set: from a folder of local copies, or downloaded from the first mirror that has it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import disk_usage

from vmp.data.addresses import Address, Part, Published
from vmp.data.archive_readers import kind_of
from vmp.data.archive_safety import ArchiveError
from vmp.data.archives import SUFFIXES, Unpacked, Where, is_from, room_needed, unpack, unpacked
from vmp.data.prepare import SILENT, Advance, Progress, say_space, size_text
from vmp.download import DownloadError, download
from vmp.nearest import did_you_mean


@dataclass(frozen=True)
class Sources:
    """Where the parts of a set come from.

    Attributes:
        published: the table's entry.
        archives: folder of local copies; then nothing is downloaded.
        mirror: name of a mirror, or an address of a folder that has the files under their published names; None: all
            of the table's in order.
    """

    published: Published
    archives: Path | None = None
    mirror: str | None = None

    def __post_init__(self) -> None:
        known = self.published.mirrors
        if self.archives is not None and self.mirror is not None:
            raise ValueError("archives and mirror: expected one of them; with local archives nothing is downloaded")
        if self.archives is not None and not self.archives.is_dir():
            raise ValueError(f"archives: expected a folder of local copies, got {self.archives}, which is none")
        if self.mirror is not None and "://" not in self.mirror and self.mirror not in known:
            raise ValueError(
                f"mirror: expected {', '.join(known)} or an address such as https://host/folder, "
                f"got {self.mirror!r}{did_you_mean(self.mirror, known)}"
            )

    def addresses(self, part: Part) -> dict[str, Address]:
        """Mirrors that may be asked for a part, in order; the dead ones last."""
        if self.mirror is None:
            return dict(sorted(part.mirrors.items(), key=lambda item: bool(item[1].dead)))
        if "://" not in self.mirror:
            return {self.mirror: part.mirrors[self.mirror]} if self.mirror in part.mirrors else {}
        return {self.mirror: _at(self.mirror, part)}


def _at(folder: str, part: Part) -> Address:
    """The part's first file below another address, with what is known of the file of that name."""
    file = part.files[0]
    known = next((each for each in part.mirrors.values() if each.file == file and (each.sha256 or each.md5)), None)
    sha256, md5 = (known.sha256, known.md5) if known else (None, None)
    return Address(f"{folder.rstrip('/')}/{file}", file, "given by the user", sha256=sha256, md5=md5)


def local_copy(part: Part, archives: Path) -> Path | None:
    """A local copy of a part, by any of its names; None where there is none."""
    return next((archives / name for name in part.files if (archives / name).exists()), None)


def say_downloads(sources: Sources, root: Path, parts: list[Part], progress: Progress) -> None:
    """Say what will be downloaded and how much room it takes; nothing where everything is there.

    Raises:
        OSError: there is less room than that.
    """
    texts, needed = [], 0
    for part in parts:
        if sources.archives or unpacked(root, part.what) or local_copy(part, root / "archives"):
            continue
        for mirror, address in list(sources.addresses(part).items())[:1]:
            size = size_text(address.size) if address.size else "size unknown"
            texts.append(f"{address.file} ({size}) from {mirror}")
            needed += (address.size or 0) + part.room
    if texts:
        progress.say(f"to download: {', '.join(texts)}")
    if needed:
        say_space(root, needed, f"{sources.published.title}, downloaded and unpacked", progress)
    elif texts:
        progress.say(
            f"how much disk space that needs is not known; {size_text(disk_usage(root).free)} are free in {root}"
        )


def fetch(sources: Sources, root: Path, part: Part, progress: Progress = SILENT) -> Path:
    """A part's file: the local copy, or what is downloaded into ``archives`` in the root, checked where that can be.

    Raises:
        ValueError: no local copy in the folder that was named, or a mirror that lacks this part.
        DownloadError: no mirror gave it, or what came has another checksum; names each with its reason.
    """
    found = local_copy(part, sources.archives or root / "archives")
    if found is not None:
        _compare(found, part, progress)
        return found
    if sources.archives is not None:
        raise ValueError(
            f"{part.what}: expected {' or '.join(part.files)} in {sources.archives}, found none of them. Get it from "
            f"{sources.published.page} or without --archives"
        )
    return _downloaded(sources, root / "archives", part, progress)


def _downloaded(sources: Sources, folder: Path, part: Part, progress: Progress) -> Path:
    by_hand = f"Get {' or '.join(part.files)} from {sources.published.page} and put it into {folder}"
    tried = []
    for mirror, address in sources.addresses(part).items():
        try:
            with progress.track(f"downloading {address.file} from {mirror}", address.size, "bytes") as advance:
                return _download(address, folder, advance)
        except DownloadError as error:
            tried.append(f"{mirror}: {error}")
            progress.say(f"{mirror} does not give {address.file}: {error}")
    if not tried:
        at = f" at the mirror {sources.mirror}" if sources.mirror else ""
        raise ValueError(f"{part.what}: no address is known{at}. {by_hand}")
    raise DownloadError(f"{part.what}: no mirror gave it ({'; '.join(tried)}). {by_hand}")


def _download(address: Address, folder: Path, advance: Advance) -> Path:
    """Download one file; raise DownloadError also where it is no archive and should be one: some hosts send a page."""
    path = download(
        address.url,
        folder / address.file,
        sha256=address.sha256,
        md5=address.md5,
        size=address.size,
        progress=lambda came, total: advance(came),
    )
    if path.name.endswith(SUFFIXES):
        try:
            kind_of(path)
        except ArchiveError as error:
            os.replace(path, path.with_name(f"{path.name}.bad"))
            raise DownloadError(f"{error} It is kept as {path.name}.bad") from error
    return path


def _compare(path: Path, part: Part, progress: Progress) -> None:
    """Say so where a local copy is not the published file of that name: it may be packed anew, the counts will tell."""
    if path.is_dir():
        return
    for address in part.mirrors.values():
        if address.file != path.name or address.size not in (None, os.path.getsize(path)):
            continue
        name, expected = ("sha256", address.sha256) if address.sha256 else ("md5", address.md5)
        if expected is None:
            continue
        with path.open("rb") as file:
            came = hashlib.file_digest(file, partial(hashlib.new, name, usedforsecurity=False)).hexdigest()
        if came != expected:
            progress.say(f"{path}: is not the file that is published, whose {name} is {expected}; this one's is {came}")
        return


def bring(sources: Sources, root: Path, part: Part, where: Where, progress: Progress = SILENT) -> Unpacked:
    """Fetch a part and unpack it; where that was done before, nothing but a glance at the files.

    An archive that was unpacked may be deleted: it is missed only when files are.
    """
    before = unpacked(root, part.what)
    if before is not None:
        local = local_copy(part, sources.archives) if sources.archives else None
        if local is None or is_from(root, part.what, local):
            return before
    archive = fetch(sources, root, part, progress)
    say_space(root, room_needed(archive), f"unpacking {archive.name}", progress)
    return unpack(archive, root, part.what, where, progress)
