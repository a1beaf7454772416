"""A large day cut into pieces: whole routes that lie among each other, each piece a small problem of its own.

Improving a plan piece by piece (POPMUSIC; Taillard & Voss 2002): a search among a fifth of the tasks tries
several times as many plans a second, and two of them go on beside each other. Each cut differs, so every
border is inside a piece soon.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvrp
from numpy.typing import NDArray

from geo.routing.solvers import Model, visits

Numbers = NDArray[np.int64]
# A route: the crew's type, and the tasks in order.
Order = tuple[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Tasks and crews by type (routes they have now, and crews that have none).

    What may change among each other.
    """

    routes: tuple[Order, ...]
    left_out: tuple[int, ...]
    spare: tuple[int, ...]

    def __len__(self) -> int:
        return sum(len(order) for _, order in self.routes) + len(self.left_out)


def orders_of(solution: pyvrp.Solution) -> list[Order]:
    """The routes of a solution, apart from its model."""
    return [(route.vehicle_type(), visits(route)) for route in solution.routes()]


def plan_of(model: Model, orders: Iterable[Order]) -> pyvrp.Solution:
    """Routes as a solution of a model."""
    return pyvrp.Solution(model.data, [pyvrp.Route(model.data, list(order), kind) for kind, order in orders])


class SubModel:
    """A piece as PyVRP has it.

    Its clients and types are numbered anew; `tasks` and `types` say what they are.
    """

    def __init__(self, model: Model, piece: Piece) -> None:
        data = model.data
        self.tasks = [task for _, order in piece.routes for task in order] + list(piece.left_out)
        crews = np.array(piece.spare)
        np.add.at(crews, [kind for kind, _ in piece.routes], 1)
        self.types = np.flatnonzero(crews).tolist()
        self.crews = [range(crews[kind]) for kind in self.types]
        self.missing = [model.missing[task] for task in self.tasks]
        clients = [data.client(task) for task in self.tasks]
        kinds = [data.vehicle_type(kind) for kind in self.types]
        depots = sorted({end for kind in kinds for end in (kind.start_depot, kind.end_depot)})
        profiles = sorted({kind.profile for kind in kinds})
        places = sorted({one.location for one in clients} | {data.depot(one).location for one in depots})
        row = {place: n for n, place in enumerate(places)}
        matrices: list[Any] = [data.distance_matrix(one)[np.ix_(places, places)] for one in profiles]
        self.data = pyvrp.ProblemData(
            locations=[pyvrp.Location(0, 0) for _ in places],
            clients=[_client(one, row[one.location]) for one in clients],
            depots=[pyvrp.Depot(row[data.depot(one).location]) for one in depots],
            vehicle_types=[
                kind.replace(num_available=int(crews[n]), start_depot=depots.index(kind.start_depot),
                             end_depot=depots.index(kind.end_depot), profile=profiles.index(kind.profile))
                for n, kind in zip(self.types, kinds, strict=True)
            ],
            distance_matrices=matrices,
            duration_matrices=matrices,
        )  # fmt: skip
        number, kind_of = (
            {task: n for n, task in enumerate(self.tasks)},
            {one: n for n, one in enumerate(self.types)},
        )
        self.start = pyvrp.Solution(
            self.data,
            [
                pyvrp.Route(self.data, [number[t] for t in order], kind_of[kind])
                for kind, order in piece.routes
            ],
        )

    def whole(self, route: pyvrp.Route) -> Order:
        """A route of the part as the whole has it: the crew's type, and the tasks in order."""
        return self.types[route.vehicle_type()], tuple(self.tasks[n] for n in visits(route))


def _client(client: pyvrp.Client, place: int) -> pyvrp.Client:
    return pyvrp.Client(
        place, delivery=client.delivery, service_duration=client.service_duration, tw_early=client.tw_early,
        tw_late=client.tw_late, prize=client.prize, required=client.required,
    )  # fmt: skip


