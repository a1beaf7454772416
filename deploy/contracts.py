"""Import contracts whose layers are the capabilities that are found, so that a new folder is under them at
once."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from importlinter.contracts.layers import LayersContract

from backend.core import capabilities

# What puts the capabilities together; higher ones first.
ABOVE = ("wsgi | web_worker | worker | cli", "commands", "demo | local | specification", "migrations", "app",
         "queue")  # fmt: skip
PARTS = ("(api) | (subscriptions) | (periodic) | (office_steps) | (messages) | (metrics)", "(services)",
         "(rules)", "(queries)", "(reading)", "(kinds)", "(clock)")  # fmt: skip


def capability_layers() -> list[list[str]]:
    """Capabilities by layer, the highest first: each one above everything that it says it stands on."""
    level: dict[str, int] = {}
    for name in capabilities.names():
        below = import_module(f"backend.{name}").STANDS_ON
        level[name] = max((level[other] + 1 for other in below), default=0)
    return [
        sorted(one for one in level if level[one] == at) for at in sorted({*level.values()}, reverse=True)
    ]


class AmongCapabilities(LayersContract):
    """Capabilities import those that they say they stand on; whoever stands at one height is independent."""

    def __init__(self, name: str, session_options: dict[str, Any], contract_options: dict[str, Any]) -> None:
        layers = [*ABOVE, *(" | ".join(one) for one in capability_layers())]
        found = {"containers": ["backend"], "layers": layers, "exhaustive": "true"}
        super().__init__(name, session_options, contract_options | found)


class WithinCapabilities(LayersContract):
    """Inside every capability but `core`, which has layers of its own: way in, services, rules, queries,
    kinds."""

    def __init__(self, name: str, session_options: dict[str, Any], contract_options: dict[str, Any]) -> None:
        rooms = [f"backend.{one}" for one in capabilities.names() if one != "core"]
        found = {"containers": rooms, "layers": list(PARTS), "exhaustive": "true"}
        super().__init__(name, session_options, contract_options | found)
