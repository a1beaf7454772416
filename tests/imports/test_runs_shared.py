"""Runs in several hands: two administrators, a branch's own, other roles, a run ended under a worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.actor import Actor, Role
from backend.core.db import Database
from backend.core.errors import Problem
from backend.imports.kinds.import_run import ImportRun
from backend.imports.queries import run_rows
from backend.imports.reading.tables import read_table
from backend.imports.services import checking, exporting, reports, runs, settling, working
from backend.imports.services.working import finish, work_on, work_on_runs
from tests.conftest import Person
from tests.factories import Town, uid
from tests.imports.filing import ADMIN, apply, as_csv, checked, imported, line, run_of

pytestmark = pytest.mark.usefixtures("in_process")
As = Callable[[str], Person]
NORTH = Actor(uid("supervisor"), uid("north"), frozenset({Role.ADMIN}))
SOUTH = Actor(uid("stranger"), uid("south"), frozenset({Role.ADMIN}))
# Whatever is done to a run by who may not: none of it is done.
WAYS: dict[str, Callable[[Any, Actor, str], Any]] = {
    "read": lambda session, actor, run: runs.read_run(session, actor, run),
    "confirm": lambda session, actor, run: runs.confirm_mapping(session, actor, run, {}, {}, {}),
    "settle": lambda session, actor, run: settling.settle_rows(session, actor, run, "alone", None),
    "apply": lambda session, actor, run: runs.apply_run(session, actor, run),
    "discard": lambda session, actor, run: runs.discard_run(session, actor, run),
}


class Killed(BaseException):
    """What a process meets that is gone in the middle of its work."""


def begun(database: Database, actor: Actor, unit: str, target: str = "customers") -> str:
    data = as_csv([line(1)])
    with database.transaction() as session:
        table = read_table(data, "a.csv")
        return str(runs.begin_run(session, actor, uid(unit), target, "a.csv", data, table).id)


def confirm(database: Database, run_id: str, actor: Actor = ADMIN, **options: Any) -> None:
    run = run_of(database, run_id)
    columns, answers = run.mapping["columns"], {"datum": "wgs84"} | run.mapping["answers"]
    with database.transaction() as session:
        runs.confirm_mapping(session, actor, run_id, columns, answers, options)


def staged(database: Database, run_id: str) -> int:
    with database.transaction() as session:
        return sum(run_rows.counts(session, run_id).values())


def test_a_branchs_administrator_has_the_branch_alone(database: Database, town: Town) -> None:
    own, of_group = begun(database, NORTH, "north"), begun(database, ADMIN, "group")
    with database.transaction() as session:
        assert [str(one.id) for one in runs.list_runs(session, NORTH)] == [own]
        assert runs.list_runs(session, SOUTH) == []
        assert {str(one.id) for one in runs.list_runs(session, ADMIN)} == {own, of_group}
        for way in WAYS.values():
            for actor, run_id in ((SOUTH, own), (NORTH, of_group)):
                with pytest.raises(Problem) as refused:
                    way(session, actor, run_id)
                assert refused.value.code == "not_found"
    for unit in ("south", "group"):
        with pytest.raises(Problem, match=r"not_found|not_allowed"):
            begun(database, NORTH, unit)
    confirm(database, own, NORTH)
    work_on_runs(database)
    with database.transaction() as session:
        runs.apply_run(session, NORTH, own)
    work_on_runs(database)
    with database.transaction() as session:
        asked = "SELECT unit_id::text FROM customer WHERE number = 'A000001'"
        assert session.execute(text(asked)).scalar_one() == town["north"]
        assert runs.read_run(session, ADMIN, own).applied_by_id is not None


def test_a_branch_takes_no_units_from_a_column(database: Database) -> None:
    """A branch's administrator names another branch in the file: that unit is not known there."""
    head = ("户号", "户名", "营业所")
    run = run_of(database, checked(database, as_csv([["Z1", "甲", "south"], ["Z2", "乙", "north"]], head)))
    assert (run.counts["new"], run.counts["refused"]) == (1, 1)
    with database.transaction() as session:
        (row,) = run_rows.listed(session, str(run.id), "refused", 0, 5)
    assert [(one["field"], one["code"], one["about"]) for one in row.reasons] == [
        ("unit", "no_such", "south")
    ]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN}))
def test_no_other_role_does_anything(session: Any, role: Role) -> None:
    actor = Actor(uid("supervisor"), uid("group"), frozenset({role}))
    for way in (*WAYS.values(), lambda *given: runs.list_runs(*given[:2])):
        with pytest.raises(Problem, match="not_allowed"):
            way(session, actor, uid("any"))
    for act in (runs.need_keeper, exporting.need_exporter):
        with pytest.raises(Problem, match="not_allowed"):
            act(session, actor, uid("north"))


def test_nobody_signed_in_gets_nothing(as_: As, town: Town) -> None:
    nobody = Person(as_("admin").client, "forged")
    for method, path in (
        ("GET", "/imports"), ("GET", "/imports/targets"), ("POST", "/imports?unit_id=x"),
        ("GET", f"/imports/{town['x']}/report"), ("GET", "/exports/kinds/customer"),
    ):  # fmt: skip
        assert nobody(method, path).status_code == 401


