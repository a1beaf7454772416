"""The matters that an installation may begin with, read from `matters.toml`."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def standard_matters() -> list[dict[str, Any]]:
    """Values of each matter, active."""
    rows = tomllib.loads((files("backend.setup") / "matters.toml").read_text("utf-8"))["matters"]
    return [{**one, "is_active": True} for one in rows]
