"""What the house keeps on disk is its owner's alone: modes of files and folders, and how one is written
whole."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from backend.core.sentences import sentence

# What lies in a home and tells of people, keys or tokens.
FOLDERS = ("logs", "objects", "uploads", "tls", "metrics", "broker")
# The only file of a home that tells of nothing.
OPEN_TO_ALL = "WANGGE"


class NotOurs(Exception):
    """A folder where something of ours would lie belongs to somebody else."""


def be_private() -> None:
    """From now on this process makes files and folders for its owner alone."""
    os.umask(0o077)


def own_folder(path: Path) -> Path:
    """A folder for its owner alone, made or mended.

    Raises NotOurs where somebody else put one in its place.
    """
    path.mkdir(parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise NotOurs(sentence("core.not_ours", path=str(path)).line)
    path.chmod(0o700)
    return path


def own_home(home: Path) -> Path:
    """The one folder: others may pass through it to what is theirs (PostgreSQL's own account) and list
    nothing."""
    for missing in [one for one in reversed((home, *home.parents)) if not one.exists()]:
        missing.mkdir()
        missing.chmod(0o755)
    if home.stat().st_uid == os.geteuid():
        home.chmod(0o711)
        for name in FOLDERS:
            if (home / name).is_dir() and (home / name).stat().st_uid == os.geteuid():
                (home / name).chmod(0o700)
        for file in home.iterdir():
            found = file.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and file.name != OPEN_TO_ALL:
                file.chmod(0o600)
    return home


def write_private(path: Path, data: bytes) -> None:
    """Put bytes in the place of a file, whole or not at all, readable by their owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
