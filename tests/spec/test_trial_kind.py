"""A new capability is one folder, a kind one file.

API, OpenAPI, push, facts, import contracts, the contract tests and the console's menu pick it up.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.local.cluster import Cluster

ROOT = Path(__file__).parents[2]

METER_READING = '''"""Meter reading (抄表): what a meter showed on a day."""

from backend.core.actor import DESK, Role
from backend.core.kinds.declaration import Record, declare, moment, refer, scopes_of, whole
from sync.kind import Policy


class MeterReading(Record):
    """A reading of a service point's meter."""

    __tablename__ = "meter_reading"

    service_point_id = refer("用水点", "Service point", "service_point", required=True, filter=True)
    cell_id = refer("网格", "Cell", "cell", filter=True)
    read_at = moment("抄表时间", "Read", required=True)
    cubic_metres = whole("读数（立方米）", "Reading (m³)", required=True, policy=Policy.REVIEW)


KIND = declare(
    MeterReading,
    zh="抄表",
    en="Meter reading",
    scopes=scopes_of(cell="cell_id"),
    rank=1,
    create_by=DESK | {Role.REPRESENTATIVE},
    change_by=DESK | {Role.REPRESENTATIVE},
)
'''

SUBSCRIPTIONS = '''"""What follows from a reading."""

FOLLOWS = {"meter_reading.written": (lambda session, fact: print("FOLLOWED", fact["op"]),)}
'''

TRIAL = '''"""Runs inside the copied tree: migrates, pushes, reads."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from backend import migrations, specification
from backend.app import create_app
from backend.core import config
from backend.core.db import Database, make_engine
from backend.core.kinds.registry import KINDS
from backend.queue import serving
from tests import factories

engine = make_engine(sys.argv[1])
assert Path(migrations.__file__).is_relative_to(Path.cwd()), migrations.__file__
print(migrations.make_revision(engine, "add meter reading").read_text())
migrations.upgrade(engine)
assert migrations.differences(engine) == []
database = Database(engine)
made = replace(
    config.read({}), home=Path("home"), objects_url="memory://", secret_key="k", limits_enabled=False
)
app = create_app(made, database)
with database.transaction() as session:
    token = factories.token_for(session, made, "rep")
client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}
town = factories.Town()
now = {
    "service_point_id": town["point 0"],
    "cell_id": town["cell 0"],
    "read_at": "2026-09-01T08:00:00+08:00",
    "cubic_metres": 1234,
}
mutation = factories.mutation("meter_reading", town["reading"], "create", now)
body = {"store": town["store"], "sent_at": datetime.now(UTC).isoformat(), "mutations": [mutation]}
answer = client.post("/api/v1/sync/push", json=body, headers=headers).get_json()["outcomes"][0]
assert answer["status"] == "applied", answer
reading = client.get(f"/api/v1/meter-readings/{town['reading']}", headers=headers).get_json()
assert reading["cubic_metres"] == 1234
page = client.post("/api/v1/sync/pull", json={"store": town["store"]}, headers=headers).get_json()
assert any(line["kind"] == "meter_reading" for line in page["lines"])
assert "/api/v1/meter-readings/{record_id}" in specification.openapi()["paths"]
specification.write_all(Path("mobile_api_spec"))
assert Path("mobile_api_spec/schemas/meter_reading.json").exists()
assert "meter_reading" in KINDS
assert serving.serve(database) > 0
print("PICKED UP")
'''

MENU = """/** The page of records offers what the server has, a capability that came today too. */
import { mount } from "@vue/test-utils";
import { expect, it } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";

import { makeI18n } from "@wangge/shared/i18n.ts";

import { en } from "../src/en/index.ts";
import Records from "../src/views/Records.vue";
import { zh } from "../src/zh/index.ts";

