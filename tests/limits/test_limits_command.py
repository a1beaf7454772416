"""`wangge limits read`: JSON alone on standard output, words on standard error, without a database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backend.commands.limits import limits
from tests.limits.golden_cases import GOLDEN, china, clock, golden

WANGGE = Path(sys.executable).with_name("wangge")


@pytest.fixture(autouse=True)
def days(monkeypatch: pytest.MonkeyPatch) -> None:
    """The published days, which are worked out once for all tests."""
    monkeypatch.setattr("backend.commands.limits.known_days", china)


def run(file: Path, *options: str) -> Result:
    return CliRunner().invoke(limits, ["read", str(file), *options])


def given(folder: Path, content: str | bytes) -> Path:
    file = folder / "cases.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_the_command_reads_a_file_without_server_or_database(tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")},
        "WANGGE_HOME": str(tmp_path / "home"),
        "WANGGE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    }
    command = [str(WANGGE), "limits", "read", str(GOLDEN / "connections_211.json")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0
    cases = golden("connections_211")
    assert json.loads(done.stdout) == [{"name": case["name"], **case["expect"]} for case in cases]
    assert "共 4 例" in done.stderr
    assert not (tmp_path / "home").exists()


def test_bad_cases_are_named_on_standard_error_and_the_others_are_read(tmp_path: Path) -> None:
    bad = {**clock("half_1_from_1030"), "name": "乙", "limit": {"amount": 1, "unit": "weeks"}}
    found = run(given(tmp_path, json.dumps([clock("half_1_from_1030"), bad, 5])))
    assert found.exit_code == 0
    answers = json.loads(found.stdout)
    assert answers[1:] == [{"name": "乙", "error": "unknown_word"}, {"name": None, "error": "not_object"}]
    assert "error" not in answers[0]
    assert "第 2 乙 例，limit.unit：" in found.stderr
    assert "case 3, " in found.stderr
    assert "3 cases, 2 of which cannot be read" in found.stderr


@pytest.mark.parametrize(
    "content",
    [
        b"", b"not json", b"{}", b'"text"', b"[1, 2", b"\xff\xfe", b"[" * 100_000, b"[NaN]",
        b"[" * 2_000 + b"]" * 2_000, b'[{"name": "\\ud800"}]',
    ],
    ids=str,
)  # fmt: skip
def test_a_file_that_is_no_list_of_cases_ends_with_two(tmp_path: Path, content: bytes) -> None:
    found = run(given(tmp_path, content))
    assert found.exit_code == 2
    assert found.stdout == ""
    assert "不是案例的列表" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_file_that_is_not_there_or_too_large_ends_with_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(tmp_path / "nowhere.json").exit_code == 2
    assert run(tmp_path).exit_code == 2
    monkeypatch.setattr("backend.commands.limits.MOST_BYTES", 10)
    found = run(given(tmp_path, b"[" + b" " * 20 + b"]"))
    assert (found.exit_code, found.stdout) == (2, "")


def test_a_file_without_cases_has_no_readings(tmp_path: Path) -> None:
    found = run(given(tmp_path, "[]"))
    assert (found.exit_code, json.loads(found.stdout)) == (0, [])


def test_readings_are_explained_on_request(tmp_path: Path) -> None:
    found = run(given(tmp_path, json.dumps([clock("pause_still_open")])), "--explain")
    lines = json.loads(found.stdout)[0]["lines"]
    assert lines[0] == {"zh": "时限：2 个工作日", "en": "limit: 2 working day(s)"}
    assert any("customer absent" in one["en"] for one in lines)


def test_hours_that_are_refused_are_an_error_under_the_name_of_the_form(tmp_path: Path) -> None:
    short = {**clock("half_1_from_1030"), "hours": {"am": ["09:00", "12:00"], "pm": ["13:00", "17:00"]}}
    file = given(tmp_path, json.dumps([short]))
    assert json.loads(run(file).stdout) == [{"name": "half_1_from_1030", "error": "hours_refused"}]
    explained = json.loads(run(file, "--explain").stdout)[0]
    assert explained["field"] == "hours"
    assert "08:30" in explained["zh"]
    assert "08:30" in explained["en"]


def test_what_a_file_says_does_not_steer_the_terminal(tmp_path: Path) -> None:
    bad = {**clock("half_1_from_1030"), "name": "\x1b[2J" + "x" * 500, "limit": {}}
    found = run(given(tmp_path, json.dumps([bad])))
    assert "\x1b" not in found.stderr
    assert "x" * 100 in found.stderr
    assert "x" * 200 not in found.stderr


@pytest.mark.long
def test_a_hundred_thousand_cases_are_read(tmp_path: Path) -> None:
    cases = json.dumps(golden("limits"))[1:-1]
    found = run(given(tmp_path, f"[{', '.join([cases] * 3_334)}]"))
    assert found.exit_code == 0
    assert len(json.loads(found.stdout)) == 100_020


def test_json_is_utf_8_whatever_the_terminal_writes(tmp_path: Path) -> None:
    file = given(tmp_path, json.dumps([{**clock("half_1_from_1030"), "name": "张三"}]))
    found = CliRunner(charset="latin-1").invoke(limits, ["read", str(file)])
    assert found.exit_code == 0
    assert json.loads(found.stdout_bytes)[0]["name"] == "张三"


def test_a_byte_order_mark_before_the_cases_is_none_of_them(tmp_path: Path) -> None:
    cases = json.dumps([clock("half_1_from_1030")]).encode()
    found = run(given(tmp_path, b"\xef\xbb\xbf" + cases))
    assert (found.exit_code, found.stdout) == (0, run(given(tmp_path, cases)).stdout)


def test_cases_come_from_standard_input_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = json.dumps([clock("half_1_from_1030")])
    found = CliRunner().invoke(limits, ["read", "-"], input=cases)
    assert (found.exit_code, found.stdout) == (0, run(given(tmp_path, cases)).stdout)
    monkeypatch.setattr("backend.commands.limits.MOST_BYTES", 10)
    found = CliRunner().invoke(limits, ["read", "-"], input=cases)
    assert (found.exit_code, found.stdout) == (2, "")
