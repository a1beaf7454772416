"""Requests of messages, imports and accounts that succeed: for `test_every_operation`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from sqlalchemy import text

from backend.alarms.kinds.alarm import AlarmRaised
from backend.alarms.services.table import ALARMS
from backend.core.db import Database
from backend.core.services.record_writer import new_id
from backend.imports.services.export_writing import work_on_exports
from backend.imports.services.working import work_on_runs
from tests.conftest import Person
from tests.factories import PASSWORD, Town, uid
from tests.notices.made_messages import failed_message


def app_database(person: Person) -> Database:
    """The database behind a person's client."""
    found: Database = person.client.application.extensions["wangge"].database
    return found


def messages_out(app: Flask, admin: Person, town: Town) -> None:
    """Messages that did not go out, what the gateway says of them, templates, addresses, consent."""
    house = app.extensions["wangge"]
    gateway = {"notify_channel": "webhook", "notify_url": "http://gateway", "notify_secret": "of the gateway"}
    app.extensions["wangge"] = replace(house, settings=replace(house.settings, **gateway))
    one, customer = new_id(), town["customer 0"]
    with app_database(admin).transaction() as session:
        number = failed_message(session, one, town["north"], town["rep"], "x")
    assert [found["id"] for found in admin.get("/messages")["rows"]] == [one]
    admin("POST", f"/messages/{one}/again")
    with app_database(admin).transaction() as session:
        session.execute(text("UPDATE message SET state = 'sent'"))
    stamp, body = str(int(time.time())), json.dumps({"id": number, "state": "delivered"}).encode()
    digest = hmac.new(b"of the gateway", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"X-Wangge-Timestamp": stamp, "X-Wangge-Signature": f"sha256={digest}"}
    path = "/api/v1/public/messages/receipts"
    app.test_client().post(path, data=body, headers=headers, content_type="application/json")
    assert admin.get("/messages?state=delivered")["rows"]
    words = {"purpose": "urgent_notice", "language": "zh", "body": "【急】{text}"}
    admin("POST", "/messages/templates/rendering", words)
    admin("POST", "/messages/templates", words | {"title": "急", "valid_from": "2026-01-01T00:00:00Z"})
    admin.get("/messages/channels")
    admin("POST", "/messages/channels/webhook/try")
    admin.get("/retention")
    hours = {"channels": ["sms"], "quiet_from_hour": 21, "quiet_until_hour": 8}
    admin("PUT", "/messages/purposes/urgent_notice", hours)
    admin.get("/messages/purposes")
    where = f"/messages/addresses/customer/{customer}"
    admin("PUT", where, {"email": "a@water.example", "wecom": None, "dingtalk": None})
    admin.get(where)
    admin("PUT", f"/messages/consents/{customer}/confirmation_link", {"is_given": True})


def alarms(admin: Person) -> None:
    """How alarms stand, which ring and rang, and a threshold of one's own."""
    database = app_database(admin)
    raised = {"id": new_id(), "code": "drill", "value": 1.0, "threshold": 0.0, "began_at": datetime.now(UTC)}
    with database.transaction() as session:
        session.add(AlarmRaised(**raised))
    assert [one["code"] for one in admin.get("/alarms/ringing")] == ["drill"]
    assert [one["code"] for one in admin.get("/alarms/past")] == ["drill"]
    assert len(admin.get("/alarms")) == len(ALARMS)
    admin("PUT", "/alarms/drill/threshold", {"threshold": None})


