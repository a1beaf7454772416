"""Balances parts by passing units from the heaviest through neighbours to one with room (shortest paths).

Each hand-over is a chain: a unit from the heaviest part to the next, one of about that weight from there to
the one after, and so on; no part on the way ends heavier than the heaviest was. Chains with least loss of
roundness, and least work moved away from home, come first.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np

from geo.graph import Parts, components
from geo.partition import Parting

_MOST_TRIES = 60
# After so many parts one after the other that could not be lightened it is enough.
_MOST_IN_VAIN = 8
# So many offers from one part to another are kept at least, and so many units go together at most.
_CHEAPEST, _MOST_TOGETHER = 4, 4
# What a unit would cut off from its part goes with it up to this weight, in means.
_HEAVIEST_TAIL = 0.3
# What a chain must take from the heaviest part at least, in means.
_LEAST_WON = 0.002


@dataclass(frozen=True, slots=True)
class Costs:
    """What a chain costs.

    Unroundness it brings, each hand-over, and work that leaves its home (in usual cells').
    """

    unround: float = 1.0
    hand_over: float = 0.02
    away: float = 0.0
    most_moved: float = float("inf")


# What one unit would cost, what it weighs, and which it is.
Offer = tuple[float, float, int]
# The first unit to go, from which part to which, and how much must go there at least.
Chain = list[tuple[int, int, int, float]]


def _handfuls(offers: list[Offer], least: float) -> list[tuple[int, float, float]]:
    """What weighs enough: a first unit, the price and the weight.

    Single units, or the cheapest with those behind.
    """
    found = [(unit, price, w) for price, w, unit in offers if w >= least]
    if found:
        return found
    many = [(math.ceil(least / w), price, w, unit) for price, w, unit in offers]
    return [(unit, price * count, w * count) for count, price, w, unit in many if count <= _MOST_TOGETHER]


class Evening:
    """One run over a parting, in place."""

    def __init__(self, parting: Parting, costs: Costs, home: Parts | None = None) -> None:
        self._p, self._costs = parting, costs
        self._home: list[int] | None = None if home is None else home.tolist()
        self._barred: set[tuple[int, int]] = set()
        weights = np.array(parting.weights)
        self._moved = 0.0 if home is None else float(weights[home != parting.array()].sum())
        self._members = self._units_by_part()
        # What each part offers, until it or a part beside it changes.
        self._known: dict[int, dict[int, list[Offer]]] = {}

    def _units_by_part(self) -> list[set[int]]:
        members: list[set[int]] = [set() for _ in range(self._p.cells)]
        for unit, part in enumerate(self._p.parts):
            members[part].add(unit)
        return members

    def run(self, good: float) -> float:
        """Lighten the heaviest part until none weighs more than `good` (in means) or none can be.

        One that cannot be is left until it has changed: what is done beside it may make room for it. Returns
        how much work lies away from its home (in usual cells').
        """
        loads = self._p.loads
        stuck: dict[int, float] = {}
        in_vain = 0
        while in_vain < _MOST_IN_VAIN:
            heavy = [
                part
                for part, load in enumerate(loads)
                if load > good and abs(stuck.get(part, 0.0) - load) > 1e-9
            ]
            if not heavy:
                break
            heaviest = max(heavy, key=lambda part: (loads[part], -part))
            if self._lightened(heaviest):
                in_vain = 0
            else:
                stuck[heaviest], in_vain = loads[heaviest], in_vain + 1
        return self._moved

    def _lightened(self, heaviest: int) -> bool:
        self._barred.clear()
        for _ in range(_MOST_TRIES):
            top = self._p.loads[heaviest] - _LEAST_WON
            chain = self._chain(heaviest, top)
            if chain is None:
                return False
            if self._handed_on(chain, top):
                return True
        return False

    def _chain(self, heaviest: int, top: float) -> Chain | None:
        """The cheapest chain that ends where there is room (Dijkstra over parts)."""
        p = self._p
        known: set[int] = set()
        queue: list[tuple[float, int, float, Chain]] = [(0.0, heaviest, 0.0, [])]
        while queue:
            cost, part, brought, chain = heapq.heappop(queue)
            if part in known:
                continue
            known.add(part)
            if chain and p.loads[part] + brought < top:
                return chain
            # Who was as heavy as the heaviest may stay so, nobody else may become it.
            least = brought - max(top - p.loads[part], 0.0) if chain else _LEAST_WON
            for other, all_offers in self._offers(part).items():
                if other in known:
                    continue
                offers = [one for one in all_offers if (one[2], other) not in self._barred]
                for unit, price, w in _handfuls(offers, least - 1e-9):
                    heapq.heappush(queue, (cost + price, other, w, [*chain, (unit, part, other, w)]))
        return None

    def _offers(self, part: int) -> dict[int, list[Offer]]:
        """By the part beside it, the units that could go there.

        The cheapest, and the cheapest of each weight.
        """
        known = self._known.get(part)
        if known is None:
            known = self._known[part] = self._found(part)
        return known

    def _found(self, part: int) -> dict[int, list[Offer]]:
        p, parts = self._p, self._p.parts
        found: list[tuple[int, float, float, int]] = []
        for unit in self._members[part]:
            w = p.weights[unit]
            if w <= 0:
                continue
            others = {parts[near] for near in p.graph.neighbours[unit]}
            if len(others) == 1 and part in others:
                continue
            for other in others - {part}:
                price = max(-self._costs.unround * p.rounder(unit, other), 0.0) + self._costs.hand_over
                price += self._costs.away * self._away(unit, part, other)
                found.append((other, max(price, 0.0), w, unit))
        offers: dict[int, list[Offer]] = {}
        weights: set[tuple[int, float]] = set()
        groups: dict[int, list[int]] = {}
        for other, price, w, unit in sorted(found):
            mine = offers.setdefault(other, [])
            if len(mine) >= _CHEAPEST and (other, round(w, 3)) in weights:
                continue
            if unit not in groups:
                groups[unit] = self._group(unit)
            if groups[unit]:
                more = sum(p.weights[one] for one in groups[unit][1:])
                weights.add((other, round(w, 3)))
                mine.append((price + self._costs.away * more, w + more, unit))
        return offers

    def _group(self, unit: int) -> list[int]:
        """What goes when a unit goes: it alone, or with what it would cut off.

        Nothing where that is too much.
        """
        p = self._p
        if p.stays_whole(unit):
            return [unit]
        pieces = components(p.graph.borders, sorted(self._members[p.parts[unit]] - {unit}))
        pieces.sort(key=lambda piece: (sum(p.weights[one] for one in piece), len(piece)))
        tail = [one for piece in pieces[:-1] for one in piece]
        return [unit, *tail] if pieces and sum(p.weights[one] for one in tail) <= _HEAVIEST_TAIL else []

    def _away(self, unit: int, mine: int, other: int) -> float:
        if self._home is None:
            return 0.0
        home = self._home[unit]
        return self._p.weights[unit] * ((home == mine) - (home == other))

    def _handed_on(self, chain: Chain, top: float) -> bool:
        """Whether the whole chain could be carried out.

        If not, nothing is changed and its weak link is barred.
        """
        p = self._p
        before = {part: p.loads[part] for part in (chain[0][1], *(other for _, _, other, _ in chain))}
        done: list[tuple[int, int, int]] = []
        for first, mine, other, least in chain:
            unit: int | None = first
            while unit is not None and least > 1e-9 and p.parts[unit] == mine and p.touches(unit, other):
                group = self._group(unit)
                for one in group:
                    self._move(one, mine, other)
                    done.append((one, mine, other))
                    least -= p.weights[one]
                unit = self._next(unit, mine, other) if group else None
            if least > 1e-9:
                return self._undone(done, first, other)
        for first, _, other, _ in reversed(chain):
            if p.loads[other] > max(before[other], top) + 1e-9:
                return self._undone(done, first, other)
        if p.loads[chain[-1][2]] < top and self._moved <= self._costs.most_moved:
            return True
        return self._undone(done, chain[0][0], chain[0][2])

    def _next(self, unit: int, mine: int, other: int) -> int | None:
        """What goes the same way after a unit: one that lay behind or beside it."""
        p = self._p
        near = [one for one in p.graph.neighbours[unit] if p.parts[one] == mine and p.weights[one] > 0]
        able = [one for one in near if p.stays_whole(one)] or near
        return max(able, key=lambda one: (p.rounder(one, other), -one), default=None)

    def _undone(self, done: list[tuple[int, int, int]], unit: int, other: int) -> bool:
        self._barred.add((unit, other))
        for one, was, now in reversed(done):
            self._move(one, now, was)
        return False

    def _move(self, unit: int, mine: int, other: int) -> None:
        self._moved += self._away(unit, mine, other)
        self._p.move(unit, other)
        self._members[mine].discard(unit)
        self._members[other].add(unit)
        for part in {self._p.parts[near] for near in self._p.graph.neighbours[unit]} | {mine, other}:
            self._known.pop(part, None)
