"""Every kind of record, one file each; this package collects them by looking at its own files."""

from __future__ import annotations

import importlib
import pkgutil

from backend.records.declaration import RecordKind


def collect() -> dict[str, RecordKind]:
    """Kind name -> kind, for every module here that ends in `KIND = declare(...)`."""
    found = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        kind = getattr(importlib.import_module(f"{__name__}.{module.name}"), "KIND", None)
        if kind is not None:
            found[kind.name] = kind
    return found
