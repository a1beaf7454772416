"""The conformance vectors.

What any client must compute, passed by the reference phone and, where it decides, the server.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from backend.customers.services import surveying
from backend.evidence.services import sheets
from backend.jobs.kinds.work_order import SHEET_FIELDS
from mobile_api_spec import expressions
from mobile_api_spec.phone import Offline, Phone, Refused
from mobile_api_spec.phone import canonical as phone_canonical
from mobile_api_spec.phone import forms as phone_forms
from mobile_api_spec.phone import sheet as phone_sheet
from mobile_api_spec.phone.store import Store
from sync import apply
from sync.apply import CannotApply, Change
from sync.canonical import canonical_json
from sync.change import Author, Grade, Stored, moment_text, parse_moment
from sync.honest_time import Exchange, effective, judge
from sync.kind import Field, Kind, Policy
from sync.questions import open_questions
from tests.simulation.kinds import KINDS as SIMULATED

FOLDER = Path(__file__).parents[2] / "mobile_api_spec/vectors"


def vectors(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def cases(name: str) -> list[Any]:
    return [pytest.param(one, id=one.get("name", one.get("id"))) for one in vectors(name)["cases"]]


def as_key(pair: list[str] | None) -> tuple[str, str] | None:
    return (pair[0], pair[1]) if pair else None


@pytest.mark.parametrize("case", cases("hashes"))
def test_hashes(case: dict[str, Any]) -> None:
    assert canonical_json(case["body"]).decode() == case["canonical"]
    assert hashlib.sha256(case["canonical"].encode()).hexdigest() == case["body_sha256"]
    store = Store(None)
    store.keep_line({name: case[name] for name in ("kind", "id", "version", "in", "body")})
    assert store.digest(None, None)["xor"] == case["record_hash"][:32]


@pytest.mark.parametrize("range_", vectors("hashes")["ranges"])
def test_digests_of_ranges(range_: dict[str, Any]) -> None:
    store = Store(None)
    for case in vectors("hashes")["cases"]:
        store.keep_line({name: case[name] for name in ("kind", "id", "version", "in", "body")})
    found = store.digest(as_key(range_["after"]), as_key(range_["upto"]))
    assert (found["count"], found["xor"]) == (range_["count"], range_["xor"])


@pytest.mark.parametrize("case", cases("numbers"))
def test_numbers(case: dict[str, Any]) -> None:
    assert canonical_json(orjson.loads(case["json"])).decode() == case["canonical"]
    assert phone_canonical.canonical_text(json.loads(case["json"])) == case["canonical"]


@pytest.mark.parametrize("case", cases("expressions"))
def test_expressions(case: dict[str, Any]) -> None:
    assert expressions.holds(case["condition"], case.get("answers", {}), case.get("value")) is case["holds"]


@pytest.mark.parametrize("case", cases("forms"))
def test_forms(case: dict[str, Any]) -> None:
    rows, answers = vectors("forms")["rows"], case["answers"]
    assert [[one["field"], one["code"]] for one in surveying.logic_faults(rows, answers)] == case["faults"]
    assert [list(one) for one in phone_forms.faults(rows, answers)] == case["faults"]
    assert surveying.score_of(rows, answers) == case["score"]


@pytest.mark.parametrize("case", [pytest.param(one, id=one["name"]) for one in vectors("forms")["typed"]])
def test_what_a_person_types_is_the_answer(case: dict[str, Any]) -> None:
    found = phone_forms.answer_of(case, case["typed"])
    assert (found, type(found)) == (case["answer"], type(case["answer"]))


BLANKS = vectors("forms")["blanks"]


@pytest.mark.parametrize("code", BLANKS["white_space"] + BLANKS["others"])
def test_white_space_around_a_number_is_what_the_table_says(code: str) -> None:
    sign, is_blank = chr(int(code, 16)), code in BLANKS["white_space"]
    for typed, answer in ((f"{sign}7{sign}{sign}", 7), (sign, None)):
        found = phone_forms.answer_of({"type": "integer"}, typed)
        assert found == (answer if is_blank else typed)


@pytest.mark.parametrize("case", cases("clocks"))
def test_clocks(case: dict[str, Any]) -> None:
    mutation, received_at = case["mutation"], parse_moment(case["received_at"])
    exchanges = {
        boot: Exchange(boot, one["monotonic_ms"], parse_moment(one["server_at"]))
        for boot, one in case["exchanges"].items()
    }
    judged = judge(
        parse_moment(mutation["happened_at"]), boot=mutation["boot"], monotonic_ms=mutation["monotonic_ms"],
        sent_at=parse_moment(case["sent_at"]), received_at=received_at, exchanges=exchanges,
    )  # fmt: skip
    assert (moment_text(judged.at), judged.grade) == (case["at"], Grade(case["grade"]))
    counts_from = effective(judged, [parse_moment(one) for one in case["seen"]], received_at)
    assert moment_text(counts_from) == case["counts_from"]


def _note() -> Kind:
    """A kind with the fields of the vectors, every policy among them."""
    said = {
        name: Field(name, Policy(one["policy"]), one.get("group", ""))
        for name, one in vectors("merge")["fields"].items()
    }
    rep, fields = (
        frozenset({"rep"}),
        {"unit_id": Field("unit_id", Policy.FIXED), "cell": Field("cell")} | said,
    )
    assert {one.policy for one in fields.values()} == set(Policy) - {Policy.SERVER}

    def load(values: dict[str, Any], partial: bool) -> dict[str, Any]:
        return dict(values) if partial else dict.fromkeys(fields) | values

    return Kind("note", "note", fields, lambda _: frozenset({"cell:c"}), load, create_by=rep, change_by=rep)


KINDS = {"note": _note(), "job": SIMULATED["job"]}


def begun(kind: str, values: dict[str, Any]) -> Stored:
    author = Author("maker", "maker's", frozenset({"rep"}), "u")
    made = Change(
        "m", author, datetime.fromisoformat("2026-09-01T11:00:00Z"), {"unit_id": "u", "cell": "c"} | values
    )
    return apply.create(KINDS[kind], "r", made, 1).write.after()


def done(stored: Stored, row: dict[str, Any]) -> Stored:
    author = Author(f"owner of {row['device']}", row["device"], frozenset({"rep"}), "u")
    at = datetime.fromisoformat(row["at"])
    one = Change(row["id"], author, at, row.get("now", {}), row["base_version"], row.get("action"))
    verb = apply.act if "action" in row else apply.change
    return verb(KINDS[stored.kind], stored, one, row["version"]).write.after()


def orders(case: dict[str, Any], rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], ...]]:
    """Every order in which each device's own rows, and what a row had seen, come first."""
    if case.get("ordered"):
        return [tuple(rows)]

    def keeps(order: tuple[dict[str, Any], ...]) -> bool:
        places = {row["id"]: n for n, row in enumerate(order)}
        return all(
            places[a["id"]] < places[b["id"]]
            for a, b in itertools.permutations(rows, 2)
            if a["version"] <= b["base_version"]
            or (a["device"] == b["device"] and a["version"] < b["version"])
        )

    return [order for order in itertools.permutations(rows) if keeps(order)]


