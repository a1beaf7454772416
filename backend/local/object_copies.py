"""Copies of photos and sketches beside the dumps: each is copied once, from a disk or from S3, and listed.

An object is named by its content and never changes, so a later backup copies what is new and lists the rest.
To other recipients everything is written again: whoever holds the new key alone must be able to open all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, cast

import orjson

from backend.core.blobs.store import PASSING, ObjectBlobs
from backend.core.private_files import own_folder
from backend.local.bringing_back import Copy
from backend.local.encryption import NoIdentity
from backend.local.private_writing import Counting, replacing, sha256_of

FOLDER, LIST = "objects", "objects.jsonl"
_HASH_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Copied:
    """An object, the file that holds its copy, and that file's size and checksum."""

    key: str
    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Form:
    """How copies are written: by `copy`, in files that end with `ending`."""

    copy: Copy
    ending: str


def copy_out(blobs: ObjectBlobs, root: Path, out: IO[bytes], form: Form, known: dict[str, Copied]) -> int:
    """Copy what `known` does not list as copied in this form; writes the list, returns how many are new."""
    made = 0
    for key, size in blobs.listing():
        if key.startswith(PASSING):
            continue
        found = known.get(key)
        if found is None or found.file != f"{key}{form.ending}" or not _lies_there(root, found):
            found = _copy(blobs, root, key, size, form)
            made += 1
        out.write(orjson.dumps(asdict(found)) + b"\n")
    return made


def _copy(blobs: ObjectBlobs, root: Path, key: str, size: int, form: Form) -> Copied:
    place = root / f"{key}{form.ending}"
    _make_folders(root, place)
    with replacing(place) as out:
        form.copy(cast(IO[bytes], _Reading(blobs.read(key, 0, size))), cast(IO[bytes], out))
    return Copied(key, f"{key}{form.ending}", out.size, out.sha256)


def _make_folders(root: Path, place: Path) -> None:
    for folder in reversed(place.relative_to(root).parents):
        own_folder(root / folder)


def _lies_there(root: Path, one: Copied) -> bool:
    path = root / one.file
    return path.is_file() and path.stat().st_size == one.size


def read_list(path: Path) -> Iterator[Copied]:
    """What a list names."""
    with path.open("rb") as file:
        for line in file:
            yield Copied(**orjson.loads(line))


def listed_in(path: Path, root: Path, ending: str) -> Iterator[Copied]:
    """What a list names; without one, all that lies there, as a release copied it that wrote none."""
    if path.exists():
        yield from read_list(path)
        return
    for one in sorted(root.rglob("*")):
        inside = str(one.relative_to(root))
        if one.is_file() and not one.is_symlink() and inside.endswith(ending):
            yield Copied(inside.removesuffix(ending), inside, one.stat().st_size, "")


def missing(root: Path, listed: Iterable[Copied]) -> list[str]:
    """Copies that are not there, or of another size."""
    return [one.file for one in listed if not _lies_there(root, one)]


def spoiled(root: Path, listed: Iterable[Copied]) -> list[str]:
    """The same, and those that are not what was written: all are read."""
    return [
        one.file for one in listed if not _lies_there(root, one) or sha256_of(root / one.file) != one.sha256
    ]


def copy_back(root: Path, listed: Iterable[Copied], blobs: ObjectBlobs, copy: Copy, work: Path) -> list[str]:
    """Put objects back that the store lacks; those whose copy is not their content are left out and named."""
    bad = []
    for one in listed:
        if one.key.startswith(PASSING) or blobs.has(one.key):
            continue
        whole = work / "object"
        if (root / one.file).is_file() and _opened(root / one.file, whole, copy, one.key):
            blobs.keep(one.key, whole)
        else:
            bad.append(one.key)
        whole.unlink(missing_ok=True)
    return bad


def _opened(source: Path, target: Path, copy: Copy, key: str) -> bool:
    with source.open("rb") as file, target.open("wb") as out:
        counted = Counting(out)
        try:
            copy(file, cast(IO[bytes], counted))
        except NoIdentity:
            return False
    name = key.rsplit("/", 1)[-1]
    return len(name) != _HASH_DIGITS or counted.sha256 == name


def forget_unlisted(root: Path, lists: Iterable[Path]) -> int:
    """Delete copies that no list names any more; returns how many."""
    named = {one.file for path in lists for one in read_list(path)}
    gone = [
        path
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and str(path.relative_to(root)) not in named
    ]
    for path in gone:
        path.unlink()
    return len(gone)


class _Reading:
    """Pieces of an object as a file that is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes, as many as there are at hand."""
        if not self._rest:
            self._rest = next(self._pieces, b"")
        found, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return found
