"""Decodes photos in the sandbox, where hostile bytes find nothing to take.

One process serves a batch and copies itself for each photo. Measured as time of a processor, 8 megapixels:
0.45 s to start, then 155 ms a photo where 150 ms are taken without it (`make bench ARGS=evidence` measures
both).
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from types import TracebackType
from typing import Any

from backend.core.confined.limits import MEGABYTE, Limits
from backend.core.confined.reader import Reader
from backend.evidence.services.picture import Metadata, NotShown, Picture

LIMITS = Limits(answer=32 * MEGABYTE, file=MEGABYTE, cpu_seconds=30, wall_seconds=45)
_STATES = frozenset({"refused", "broken", "not_a_picture"})


class PictureReader:
    """A context in which pictures are looked at, one after the other."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._reader = Reader("backend.evidence.services.picture_answers", limits)

    def __enter__(self) -> PictureReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.__exit__(kind, error, trace)

    def read(self, data: bytes) -> Picture:
        """Look at bytes. Raises NotShown, and Stopped where the process gave no answer; the next may be
        read then."""
        head, body = self._reader.ask({}, data)
        if "state" in head:
            state = str(head["state"])
            raise NotShown(state if state in _STATES else "broken", str(head.get("reason"))[:200])
        return _picture(head, body)


def _picture(head: dict[str, Any], body: bytes) -> Picture:
    """A picture of what a process said that may have been taken over: of the right types, or nothing."""
    try:
        said, end = head["metadata"], int(head["web"])
        metadata = {one.name: said.get(one.name) for one in fields(Metadata)}
        if metadata["taken_at"] is not None:
            metadata["taken_at"] = datetime.fromisoformat(metadata["taken_at"])
        for name in ("lng", "lat"):
            metadata[name] = None if metadata[name] is None else float(metadata[name])
        for name in ("taken_local", "device"):
            metadata[name] = None if metadata[name] is None else str(metadata[name])[:100]
        size = int(head["width"]), int(head["height"])
        return Picture(
            str(head["media_type"])[:100],
            *size,
            Metadata(**metadata),
            body[:end],
            body[end:],
            str(head["look"])[:64],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotShown("broken", "its reader answered nonsense") from error
