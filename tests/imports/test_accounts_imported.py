"""A table of staff with roles and logins makes accounts without a password, by the rules of the page."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.actor import Actor, Role
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.services import credentials
from backend.imports.queries import run_rows
from backend.imports.services import exporting, first_passwords
from backend.imports.services.first_passwords import make_first_passwords
from backend.people.services.account_links import accept
from backend.people.services.accounts import close_account, give_account
from tests.conftest import Person
from tests.factories import CHEAP, Town, uid
from tests.imports.filing import ADMIN, apply, as_csv, checked, imported, run_of
from tests.people.test_accounts import sign_in

As = Callable[[str], Person]
HEAD = ("工号", "姓名", "岗位", "角色", "登录名", "在岗")
OWN = "quartz lantern ferry 88"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost little."""
    monkeypatch.setattr(credentials, "_HASHER", CHEAP)


def row(number: str, roles: str = "客户代表", login: str = "", works: str = "是") -> list[str]:
    return [number, "钱一", "客户代表", roles, login, works]


def staff(database: Database, *rows: list[str]) -> Any:
    return imported(database, as_csv(rows, HEAD), "staff")


def accounts(database: Database) -> dict[str, tuple[list[str], str | None, bool]]:
    asked = "SELECT staff_number, roles, login, is_active FROM account WHERE staff_number LIKE 'X%'"
    with database.transaction() as session:
        return {one[0]: (one[1], one[2], one[3]) for one in session.execute(text(asked))}


def acts(database: Database, act: str) -> int:
    with database.transaction() as session:
        asked = "SELECT count(*) FROM administrative_act WHERE act = :act"
        return int(session.execute(text(asked), {"act": act}).scalar_one())


def reasons(database: Database, run_id: str) -> list[tuple[int, str]]:
    with database.transaction() as session:
        rows = run_rows.listed(session, run_id, "refused", 0, 100)
    return [(one.number, one.reasons[0]["code"]) for one in rows]


def links(admin: Person, run: Any, **body: Any) -> Any:
    answer = admin("POST", f"/imports/{run.id}/account-links", body)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def test_a_login_and_roles_make_an_account_that_nobody_can_enter_yet(database: Database, app: Flask) -> None:
    opened = acts(database, "account_opened")
    run = staff(database, row("X01", "客户代表、热线受理员", "qian.yi"), row("X02", "调度员"))
    assert (run.state, run.counts) == ("applied", {"new": 2, "gone": run.counts["gone"]})
    assert accounts(database) == {
        "X01": (["hotline_agent", "representative"], "qian.yi", True),
        "X02": (["dispatcher"], None, True),
    }
    assert acts(database, "account_opened") == opened + 2
    for password in ("", "none", "none: a link to a new one was given out"):
        assert sign_in(app, "X01", password or "x").status_code == 401


def test_the_same_file_again_changes_nothing(database: Database) -> None:
    data = as_csv([row("X01", "调度员、主管", "qian.yi"), row("X02")], HEAD)
    imported(database, data, "staff")
    changed = acts(database, "account_changed")
    again = imported(database, data, "staff")
    assert {name: n for name, n in again.counts.items() if name != "gone"} == {"same": 2}
    assert acts(database, "account_changed") == changed


def test_other_roles_and_another_login_are_a_change(database: Database, app: Flask) -> None:
    staff(database, row("X01", "客户代表", "qian.yi"))
    run = staff(database, row("X01", "调度员", "qian-1"))
    assert run.counts["changed"] == 1
    assert accounts(database)["X01"] == (["dispatcher"], "qian-1", True)
    assert acts(database, "account_changed") == 1
    # Empty cells say nothing, and no word of it is no account closed.
    run = staff(database, row("X01", "", ""))
    assert run.counts["same"] == 1
    assert accounts(database)["X01"] == (["dispatcher"], "qian-1", True)


def test_who_is_there_without_account_gets_one(database: Database) -> None:
    imported(database, as_csv([row("X01")[:3]], HEAD[:3]), "staff")
    assert accounts(database) == {}
    assert staff(database, row("X01", "客户代表")).counts["changed"] == 1
    assert accounts(database)["X01"] == (["representative"], None, True)


