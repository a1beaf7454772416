"""The folder of backups: one folder for each time, named by when it began, beside copies of all objects.

A backup is written into a hidden folder and renamed once it is whole, so that the newest is always a good
one.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backend.core.private_files import own_folder
from backend.core.sentences import sentence
from backend.local import manifest as manifests
from backend.local.bringing_back import NotRestored
from backend.local.encryption import ENDING
from backend.local.manifest import Manifest
from backend.local.object_copies import FOLDER, LIST, forget_unlisted
from backend.local.private_writing import flush_folder

DUMP, LOCK = "database.dump", ".lock"
_NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup as it lies there; without a manifest where a release made it that wrote none."""

    folder: Path
    objects: Path
    dump: Path
    ending: str
    manifest: Manifest | None

    @property
    def list(self) -> Path:
        """Which objects belong to it."""
        return self.folder / LIST


def generations(folder: Path) -> list[Path]:
    """The folders of backups, the oldest first."""
    if not folder.is_dir():
        return []
    return sorted(
        (one for one in folder.iterdir() if one.is_dir() and _NAME.fullmatch(one.name)),
        key=lambda one: (one.name[:16], int(one.name[17:] or 1)),
    )


def chosen(folder: Path, *, unchecked: bool = False) -> Kept:
    """The backup that a folder is, or the newest of those in it. Raises NotRestored.

    A newest one that is not whole is refused: which older one will do is for a person to say.
    """
    inside = [*generations(folder), folder][-2:][0] if not (folder / manifests.NAME).exists() else folder
    dump, ending = _dump_in(inside)
    is_own = inside != folder or _NAME.fullmatch(folder.name) is not None
    objects = (inside.parent if is_own else inside) / FOLDER
    if unchecked and not (inside / manifests.NAME).exists():
        return Kept(inside, objects, dump, ending, None)
    return Kept(inside, objects, dump, ending, manifests.read(inside))


def _dump_in(folder: Path) -> tuple[Path, str]:
    for ending in (ENDING, ""):
        if (folder / f"{DUMP}{ending}").exists():
            return folder / f"{DUMP}{ending}", ending
    raise NotRestored(sentence("local.no_dump", folder=str(folder), dump=DUMP).line)


def is_place(folder: Path) -> bool:
    """Whether backups may go there: it is new or empty, or holds backups already."""
    if not folder.exists() or not any(one.name != LOCK for one in folder.iterdir()):
        return True
    if generations(folder) or list(folder.glob(f".*{_PARTIAL}")):
        return True
    return any((folder / f"{DUMP}{ending}").exists() for ending in ("", ENDING))


def begin(folder: Path, began_at: datetime) -> Path:
    """A hidden folder to write into; what a killed backup left is taken away."""
    for left in folder.glob(f".*{_PARTIAL}"):
        shutil.rmtree(left)
    return own_folder(folder / f".{began_at:%Y%m%dT%H%M%SZ}{_PARTIAL}")


def finish(work: Path) -> Path:
    """Give it its name, durably."""
    name = plain = work.name.removeprefix(".").removesuffix(_PARTIAL)
    number = 1
    while (work.parent / name).exists():
        number += 1
        name = f"{plain}-{number}"
    flush_folder(work)
    target = work.rename(work.parent / name)
    flush_folder(work.parent)
    return target


def thin_out(folder: Path, keep: int) -> int:
    """Delete all but the newest `keep`, and copies of objects that none of them names; how many of those."""
    found = generations(folder)
    for old in found[:-keep]:
        shutil.rmtree(old)
    oldest = [folder / f"{DUMP}{ending}" for ending in ("", ENDING)]
    if len(found) >= keep:
        for one in oldest:
            one.unlink(missing_ok=True)
    lists = [one / LIST for one in found[-keep:]]
    # A backup of a release without lists may need any of them.
    if any(one.exists() for one in oldest) or not all(one.exists() for one in lists):
        return 0
    return forget_unlisted(folder / FOLDER, lists)
