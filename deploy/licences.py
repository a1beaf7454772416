"""Lists what we depend on with its licence, from the installed packages' own metadata.

`python deploy/licences.py`.
"""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy"
HEAD = """# What we depend on
Made by `deploy/licences.py` from the packages' own metadata; versions are those of `constraints.txt`.
Beside these: PostgreSQL (PostgreSQL licence) and PostGIS (GPL-2.0, a separate program that we start, not a
library that we link). psycopg is LGPL-3.0: used as it is, replaceable by anybody.

| package | version | licence |
|---|---|---|
"""


def licence_of(found: Distribution) -> str:
    """The licence expression, else the classifier, else the first line of the free text."""
    if found.metadata["License-Expression"]:
        return str(found.metadata["License-Expression"])
    classifiers = [
        c.split(" :: ")[-1] for c in found.metadata.get_all("Classifier", []) if c.startswith("License ::")
    ]
    text = (found.metadata["License"] or "").strip().splitlines()
    files = "".join(str(file.read_text()) for file in found.files or () if "LICENSE" in file.name.upper())
    by_file = "Apache-2.0" if "Apache License" in files else "MIT" if _MIT in files else "see its files"
    return ", ".join(classifiers) or (text[0][:60] if text else by_file)


def needed(name: str, seen: dict[str, Distribution]) -> None:
    """A package and what it needs at run time, without extras."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in seen:
        return
    try:
        seen[key] = distribution(name)
    except ModuleNotFoundError:
        return
    for requirement in seen[key].requires or []:
        if "extra ==" not in requirement:
            needed(re.split(r"[\s;<>=!~\[(]", requirement, maxsplit=1)[0], seen)


def main() -> None:
    """Write deploy/DEPENDENCIES.md."""
    seen: dict[str, Distribution] = {}
    needed("wangge", seen)
    needed("psycopg-binary", seen)
    rows = [
        f"| {name} | {found.version} | {licence_of(found)} |"
        for name, found in sorted(seen.items())
        if name != "wangge"
    ]
    (ROOT / "deploy/DEPENDENCIES.md").write_text(HEAD + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