def test_logins_are_ones_own(database: Database, town: Town) -> None:
    """Another's number, another's login, an earlier row's, however it is written."""
    staff(database, row("X01", login="qian.yi"))
    rows = [
        row("X02", login="T001"),
        row("X03", login="QIAN.YI"),
        row("X04", login="sun"),
        row("X05", login="Ｓun"),
    ]
    run_id = checked(database, as_csv(rows, HEAD), "staff")
    assert reasons(database, run_id) == [(2, "login_taken"), (3, "login_taken"), (5, "login_taken")]
    assert run_of(database, run_id).counts["new"] == 1


def test_a_number_that_is_anothers_login_is_said_in_the_dry_run(database: Database) -> None:
    staff(database, row("X01", login="X02"))
    assert reasons(database, checked(database, as_csv([row("X02")], HEAD), "staff")) == [(2, "login_taken")]


def test_a_login_without_roles_opens_nothing(database: Database) -> None:
    run = staff(database, row("X01", "", "qian.yi"), row("X02", "国王", "king"))
    assert reasons(database, str(run.id)) == [(2, "account_without_roles"), (3, "unknown_word")]
    assert accounts(database) == {}


def test_who_has_left_gets_none_and_a_closed_one_stays_closed(database: Database, town: Town) -> None:
    run = staff(database, row("X01", "客户代表", works="否"), row("X02", "客户代表"))
    assert run.counts["new"] == 2
    assert list(accounts(database)) == ["X02"]
    with database.transaction() as session:
        found = session.execute(text("SELECT staff_id::text FROM account WHERE staff_number = 'X02'"))
        close_account(session, ADMIN, found.scalar_one())
    run = staff(database, row("X02", "系统管理员"))
    assert reasons(database, str(run.id)) == [(2, "account_closed")]
    assert accounts(database)["X02"] == (["representative"], None, False)


def test_an_account_of_the_unit_above_is_not_ours_to_change(database: Database, town: Town) -> None:
    with database.transaction() as session:
        session.execute(
            text("UPDATE account SET unit_id = :group WHERE staff_number = 'T005'"), {"group": town["group"]}
        )
    run_id = checked(database, as_csv([row("T005", "系统管理员")], HEAD), "staff")
    assert reasons(database, run_id) == [(2, "account_above")]


def test_all_links_of_an_import_are_made_at_once_and_each_is_good_once(
    as_: As, app: Flask, database: Database
) -> None:
    run = staff(database, row("X01", login="qian.yi"), row("X02"), row("X03", works="否"))
    admin, made = as_("admin"), acts(database, "password_reset")
    answer = links(admin, run)
    assert [(one["staff_number"], one["login"]) for one in answer["links"]] == [
        ("X01", "qian.yi"),
        ("X02", "X02"),
    ]
    assert (answer["left_out"], answer["waiting"]) == (0, 0)
    assert acts(database, "password_reset") == made + 2
    # Who has a good link keeps it; nothing of it is kept in clear.
    assert links(admin, run)["links"] == []
    with database.transaction() as session:
        kept = str(session.execute(text("SELECT token_sha256::text FROM account_link")).all())
        told = str(
            session.execute(text("SELECT body FROM sync_document WHERE kind = 'administrative_act'")).all()
        )
    assert not [one for one in answer["links"] if one["token"] in kept + told]
    guest = Person(app.test_client(), answer["links"][0]["token"])
    assert guest("PUT", "/account-links/mine", {"password": OWN}).status_code == 200
    assert sign_in(app, "qian.yi", OWN).get_json()["roles"] == ["representative"]
    assert sign_in(app, "X01", OWN).status_code == 201
    # Whoever has a password is asked for nothing more, the other's earlier link ends.
    anew = links(admin, run, anew=True)["links"]
    assert [one["staff_number"] for one in anew] == ["X02"]
    late = Person(app.test_client(), answer["links"][1]["token"])
    assert late("GET", "/account-links/mine").get_json()["code"] == "account_link_ended"


def test_links_are_made_by_administrators_of_the_unit(as_: As, database: Database) -> None:
    run = staff(database, row("X01"))
    for who in ("supervisor", "rep", "auditor"):
        assert as_(who)("POST", f"/imports/{run.id}/account-links", {}).status_code == 403
    assert links(as_("admin"), imported(database, as_csv([["K9", "张三"]], ("户号", "户名"))))["links"] == []


