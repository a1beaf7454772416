"""Every operation of the document reaches a success, by requests a person could send."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
from flask import Flask, request
from sqlalchemy import text
from werkzeug.wrappers import Response

from backend.app import make_context
from backend.core import config
from backend.core.actor import system
from backend.core.db import Database
from backend.core.installation import installed, installed_as
from backend.core.kinds.registry import KINDS
from backend.core.services import record_writer
from backend.core.services.record_writer import new_id
from backend.dispatch.services.day_plans import work_out
from backend.evidence.services.picturing import look_at_waiting
from backend.setup.services.page_token import give_token
from backend.specification import openapi
from tests import made_up
from tests.conftest import Person
from tests.factories import PASSWORD, Town, contractors_crew, middle, mutation, square, uid
from tests.spec.office_operations import alarms, app_database, imports_and_exports, messages_out, ways_in
from tests.spec.samples import PICTURE, samples

As = Callable[[str], Person]
MEMBERS_PHONE = "member's phone"


CHANGES: dict[str, dict[str, Any]] = {
    "unit": {"hotline": "96111"},
    "matter": {"duration_minutes": 6},
    "questionnaire": {"is_active": False},
    "calendar": {"is_published": True},
    "cell": {"name": "改名"},
    "cell_assignment": {"valid_until": "2030-01-01"},
    "duty": {"ended_at": "2026-09-01T09:00:00Z"},
    "notice": {"read_at": "2026-09-01T09:00:00Z"},
    "photo": {"purpose": "before"},
    "item": {"description": "改"},
    "survey": {"remarks": "x"},
    "visit": {"materials": "便民卡"},
    "work_order": {"description": "x"},
    "service_point": {"access_note": "x"},
    "customer": {"note": "x"},
    "on_call": {"clock_from": "18:00"},
    "crew": {"vehicle": "x"},
    "staff": {"working_hours": "x"},
}


class Walk:
    """Remembers which operations answered with success, and which answers were not as documented."""

    def __init__(self, app: Flask) -> None:
        self.reached: set[str] = set()
        self.unlike: list[str] = []
        self._document = openapi()
        self._shapes: dict[str, jsonschema_rs.Validator] = {}
        app.after_request_funcs.setdefault(None, []).append(self._note)

    def _note(self, response: Response) -> Response:
        if request.url_rule and response.status_code < 300:
            path = (
                str(request.url_rule)
                .replace("<uuid:", "{")
                .replace("<string:", "{")
                .replace("<int:", "{")
                .replace("<", "{")
                .replace(">", "}")
            )
            self.reached.add(f"{request.method} {path}")
            if response.mimetype == "application/json" and path in self._document["paths"]:
                self._look_at(path, str(response.status_code), response)
        return response

    def _look_at(self, path: str, code: str, response: Response) -> None:
        name = f"{request.method} {path} {code}"
        if name not in self._shapes:
            said = self._document["paths"][path][request.method.lower()]["responses"][code]
            schema = said["content"]["application/json"]["schema"] if "content" in said else {}
            self._shapes[name] = jsonschema_rs.validator_for(
                {**schema, "components": self._document["components"]}
            )
        found = list(self._shapes[name].iter_errors(json.loads(response.get_data())))
        self.unlike += [f"{name}: {one.instance_path} {one.message}" for one in found]


def test_every_operation_reaches_success(
    app: Flask, as_: As, town: Town, empty_database: Database, settings: config.Settings
) -> None:
    walk = Walk(app)
    admin = as_("admin")
    ids = _every_kind(admin, as_, town)
    _jobs(as_, town)
    _evidence(app, as_, town)
    _contractor(app, as_, town)
    _phones(app, as_, town, ids["photo"])
    _the_rest(app, as_, town)
    admin.get("/checklist")
    _set_up(app, empty_database, settings)
    app.after_request_funcs[None].pop()
    wanted = {
        f"{method.upper()} {path}"
        for path, operations in openapi()["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert wanted - walk.reached == set()
    assert walk.unlike == []


def _set_up(app: Flask, empty: Database, settings: config.Settings) -> None:
    """An installation that nobody has set up, in the town's place."""
    app.extensions["wangge"] = make_context(settings, empty)
    with empty.transaction() as session:
        token = give_token(session)
    wanted = {"group": {"name": "水务"}, "language": "zh", "time_zone": "Asia/Shanghai", "currency": "CNY"}
    wanted |= {"administrator": {"number": "A1", "name": "王芳"}}
    client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}
    with installed_as(installed()):
        assert client.get("/api/v1/setup").status_code == 200
        ring = [[120.3, 36.0], [120.4, 36.0], [120.4, 36.1], [120.3, 36.0]]
        zone = {"type": "Polygon", "coordinates": [ring]}
        query = {"filename": "cells.geojson"}
        seen = client.post("/api/v1/setup/territory", json=zone, query_string=query, headers=headers)
        assert seen.status_code == 201
        wanted |= {"territory": {"plan_id": seen.get_json()["id"]}}
        assert client.post("/api/v1/setup", json=wanted, headers=headers).status_code == 201


