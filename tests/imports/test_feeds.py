"""Files that another program sends at night: by the mapping of before, by a token that does nothing else."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.db import Database
from backend.imports.reading.tables import read_table
from backend.imports.services import working
from backend.imports.services.feeding import feed_file
from backend.imports.services.working import work_on_runs
from tests.conftest import Person
from tests.factories import Town
from tests.imports.filing import ADMIN, as_csv, imported, line

As = Callable[[str], Person]
NOWHERE = {"经度": "", "纬度": "", "用水地址": "无名野路3号"}


def token(admin: Person, town: Town, *targets: str, unit: str = "north", **more: Any) -> dict[str, Any]:
    body = {"label": "营收系统", "unit_id": town[unit], "targets": list(targets or ("customers",))} | more
    answer = admin("POST", "/imports/feed-tokens", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def fed(who: Person, town: Town, data: bytes, **query: str) -> Any:
    given = {"unit_id": town["north"], "target": "customers", "filename": "客户.csv"} | query
    return who(
        "POST", "/imports/feeds", query_string=given, data=data, content_type="application/octet-stream"
    )


def notices(database: Database) -> list[str]:
    asked = """
        SELECT n.text_zh
        FROM notice n
        JOIN account a ON a.staff_id = n.staff_id
        WHERE 'admin' = ANY(a.roles)
    """
    with database.transaction() as session:
        return list(session.execute(text(asked)).scalars())


def count(database: Database, asked: str) -> int:
    with database.transaction() as session:
        return int(session.execute(text(asked)).scalar_one())


@pytest.fixture
def feed(as_: As, app: Flask, town: Town, database: Database) -> Person:
    """The billing system: its token, after a person imported a file of this form once."""
    imported(database, as_csv([line(1)]))
    return Person(app.test_client(), token(as_("admin"), town)["token"])


def test_a_file_is_checked_and_written_by_itself(feed: Person, database: Database, town: Town) -> None:
    answer = fed(feed, town, as_csv([line(1), line(2)]))
    assert answer.status_code == 202, answer.text
    run = answer.get_json()
    assert (run["state"], run["is_repeat"]) == ("checking", False)
    work_on_runs(database)
    told = feed.get(f"/imports/feeds/{run['id']}")
    assert (told["state"], told["counts"]["new"], told["counts"]["same"]) == ("applied", 1, 1)
    assert notices(database) == []
    asked = "SELECT count(*) FROM administrative_act WHERE act = 'imported' AND after->>'feed' = 'true'"
    assert count(database, asked) == 1


def test_the_same_file_again_begins_nothing(feed: Person, database: Database, town: Town) -> None:
    data = as_csv([line(1), line(2)])
    first = fed(feed, town, data).get_json()
    assert fed(feed, town, data).get_json()["is_repeat"]
    work_on_runs(database)
    again = fed(feed, town, data).get_json()
    assert (again["is_repeat"], again["id"], again["state"]) == (True, first["id"], "applied")
    # After another file it is news once more.
    fed(feed, town, as_csv([line(3)]))
    work_on_runs(database)
    assert not fed(feed, town, data).get_json()["is_repeat"]


def test_columns_that_nobody_has_confirmed_are_not_guessed_at(feed: Person, town: Town) -> None:
    answer = fed(feed, town, as_csv([["A1", "张三"]], ("户号", "户名")))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "feed_without_mapping")


def test_another_units_mapping_is_not_this_ones(as_: As, feed: Person, town: Town) -> None:
    answer = fed(as_("admin"), town, as_csv([line(1)]), unit_id=town["south"])
    assert answer.get_json()["code"] == "feed_without_mapping"


def test_a_file_of_which_much_is_refused_waits_for_a_person(
    as_: As, feed: Person, database: Database, town: Town
) -> None:
    rows = [line(n, 户名="" if n % 2 else "王五") for n in range(2, 40)]
    run = fed(feed, town, as_csv(rows)).get_json()
    work_on_runs(database)
    assert feed.get(f"/imports/feeds/{run['id']}")["state"] == "checked"
    assert ["19 行（共 38 行）" in one for one in notices(database)] == [True]
    assert count(database, "SELECT count(*) FROM customer WHERE number LIKE 'A0000%'") == 1
    assert as_("admin")("PUT", f"/imports/{run['id']}/acceptance").status_code == 200


def test_rows_that_were_left_are_told_of(feed: Person, database: Database, town: Town) -> None:
    fed(feed, town, as_csv([line(2), line(3, 户名=""), line(4, **NOWHERE)]))
    work_on_runs(database)
    assert ["1 行不能导入，1 行待确认" in one for one in notices(database)] == [True]
    assert count(database, "SELECT count(*) FROM customer WHERE number = 'A000002'") == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/imports"), ("POST", "/imports"), ("GET", "/customers"), ("GET", "/accounts"),
        ("GET", "/exports/tables/customers"), ("POST", "/imports/feed-tokens"), ("GET", "/tokens"),
        ("POST", "/tokens"), ("GET", "/notices"), ("DELETE", "/sessions"),
    ],
)  # fmt: skip
def test_its_token_does_nothing_else(feed: Person, method: str, path: str) -> None:
    answer = feed(method, path)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "feed_token")


def test_it_neither_syncs_nor_signs_in_by_basic(feed: Person, app: Flask, town: Town) -> None:
    assert feed("POST", "/sync/pull", {}).status_code in (401, 403)
    assert feed("POST", "/sync/push", {}).status_code in (401, 403)
    basic = app.test_client().get("/api/v1/customers", auth=("any", feed.token))
    assert basic.status_code == 401


def test_its_token_is_of_one_unit_and_its_targets(
    feed: Person, as_: As, database: Database, town: Town
) -> None:
    for query in ({"target": "staff"}, {"unit_id": town["south"]}, {"unit_id": town["group"]}):
        answer = fed(feed, town, as_csv([line(1)]), **query)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "feed_not_this"), query
    mine = fed(
        as_("admin"), town, as_csv([["三班", "T007", "管道维修"]], ("班组", "班长", "技能")), target="crews"
    )
    assert mine.get_json()["code"] == "feed_without_mapping"
    by_hand = imported(database, as_csv([line(9)]))
    assert feed("GET", f"/imports/feeds/{by_hand.id}").status_code == 404


def test_a_feed_gives_no_account(as_: As, app: Flask, database: Database, town: Town) -> None:
    head = ("工号", "姓名", "岗位", "角色", "登录名")
    imported(database, as_csv([["X01", "钱一", "客户代表", "客户代表", ""]], head), "staff")
    feed = Person(app.test_client(), token(as_("admin"), town, "staff")["token"])
    rows = [["X01", "钱一", "客服员", "系统管理员", ""], ["X02", "钱二", "客户代表", "系统管理员", "root"]]
    run = fed(feed, town, as_csv(rows, head), target="staff").get_json()
    work_on_runs(database)
    assert feed.get(f"/imports/feeds/{run['id']}")["state"] == "applied"
    assert count(database, "SELECT count(*) FROM staff WHERE staff_number = 'X02'") == 1
    assert count(database, "SELECT count(*) FROM account WHERE staff_number = 'X02'") == 0
    asked = "SELECT count(*) FROM account WHERE staff_number = 'X01' AND roles = '{representative}'"
    assert count(database, asked) == 1


def test_its_token_is_listed_and_ended_like_a_personal_one(
    as_: As, feed: Person, app: Flask, database: Database, town: Town
) -> None:
    admin = as_("admin")
    (mine,) = admin.get("/tokens")
    assert (mine["label"], mine["targets"]) == ("营收系统", ["customers"])
    assert [one["targets"] for one in admin.get("/accounts/tokens")] == [["customers"]]
    made = count(database, "SELECT count(*) FROM administrative_act WHERE act = 'token_made'")
    secret = token(admin, town, "customers", "crews")
    assert count(database, "SELECT count(*) FROM administrative_act WHERE act = 'token_made'") == made + 1
    kept = (
        "SELECT count(*) FROM sync_document WHERE kind = 'administrative_act' AND body LIKE '%' || :t || '%'"
    )
    with database.transaction() as session:
        assert session.execute(text(kept), {"t": secret["token"]}).scalar_one() == 0
    assert admin("DELETE", f"/tokens/{mine['id']}").status_code == 204
    assert fed(feed, town, as_csv([line(1)])).status_code == 401


def test_only_administrators_make_one_and_only_as_long_as_they_are(
    as_: As, feed: Person, database: Database, town: Town
) -> None:
    body = {"label": "x", "unit_id": town["north"], "targets": ["customers"]}
    assert as_("supervisor")("POST", "/imports/feed-tokens", body).status_code == 403
    assert as_("admin")("POST", "/imports/feed-tokens", body | {"targets": ["world"]}).status_code == 422
    assert as_("admin")("POST", "/imports/feed-tokens", body | {"targets": []}).status_code == 422
    with database.transaction() as session:
        session.execute(text("UPDATE account SET roles = '{dispatcher}' WHERE 'admin' = ANY(roles)"))
    assert fed(feed, town, as_csv([line(1)])).status_code == 403


def test_a_file_that_is_no_table_is_said_at_once(feed: Person, town: Town) -> None:
    assert fed(feed, town, b"PK\x03\x04 nothing").get_json()["code"] == "table_broken"
    assert fed(feed, town, b"").get_json()["code"] in ("table_empty", "table_kind")


def test_a_check_and_what_follows_from_it_are_one(
    feed: Person, database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is killed between the two left a run that nobody went on with and nobody heard of."""
    run = fed(feed, town, as_csv([line(2)])).get_json()

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(working, "go_on_by_itself", killed)
        work_on_runs(database)
    work_on_runs(database)
    assert feed.get(f"/imports/feeds/{run['id']}")["state"] == "applied"


def test_the_same_file_twice_at_once_is_one_run(feed: Person, database: Database, town: Town) -> None:
    data = as_csv([line(1), line(2)])
    table = read_table(data, "a.csv")
    found: list[bool] = []

    def send(wait: Callable[[], object]) -> None:
        with database.transaction() as session:
            given = ADMIN, town["north"], "customers", "a.csv", data, table
            found.append(feed_file(session, *given).is_repeat)
            wait()

    second = Thread(target=send, args=(lambda: None,))
    # Time enough to be through, if nothing holds it.
    send(lambda: (second.start(), second.join(0.5)))
    second.join()
    assert found == [False, True]
    assert count(database, "SELECT count(*) FROM import_run WHERE is_feed") == 1
