"""Reads map files in the sandbox: GeoJSON, GeoPackage, Shapefile, KML and KMZ.

A file comes as bytes with its name. What cannot be known is asked for (the coordinate system of a file that
does not say, the layer where there are several) and never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from backend.core.confined.limits import MEGABYTE, Limits
from backend.core.confined.reader import Reader, Stopped
from geo import errors
from geo.errors import FileTooLarge, GeoError, ReadersBusy, ReadingStopped, ReadingTooLong, ReadingTooMuch
from geo.findings import found
from geo.mapfile import Feature, MapFile, Origin

MOST_BYTES = 100_000_000
LIMITS = Limits(answer=96 * MEGABYTE)
_STOPPED = {"time": ReadingTooLong, "memory": ReadingTooMuch, "answer": ReadingTooMuch, "busy": ReadersBusy}


def read_map(
    data: bytes, name: str, *, crs: str | None = None, layer: str | Sequence[str] | None = None
) -> MapFile:
    """Every feature of a map file, in degrees.

    `crs` is for files that do not say theirs; one that does is believed.

    `layer` may name several, also folders of a KML, in one text with commas between. Read by
    `geo.mapfile_reader` in a confined process: whatever the file holds, no other file, address or query is
    opened for it. Raises FileUnreadable, FileTooLarge, LayerNeeded, LayerMissing, CrsMissing, UnknownCrs,
    OpensElsewhere, ReadingStopped.
    """
    if len(data) > MOST_BYTES:
        raise FileTooLarge(len(data))
    try:
        with Reader("geo.mapfile_reader", LIMITS) as reader:
            head, body = reader.ask({"name": name, "crs": crs, "layer": layer}, data)
    except Stopped as stopped:
        raise _STOPPED.get(stopped.why, ReadingStopped)() from stopped
    if "problem" in head:
        raise _problem(head)
    ends = np.cumsum([0, *head["sizes"]])
    shapes = shapely.from_wkb([body[a:b] or None for a, b in pairwise(ends)])
    rows = zip(shapes, head["fields"], strict=True)
    return MapFile(
        [Feature(shape if shape is not None else shapely.Point(), fields) for shape, fields in rows],
        head["columns"],
        head["keys"],
        [found(code, zones, zh, en) for code, zones, zh, en in head["findings"]],
        Origin(head["crs"], head["is_said"], np.array(head["sample"], dtype=np.float64).reshape(-1, 2)),
    )


def _problem(head: dict[str, Any]) -> GeoError:
    """The reader's problem by its name, which is one of ours or nothing."""
    known = getattr(errors, str(head["problem"]), None)
    if isinstance(known, type) and issubclass(known, GeoError):
        return known(*head.get("args", ()))
    return ReadingStopped()
