"""Orders a push's mutations: what others build on first, no record twice in one round."""

from __future__ import annotations

from collections.abc import Sequence

from sync.change import Mutation


def in_order(mutations: Sequence[Mutation]) -> tuple[list[Mutation], list[Mutation]]:
    """Sorted so that each comes behind its `after`; and those that wait for each other in a circle."""
    if not any(m.after for m in mutations):
        return list(mutations), []
    waiting, done, order = list(mutations), set[str](), list[Mutation]()
    ids = {m.id for m in mutations}
    while waiting:
        ready = [m for m in waiting if not m.after or m.after not in ids or m.after in done]
        if not ready:
            return order, waiting
        first = ready[0]
        order.append(first)
        done.add(first.id)
        waiting.remove(first)
    return order, []


def rounds(mutations: Sequence[Mutation]) -> list[list[Mutation]]:
    """Batches with no record twice and nothing before its predecessor or what it points at."""
    batches: list[list[Mutation]] = []
    level_of: dict[str, int] = {}
    for mutation in mutations:
        level = max(level_of.get(mutation.record, -1), level_of.get(mutation.after or "", -1))
        for name, value in mutation.now.items():
            if name[-3:] == "_id":
                level = max(level, level_of.get(str(value), -1))
        level += 1
        if level == len(batches):
            batches.append([])
        batches[level].append(mutation)
        level_of[mutation.record] = level_of[mutation.id] = level
    return batches
