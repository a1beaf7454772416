"""Authentication, rate limits and size limits at every address.

Who asks, how often and how much are settled before a byte of the body is read.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask, Response, g
from limits import parse
from sqlalchemy import event, text
from werkzeug.routing import Rule

from backend.app import create_app
from backend.core import config
from backend.core.api import gate
from backend.core.api.limits import Counters
from backend.core.api.problems import respond
from backend.core.db import Database, make_engine
from backend.core.errors import Problem
from backend.local.cluster import Cluster
from tests.conftest import Person
from tests.factories import PASSWORD, Town, mutation, token_for, uid

As = Callable[[str], Person]
MIB = 1024 * 1024
# Whatever answers without a sign-in, by hand: a new address without one stands here or is a mistake.
PAGES = {"/", "/console/<path:name>", "/m/", "/m/<path:name>", "/who", "/verify", "/confirm", "/contractor"}
PAGES |= {"/setup"}
MACHINES = {"/healthz", "/readyz", "/metrics"}
PUBLIC = {
    "POST /api/v1/sessions",
    "POST /api/v1/sessions/refresh",
    "GET /api/v1/setup",
    "OPTIONS /api/v1/uploads",
    "GET /api/v1/public/installation",
    "GET /api/v1/public/responsible",
    "POST /api/v1/public/messages/receipts",
    "POST /api/v1/public/sheets/verification",
    "POST /api/v1/public/confirmations",
    "POST /api/v1/public/confirmations/sheet",
    "GET /api/v1/shared-photos/<token>",
    "GET /api/v1/shared-papers/<token>",
}
BY_LINK = {f"POST /api/v1/contractors/job{rest}" for rest in ("", "/steps", "/photos")}
ENDED = {"account-links": "account_link_ended", "phone-recoveries": "phone_unknown"}
# In a town that works there is nothing to set up.
ENDED |= {"setup": "already_set_up"}
BY_LINK |= {"POST /api/v1/setup", "POST /api/v1/setup/territory"}
BY_LINK |= {"GET /api/v1/account-links/mine", "PUT /api/v1/account-links/mine"}
BY_LINK |= {f"{one} /api/v1/phone-recoveries/mine" for one in ("GET", "POST")}
BY_LINK |= {"POST /api/v1/phone-recoveries/mine/half"}
DOCS = {"/docs", "/docs/start.js", "/docs/<path:name>", "/api/v1/openapi.json"}


class Untouched(io.RawIOBase):
    """A body that notes when it is read."""

    def __init__(self, size: int = 12 * MIB) -> None:
        self.left, self.reads = size, 0

    def readable(self) -> bool:
        """It could be."""
        return True

    def readinto(self, buffer: Any) -> int:
        """A piece of it."""
        self.reads += 1
        size = min(len(buffer), self.left)
        buffer[:size] = b"[" * size
        self.left -= size
        return size


@pytest.fixture(scope="module")
def house(
    cluster: Cluster, town_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Flask, Database, config.Settings]]:
    """A town that the whole module shares."""
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_gate WITH (FORCE)")
    cluster.ensure_database("copy_gate", town_template)
    home = tmp_path_factory.mktemp("gate")
    made = replace(
        config.read({}), home=home, objects_url="memory://", secret_key="of the tests", limits_enabled=False
    )
    database = Database(make_engine(cluster.url("copy_gate"), pool_size=5))
    yield create_app(made, database), database, made
    database.engine.dispose()


def routes(app: Flask) -> Iterator[tuple[str, Rule]]:
    for rule in app.url_map.iter_rules():
        for method in rule.methods or ():
            if not (method == "OPTIONS" and rule.provide_automatic_options):  # type: ignore[attr-defined]
                yield method, rule


def address(rule: Rule) -> str:
    """A path that matches a rule, and a query that nothing takes."""
    values = {"UUIDConverter": uid("x"), "IntegerConverter": 0}
    given = {name: values.get(type(one).__name__, "x") for name, one in rule._converters.items()}
    built = rule.build(given)
    assert built
    return f"{built[1]}?limit=x&lng=nan&after=%00&surprise=1"


def send(
    app: Flask, method: str, path: str, body: Untouched, *, chunked: bool = False, **headers: str
) -> Any:
    """A request whose body comes as it is read; in pieces without a length if `chunked`."""
    environ: dict[str, Any] = {"wsgi.input_terminated": chunked}
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked"} if chunked else {"CONTENT_LENGTH": str(body.left)}
    environ |= {"wsgi.input": io.BufferedReader(body, 64 * 1024), "CONTENT_TYPE": "application/json"}
    return app.test_client().open(
        path, method=method, headers=headers, environ_overrides=environ, buffered=True
    )


def test_nobody_reads_a_strangers_body(house: tuple[Flask, Database, config.Settings]) -> None:
    app, seen = house[0], set()
    for method, rule in routes(app):
        name = f"{method.replace('HEAD', 'GET')} {rule}"
        if str(rule) in PAGES | MACHINES or name in PUBLIC | BY_LINK:
            seen.add(name if name in PUBLIC | BY_LINK else str(rule))
            continue
        for given in ("", "Bearer invented", "Basic !!", "Basic eDp5"):
            body = Untouched()
            answer = send(app, method, address(rule), body, **({"Authorization": given} if given else {}))
            assert (answer.status_code, body.reads) == (401, 0), f"{name} {given}: {answer.status}"
            assert answer.mimetype == "application/problem+json"
            assert ("WWW-Authenticate" in answer.headers) == (str(rule) in DOCS), name
    assert seen == PAGES | MACHINES | PUBLIC | BY_LINK


def test_what_is_for_everybody_takes_little(house: tuple[Flask, Database, config.Settings]) -> None:
    app = house[0]
    for method, rule in routes(app):
        if f"{method} {rule}" in PUBLIC or str(rule) in PAGES | MACHINES:
            body = Untouched()
            assert send(app, method, address(rule), body).status_code == 413, rule
            assert body.reads == 0
            body = Untouched()
            assert send(app, method, address(rule), body, chunked=True).status_code < 500
            assert 12 * MIB - body.left <= 512 * 1024, f"{method} {rule}"


def test_a_link_is_judged_before_what_comes_by_it(house: tuple[Flask, Database, config.Settings]) -> None:
    for name in BY_LINK:
        body, (method, path) = Untouched(), name.split()
        answer = send(house[0], method, path, body, Authorization="Bearer invented")
        ended = ENDED.get(path.split("/")[3], "link_ended")
        assert (answer.get_json()["code"], body.reads) == (ended, 0)


def test_nobody_reads_the_body_of_whom_it_refuses(
    house: tuple[Flask, Database, config.Settings], town: Town
) -> None:
    app, database, settings = house
    with database.transaction() as session:
        token, members = token_for(session, settings, "rep"), token_for(session, settings, "member")
        session.execute(
            text("UPDATE device SET revoked_at = now() WHERE id = :id"), {"id": town["member's phone"]}
        )
    headers = {"Authorization": f"Bearer {token}"}
    made = app.test_client().post("/api/v1/tokens", json={"label": "x"}, headers=headers).get_json()["token"]
    for path in (
        "/api/v1/customers",
        "/api/v1/inbox/files",
        "/api/v1/territory/imports",
        "/api/v1/sync/push",
    ):
        body = Untouched()
        answer = send(app, "POST", path, body, Authorization=f"Bearer {made}")
        assert (answer.get_json()["code"], body.reads) == ("read_only_token", 0), path
        body = Untouched()
        answer = send(app, "POST", path, body, Authorization=f"Bearer {members}")
        assert (answer.get_json()["code"], body.reads) == (
            "too_large" if "sync" in path else "device_revoked",
            0,
        ), path


def test_a_large_file_is_not_read_from_whom_it_is_no_use(
    house: tuple[Flask, Database, config.Settings],
) -> None:
    app, database, settings = house
    with database.transaction() as session:
        token = token_for(session, settings, "rep")
    for path in (
        "/api/v1/inbox/files",
        f"/api/v1/territory/imports?unit_id={uid('north')}&filename=zones.json",
    ):
        body = Untouched()
        answer = send(app, "POST", path, body, Authorization=f"Bearer {token}")
        assert (answer.get_json()["code"], body.reads) == ("not_allowed", 0), path


@pytest.mark.parametrize("chunked", [False, True])
def test_a_person_sends_no_more_than_the_address_takes(
    house: tuple[Flask, Database, config.Settings], chunked: bool
) -> None:
    app, database, settings = house
    with database.transaction() as session:
        token = token_for(session, settings, "dispatcher")
    most = {
        "/customers": MIB,
        "/cells": 8 * MIB,
        "/sync/push": 2 * MIB,
        "/sync/pull": 4 * MIB,
        "/uploads": 8 * MIB,
    }
    for path, size in most.items():
        body = Untouched()
        answer = send(app, "POST", f"/api/v1{path}", body, chunked=chunked, Authorization=f"Bearer {token}",
                      **{"Tus-Resumable": "1.0.0"})  # fmt: skip
        assert answer.status_code in ((413, 422) if path == "/uploads" else (413,)), path
        assert 12 * MIB - body.left <= (size + 2 * MIB if chunked else 0), path


def test_a_body_of_another_type_is_not_passed_over(house: tuple[Flask, Database, config.Settings]) -> None:
    app, database, settings = house
    with database.transaction() as session:
        headers = {"Authorization": f"Bearer {token_for(session, settings, 'dispatcher')}"}
    for media_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "\xff",
    ):
        answer = app.test_client().post(
            "/api/v1/customers", data=b"x=1", content_type=media_type, headers=headers
        )
        assert (answer.status_code, answer.get_json()["code"]) == (415, "unsupported_media"), media_type


def test_an_endpoint_that_declares_nothing_stops_the_start() -> None:
    app = Flask("undeclared", static_folder=None)
    app.add_url_rule("/surprise", "surprise", lambda: "x", methods=["GET", "POST"])
    with pytest.raises(RuntimeError, match="POST /surprise"):
        gate.table_of(app)


def test_a_pull_asks_who_it_is_in_its_own_statement(
    house: tuple[Flask, Database, config.Settings], town: Town
) -> None:
    app, database, settings = house
    with database.transaction() as session:
        person = Person(app.test_client(), token_for(session, settings, "rep"))
    page = person("POST", "/sync/pull", {"store": town["store"]}).get_json()
    while page["more"]:
        page = person("POST", "/sync/pull", {"store": town["store"], "cursor": page["cursor"]}).get_json()
    beside: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: beside.append(given[2]))
    # Its own goes to the driver directly; the gate would use the models.
    assert person("POST", "/sync/pull", {"store": town["store"], "cursor": page["cursor"]}).status_code == 200
    assert not any("token" in one for one in beside)
    with database.transaction() as session:
        session.execute(text("DELETE FROM token WHERE staff_id = :id"), {"id": town["rep"]})
    # Remembered here, but ended since: the statement itself sees it.
    assert person("POST", "/sync/pull", {"store": town["store"], "cursor": page["cursor"]}).status_code == 401


@pytest.mark.parametrize(
    "header", ["Basic \xff", "Basic =", "Basic Og==", "Bearer \xff", "Bearer", "Digest a", "\xff"]
)
def test_a_header_that_names_nobody_is_no_failure_of_ours(app: Flask, header: str) -> None:
    for path in ("/api/v1/customers", "/api/v1/ogc/", "/api/v1/uploads/" + uid("none")):
        assert app.test_client().get(path, headers={"Authorization": header}).status_code in (401, 405)


def test_the_documents_are_for_those_who_sign_in(app: Flask, as_: As, settings: config.Settings) -> None:
    client = app.test_client()
    token = as_("rep")("POST", "/tokens", {"label": "browser"}).get_json()["token"]
    for path in ("/docs", "/docs/swagger-ui.css", "/api/v1/openapi.json"):
        assert client.get(path).status_code == 401
        with client.get(path, auth=("anybody", token)) as answer:
            assert answer.status_code == 200
    app.extensions["wangge"] = replace(app.extensions["wangge"], settings=replace(settings, docs="public"))
    assert client.get("/api/v1/openapi.json").status_code == 200


def test_the_actor_knows_where_the_request_came_from(app: Flask, as_: As, town: Town) -> None:
    seen = []

    def note(response: Response) -> Response:
        seen.append(g.actor.network_address)
        return response

    app.after_request_funcs[None].append(note)
    for path in ("/tokens", "/sync/nudges"):
        as_("rep")("GET", path, environ_base={"REMOTE_ADDR": "10.1.2.3"})
    as_("rep")("POST", "/sync/pull", {"store": town["s"]}, environ_base={"REMOTE_ADDR": "10.1.2.3"})
    app.after_request_funcs[None].pop()
    assert seen == ["10.1.2.3"] * 3


def test_an_answer_names_twenty_faults_and_how_many_more(as_: As) -> None:
    problem = as_("rep")("POST", "/positions", {"positions": [{}] * 400}).get_json()
    assert (len(problem["faults"]), problem["more_faults"]) == (20, 400 * 4 - 20)
    problem = as_("dispatcher")("POST", "/customers", {f"{'x' * 5000}{n}": 1 for n in range(100)}).get_json()
    assert len(problem["faults"]) == 20
    assert problem["more_faults"] >= 80
    assert all(len(fault["field"]) <= 301 for fault in problem["faults"])


def test_a_file_of_empty_lists_costs_little(as_: As, town: Town) -> None:
    body = {"author": town["rep"], "mutations": [[]] * 1_000_000}
    answer = as_("dispatcher")("POST", "/inbox/files", body)
    assert answer.status_code == 413
    assert len(answer.data) < 2000
    empty = {uid(f"photo {n}"): "" for n in range(5_001)}
    answer = as_("dispatcher")(
        "POST", "/inbox/files", {"author": town["rep"], "mutations": [], "photos": empty}
    )
    assert answer.status_code == 422


def test_faults_written_by_hand_are_counted_too(app: Flask) -> None:
    faults = [{"field": "\ud800" * 1000, "code": "x", "zh": "长" * 9000, "en": str(n)} for n in range(30)]
    problem = Problem("invalid", faults=faults)
    problem.detail |= {"beyond": [10**40] * 300, "why": "\udfff"}
    with app.test_request_context():
        answer = respond(problem)
    document = answer.get_json()
    assert (len(document["faults"]), document["more_faults"]) == (20, 10)
    assert (len(document["beyond"]), document["more_beyond"]) == (100, 200)
    assert len(answer.data) < 60_000


def test_a_problem_of_few_faults_counts_no_more(as_: As) -> None:
    assert "more_faults" not in as_("dispatcher")("POST", "/customers", {}).get_json()


def test_each_person_and_each_address_has_its_own_count(
    settings: config.Settings, database: Database
) -> None:
    tight = replace(
        settings, limits_enabled=True, requests_per_person="3 per hour", public_per_address="2 per hour"
    )
    app = create_app(tight, database)
    with database.transaction() as session:
        people = [Person(app.test_client(), token_for(session, settings, name)) for name in ("rep", "leader")]
    answers = [people[0]("GET", "/tokens") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[3].get_json()["code"] == "too_many"
    assert 0 < int(answers[3].headers["Retry-After"]) <= 3601
    body = Untouched(100)
    assert (
        send(app, "POST", "/api/v1/sync/push", body, Authorization=f"Bearer {people[0].token}").status_code
        == 429
    )
    assert body.reads == 0
    assert people[1]("GET", "/tokens").status_code == 200
    where, client = "/api/v1/public/responsible?lng=120&lat=36", app.test_client()
    here, there = {"REMOTE_ADDR": "2001:db8::1"}, {"REMOTE_ADDR": "2001:db8:0:1::1"}
    assert [client.get(where, environ_base=here).status_code for _ in range(3)] == [404, 404, 429]
    assert client.get(where, environ_base=there).status_code == 404


def test_strangers_are_counted_where_they_fail(settings: config.Settings, database: Database) -> None:
    app = create_app(replace(settings, limits_enabled=True, pages_per_address="2 per hour"), database)
    codes = [app.test_client().get("/api/v1/customers").status_code for _ in range(3)]
    assert codes == [401, 401, 429]
    assert [app.test_client().get("/nowhere").status_code for _ in range(3)] == [404, 404, 429]


def test_a_broker_that_went_away_refuses_nobody(settings: config.Settings, database: Database) -> None:
    away = replace(
        settings, limits_enabled=True, broker_url="redis://127.0.0.1:1/0", public_per_address="2 per hour"
    )
    client = create_app(away, database).test_client()
    where = "/api/v1/public/responsible?lng=120&lat=36"
    assert [client.get(where).status_code for _ in range(3)] == [404, 404, 429]
    device = {"id": uid("d"), "name": "x"}
    body = {"login": "T005", "password": PASSWORD, "device": device}
    assert client.post("/api/v1/sessions", json=body).status_code == 201


def test_counts_of_persons_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    counters, now = Counters("memory://"), [1000.0]
    monkeypatch.setattr("backend.core.api.limits.time.time", lambda: now[0])
    item = parse("1 per minute")
    assert [counters.person(item, "a") > 0 for _ in range(2)] == [False, True]
    now[0] += 60
    assert counters.person(item, "a") == 0


def test_json_500_deep_is_told_and_no_failure_of_ours(app: Flask) -> None:
    for sheet in ('{"a":' * 500 + "1" + "}" * 500, '{"a":' + "[" * 500 + "]" * 500 + "}"):
        given = f'{{"signature_id": "{uid("x")}", "sheet": {sheet}}}'
        answer = app.test_client().post(
            "/api/v1/public/sheets/verification", data=given, content_type="application/json"
        )
        assert answer.status_code == 400
        assert (answer.get_json()["code"], answer.get_json()["faults"][0]["code"]) == ("bad_json", "too_deep")


def test_a_push_nested_deep_is_kept_all_the_same(as_: As, town: Town) -> None:
    """A phone's work is never refused, whatever it holds."""
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    mutations = [mutation("customer", town["customer 0"], "change", {"note": deep})]
    body = {"store": town["s"], "sent_at": datetime.now(UTC).isoformat(), "mutations": mutations}
    outcome = as_("rep")("POST", "/sync/push", body)
    assert (outcome.status_code, outcome.get_json()["outcomes"][0]["status"]) == (200, "parked")
