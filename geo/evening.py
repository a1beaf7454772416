"""Work handed on from the heaviest part through its neighbours to one with room (successive shortest paths).

Each hand-over is a chain: a unit from the heaviest part to the next, one of about that weight from there to the one
after, and so on; no part on the way ends heavier than the heaviest was. Chains with least loss of roundness, and least
work moved away from home, come first.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from geo.graph import Parts
from geo.parting import Parting

_MOST_TRIES = 60
# So many offers from one part to another are kept at least, and so many units go together at most.
_CHEAPEST, _MOST_TOGETHER = 4, 4
# What a chain must take from the heaviest part at least, in means.
_LEAST_WON = 0.002


@dataclass(frozen=True, slots=True)
class Costs:
    """What a chain costs: unroundness it brings, each hand-over, and work that leaves its home (in usual cells')."""

    unround: float = 1.0
    hand_over: float = 0.02
    away: float = 0.0
    most_moved: float = float("inf")


# What one unit would cost, what it weighs, and which it is; units that go from a part to another together.
Offer = tuple[float, float, int]
Chain = list[tuple[tuple[int, ...], int, int]]


class Evening:
    """One run over a parting, in place."""

    def __init__(self, parting: Parting, costs: Costs, home: Parts | None = None) -> None:
        self._p, self._costs = parting, costs
        self._home: list[int] | None = None if home is None else home.tolist()
        self._barred: set[tuple[int, int]] = set()
        weights = np.array(parting.weights)
        self._moved = 0.0 if home is None else float(weights[home != parting.array()].sum())
        self._members = self._units_by_part()

    def _units_by_part(self) -> list[set[int]]:
        members: list[set[int]] = [set() for _ in range(self._p.cells)]
        for unit, part in enumerate(self._p.parts):
            members[part].add(unit)
        return members

    def run(self, good: float) -> None:
        """Lighten the heaviest part again and again, until none weighs more than `good` (in means) or none can be."""
        loads = self._p.loads
        while True:
            heaviest = max(range(len(loads)), key=lambda part: (loads[part], -part))
            if loads[heaviest] <= good or not self._lightened(heaviest):
                return

    def _lightened(self, heaviest: int) -> bool:
        self._barred.clear()
        for _ in range(_MOST_TRIES):
            chain = self._chain(heaviest)
            if chain is None:
                return False
            if self._handed_on(chain):
                return True
        return False

    def _chain(self, heaviest: int) -> Chain | None:
        """The cheapest chain that ends where there is room (Dijkstra over parts)."""
        p, top = self._p, self._p.loads[heaviest] - _LEAST_WON
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
            for other, offers in self._offers(part).items():
                if other in known:
                    continue
                for units, price, w in self._bundles(part, offers, least - 1e-9):
                    heapq.heappush(queue, (cost + price, other, w, [*chain, (units, part, other)]))
        return None

    def _bundles(self, part: int, offers: list[Offer], least: float) -> list[tuple[tuple[int, ...], float, float]]:
        """What weighs enough, with its price and weight: single units, or the cheapest with those behind it."""
        found: list[tuple[tuple[int, ...], float, float]] = [
            ((unit,), price, w) for price, w, unit in offers if w >= least
        ]
        if found or not offers:
            return found
        p = self._p
        price, weight, first = offers[0]
        taken, waiting = [first], [unit for _, _, unit in offers[1:]]
        while weight < least and len(taken) < _MOST_TOGETHER:
            waiting += [near for near in p.graph.neighbours[taken[-1]] if p.parts[near] == part]
            unit = next((one for one in waiting if one not in taken), None)
            if unit is None:
                break
            taken.append(unit)
            weight, price = weight + p.weights[unit], price + offers[0][0]
        return [(tuple(taken), price, weight)] if weight >= least else []

    def _offers(self, part: int) -> dict[int, list[Offer]]:
        """By the part beside it, the units that could go there: the cheapest, and the cheapest of each weight."""
        p, parts = self._p, self._p.parts
        found: list[tuple[int, float, float, int]] = []
        for unit in self._members[part]:
            w = p.weights[unit]
            if w <= 0:
                continue
            for other in {parts[near] for near in p.graph.neighbours[unit]} - {part}:
                price = max(-self._costs.unround * p.rounder(unit, other), 0.0) + self._costs.hand_over
                away = self._away(unit, part, other)
                if self._moved + away <= self._costs.most_moved and (unit, other) not in self._barred:
                    found.append((other, max(price + self._costs.away * away, 0.0), w, unit))
        offers: dict[int, list[Offer]] = {}
        weights: set[tuple[int, float]] = set()
        whole: dict[int, bool] = {}
        for other, price, w, unit in sorted(found):
            mine = offers.setdefault(other, [])
            if (len(mine) < _CHEAPEST or (other, round(w, 3)) not in weights) and self._whole(whole, unit):
                weights.add((other, round(w, 3)))
                mine.append((price, w, unit))
        return offers

    def _whole(self, known: dict[int, bool], unit: int) -> bool:
        if unit not in known:
            known[unit] = self._p.stays_whole(unit)
        return known[unit]

    def _away(self, unit: int, mine: int, other: int) -> float:
        if self._home is None:
            return 0.0
        home = self._home[unit]
        return self._p.weights[unit] * ((home == mine) - (home == other))

    def _handed_on(self, chain: Chain) -> bool:
        """Whether the whole chain could be carried out; if not, nothing is changed and its weak link is barred."""
        p = self._p
        done: list[tuple[int, int, int]] = []
        for units, mine, other in chain:
            for unit in units:
                if p.parts[unit] != mine or not p.touches(unit, other) or not p.stays_whole(unit):
                    self._barred.add((unit, other))
                    return self._undone(done)
                self._move(unit, mine, other)
                done.append((unit, mine, other))
        if self._moved <= self._costs.most_moved:
            return True
        return self._undone(done)

    def _undone(self, done: list[tuple[int, int, int]]) -> bool:
        for unit, was, now in reversed(done):
            self._move(unit, now, was)
        self._barred.update((unit, now) for unit, _, now in done[-1:])
        return False

    def _move(self, unit: int, mine: int, other: int) -> None:
        self._moved += self._away(unit, mine, other)
        self._p.move(unit, other)
        self._members[mine].discard(unit)
        self._members[other].add(unit)
