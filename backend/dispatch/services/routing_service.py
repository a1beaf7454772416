"""Travel seconds from a routing service (OSRM, Valhalla), asked block by block.

Such services answer so many places at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import numpy as np
import orjson

from geo.measure import Coordinates
from geo.routing.problem import Seconds

_Places = Sequence[Sequence[float]]
_TIMEOUT_S = 10.0
# A dispatcher waits for the whole table; a service that is slower than this counts as away.
_ALL_S = 30.0
# What a pair is given that the service knows no way for: very far.
NO_WAY_S = 10**6


def table(format_: str, url: str, places: Coordinates, most_places: int) -> Seconds:
    """Seconds between all places (n, n), asked for so that no request names more than `most_places`.

    `url` is OSRM's up to the profile (`http://host/table/v1/driving`), or the whole address of Valhalla's
    sources_to_targets. Raises httpx.HTTPError where the service does not answer in time, ValueError, KeyError
    or TypeError where its answer is no such table.
    """
    ask, ends = _FORMATS[format_], time.monotonic() + _ALL_S
    block = max(most_places // 2, 1)
    blocks = [places[n : n + block].tolist() for n in range(0, len(places), block)]
    rows = []
    with httpx.Client(timeout=_TIMEOUT_S) as client:
        for sources in blocks:
            row = []
            for targets in blocks:
                if time.monotonic() > ends:
                    raise httpx.ReadTimeout("the whole table took too long")
                row.append(_whole(ask(client, url, sources, targets), (len(sources), len(targets))))
            rows.append(np.hstack(row))
    return np.vstack(rows)


def _osrm(client: httpx.Client, url: str, sources: _Places, targets: _Places) -> Any:
    path = ";".join(f"{lng:.6f},{lat:.6f}" for lng, lat in [*sources, *targets])
    numbers = [
        ";".join(map(str, part))
        for part in (range(len(sources)), range(len(sources), len(sources) + len(targets)))
    ]
    asked = {"annotations": "duration", "sources": numbers[0], "destinations": numbers[1]}
    answer = client.get(f"{url.rstrip('/')}/{path}", params=asked)
    return answer.raise_for_status().json()["durations"]


def _valhalla(client: httpx.Client, url: str, sources: _Places, targets: _Places) -> Any:
    spots = [[{"lon": lng, "lat": lat} for lng, lat in part] for part in (sources, targets)]
    body = {"sources": spots[0], "targets": spots[1], "costing": "auto"}
    answer = client.post(url, content=orjson.dumps(body)).raise_for_status().json()
    return [[one["time"] for one in row] for row in answer["sources_to_targets"]]


def _whole(rows: Any, shape: tuple[int, int]) -> Seconds:
    found = np.array([[NO_WAY_S if one is None else one for one in row] for row in rows], dtype=np.float64)
    if found.shape != shape:
        raise ValueError("not a table of all pairs")
    return np.ceil(found).astype(np.int64)


_FORMATS: dict[str, Callable[[httpx.Client, str, _Places, _Places], Any]] = {
    "osrm": _osrm,
    "valhalla": _valhalla,
}
