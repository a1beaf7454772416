"""Unpacks archives of map files, with limits on names, members and bytes.

Part of the confined side: members go to the working folder, which is empty and private to one file.
"""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path
from typing import Any

from geo import foreign
from geo.errors import FileTooLarge, FileUnreadable, OpensElsewhere
from geo.formats.spelling import GB, keepable

MOST_UNPACKED_BYTES = 400_000_000
MOST_MEMBERS = 1_000
READ = {".geojson", ".json", ".gpkg", ".shp", ".kml"}
# What belongs to a Shapefile and changes what is read; indexes and the like only make
# reading faster, or break it.
_PARTS = {".shx", ".dbf", ".prj", ".cpg"}
_CHUNK = 1 << 20


def unzipped(data: bytes) -> set[Path]:
    """Members that are part of a map, each under its own name in the folder, small enough together."""
    found = set()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        if len(members) > MOST_MEMBERS or sum(one.file_size for one in members) > MOST_UNPACKED_BYTES:
            raise FileTooLarge(sum(one.file_size for one in members))
        for one in members:
            path = _own_path(one)
            with archive.open(one) as source:
                if path.suffix.lower() in READ | _PARTS:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    _copy(source, path, one.file_size)
                    found.add(path)
                else:
                    foreign.need_no_service(source.read(8192), one.filename)
    return found


def _own_path(member: zipfile.ZipInfo) -> Path:
    """Where a member goes, below the working folder. Raises FileUnreadable, OpensElsewhere."""
    root, name = Path.cwd(), _spelt(member)
    if stat.S_ISLNK(member.external_attr >> 16) or member.filename.lower().endswith(".vrt"):
        raise OpensElsewhere(member.filename)
    path = (root / name).resolve()
    if not path.is_relative_to(root) or path == root:
        raise FileUnreadable(member.filename)
    return path.relative_to(root)


def _spelt(member: zipfile.ZipInfo) -> str:
    """A member's name; archives that do not say UTF-8 mostly use their writer's own alphabet."""
    if member.flag_bits & 0x800 or member.filename.isascii():
        return member.filename
    raw = member.filename.encode("cp437", "replace")
    for codec in ("utf-8", GB):
        try:
            return keepable(raw.decode(codec))
        except UnicodeDecodeError:
            continue
    return member.filename


def _copy(source: Any, target: Path, declared: int) -> None:
    """A member may hold more than its directory says: that is a bomb."""
    with target.open("wb") as file:
        while piece := source.read(_CHUNK):
            declared -= len(piece)
            if declared < 0:
                raise FileTooLarge(len(piece))
            file.write(piece)