def _apart(name: str, n: int) -> dict[str, Any]:
    """Of what is given once, the n-th: another edition, another year, other ground, another name."""
    given: dict[str, dict[str, Any]] = {
        "questionnaire": {"edition": n}, "calendar": {"year": 2000 + n}, "cell": {"outline": square(n)},
        "on_call": {"valid_from": f"20{n}-01-01", "valid_until": f"20{n}-01-07"},
        "crew": {"name": f"{n}班"}, "staff": {"staff_number": f"S{n}"},
        "customer": {"number": f"N{n}"}, "service_point": {"meter_number": f"M{n}"},
    }  # fmt: skip
    return given.get(name, {})


def _every_kind(admin: Person, as_: As, town: Town) -> dict[str, str]:
    ids = {}
    for name, body in samples(town).items():
        kind, path = KINDS[name], f"/{KINDS[name].segment}"
        first = body | {"id": new_id()} | _apart(name, 11)
        person = admin if admin("POST", path, first).status_code == 201 else as_("supervisor")
        made = person("POST", path, body)
        assert made.status_code == 201, f"{name}: {made.text}"
        ids[name] = made.get_json()["id"]
        for address in (path, f"{path}/{ids[name]}", f"{path}/{ids[name]}/history"):
            person.get(address)
        if kind.kind.change_by:
            version = person.get(f"{path}/{ids[name]}")["version"]
            # A notice is marked as read by whoever it is for.
            writer = as_("rep") if name == "notice" else person
            change = CHANGES.get(name) or made_up.change(kind, middle(0))
            answer = writer("PATCH", f"{path}/{ids[name]}", change, version=version)
            assert answer.status_code == 200, f"{name}: {answer.text}"
        if kind.kind.delete_by:
            spare = admin("POST", path, body | {"id": new_id()} | _apart(name, 12)).get_json()
            assert admin("DELETE", f"{path}/{spare['id']}", version=spare["version"]).status_code == 204, name
    for name, action, body in (
        ("item", "take", {}),
        ("survey", "arrive", {}),
        ("visit", "complete", {"summary": "x"}),
    ):
        assert (
            as_("rep")(
                "POST", f"/{KINDS[name].segment}/{_mine(as_, name, town)}/actions/{action}", body
            ).status_code
            == 200
        )
    return ids


def _mine(as_: As, name: str, town: Town) -> str:
    """A record the representative may act on."""
    own = {"item": {"owner_id": town["rep"]}, "survey": {}, "visit": {"representative_id": town["rep"]}}[name]
    return str(
        as_("dispatcher")("POST", f"/{KINDS[name].segment}", samples(town)[name] | own).get_json()["id"]
    )


