"""Runs benchmarks: `make bench ARGS="sync"`, one or all; each prints a table of figures and ratios.

What begins with a dash goes to the bench: `ARGS="vrptw --seconds 5"`.
"""

from __future__ import annotations

import sys

from bench import (
    cities,
    city,
    dispatch,
    evidence,
    evidence_http,
    growth,
    imports,
    limits,
    pages,
    storm,
    sync_work,
    territory,
    vrptw,
)

BENCHES = {
    "cities": cities.main,
    "city": city.main,
    "dispatch": dispatch.main,
    "evidence": evidence.main,
    "evidence-http": evidence_http.main,
    "growth": growth.main,
    "imports": imports.main,
    "limits": limits.main,
    "pages": pages.main,
    "storm": storm.main,
    "sync": sync_work.main,
    "territory": territory.main,
    "vrptw": vrptw.main,
}


def main() -> None:
    """Run what was asked for."""
    given = sys.argv[1:]
    first = next((n for n, word in enumerate(given) if word.startswith("-")), len(given))
    wanted, options = given[:first] or list(BENCHES), given[first:]
    for name in wanted:
        if name not in BENCHES:
            sys.exit(f"no bench {name}; there are: {', '.join(BENCHES)}")
        print(f"\n== {name}", flush=True)
        BENCHES[name](*([options] if options else []))


if __name__ == "__main__":
    main()