def test_of_two_who_let_it_come_true_one_is_told(database: Database) -> None:
    run_id = checked(database, as_csv([line(1)]))
    gate = threading.Barrier(2)

    def accept(actor: Actor) -> str:
        gate.wait(10)
        try:
            with database.transaction() as session:
                runs.apply_run(session, actor, run_id)
        except Problem as problem:
            return problem.code
        return "accepted"

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(accept, (ADMIN, NORTH))) == ["accepted", "import_busy"]
    work_on_runs(database)
    with database.transaction() as session:
        asked = "SELECT count(*) FROM administrative_act WHERE act = 'imported'"
        assert session.execute(text(asked)).scalar_one() == 1
    assert run_of(database, run_id).state == "applied"


@pytest.mark.parametrize("state", ["read", "checking", "checked", "applying", "applied", "discarded"])
def test_each_state_allows_what_it_may(database: Database, state: str) -> None:
    run_id = begun(database, ADMIN, "north")
    with database.transaction() as session:
        session.execute(text("UPDATE import_run SET state = :state"), {"state": state})
    allowed = {
        "read": {"confirm", "discard"},
        "checking": {"discard"},
        "checked": {"confirm", "settle", "apply", "discard"},
    }.get(state, set())
    found = set()
    for name in ("confirm", "settle", "apply", "discard"):
        try:
            with database.transaction() as session:
                WAYS[name](session, ADMIN, run_id)
                raise Killed
        except Killed:
            found.add(name)
        except Problem as problem:
            if problem.code != "import_busy":
                found.add(name)
            else:
                assert problem.detail == {"state": state}
    assert found == allowed


def test_what_is_discarded_under_a_checking_worker_stays_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two of its chunks; none of its rows is kept, and the worker goes on with the next run."""
    monkeypatch.setattr(checking, "_CHUNK", 5)
    run_id = begun(database, ADMIN, "north")
    data = as_csv([line(n) for n in range(20)])
    with database.transaction() as session:
        given = uid("north"), "customers", "b.csv", data, read_table(data, "b.csv")
        run_id = str(runs.begin_run(session, ADMIN, *given).id)
    confirm(database, run_id)
    told = []

    def meddle(done: int, _total: int) -> None:
        told.append(done)
        with database.transaction() as session:
            runs.discard_run(session, ADMIN, run_id)

    assert work_on(database, run_id, meddle)
    assert told == [5]
    run = run_of(database, run_id)
    assert (run.state, run.problem, staged(database, run_id)) == ("discarded", None, 0)


def test_a_check_that_breaks_after_it_was_discarded_says_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def discarded_and_broken(*_: Any) -> None:
        with database.transaction() as session:
            runs.discard_run(session, ADMIN, run_id)
        raise RuntimeError

    run_id = begun(database, ADMIN, "north")
    confirm(database, run_id)
    monkeypatch.setattr(working, "check_run", discarded_and_broken)
    assert work_on(database, run_id)
    assert (run_of(database, run_id).state, run_of(database, run_id).problem) == ("discarded", None)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_check_killed_anywhere_begins_anew_and_counts_once(
    database: Database, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr(checking, "_CHUNK", 4)
    data = as_csv([line(n) for n in range(10)])
    with database.transaction() as session:
        given = uid("north"), "customers", "b.csv", data, read_table(data, "b.csv")
        run_id = str(runs.begin_run(session, ADMIN, *given).id)
    confirm(database, run_id)
    steps = iter(range(1, 100))

    def deadly(*_: int) -> None:
        if next(steps) == at:
            raise Killed

    with pytest.raises(Killed):
        work_on(database, run_id, deadly)
    assert run_of(database, run_id).state == "checking"
    assert run_of(database, run_id).done == min(4 * at, 10)
    work_on_runs(database)
    run = run_of(database, run_id)
    assert (run.state, run.done, run.counts) == ("checked", 10, {"new": 10, "gone": 6})
    assert apply(database, run_id).counts["new"] == 10


def test_a_command_waits_for_the_worker_that_is_at_it(database: Database) -> None:
    run_id = begun(database, ADMIN, "north")
    confirm(database, run_id)
    told: list[tuple[int, ...]] = []

    def hold() -> None:
        with database.alone(working.ALONE) as is_mine:
            assert is_mine
            held.set()
            done.wait(10)
            work_on(database, run_id)

    def hear(*given: int) -> None:
        told.append(given)
        done.set()

    held, done = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as other:
        working_on = other.submit(hold)
        assert held.wait(10)
        finish(database, run_id, hear)
        working_on.result(10)
    assert told[0] == (0, 1)
    assert run_of(database, run_id).state == "checked"


def test_reports_come_in_pieces_and_in_the_files_order(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = imported(database, as_csv([line(n, 户名="") for n in range(7)] + [line(8, 户名="", 户号="")]))
    monkeypatch.setattr(reports, "_AT_ONCE", 3)
    with database.transaction() as session:
        found = list(reports.lines_of(session, str(run.id)))
        assert [one[0] for one in found] == [2, 3, 4, 5, 6, 7, 8, 9, 9]
        assert all(zh and en for _, _, _, zh, en, _ in found)
        assert list(reports.lines_of(session, str(run.id), "to_settle")) == []
        assert session.get(ImportRun, run.id) is not None
