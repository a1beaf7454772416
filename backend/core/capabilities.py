"""Finds the capabilities by looking at the folders of `backend`: nobody lists them by hand.

A capability is a package there with at least one of the parts that others find by their names. Adding a
capability is adding a folder.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path
from types import ModuleType

import backend

PARTS = frozenset(
    {"kinds", "reading", "rules", "api", "subscriptions", "periodic", "office_steps", "messages", "metrics"}
)


@cache
def names() -> tuple[str, ...]:
    """Packages in `backend` that have at least one of the parts, each after those that it stands on."""
    found = [name for name in _packages() if not PARTS.isdisjoint(_inside(name))]
    graph = {name: sorted(import_module(f"backend.{name}").STANDS_ON) for name in found}
    return tuple(TopologicalSorter(graph).static_order())


def modules(part: str) -> Iterator[ModuleType]:
    """A part's modules in every capability, lower capabilities first: those of a folder by name, or the
    one module."""
    for name in names():
        if part in _inside(name):
            module = import_module(f"backend.{name}.{part}")
            inner = _inside(f"{name}/{part}")
            yield from (import_module(f"{module.__name__}.{one}") for one in inner) if inner else (module,)


def data_files(file: str) -> Iterator[tuple[str, Path]]:
    """A file of one name in whatever package of `backend` has it, with the package's name."""
    for name in _packages():
        for path in backend.__path__:
            if (found := Path(path, name, file)).exists():
                yield name, found


def _packages() -> list[str]:
    return sorted(one.name for one in pkgutil.iter_modules(backend.__path__) if one.ispkg)


def _inside(folder: str) -> list[str]:
    """Modules of a folder, which is not imported for it: that could be its own beginning."""
    return sorted(one.name for one in pkgutil.iter_modules([f"{path}/{folder}" for path in backend.__path__]))