def imports_and_exports(app: Flask, admin: Person, town: Town) -> None:
    """A table from its file to the ledger, and everything out again."""
    admin.get("/imports/targets")
    query = {"unit_id": town["north"], "target": "customers", "filename": "x.csv"}
    sent = {"data": "户号,户名\nZ1,甲\nZ2,乙\n".encode(), "content_type": "application/octet-stream"}
    run = admin("POST", "/imports", query_string=query, **sent).get_json()
    admin.get("/imports")
    admin.get(f"/imports/{run['id']}")
    assert admin("PUT", f"/imports/{run['id']}/mapping", {"columns": run["chosen"]}).status_code == 200
    work_on_runs(app.extensions["wangge"].database)
    admin.get(f"/imports/{run['id']}/rows", query_string={"verdict": "new"})
    assert admin("PUT", f"/imports/{run['id']}/settled", {"way": "alone"}).status_code == 200
    assert admin("GET", f"/imports/{run['id']}/report").status_code == 200
    assert admin("PUT", f"/imports/{run['id']}/acceptance").status_code == 200
    other = admin("POST", "/imports", query_string=query, **sent).get_json()
    assert admin("DELETE", f"/imports/{other['id']}").status_code == 204
    assert admin("POST", f"/imports/{run['id']}/account-links", {}).status_code == 201
    body = {"label": "x", "unit_id": town["north"], "targets": ["customers"]}
    feed = Person(app.test_client(), admin("POST", "/imports/feed-tokens", body).get_json()["token"])
    fed = feed("POST", "/imports/feeds", query_string=query, **sent).get_json()
    feed.get(f"/imports/feeds/{fed['id']}")
    assert admin("GET", "/exports/kinds/customer").status_code == 200
    assert admin("GET", "/exports/tables/customers").status_code == 200
    admin.get("/exports/contents")
    made = admin("POST", "/exports", {"kinds": ["unit"], "forms": ["csv"]}).get_json()
    services = app.extensions["wangge"]
    work_on_exports(services.database, services.blobs, services.settings.home / "exports")
    admin.get("/exports")
    admin.get(f"/exports/{made['id']}")
    assert admin("GET", f"/exports/{made['id']}/file").status_code == 200
    assert admin("DELETE", f"/exports/{made['id']}").status_code == 204


def ways_in(client: Any, admin: Person, rep: Person, town: Town) -> None:
    """Accounts and what leads to them, the half of a phone's key, merging, voiding, the trail."""
    admin.get("/accounts")
    admin("PATCH", f"/accounts/{town['member']}", {"roles": ["crew_member"]})
    token = rep("POST", "/tokens", {"label": "x"}).get_json()["id"]
    admin.get("/accounts/tokens")
    admin("DELETE", f"/accounts/{town['rep']}/tokens/{token}")
    half = {"half": base64.b64encode(bytes(32)).decode(), "proof": "p" * 43}
    rep("PUT", f"/phone-recoveries/{uid('half')}", half)
    phone = Person(client, "p" * 43)
    code = phone("POST", "/phone-recoveries/mine").get_json()["code"]
    phone.get("/phone-recoveries/mine")
    admin.get("/phone-recoveries")
    admin("PUT", f"/phone-recoveries/{uid('half')}/approval", {"code": code})
    assert phone("POST", "/phone-recoveries/mine/half", {"password": PASSWORD}).status_code == 200
    made = admin("POST", "/account-links/passwords", {"staff_id": town["rep"]}).get_json()
    guest = Person(client, made["token"])
    guest.get("/account-links/mine")
    guest("PUT", "/account-links/mine", {"password": "another-secret-1 quartz"})
    values = {"staff_number": "N9", "name": "新人", "post": "hall_agent", "employment": "own"}
    who = admin("POST", "/staff", values | {"is_active": True}).get_json()["id"]
    made = admin("POST", "/account-links/invitations", {"staff_id": who, "roles": ["auditor"]}).get_json()
    admin.get("/account-links")
    admin("DELETE", f"/account-links/{made['id']}")
    admin.get("/audit-trail")
    pair = [admin("POST", "/customers", {"number": f"M{n}", "name": "x", "category": "key"}) for n in (1, 2)]
    asked = dict(zip(("kept_id", "merged_id"), [one.get_json()["id"] for one in pair], strict=True))
    admin.get("/customer-merges", query_string=asked)
    admin("POST", "/customer-merges", asked | {"reason": "x"})
    admin("PUT", f"/voids/customer/{asked['kept_id']}", {"reason": "x"})
    admin.get("/voids")
    admin.get(f"/voids/customer/{asked['kept_id']}")