def test_staff_come_out_with_roles_and_login_and_go_in_again(database: Database, town: Town) -> None:
    staff(database, row("X01", "调度员、主管", "qian.yi"), row("X02", ""))
    with database.transaction() as session:
        data = b"".join(exporting.table_as_csv(session, "staff", [town["north"]]))
    lines = data.decode("utf-8-sig").splitlines()
    assert lines[0].split(",")[-3:] == ["角色", "登录名", "所属单位"]
    assert next(one for one in lines if "X01" in one).split(",")[-3:-1] == ["调度员、主管", "qian.yi"]
    again = imported(database, data, "staff")
    assert again.counts.get("changed", 0) == again.counts.get("new", 0) == again.counts.get("refused", 0) == 0


def test_what_is_refused_when_it_is_written_takes_no_other_row_along(database: Database) -> None:
    run_id = checked(database, as_csv([row("X01", login="qian.yi"), row("X02")], HEAD), "staff")
    staff(database, row("X09", login="qian.yi"))

    run = apply(database, run_id)
    assert reasons(database, str(run.id)) == [(2, "login_taken")]
    assert sorted(accounts(database)) == ["X02", "X09"]


def test_who_imports_for_a_branch_gives_roles_in_that_branch_alone(database: Database, town: Town) -> None:
    """A branch's administrator is one for that branch: the same rule as the page's."""
    from backend.core.errors import Problem
    from backend.people.services.accounts import provide_account

    branch = Actor(uid("admin"), uid("south"), frozenset({Role.ADMIN}))
    with database.transaction() as session, pytest.raises(Problem, match="not_found"):
        provide_account(session, branch, town["rep"], roles=["admin"], login=None)
    clerk = Actor(uid("supervisor"), uid("north"), frozenset({Role.SUPERVISOR}))
    with database.transaction() as session, pytest.raises(Problem, match="not_allowed"):
        provide_account(session, clerk, town["rep"], roles=["admin"], login=None)


def test_two_who_make_links_at_once_leave_each_link_good(database: Database) -> None:
    """The second found people waiting whose links the first had just made, and ended those."""
    run = staff(database, row("X01"), row("X02"))
    found: list[int] = []

    def make(wait: Callable[[], object]) -> None:
        with database.transaction() as session:
            found.append(len(make_first_passwords(session, ADMIN, str(run.id), 24, anew=False).links))
            wait()

    second = Thread(target=make, args=(lambda: None,))
    # Time enough to find who waits.
    make(lambda: (second.start(), second.join(0.5)))
    second.join()
    assert found == [2, 0]
    with database.transaction() as session:
        assert (
            session.execute(text("SELECT count(*) FROM account_link WHERE revoked_at IS NULL")).scalar() == 2
        )


def test_a_password_that_was_chosen_meanwhile_stays(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = staff(database, row("X01"))
    with database.transaction() as session:
        (link,) = make_first_passwords(session, ADMIN, str(run.id), 24, anew=False).links
    real = first_passwords.accounts_by_id

    def after_it_was_asked(session: Any, people: Any) -> Any:
        with database.transaction() as other:
            accept(other, link.token, OWN, None)
        return real(session, people)

    monkeypatch.setattr(first_passwords, "accounts_by_id", after_it_was_asked)
    with database.transaction() as session:
        assert make_first_passwords(session, ADMIN, str(run.id), 24, anew=True).links == []
    with database.transaction() as session:
        asked = "SELECT password_hash LIKE '$%' FROM account WHERE staff_number = 'X01'"
        assert session.execute(text(asked)).scalar_one()


def test_links_made_anew_reach_everybody_by_asking_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than are made at once: the first were made again and again, and nobody after them."""
    run = staff(database, row("X01"), row("X02"))
    monkeypatch.setattr(first_passwords, "MOST_AT_ONCE", 1)
    made = []
    for _ in range(3):
        with database.transaction() as session:
            found = make_first_passwords(session, ADMIN, str(run.id), 24, anew=True)
            made += [one.staff_number for one in found.links]
    assert made == ["X01", "X02", "X01"]


def test_a_password_that_is_given_does_not_hold_the_login_either(as_: As, database: Database) -> None:
    staff(database, row("X01", login="qian.yi"))
    asked = "SELECT staff_id::text FROM account WHERE staff_number = 'X01'"
    with database.transaction() as session:
        staff_id = session.execute(text(asked)).scalar_one()
        weak = "qian.yi lantern quartz 88"
        with pytest.raises(Problem, match="password_too_weak"):
            give_account(session, ADMIN, staff_id, None, weak, ["representative"])
