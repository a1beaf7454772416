"""Boundaries of capabilities: they import one another only through services, queries and kinds, and
downwards.
"""

from __future__ import annotations

from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module

import grimp

from backend.core import capabilities
from deploy.map import pages as map_pages

RULE = (
    "STANDS_ON in a capability's __init__.py names those that its modules import, core where there is no "
    "other; a field that refers to another's kind imports nothing"
)
DOORS = {"services", "queries", "kinds"}
MOST_ARROWS_EACH = 2.5

Import = tuple[str, str]


@cache
def imports_across() -> frozenset[Import]:
    """Importing and imported module, where they are of two capabilities."""
    graph = grimp.build_graph("backend", cache_dir=None)
    names = set(capabilities.names())
    inside = {one for one in graph.modules if one.count(".") and one.split(".")[1] in names}
    return frozenset(
        (one, other)
        for one in inside
        for other in graph.find_modules_directly_imported_by(one) & inside
        if one.split(".")[1] != other.split(".")[1]
    )


def arrows() -> dict[str, set[str]]:
    """Capability -> those that it imports, `core` too."""
    found: dict[str, set[str]] = {name: set() for name in capabilities.names()}
    for one, other in imports_across():
        found[one.split(".")[1]].add(other.split(".")[1])
    return found


def closure(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Capability -> all that it stands on, directly or not."""
    reached: dict[str, set[str]] = {}
    for name in TopologicalSorter(graph).static_order():
        reached[name] = graph[name].union(*(reached[below] for below in graph[name]))
    return reached


def declared() -> dict[str, set[str]]:
    return {name: set(import_module(f"backend.{name}").STANDS_ON) for name in capabilities.names()}


def other_than_by_a_door(imports: frozenset[Import]) -> list[Import]:
    """Imports of a part that is nobody else's business."""
    parts = {(one, other): other.split(".")[1:3] for one, other in imports}
    return sorted(
        pair for pair, part in parts.items() if part[0] != "core" and (len(part) < 2 or part[1] not in DOORS)
    )


def test_capabilities_reach_one_another_by_their_doors() -> None:
    assert other_than_by_a_door(imports_across()) == []


def test_an_import_past_the_doors_is_seen() -> None:
    past = ("backend.dispatch.services.shifts", "backend.jobs.api.repairs")
    rules = ("backend.dispatch.services.shifts", "backend.jobs.rules")
    whole = ("backend.dispatch.services.shifts", "backend.jobs")
    fine = ("backend.dispatch.services.shifts", "backend.jobs.services.intake")
    assert other_than_by_a_door(frozenset({past, rules, whole, fine})) == sorted([past, rules, whole])


def test_what_a_capability_says_it_stands_on_is_what_it_imports() -> None:
    # Closed on both sides: a capability names those directly below, and may reach whatever they stand on.
    assert closure(declared()) == closure(arrows()), RULE


def test_no_capability_names_one_that_it_does_not_import() -> None:
    idle = {name: said - arrows()[name] for name, said in declared().items() if said - arrows()[name]}
    assert idle == {}, RULE


def test_arrows_are_few_and_none_leads_back() -> None:
    besides_core = {name: below - {"core"} for name, below in arrows().items()}
    assert sum(map(len, besides_core.values())) <= MOST_ARROWS_EACH * len(besides_core)
    order = list(TopologicalSorter(arrows()).static_order())  # raises where there is a circle
    assert order[0] == "core"


def test_the_pages_drawn_from_the_code_are_up_to_date() -> None:
    stale = [path.name for path, text in map_pages().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "make map"