def _jobs(as_: As, town: Town) -> None:
    dispatcher = as_("dispatcher")
    job = dispatcher("POST", "/work-orders", samples(town)["work_order"]).get_json()["id"]
    assert dispatcher.get(f"/dispatch/{job}/proposals")
    assert (
        dispatcher("PUT", f"/dispatch/{job}/assignment", {"crew_id": town["crew"]}).get_json()["state"]
        == "dispatched"
    )
    assert dispatcher("DELETE", f"/dispatch/{job}/assignment").get_json()["state"] == "received"
    assert dispatcher.get(f"/dispatch/{job}/emergency")["seen"]
    assert dispatcher("POST", f"/dispatch/{job}/emergency", {}).status_code == 200
    assert dispatcher("DELETE", f"/dispatch/{job}/emergency").status_code == 200
    assert dispatcher("POST", f"/dispatch/{job}/broadcast").status_code == 200
    second = dispatcher("POST", "/work-orders", samples(town)["work_order"]).get_json()["id"]
    assert dispatcher.get(f"/dispatch/{second}/same-trouble")
    assert dispatcher("PUT", f"/dispatch/{second}/duplicate", {"of_id": job}).status_code == 200
    due = {"now": {"due_at": "2030-01-01T00:00:00Z"}, "reason": "等配件"}
    assert as_("supervisor")("PUT", f"/due-days/work_order/{job}", due).status_code == 200
    assert dispatcher("POST", f"/work-orders/{job}/actions/cancel", {"cancel_reason": "x"}).status_code == 200
    assert dispatcher.get("/dispatch/board")["crews"]
    plan = dispatcher("POST", "/dispatch/plans", {"unit_id": town["north"], "few_changes": True}).get_json()[
        "id"
    ]
    work_out(app_database(dispatcher), config.read({}), plan)
    assert dispatcher.get(f"/dispatch/plans/{plan}")["state"] == "ready"
    assert dispatcher("PUT", f"/dispatch/plans/{plan}/publication").status_code == 200
    assert dispatcher("DELETE", f"/dispatch/plans/{plan}/publication").status_code == 200
    assert [one["state"] for one in dispatcher.get(f"/dispatch/plans?unit_id={town['north']}")] == [
        "taken_back"
    ]


def _phones(app: Flask, as_: As, town: Town, photo: str) -> None:
    rep, dispatcher = as_("rep"), as_("dispatcher")
    assert rep("POST", "/sync/pull", {"store": new_id()}).status_code == 200
    assert as_("dispatcher")("GET", "/inbox/held").status_code == 200
    assert rep("GET", "/sync/nudges").status_code == 204
    whole = {"after": None, "upto": None, "count": 0, "xor": "0" * 32}
    assert rep("POST", "/sync/compare", {"store": new_id(), "ranges": [whole]}).status_code == 200
    batch = [
        mutation("customer", town["customer 0"], "change", {"category": "king"}),
        mutation("customer", town["customer 0"], "change", {"phone": "1"}, base_version=0),
    ]
    dispatcher("PATCH", f"/customers/{town['customer 1']}", {"phone": "2"}, version=1)
    batch[1]["record"] = town["customer 1"]
    assert (
        rep(
            "POST",
            "/sync/push",
            {"store": new_id(), "sent_at": datetime.now(UTC).isoformat(), "mutations": batch},
        ).status_code
        == 200
    )
    (group,) = dispatcher.get("/inbox/parked")
    assert (
        dispatcher(
            "POST", f"/inbox/parked/{group['group_id']}/decision", {"decision": "discard", "reason": "不成立"}
        ).status_code
        == 200
    )
    (question,) = dispatcher.get("/inbox/questions")
    answer = {"values": {"phone": "3"}}
    assert (
        dispatcher("POST", f"/inbox/questions/customer/{question['id']}/phone/answer", answer).status_code
        == 200
    )
    with app.extensions["wangge"].database.transaction() as session:
        session.execute(
            text("UPDATE outbox SET attempts = 8 WHERE fact = 'customer.written' AND done_at IS NULL")
        )
    fact = dispatcher.get("/inbox/facts")[0]["id"]
    assert dispatcher("POST", f"/inbox/facts/{fact}/retry").status_code == 200
    _photos(app, rep, as_("admin"), photo)
    file = {
        "author": town["rep"],
        "mutations": [mutation("customer", town["customer 1"], "change", {"note": "x"})],
    }
    assert as_("dispatcher")("POST", "/inbox/files", file).status_code == 201


def _photos(app: Flask, rep: Person, admin: Person, photo: str) -> None:
    pairs = {"photo_id": photo, "sha256": hashlib.sha256(PICTURE).hexdigest()}
    metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs.items())
    tus = {"Tus-Resumable": "1.0.0"}
    upload = (
        rep(
            "POST",
            "/uploads",
            headers=tus | {"Upload-Length": str(len(PICTURE)), "Upload-Metadata": metadata},
        )
        .headers["Location"]
        .removeprefix("/api/v1")
    )
    assert rep("HEAD", upload).headers["Upload-Offset"] == "0"
    sent = rep(
        "PATCH",
        upload,
        headers=tus | {"Upload-Offset": "0"},
        data=PICTURE,
        content_type="application/offset+octet-stream",
    )
    assert sent.headers["Arrived-At"]
    assert rep("DELETE", upload, headers=tus).status_code == 204
    assert rep("OPTIONS", "/uploads").status_code == 204
    assert admin("GET", f"/photo-content/{photo}").data == PICTURE
    look_at_waiting(app_database(rep), app.extensions["wangge"].blobs)
    link = admin("POST", f"/photo-content/{photo}/links", {}).get_json()["url"]
    assert rep("GET", link.removeprefix("/api/v1")).mimetype == "image/jpeg"


