"""Answers about photos inside the sandboxed process, for `picture_reader`.

A module of its own: a server that only asks need not load what this one does.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import scipy.fftpack  # noqa: F401 - what the perceptual hash imports late; each copy would import it anew

from backend.evidence.services.picture import NotShown, read_picture

FOLDERS: tuple[str, ...] = ()


def answer(_question: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """What `read_picture` finds, its two copies behind the head."""
    try:
        found = read_picture(data)
    except NotShown as reason:
        return {"state": reason.state, "reason": reason.reason}, b""
    metadata = asdict(found.metadata)
    if found.metadata.taken_at is not None:
        metadata["taken_at"] = found.metadata.taken_at.isoformat()
    head = {
        "media_type": found.media_type, "width": found.width, "height": found.height, "look": found.look,
        "metadata": metadata, "web": len(found.web),
    }  # fmt: skip
    return head, found.web + found.thumb
