"""The containers: each part with health, restart and limited logs, and the units' commands."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.core import config
from tests.deploy.units import DEPLOY, ROOT, read_unit

FILE = DEPLOY / "compose.yaml"
SECRETS = {"DATABASE_PASSWORD", "BROKER_PASSWORD", "SECRET_KEY"}
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
LASTING = sorted(set(SERVICES) - {"install"})


def words(command: str | list[str]) -> Iterator[str]:
    """A command's words, options with their values apart."""
    for word in command if isinstance(command, list) else shlex.split(command):
        yield from word.split("=", 1) if word.startswith("--") else [word]


def spelled_out(word: str) -> str:
    return {"-A": "--app", "-s": "--schedule"}.get(word, word)


@pytest.mark.parametrize("name", LASTING)
def test_a_part_is_started_again_looked_at_and_its_log_turned_over(name: str) -> None:
    part = SERVICES[name]
    assert part["restart"] == "unless-stopped"
    assert part["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert part["logging"]["options"].keys() == {"max-size", "max-file"}


def test_services_start_after_the_schema_and_what_they_stand_on() -> None:
    for name in ("web", "worker"):
        needs = SERVICES[name]["depends_on"]
        assert needs["install"] == {"condition": "service_completed_successfully"}
        assert {one for one in needs if needs[one]["condition"] == "service_healthy"} == {
            "database",
            "broker",
        }
    healthy = [
        one
        for part in SERVICES.values()
        for one, need in part.get("depends_on", {}).items()
        if need["condition"] == "service_healthy"
    ]
    assert all("healthcheck" in SERVICES[one] for one in healthy)


def test_the_pages_are_built_and_the_schema_brought_forward_before() -> None:
    script = SERVICES["install"]["command"][-1]
    for step in ("deploy/bootstrap.py web", "deploy/pages.py", "migrate --wait"):
        assert step in script
    for program in re.findall(r"deploy/\w+\.py", script):
        assert (ROOT / program).is_file()
    done = subprocess.run(["sh", "-n", "-c", script.replace("$$", "$")], check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(("part", "unit"), [("web", "wangge-web"), ("worker", "wangge-worker")])
def test_containers_and_units_run_the_same(part: str, unit: str) -> None:
    places = {"/var/lib/wangge": "/opt/wangge/.wangge", "0.0.0.0:8000": "127.0.0.1:8000"}
    ours = list(words(SERVICES[part]["command"]))
    for there, here in places.items():
        ours = [one.replace(there, here) for one in ours]
    theirs = [spelled_out(one) for one in words(read_unit(unit).one("ExecStart"))]
    assert ours == theirs


def test_settings_are_ours_and_secrets_the_caller_s() -> None:
    known = {f"WANGGE_{one.name.upper()}" for one in fields(config.Settings)}
    given = SERVICES["web"]["environment"]
    assert {name for name in given if name.startswith("WANGGE_")} <= known
    asked = set(re.findall(r"\$\{(\w+)", FILE.read_text()))
    assert asked == SECRETS
    # Not one of them has a value that would do until somebody notices.
    assert set(re.findall(r"\$\{\w+(.*?)\}", FILE.read_text())) == {":?"}


def test_named_volumes_are_declared() -> None:
    named = {
        volume.split(":")[0]
        for part in SERVICES.values()
        for volume in part.get("volumes", ())
        if not volume.startswith((".", "/"))
    }
    assert named == set(yaml.safe_load(FILE.read_text())["volumes"])


def test_docker_itself_takes_the_file(tmp_path: Path) -> None:
    compose = shutil.which("docker-compose")
    if compose is None:
        pytest.skip("docker-compose is not here")
    environment = {**os.environ, **dict.fromkeys(SECRETS, "0123456789abcdef"), "HOME": str(tmp_path)}
    command = [compose, "-f", str(FILE), "config", "--quiet"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