class Cutter:
    """Cuts plans of one model, each time elsewhere: what was longest in no piece comes first."""

    def __init__(self, model: Model, random: np.random.Generator) -> None:
        self._model, self._random = model, random
        self._seen = np.zeros(len(model.missing))
        self._turn = 0

    def cut(self, best: pyvrp.Solution, pieces: int, size: int) -> list[Piece]:
        """So many pieces, none sharing a route or a crew, of about so many tasks each."""
        routes = orders_of(best)
        left_out = [one.idx for one in best.unplanned()]
        links = self._links(routes, left_out)
        free = np.ones(len(routes), dtype=bool)
        grown: list[list[int]] = []
        for _ in range(pieces):
            if free.any():
                grown.append(self._grown(routes, links[: len(routes)], free, size))
        if not grown:
            return []
        self._turn += 1
        for piece in grown:
            self._seen[[task for n in piece for task in routes[n][1]]] = self._turn
        kept = self._shared_out(links[len(routes) :], grown, size)
        spare = self._spare(routes, grown)
        return [
            Piece(tuple(routes[n] for n in piece), tuple(left_out[n] for n in out), crews)
            for piece, out, crews in zip(grown, kept, spare, strict=True)
        ]

    def _links(self, routes: Sequence[Order], left_out: Sequence[int]) -> Numbers:
        """How many tasks of one route (or single tasks left out) are near those of another."""
        of = np.full(len(self._model.missing), -1)
        for n, order in enumerate([*(order for _, order in routes), *((task,) for task in left_out)]):
            of[list(order)] = n
        many = len(routes) + len(left_out)
        table = np.zeros((many, many), dtype=np.int64)
        near = self._model.near
        known = np.repeat(of, near.shape[1]), of[near.ravel()]
        np.add.at(table, known, 1)
        return (table + table.T)[:, : len(routes)]

    def _grown(
        self, routes: Sequence[Order], links: Numbers, free: NDArray[np.bool_], size: int
    ) -> list[int]:
        """A route that was longest in no piece and those that lie among it; taken from what is free."""
        lengths = np.array([len(order) for _, order in routes])
        age = np.array([self._seen[list(order)].mean() for _, order in routes])
        first = int(np.argmin(np.where(free, age + self._random.uniform(0, 1, len(routes)), np.inf)))
        piece, many, linked = [first], int(lengths[first]), links[first].astype(float)
        free[first] = False
        while free.any():
            # Among those that lie as near, another one each time.
            pull = np.where(free, linked / lengths * self._random.uniform(0.7, 1, len(routes)), -1)
            other = int(np.argmax(pull))
            if many + lengths[other] > size:
                break
            piece.append(other)
            many, linked = many + int(lengths[other]), linked + links[other]
            free[other] = False
        return piece

    def _shared_out(self, links: Numbers, grown: Sequence[Sequence[int]], size: int) -> list[list[int]]:
        """What is left out goes to the piece that has most near it; as much as a piece bears."""
        found: list[list[int]] = [[] for _ in grown]
        for n, row in enumerate(links):
            near = [int(row[list(piece)].sum()) for piece in grown]
            to = int(np.argmax(near))
            if near[to] and len(found[to]) < size:
                found[to].append(n)
        return found

    def _spare(self, routes: Sequence[Order], grown: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
        """Crews without a task, by type: shared out evenly, a single one now here, now there."""
        left = np.array([len(crews) for crews in self._model.crews])
        np.subtract.at(left, [kind for kind, _ in routes], 1)
        share, rest = np.divmod(left, len(grown))
        first = self._random.integers(0, len(grown), len(left))
        given = [share + (((np.full(len(left), n) - first) % len(grown)) < rest) for n in range(len(grown))]
        return [tuple(one.tolist()) for one in given]


def put_back(
    model: Model, best: pyvrp.Solution, pieces: Sequence[Piece], found: Iterable[Iterable[Order]]
) -> pyvrp.Solution:
    """The whole plan again, with what was found instead of each piece."""
    changed = {task for piece in pieces for _, order in piece.routes for task in order}
    kept = [one for one in orders_of(best) if not changed & set(one[1])]
    return plan_of(model, [*kept, *(one for piece in found for one in piece)])
