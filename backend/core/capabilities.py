"""The capabilities, found by looking at the folders of `backend`: nobody lists them by hand.

A capability is a package there with at least one of the parts that others find by their names. Adding a capability is
adding a folder.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType

import backend

PARTS = frozenset({"kinds", "rules", "api", "subscriptions", "periodic", "office_steps", "messages"})


@cache
def names() -> tuple[str, ...]:
    """Packages in `backend` that have at least one of the parts, in the order of their names."""
    packages = [one.name for one in pkgutil.iter_modules(backend.__path__) if one.ispkg]
    return tuple(sorted(name for name in packages if not PARTS.isdisjoint(_inside(name))))


def modules(part: str) -> Iterator[ModuleType]:
    """A part's modules in every capability, in the order of their own names: those of a folder, or the one module."""
    found = []
    for name in names():
        if part in _inside(name):
            module = import_module(f"backend.{name}.{part}")
            inner = _names_in(module) if hasattr(module, "__path__") else []
            found += [(one, f"{module.__name__}.{one}") for one in inner] or [(name, module.__name__)]
    for _, path in sorted(found):
        yield import_module(path)


def _inside(name: str) -> set[str]:
    return set(_names_in(import_module(f"backend.{name}")))


def _names_in(package: ModuleType) -> list[str]:
    return [one.name for one in pkgutil.iter_modules(package.__path__)]
