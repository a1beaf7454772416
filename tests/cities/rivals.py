"""METIS alone, as the baseline that a division's balance must reach; nothing of the product needs it.

There is no wheel of it but for x86-64: elsewhere what compares with it is left out (`is_here`).
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

# How uneven METIS may leave it, in thousandths, by both its ways; the best of all is taken.
UNEVEN = (1, 10, 30)
SEEDS = (1, 2)


def is_here() -> bool:
    """Whether METIS is there to compare with."""
    return find_spec("pymetis") is not None


def metis_imbalance(
    weights: NDArray[np.float64], pairs: NDArray[np.int64], borders_m: NDArray[np.float64], cells: int
) -> float:
    """The heaviest part over the mean, of the best of several contiguous cuts of the same units."""
    return min(_imbalance(parts, weights, cells) for parts in metis_cuts(weights, pairs, borders_m, cells))


def metis_cuts(
    weights: NDArray[np.float64], pairs: NDArray[np.int64], borders_m: NDArray[np.float64], cells: int
) -> list[NDArray[np.int64]]:
    """What METIS makes of units that hang together, by several seeds and bounds."""
    return [_cut(weights, pairs, borders_m, cells, seed, uneven) for seed in SEEDS for uneven in UNEVEN]


def _cut(
    weights: NDArray[np.float64],
    pairs: NDArray[np.int64],
    borders_m: NDArray[np.float64],
    cells: int,
    seed: int,
    unevenness: int,
) -> NDArray[np.int64]:
    """METIS's own parts of units that hang together."""
    import pymetis

    both = np.concatenate([pairs, pairs[:, ::-1]])
    metres = np.concatenate([borders_m, borders_m])
    order = np.lexsort([both[:, 1], both[:, 0]])
    starts = np.searchsorted(both[order, 0], np.arange(len(weights) + 1))
    _, parts = pymetis.part_graph(
        cells,
        pymetis.CSRAdjacency(starts.tolist(), both[order, 1].tolist()),
        vweights=np.round(weights / weights.sum() * 1_000_000).astype(int).tolist(),
        eweights=(np.round(metres[order] / metres.max() * 1000).astype(int) + 1).tolist(),
        options=pymetis.Options(contig=1, seed=seed, ufactor=unevenness),
        recursive=False,
    )
    return np.array(parts, dtype=np.int64)


def _imbalance(parts: NDArray[np.int64], weights: NDArray[np.float64], cells: int) -> float:
    loads = np.bincount(parts, weights=weights, minlength=cells)
    return float(loads.max() / loads.mean())
