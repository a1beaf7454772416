"""A client of the documents alone, in plain Node: it passes every vector, and works with a running server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.core.db import Database
from tests.factories import PASSWORD, PEOPLE, Town, server_view

SPEC = Path(__file__).parents[2] / "mobile_api_spec"
CLIENT = SPEC / "client"
NODE = str(Path(sys.executable).parent / "node")
# In each file one thing that a client computes, as it stands, and with one character changed.
CHANGED = {
    "clocks": ('"grade": "moved"', '"grade": "loved"'),
    "cursors": ('"c2"\n   ]', '"c3"\n   ]'),
    "expressions": ('"condition": "answers.a == 1"', '"condition": "answers.a != 1"'),
    "forms": ('"score": 0.5', '"score": 0.6'),
    "hashes": ('"version": 4294967297', '"version": 4294967298'),
    "merge": ('"count": 7,', '"count": 8,'),
    "numbers": ('-2.5e-9]",', '-2.5e-8]",'),
    "sheets": ('"sha256": "', '"sha256": "0'),
    "steps": ('"state": "cancelled"', '"state": "cancelles"'),
    "store": ('"queue": 1', '"queue": 0'),
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([NODE, *arguments], capture_output=True, text=True, check=False, timeout=120)


def test_it_passes_every_vector() -> None:
    done = run(str(CLIENT / "run_vectors.mjs"))
    assert done.returncode == 0, done.stderr[-4000:]
    found = re.fullmatch(r"(\d+) comparisons, 0 failures\n", done.stdout)
    assert found
    files = [json.loads(path.read_text(encoding="utf-8")) for path in (SPEC / "vectors").glob("*.json")]
    cases = sum(len(one["cases"]) for one in files)
    assert int(found[1]) > cases > 210


def test_every_file_of_vectors_is_changed_below() -> None:
    assert {path.stem for path in (SPEC / "vectors").glob("*.json")} == set(CHANGED)


@pytest.mark.parametrize("name", sorted(CHANGED))
def test_one_character_changed_in_a_vector_is_noticed(name: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SPEC / "vectors", tmp_path / "vectors"))
    path, (ours, theirs) = folder / f"{name}.json", CHANGED[name]
    text = path.read_text(encoding="utf-8")
    assert ours in text
    path.write_text(text.replace(ours, theirs, 1), encoding="utf-8")
    done = run(str(CLIENT / "run_vectors.mjs"), str(folder))
    assert done.returncode == 1
    assert {line.partition(":")[0] for line in done.stderr.splitlines() if not line.startswith(" ")} == {name}


def test_vectors_that_nothing_runs_are_told(tmp_path: Path) -> None:
    (tmp_path / "tomorrow.json").write_text('{"cases": []}', encoding="utf-8")
    done = run(str(CLIENT / "run_vectors.mjs"), str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "tomorrow: nothing here runs these vectors\n")


def test_it_imports_nothing_but_node_and_itself() -> None:
    wanted = [
        one
        for path in CLIENT.glob("*.mjs")
        for one in re.findall(r'(?:from|import) "([^"]+)"', path.read_text(encoding="utf-8"))
    ]
    assert len(wanted) > 15
    assert [one for one in wanted if not re.fullmatch(r"node:[a-z/]+|\./[a-z_]+\.mjs", one)] == []


def test_it_works_with_a_running_server(served: str, database: Database, town: Town) -> None:
    done = run(str(CLIENT / "session.mjs"), served, f"T{list(PEOPLE).index('rep'):03d}", PASSWORD)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["ended"] == ["applied", "applied", "applied", "held"]
    there = server_view(database, found["scopes"])
    ours = {f"{kind}/{id_}": version for (kind, id_), version in there.items()}
    assert found["versions"] == ours
    assert found["pulled"] + 1 == len(ours) == found["digest"]["count"]
    assert (ours[f"visit/{found['visit']}"], ours[f"customer/{found['customer']}"]) == (2, 2)