def _contractor(app: Flask, as_: As, town: Town) -> None:
    """A link for a crew without accounts, and what is done by it."""
    job, client = new_id(), app.test_client()
    with app.extensions["wangge"].database.transaction() as session:
        values = samples(town)["work_order"] | {"state": "dispatched", "crew_id": contractors_crew(session)}
        record_writer.create(session, system(town["north"]), "work_order", values, record_id=job)
    made = as_("dispatcher")("POST", "/contractors/links", {"work_order_id": job})
    headers = {"Authorization": f"Bearer {made.get_json()['url'].partition('#')[2]}"}
    path = "/api/v1/contractors/job"
    assert client.post(path, headers=headers).status_code == 200
    assert client.post(f"{path}/steps", json={"action": "accept"}, headers=headers).status_code == 200
    assert (
        client.post(f"{path}/photos", data=PICTURE, content_type="image/png", headers=headers).status_code
        == 201
    )


def _evidence(app: Flask, as_: As, town: Town) -> None:
    """Papers, a link for a customer, positions, call-backs, seals."""
    dispatcher, leader, database = as_("dispatcher"), as_("leader"), app.extensions["wangge"].database
    done = {"state": "done", "case_id": uid("case"), "crew_id": town["crew"], "result": "x"}
    values = samples(town)["work_order"] | done
    job, visit = new_id(), new_id()
    with database.transaction() as session:
        record_writer.create(session, system(town["north"]), "work_order", values, record_id=job)
        values = samples(town)["visit"] | {"state": "done", "ended_at": "2026-09-01T00:00:00Z"}
        record_writer.create(session, system(town["north"]), "visit", values, record_id=visit)
    assert dispatcher("GET", f"/papers/service-sheets/{job}").mimetype == "application/pdf"
    assert dispatcher("GET", f"/papers/cell-maps/{town['north']}").mimetype == "application/pdf"
    case = dispatcher("GET", f"/papers/cases/{uid('case')}")
    assert case.mimetype == "application/zip"
    case.close()
    link = dispatcher("POST", f"/papers/service-sheets/{job}/links", {}).get_json()["url"]
    assert dispatcher("GET", link.removeprefix("/api/v1")).mimetype == "application/pdf"
    survey = dispatcher("POST", "/surveys", samples(town)["survey"]).get_json()["id"]
    assert dispatcher("GET", f"/papers/survey-reports/{survey}").mimetype == "application/pdf"
    token = (
        dispatcher("POST", "/evidence/confirmations", {"work_order_id": job})
        .get_json()["url"]
        .partition("#")[2]
    )
    sheet = dispatcher("POST", "/public/confirmations/sheet", {"token": token}).get_json()["sheet_sha256"]
    said = {
        "token": token,
        "sheet_sha256": sheet,
        "agrees": True,
        "signer_name": "李",
        "strokes": [[[1, 2, 3], [4, 5, 6]]],
    }
    assert dispatcher("POST", "/public/confirmations", said).status_code == 200
    assert leader("POST", "/evidence/seals/witness", {"seals": []}).get_json() == {
        "differ": [],
        "newest": None,
    }
    fix = {"event": "arrive", "at": datetime.now(UTC).isoformat(), "lng": 120.0, "lat": 36.0}
    assert leader("POST", "/positions", {"positions": [fix]}).get_json() == {"outcomes": ["off_shift"]}
    leader.get("/positions?day=2026-09-01")
    leader.get("/positions/looks")
    days = {"from_day": "2026-09-01", "until_day": "2026-09-01", "count": 1}
    sample = as_("auditor")("POST", "/call-back-samples", days).get_json()["id"]
    dispatcher.get("/call-back-samples")
    dispatcher.get(f"/call-back-samples/{sample}/visits")
    assert (
        dispatcher("PUT", f"/call-back-samples/{sample}/visits/{visit}", {"outcome": "confirmed"}).status_code
        == 204
    )


