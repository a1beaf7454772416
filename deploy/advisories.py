"""Asks whether security advisories are known for what we ship: `make advisories`.

Ends with 1 if there are, with 2 if it could not ask.

`pip-audit` for Python, out of an environment of its own (it is no part of the product),
and `npm audit` for the pages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("WANGGE_HOME") or ROOT / ".wangge")
TOOL = "pip-audit==2.10.1"
FINE, FOUND, NOT_ASKED = 0, 1, 2


def auditor() -> Path | None:
    """The program, installed once; None where it cannot be had."""
    folder = HOME / "advisories"
    program = folder / "bin/pip-audit"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        command = [
            str(folder / "bin/python"),
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            TOOL,
        ]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return None
    return program


def python_advisories() -> int:
    """For the versions that `constraints.txt` fixes."""
    program = auditor()
    if program is None:
        return not_asked("pip-audit could not be installed")
    command = [str(program), "--disable-pip", "--no-deps", "--format", "json", "--progress-spinner", "off"]
    command += ["-r", str(ROOT / "deploy/constraints.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        return not_asked(
            done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip-audit said nothing"
        )
    packages = [one for one in packages if not one.get("skip_reason")]
    if not packages:
        return not_asked("no package was known there")
    found = [(one["name"], one["version"], vuln) for one in packages for vuln in one.get("vulns", [])]
    for name, version, vuln in found:
        print(
            f"{name} {version}: {vuln['id']}, mended in {', '.join(vuln['fix_versions']) or 'no version yet'}"
        )
    print(f"wangge: Python: {len(packages)} packages asked about, {len(found)} advisories")
    return FOUND if found else FINE


def page_advisories() -> int:
    """For what is in the pages; what only builds them is left out."""
    npm = Path(sys.executable).parent / "npm"
    environment = {**os.environ, "PATH": f"{npm.parent}{os.pathsep}{os.environ['PATH']}"}
    command = [str(npm), "audit", "--omit=dev", "--json"]
    try:
        done = subprocess.run(
            command, cwd=ROOT / "web", env=environment, capture_output=True, text=True, check=False
        )
        found = json.loads(done.stdout)["vulnerabilities"]
    except (OSError, json.JSONDecodeError, KeyError):
        return not_asked("npm's registry did not answer")
    for name, one in found.items():
        print(f"{name}: {one['severity']}, {one['range']}")
    print(f"wangge: pages: {len(found)} packages with advisories")
    return FOUND if found else FINE


def not_asked(why: str) -> int:
    """Nothing is known, which is not the same as nothing is wrong."""
    print(f"wangge: 没能查询，结果未知 · could not ask, so nothing is known: {why[:300]}")
    return NOT_ASKED


def main() -> None:
    """Both; an advisory outweighs a question without an answer."""
    answers = {python_advisories(), page_advisories()}
    sys.exit(FOUND if FOUND in answers else max(answers))


if __name__ == "__main__":
    main()