it("offers the readings of meters", async () => {
  const routes = [{ path: "/records", component: Records }];
  const router = createRouter({ history: createMemoryHistory(), routes });
  await router.push("/records?kind=meter_reading");
  const page = mount(Records, { global: { plugins: [router, makeI18n(zh, en)] } });
  const chosen = page.get("[data-test=kinds] [aria-current=page]");
  expect(chosen.text()).toMatch(/抄表|Meter reading/);
  expect(chosen.attributes("href")).toBe("/records?kind=meter_reading");
});
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The project copied elsewhere, with one capability more."""
    for folder in ("backend", "sync", "geo", "mobile_api_spec", "tests", "deploy"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    kinds = tmp_path / "backend/metering/kinds"
    kinds.mkdir(parents=True)
    (kinds.parent / "__init__.py").write_text(
        '"""Meters and what they show."""\n\nSTANDS_ON = ("customers",)\n'
    )
    (kinds / "__init__.py").write_text('"""Kinds of records, one file each."""\n')
    (kinds / "meter_reading.py").write_text(METER_READING)
    (kinds.parent / "subscriptions.py").write_text(SUBSCRIPTIONS)
    (tmp_path / "trial.py").write_text(TRIAL)
    return tmp_path


def with_pages(tree: Path) -> Path:
    """The pages copied too, on the packages that are installed; returns their folder."""
    web, installed = tree / "web", ROOT / "web/node_modules"
    shutil.copytree(ROOT / "web", web, ignore=shutil.ignore_patterns("node_modules"))
    (web / "node_modules/@wangge").mkdir(parents=True)
    for one in installed.iterdir():
        if one.name != "@wangge" and not one.name.startswith("."):
            (web / "node_modules" / one.name).symlink_to(one)
    for name in ("shared", "phone", "console"):
        (web / "node_modules/@wangge" / name).symlink_to(web / name)
    return web


@pytest.fixture
def trial_url(cluster: Cluster, town_template: str) -> Iterator[str]:
    """A town of its own."""
    cluster.ensure_database("copy_trial", town_template)
    yield cluster.url("copy_trial")
    cluster.psql("postgres", "DROP DATABASE copy_trial WITH (FORCE)")


def run(tree: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, *command], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_a_new_capability_is_one_folder_and_a_kind_one_file(tree: Path, trial_url: str) -> None:
    printed = run(tree, "trial.py", trial_url)
    assert "FOLLOWED push" in printed
    assert "PICKED UP" in printed
    assert "'meter_reading'" in printed
    # The next number after the last one's, and laid out as the linter wants it.
    last = max(int(one.name[:4]) for one in (ROOT / "backend/migrations/versions").glob("0*.py"))
    assert f"from alembic import op\n\nrevision = '{last + 1:04}'\ndown_revision = '{last:04}'\n" in printed
    assert METER_READING.count("\n") < 40
    web = with_pages(tree)
    (web / "console/tests/trial.spec.ts").write_text(MENU)
    program = str(web / "node_modules/vitest/vitest.mjs")
    done = subprocess.run(
        [str(Path(sys.executable).parent / "node"), program, "run", "console/tests/trial.spec.ts"],
        cwd=web,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def lint(tree: Path) -> str:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    return done.stdout


def test_the_import_contracts_hold_it_too(tree: Path) -> None:
    metering = tree / "backend/metering"
    assert "0 broken" in lint(tree)
    (metering / "queries").mkdir()
    (metering / "queries/__init__.py").write_text("")
    (metering / "queries/late.py").write_text("from backend.metering import subscriptions\n")
    (tree / "backend/customers/queries/meters.py").write_text("from backend.metering import kinds\n")
    said = lint(tree)
    assert "capabilities stand on one another BROKEN" in said
    assert "within a capability BROKEN" in said


def test_the_contract_tests_pick_it_up(tree: Path) -> None:
    printed = run(
        tree,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/contract/test_kinds.py",
        "-k",
        "meter_reading",
    )
    assert "11 passed" in printed
