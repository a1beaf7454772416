"""Writes what we ship as a bill of materials (CycloneDX 1.6, JSON).

`python deploy/sbom.py [FILE]`, or `make sbom`.

Python's packages as they are installed, from their own metadata, with what needs what; the pages' as
`package-lock.json` fixes them, what only builds them marked as excluded. PostgreSQL and PostGIS are programs
of the machine, not ours.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from licences import licence_of, needed
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parent.parent
LICENCES = LicenseFactory()


def python_component(name: str, found: Distribution) -> Component:
    """One installed package."""
    url = PackageURL("pypi", None, name, found.version)
    return Component(
        name=name,
        version=found.version,
        purl=url,
        bom_ref=str(url),
        licenses=[LICENCES.make_from_string(licence_of(found))],
    )


def python_packages() -> dict[str, tuple[Component, set[str]]]:
    """Packages that run in production by name, each with the names of those it needs."""
    seen: dict[str, Distribution] = {}
    needed("wangge", seen)
    needed("psycopg-binary", seen)
    return {name: (python_component(name, found), set(_needs(found, seen))) for name, found in seen.items()}


def _needs(found: Distribution, seen: Iterable[str]) -> Iterable[str]:
    for requirement in found.requires or []:
        name = re.sub(r"[-_.]+", "-", re.split(r"[\s;<>=!~\[(]", requirement, maxsplit=1)[0]).lower()
        if "extra ==" not in requirement and name in seen:
            yield name


def page_packages() -> Iterable[Component]:
    """The pages' packages with their hashes, as the lock file names them."""
    lock = json.loads((ROOT / "web/package-lock.json").read_text())
    done = set()
    for path, one in sorted(lock["packages"].items()):
        _, inside, full = path.rpartition("node_modules/")
        if not inside or one.get("link") or (full, one["version"]) in done:
            continue
        done.add((full, one["version"]))
        group, _, name = full.rpartition("/")
        url = PackageURL("npm", group or None, name, one["version"])
        yield Component(
            name=name, group=group or None, version=one["version"], purl=url, bom_ref=str(url),
            scope=ComponentScope.EXCLUDED if one.get("dev") else ComponentScope.REQUIRED,
            licenses=[LICENCES.make_from_string(one["license"])] if one.get("license") else [],
            hashes=[_hash_of(one["integrity"])] if one.get("integrity", "").startswith("sha512-") else [],
        )  # fmt: skip


def _hash_of(integrity: str) -> HashType:
    return HashType(
        alg=HashAlgorithm.SHA_512, content=base64.b64decode(integrity.split("-", 1)[1].split()[0]).hex()
    )


def bill() -> Bom:
    """The whole."""
    bom, packages = Bom(), python_packages()
    root, _ = packages.pop("wangge")
    root.type = ComponentType.APPLICATION
    bom.metadata.component = root
    for component, _ in packages.values():
        bom.components.add(component)
    for component, needs in packages.values():
        bom.register_dependency(component, [packages[name][0] for name in sorted(needs) if name in packages])
    pages = list(page_packages())
    bom.components.update(pages)
    direct = [component for component, _ in packages.values()] + pages
    bom.register_dependency(root, direct)
    return bom


def main() -> None:
    """Write it."""
    home = Path(os.environ.get("WANGGE_HOME") or ROOT / ".wangge")
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else home / "sbom.cdx.json"
    found = bill()
    target.write_text(JsonV1Dot6(found).output_as_string(indent=1))
    print(f"wangge: {len(found.components)} packages → {target}")


if __name__ == "__main__":
    main()