def _ground(supervisor: Person, town: Town) -> None:
    lng, lat = middle(1)["coordinates"]
    supervisor.get("/territory/coverage/features")
    supervisor.get("/territory/responsible", query_string={"lng": lng, "lat": lat, "on": "2026-02-01"})
    supervisor("POST", "/territory/affected", {"area": square(1)})
    supervisor("PUT", f"/territory/units/{town['north']}/representatives", {"rows": []})
    leave = {
        "valid_from": "2030-01-01",
        "valid_until": "2030-01-02",
        "stand_ins": [{"cell_id": town["cell 2"], "staff_id": town["rep"]}],
    }
    assert supervisor("POST", f"/territory/staff/{town['other_rep']}/leave", leave).status_code == 201
    merge = {"unit_id": town["north"], "way": "merge", "cell_ids": [town["cell 0"], town["cell 1"]]}
    plan = supervisor("POST", "/territory/plans", merge).get_json()["id"]
    supervisor.get("/territory/plans")
    supervisor.get(f"/territory/plans/{plan}")
    supervisor.get(f"/territory/plans/{plan}/features")
    supervisor("PUT", f"/territory/plans/{plan}/acceptance", {})
    query = {"unit_id": town["north"], "filename": "x.geojson"}
    imported = supervisor(
        "POST", "/territory/imports", query_string=query, data=b"{}", content_type="application/octet-stream"
    )
    supervisor("DELETE", f"/territory/plans/{imported.get_json()['id']}")
    supervisor("GET", "/maps/cells/export")
    assert supervisor("GET", f"/territory/cells/{town['cell 2']}/card").status_code == 200
    supervisor.get("/territory/repairs", query_string={"since": "2026-01-01", "until": "2026-12-31"})
    supervisor("GET", "/maps/cells/tiles/0/0/0.mvt")
    for page in ("/", "/conformance", "/collections", "/collections/cells", "/collections/cells/items"):
        supervisor.get(f"/ogc{page}")
    supervisor.get(f"/ogc/collections/cells/items/{town['cell 2']}")


def _the_rest(app: Flask, as_: As, town: Town) -> None:
    supervisor, admin, client = as_("supervisor"), as_("admin"), app.test_client()
    lng, lat = middle(1)["coordinates"]
    supervisor.get("/territory/cell", query_string={"lng": lng, "lat": lat})
    supervisor.get("/territory/coverage")
    supervisor.get(f"/territory/units/{town['north']}/representatives")
    supervisor.get("/territory/customers", query_string={"words": "王小"})
    supervisor.get("/territory/visits/overdue")
    _ground(supervisor, town)
    imports_and_exports(app, admin, town)
    supervisor("PUT", f"/territory/cells/{town['cell 2']}/representative", {"staff_id": town["rep"]})
    asked = {"signature_id": uid("nobody's"), "sha256": "0" * 64}
    assert client.post("/api/v1/public/sheets/verification", json=asked).status_code == 200
    assert client.get("/api/v1/public/responsible", query_string={"lng": lng, "lat": lat}).status_code == 200
    supervisor.get("/devices")
    supervisor("PUT", f"/devices/{uid(MEMBERS_PHONE)}/revocation")
    token = admin("POST", "/tokens", {"label": "x"}).get_json()["id"]
    admin.get("/tokens")
    admin("DELETE", f"/tokens/{token}")
    ways_in(client, admin, as_("rep"), town)
    admin(
        "PUT", f"/accounts/{town['other_rep']}", {"password": "another-secret-1", "roles": ["representative"]}
    )
    admin("DELETE", f"/accounts/{town['other_rep']}")
    assert admin("PATCH", "/installation", {"name_en": "Ours"}).status_code == 200
    assert admin.get("/installation") and admin.get("/public/installation")
    messages_out(app, admin, town)
    alarms(admin)
    (act, *_) = admin.get("/administrative-acts")["rows"]
    admin.get(f"/administrative-acts/{act['id']}")
    admin.get(f"/administrative-acts/{act['id']}/history")
    device = {"id": new_id(), "name": "x"}
    signed = client.post(
        "/api/v1/sessions", json={"login": "T001", "password": PASSWORD, "device": device}
    ).get_json()
    client.post(
        "/api/v1/sessions/refresh", json={"refresh_token": signed["refresh_token"], "device_id": device["id"]}
    )
    me = Person(client, signed["access_token"])
    assert me("PUT", "/sessions/password", {"old": PASSWORD, "new": "a very new secret"}).status_code == 204
    assert me("DELETE", "/sessions").status_code == 204