@pytest.mark.parametrize("case", cases("merge"))
def test_merges(case: dict[str, Any]) -> None:
    start = vectors("merge")["start"]
    for order in orders(case, case["edits"]):
        stored = begun("note", start)
        for row in order:
            stored = done(stored, row)
        assert {name: stored.values[name] for name in start} == case["values"]
        assert sorted(open_questions(KINDS["note"], stored.heads)) == case["questions"]


def test_the_vectors_speak_of_the_kinds_that_are_tested() -> None:
    actions, job = vectors("steps")["actions"], KINDS["job"].actions
    assert {n: (sorted(job[n].sources), job[n].target) for n in job} == {
        n: (sorted(a["from"]), a["to"]) for n, a in actions.items()
    }


@pytest.mark.parametrize("case", cases("steps"))
def test_steps(case: dict[str, Any]) -> None:
    for order in orders(case, case["steps"]):
        stored, parked = begun("job", {}), []
        for row in order:
            try:
                stored = done(stored, row)
            except CannotApply:
                parked.append(row["id"])
        heads = open_questions(KINDS["job"], stored.heads).get("state", [])
        assert (stored.values["state"], [head["id"] for head in heads[1:]]) == (case["state"], case["unfit"])
        assert parked == case.get("parked", [])


class Script:
    """A server that says what the case says, and keeps what it was asked."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers, self.asked = deque(answers), list[tuple[str, Any]]()
        self.is_up, self.plan = True, deque[str]()

    def send(self, _method: str, path: str, *, token: str | None = None, **options: Any) -> Any:
        body = json.loads(options["content"]) if "content" in options else options["json"]
        self.asked.append((path, body))
        verb, *answers = self.answers.popleft()
        if verb == "lost":
            raise Offline
        answer = answers[0]
        assert path == f"/sync/{verb}", (path, verb)
        if "refused" in answer:
            raise Refused(409, {"code": answer["refused"], "why": answer.get("why")})
        for mutation, outcome in zip(body.get("mutations", ()), answer.get("outcomes", ()), strict=True):
            outcome["id"] = mutation["id"]
        return Answer(answer)

    def close(self) -> None:
        return


class Answer:
    def __init__(self, found: Any) -> None:
        self._found = found

    def json(self) -> Any:
        return self._found


@pytest.mark.parametrize("case", [*cases("store"), *cases("cursors")])
def test_what_a_phone_makes_of_the_answers(case: dict[str, Any]) -> None:
    script = Script(case["answers"])
    phone = Phone(Store(None), script)
    phone.store.set_meta(staff="s", access="t")
    if case.get("create"):
        phone.create("n", {"v": 1}, "0193c0de-0000-7000-8000-000000000009")
        phone.push()
    while script.answers:
        with contextlib.suppress(Offline):
            phone.pull()
    assert {f"{kind}/{id_}": version for (kind, id_), version in phone.store.versions().items()} == case[
        "shows"
    ]
    assert len(phone.store.waiting(10)) == case.get("queue", 0)
    pulls = [body for path, body in script.asked if path == "/sync/pull"]
    if "have" in case:
        assert list(pulls[-1]["have"].items()) == [tuple(pair) for pair in case["have"]]
    if "cursors" in case:
        assert [body["cursor"] for body in pulls] == case["cursors"]
    asked = [body["ranges"] for path, body in script.asked if path == "/sync/compare"]
    if "ranges" in case:
        assert [[{"after": one["after"], "upto": one["upto"]} for one in many] for many in asked] == case[
            "ranges"
        ]
    if "cursor_sent" in case:
        assert pulls[-1]["cursor"] == case["cursor_sent"]


def test_the_vectors_speak_of_the_sheets_that_are_signed() -> None:
    assert tuple(vectors("sheets")["fields"]) == SHEET_FIELDS == phone_sheet.FIELDS


@pytest.mark.parametrize("case", cases("sheets"))
def test_sheets_and_what_a_device_signs(case: dict[str, Any]) -> None:
    for ours in (sheets, phone_sheet):
        assert ours.sheet_of(case["job"], case["photos"]) == case["sheet"]
        assert ours.statement(case["id"], case["device_id"], case["signature"]).decode() == case["statement"]
    assert sheets.sheet_sha256(case["sheet"]) == phone_sheet.sheet_hash(case["sheet"]) == case["sha256"]
