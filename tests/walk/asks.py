"""A valid request for every route that is not a kind's: none is refused for its form."""

# A request is a word or two made from a place: it has its name where it is used.
# ruff: noqa: E731

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from backend.core.services import record_writer
from tests.factories import PASSWORD, PEOPLE, middle, mutation, square, uid
from tests.walk.planting import Place
from tests.walk.world import World, later

API = "/api/v1"
TUS = {"Tus-Resumable": "1.0.0"}
NEW_PASSWORD = "violet-harbour-93-lamp-trumpet"


@dataclass(frozen=True)
class Ask:
    """One request; `shows` stands in the answer if the place's thing is in it, `kind` is what it writes."""

    path: str
    options: dict[str, Any] = field(default_factory=dict)
    shows: str | None = None
    token: str | None = None
    kind: str | None = None


Builder = Callable[..., Ask]
ASKS: dict[str, Builder] = {}


def get(what: str, path: Callable[..., str], shows: Callable[..., str] | None = None, **query: Any) -> None:
    """A GET of a path made from a place."""

    def build(world: World, place: Place, _: str) -> Ask:
        asked = {name: value(place) if callable(value) else value for name, value in query.items()}
        return Ask(path(place), {"query_string": asked}, shows and shows(world, place))

    ASKS[f"GET {what}"] = build


def send(what: str, path: Callable[..., str], body: Callable[[Place], Any] | None = None) -> None:
    """Another method with a JSON body, both made from a place."""

    def build(_world: World, place: Place, _who: str) -> Ask:
        return Ask(path(place), {"json": body(place)} if body else {})

    ASKS[what] = build


def fixed(what: str, path: str | None = None, **query: Any) -> None:
    """A GET of one address."""
    get(what.removeprefix("GET "), lambda _: path or what.removeprefix("GET "), **query)


def planted(where: str) -> Callable[[World, Place], str]:
    """The first marker that was planted there, in that place."""

    def find(world: World, place: Place) -> str:
        return next(text for text, found in world.markers.planted.items() if found == (where, place.key))

    return find


def it(name: str) -> Callable[[World, Place], str]:
    """The id of the thing."""
    return lambda _, place: place[name]


def _lng_lat(place: Place) -> dict[str, Any]:
    lng, lat = middle(place.cell)["coordinates"]
    return {"lng": lng, "lat": lat}


def _accounts() -> None:
    body = {"password": NEW_PASSWORD, "roles": ["representative"]}
    send("PUT /accounts/<uuid:staff_id>", lambda p: f"{API}/accounts/{uid(p.rep)}", lambda _: body)
    send("DELETE /accounts/<uuid:staff_id>", lambda p: f"{API}/accounts/{uid(p.rep)}")
    get("/devices", lambda _: f"{API}/devices", it("device"))
    send("PUT /devices/<uuid:device_id>/revocation", lambda p: f"{API}/devices/{p['device']}/revocation")
    fixed("GET /tokens", f"{API}/tokens")
    send("POST /tokens", lambda _: f"{API}/tokens", lambda _: {"label": "x"})
    ASKS["DELETE /tokens/<uuid:token_id>"] = lambda w, p, _: Ask(f"{API}/tokens/{w.made['token']}")
    ASKS["POST /sessions"] = _sign_in
    send("DELETE /sessions", lambda _: f"{API}/sessions")
    ASKS["POST /sessions/refresh"] = _refresh
    send(
        "PUT /sessions/password",
        lambda _: f"{API}/sessions/password",
        lambda _: {"old": PASSWORD, "new": NEW_PASSWORD},
    )


def _sign_in(_world: World, _place: Place, _who: str) -> Ask:
    device = {"id": record_writer.new_id(), "name": "x"}
    login = f"T{list(PEOPLE).index('rep'):03d}"
    return Ask(f"{API}/sessions", {"json": {"login": login, "password": PASSWORD, "device": device}})


def _refresh(world: World, place: Place, who: str) -> Ask:
    signed = world.ask("anon", "POST", f"{API}/sessions", **_sign_in(world, place, who).options).get_json()
    body = {"refresh_token": signed["refresh_token"], "device_id": signed["device_id"]}
    return Ask(f"{API}/sessions/refresh", {"json": body})


def _call_backs() -> None:
    get("/call-back-samples", lambda _: f"{API}/call-back-samples", it("sample"))
    days = {"from_day": "2026-09-01", "until_day": "2026-09-01", "count": 1}
    send("POST /call-back-samples", lambda _: f"{API}/call-back-samples", lambda _: days)
    get(
        "/call-back-samples/<uuid:sample_id>/visits",
        lambda p: f"{API}/call-back-samples/{p['sample']}/visits",
    )
    send(
        "PUT /call-back-samples/<uuid:sample_id>/visits/<uuid:visit_id>",
        lambda p: f"{API}/call-back-samples/{p['sample']}/visits/{p['visit done']}",
        lambda _: {"outcome": "confirmed"},
    )
    send(
        "PUT /due-days/<string:kind>/<uuid:record_id>",
        lambda p: f"{API}/due-days/item/{p['item']}",
        lambda _: {"now": {"due_on": "2027-01-01"}, "reason": "x"},
    )


def _dispatch() -> None:
    job, waiting = f"{API}/dispatch", "/dispatch/<uuid:job_id>"
    send(
        f"PUT {waiting}/assignment",
        lambda p: f"{job}/{p['job received']}/assignment",
        lambda p: {"crew_id": p.crew_id},
    )
    send(f"DELETE {waiting}/assignment", lambda p: f"{job}/{p['job dispatched']}/assignment")
    send(f"POST {waiting}/broadcast", lambda p: f"{job}/{p['job received']}/broadcast")
    send(
        f"POST {waiting}/emergency",
        lambda p: f"{job}/{p['job received']}/emergency",
        lambda p: {"crew_id": p.crew_id},
    )
    get(f"{waiting}/emergency", lambda p: f"{job}/{p['job received']}/emergency", crew_id=lambda p: p.crew_id)
    send(f"DELETE {waiting}/emergency", lambda p: f"{job}/{p['job dispatched']}/emergency")
    send(
        f"PUT {waiting}/duplicate",
        lambda p: f"{job}/{p['job received']}/duplicate",
        lambda p: {"of_id": p["job dispatched"]},
    )
    get(f"{waiting}/proposals", lambda p: f"{job}/{p['job received']}/proposals")
    get(f"{waiting}/same-trouble", lambda p: f"{job}/{p['job received']}/same-trouble")
    get("/dispatch/board", lambda _: f"{job}/board", it("work_order"))
    send(
        "POST /dispatch/plans",
        lambda _: f"{job}/plans",
        lambda p: {"unit_id": p.unit_id, "few_changes": True},
    )
    get("/dispatch/plans", lambda _: f"{job}/plans", unit_id=lambda p: p.unit_id)
    get("/dispatch/plans/<uuid:plan_id>", lambda p: f"{job}/plans/{p['day plan']}")
    send(
        "PUT /dispatch/plans/<uuid:plan_id>/publication",
        lambda p: f"{job}/plans/{p['ready day plan']}/publication",
    )
    send(
        "DELETE /dispatch/plans/<uuid:plan_id>/publication",
        lambda p: f"{job}/plans/{p['day plan']}/publication",
    )


def _evidence() -> None:
    for name, way in (("ledger", "link_to_ledger"), ("handed", "link_handed")):
        body: Callable[..., Any] = lambda p, way=way: {"work_order_id": p["job done"], "way": way}
        send(f"POST /evidence/confirmations ?{name}", lambda _: f"{API}/evidence/confirmations", body)
    send("POST /evidence/seals/witness", lambda _: f"{API}/evidence/seals/witness", lambda _: {"seals": []})
    papers = f"{API}/papers"
    get("/papers/cell-maps/<uuid:unit_id>", lambda p: f"{papers}/cell-maps/{p.unit_id}")
    get("/papers/cases/<uuid:case_id>", lambda p: f"{papers}/cases/{p['case']}")
    get("/papers/service-sheets/<uuid:work_order_id>", lambda p: f"{papers}/service-sheets/{p['work_order']}")
    send(
        "POST /papers/service-sheets/<uuid:work_order_id>/links",
        lambda p: f"{papers}/service-sheets/{p['work_order']}/links",
        lambda _: {},
    )
    get("/papers/survey-reports/<uuid:survey_id>", lambda p: f"{papers}/survey-reports/{p['survey']}")
    get("/photo-content/<uuid:photo_id>", lambda p: f"{API}/photo-content/{p['photo']}")
    send(
        "POST /photo-content/<uuid:photo_id>/links",
        lambda p: f"{API}/photo-content/{p['photo']}/links",
        lambda _: {},
    )
    fix = {"event": "arrive", "at": datetime.now(UTC).isoformat(), "lng": 120.0, "lat": 36.0}
    send("POST /positions", lambda _: f"{API}/positions", lambda _: {"positions": [fix]})
    fixed("GET /positions", f"{API}/positions", day="2026-09-01")
    get(
        "/positions ?of",
        lambda _: f"{API}/positions",
        day="2026-09-01",
        reason="x",
        staff_id=lambda p: uid(p.rep),
    )
    fixed("GET /positions/looks", f"{API}/positions/looks")


def _inbox() -> None:
    inbox = f"{API}/inbox"
    change: Callable[[Place], Any] = lambda p: mutation("customer", p["customer"], "change", {"note": "x"})
    send(
        "POST /inbox/files",
        lambda _: f"{inbox}/files",
        lambda p: {"author": uid(p.rep), "mutations": [change(p)]},
    )
    get("/inbox/facts", lambda _: f"{inbox}/facts", it("spare customer"))
    ASKS["POST /inbox/facts/<int:fact_id>/retry"] = lambda w, p, _: Ask(
        f"{inbox}/facts/{w.made[f'dead fact {p.key}']}/retry"
    )
    get("/inbox/held", lambda _: f"{inbox}/held", lambda _, p: uid(f"walk unknown {p.key}"))
    get("/inbox/parked", lambda _: f"{inbox}/parked", it("spare customer"))
    get("/inbox/questions", lambda _: f"{inbox}/questions", it("customer"))
    ASKS["POST /inbox/parked/<uuid:group_id>/decision"] = lambda w, p, _: Ask(
        f"{inbox}/parked/{w.made[f'parked {p.key}']}/decision",
        {"json": {"decision": "discard", "reason": "x"}},
    )
    send(
        "POST /inbox/questions/<kind>/<uuid:record_id>/<field>/answer",
        lambda p: f"{inbox}/questions/customer/{p['customer']}/contact_name/answer",
        lambda _: {"values": {"contact_name": "x"}},
    )


def _maps() -> None:
    for layer, kind, shows in (
        ("cells", "cell", planted("cell")),
        ("jobs", "work_order", lambda _, p: f"wx-{p.key}"),
        ("customers", "service_point", planted("service_point")),
    ):
        name = "cell" if layer == "cells" else kind
        export, tile = f"{API}/maps/{layer}/export", f"{API}/maps/{layer}/tiles/9/427/200.mvt"
        get(f"/maps/<string:layer>/export ?{layer}", lambda _, path=export: path, shows)
        get(
            f"/maps/<string:layer>/tiles/<int:z>/<int:x>/<int:y>.mvt ?{layer}",
            lambda _, path=tile: path,
            shows,
        )
        items = f"{API}/ogc/collections/{layer}/items"
        get(f"/ogc/collections/<string:layer>/items ?{layer}", lambda _, path=items: path, shows)
        get(
            f"/ogc/collections/<string:layer>/items/<uuid:feature_id> ?{layer}",
            lambda p, path=items, name=name: f"{path}/{p.cell_id if name == 'cell' else p[name]}",
        )
    for path in ("/", "/conformance", "/collections"):
        fixed(f"GET /ogc{path}", f"{API}/ogc{path}")
    fixed("GET /ogc/collections/<string:layer>", f"{API}/ogc/collections/jobs")


def _territory() -> None:
    ground = f"{API}/territory"
    get(
        "/territory/cell",
        lambda _: f"{ground}/cell",
        lng=lambda p: _lng_lat(p)["lng"],
        lat=lambda p: _lng_lat(p)["lat"],
    )
    day: dict[str, Any] = {
        "on": "2026-02-01",
        "lng": lambda p: _lng_lat(p)["lng"],
        "lat": lambda p: _lng_lat(p)["lat"],
    }
    get("/territory/responsible", lambda _: f"{ground}/responsible", **day)
    send("POST /territory/affected", lambda _: f"{ground}/affected", lambda p: {"area": square(p.cell)})
    affected = ASKS["POST /territory/affected"]
    ASKS["POST /territory/affected"] = lambda w, p, who: Ask(
        affected(w, p, who).path, affected(w, p, who).options, p["customer"]
    )
    get("/territory/cells/<uuid:cell_id>/card", lambda p: f"{ground}/cells/{p.cell_id}/card")
    cell = "/territory/cells/<uuid:cell_id>/representative"
    send(
        f"PUT {cell}",
        lambda p: f"{ground}/cells/{p.cell_id}/representative",
        lambda p: {"staff_id": uid(p.other_rep)},
    )
    get("/territory/coverage", lambda _: f"{ground}/coverage", lambda _, p: uid(p.rep))
    get("/territory/coverage/features", lambda _: f"{ground}/coverage/features", lambda _, p: p.cell_id)
    get("/territory/customers", lambda _: f"{ground}/customers", it("customer"), words="qz0")
    get("/territory/repairs", lambda _: f"{ground}/repairs", since="2026-01-01", until="2026-12-31")
    leave: Callable[[Place], Any] = lambda p: {
        "valid_from": later(900),
        "valid_until": later(901),
        "stand_ins": _stand_ins(p),
    }
    send("POST /territory/staff/<uuid:staff_id>/leave", lambda p: f"{ground}/staff/{uid(p.rep)}/leave", leave)
    whole = "/territory/units/<uuid:unit_id>/representatives"
    get(whole, lambda p: f"{ground}/units/{p.unit_id}/representatives")
    rows: Callable[[Place], Any] = lambda p: {"rows": [{"cell_id": p.cell_id, "staff_id": uid(p.other_rep)}]}
    send(f"PUT {whole}", lambda p: f"{ground}/units/{p.unit_id}/representatives", rows)
    send(
        f"PUT {whole} ?nothing",
        lambda p: f"{ground}/units/{p.unit_id}/representatives",
        lambda _: {"rows": []},
    )
    get("/territory/visits/overdue", lambda _: f"{ground}/visits/overdue", it("visit"))


def _stand_ins(place: Place) -> list[dict[str, str]]:
    cells = {"rep": (0, 1), "other_rep": (2,), "south_rep": (3,)}[place.rep]
    return [{"cell_id": uid(f"cell {n}"), "staff_id": uid(place.other_rep)} for n in cells]


def _plans() -> None:
    plans = f"{API}/territory/plans"
    get("/territory/plans", lambda _: plans, it("ground plan"))
    line: Callable[[Place], Any] = lambda p: {
        "type": "LineString",
        "coordinates": [[_lng_lat(p)["lng"], 36.0], [_lng_lat(p)["lng"], 36.2]],
    }
    send(
        "POST /territory/plans",
        lambda _: plans,
        lambda p: {"unit_id": p.unit_id, "way": "split", "cell_id": p.cell_id, "line": line(p)},
    )
    get("/territory/plans/<uuid:plan_id>", lambda p: f"{plans}/{p['ground plan']}")
    get("/territory/plans/<uuid:plan_id>/features", lambda p: f"{plans}/{p['ground plan']}/features")
    for method, tail, body in (("DELETE", "", None), ("PUT", "/acceptance", {"accept_gaps": True})):
        ASKS[f"{method} /territory/plans/<uuid:plan_id>{tail}"] = lambda w, p, _, tail=tail, body=body: Ask(
            f"{plans}/{w.made[f'ready ground plan {p.key}']}{tail}", {"json": body} if body else {}
        )
    ASKS["POST /territory/imports"] = lambda _w, p, _who: Ask(
        f"{API}/territory/imports",
        {
            "query_string": {"unit_id": p.unit_id, "filename": "x.geojson"},
            "data": b"{}",
            "content_type": "application/octet-stream",
        },
    )


def _links() -> None:
    job = f"{API}/contractors/job"
    token: Callable[[World, Place], Any] = lambda w, p: w.links[f"contractor {p.key}"]
    ASKS["POST /contractors/job"] = lambda w, p, _: Ask(job, token=token(w, p))
    ASKS["POST /contractors/job/steps"] = lambda w, p, _: Ask(
        f"{job}/steps", {"json": {"action": "accept"}}, token=token(w, p)
    )
    photo = {"data": b"x", "content_type": "image/png"}
    ASKS["POST /contractors/job/photos"] = lambda w, p, _: Ask(f"{job}/photos", photo, token=token(w, p))
    send(
        "POST /contractors/links",
        lambda _: f"{API}/contractors/links",
        lambda p: {"work_order_id": p["contractor's job"]},
    )
    public = f"{API}/public"
    ASKS["POST /public/confirmations/sheet"] = lambda w, p, _: Ask(
        f"{public}/confirmations/sheet", {"json": {"token": w.links[f"confirm {p.key}"]}}
    )
    ASKS["POST /public/confirmations"] = _confirm
    get(
        "/public/responsible",
        lambda _: f"{public}/responsible",
        lng=lambda p: _lng_lat(p)["lng"],
        lat=lambda p: _lng_lat(p)["lat"],
    )
    asked = {"signature_id": uid("nobody's"), "sha256": "0" * 64}
    send("POST /public/sheets/verification", lambda _: f"{public}/sheets/verification", lambda _: asked)
    ASKS["GET /shared-papers/<token>"] = lambda w, p, _: Ask(w.links[f"paper {p.key}"])
    ASKS["GET /shared-photos/<token>"] = lambda w, p, _: Ask(w.links[f"photo {p.key}"])


def _confirm(world: World, place: Place, _: str) -> Ask:
    token = world.links[f"confirm {place.key}"]
    sheet = world.ask("anon", "POST", f"{API}/public/confirmations/sheet", json={"token": token}).get_json()
    said = {
        "token": token,
        "sheet_sha256": sheet["sheet_sha256"],
        "agrees": True,
        "signer_name": "李",
        "strokes": [[[1, 2, 3], [4, 5, 6]]],
    }
    return Ask(f"{API}/public/confirmations", {"json": said})


def _sync() -> None:
    send("POST /sync/pull", lambda _: f"{API}/sync/pull", lambda _: {"store": uid("a store")})
    whole = {"after": None, "upto": None, "count": 0, "xor": "0" * 32}
    send(
        "POST /sync/compare",
        lambda _: f"{API}/sync/compare",
        lambda _: {"store": uid("a store"), "ranges": [whole]},
    )
    batch: Callable[[Place], Any] = lambda p: [
        mutation("customer", p["customer"], "change", {"category": "key"})
    ]
    body: Callable[[Place], Any] = lambda p: {
        "store": uid("a store"),
        "sent_at": datetime.now(UTC).isoformat(),
        "mutations": batch(p),
    }
    send("POST /sync/push", lambda _: f"{API}/sync/push", body)
    fixed("GET /sync/nudges", f"{API}/sync/nudges")
    pairs = {"photo_id": uid("any"), "sha256": hashlib.sha256(b"x").hexdigest()}
    metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs.items())
    begun = {"headers": TUS | {"Upload-Length": "1", "Upload-Metadata": metadata}}
    ASKS["POST /uploads"] = lambda *_: Ask(f"{API}/uploads", begun)
    bytes_ = {
        "headers": TUS | {"Upload-Offset": "0"},
        "data": b"x",
        "content_type": "application/offset+octet-stream",
    }
    for method, options in (("HEAD", {"headers": TUS}), ("DELETE", {"headers": TUS}), ("PATCH", bytes_)):
        ASKS[f"{method} /uploads/<uuid:upload_id>"] = lambda w, p, _, options=options: Ask(
            f"{API}/uploads/{w.made[f'upload {p.key}']}", options
        )


def _house() -> None:
    fixed("GET /openapi.json", f"{API}/openapi.json")
    fixed("GET /setup", f"{API}/setup")
    fixed("GET /checklist", f"{API}/checklist")
    for path in ("/alarms", "/alarms/ringing", "/alarms/past"):
        fixed(f"GET {path}", f"{API}{path}")
    ASKS["PUT /alarms/<string:code>/threshold"] = lambda *_: Ask(
        f"{API}/alarms/drill/threshold", {"json": {"threshold": 8_640_000}}
    )
    ASKS["POST /setup/territory"] = lambda *_: Ask(
        f"{API}/setup/territory",
        {
            "query_string": {"filename": "x.geojson"},
            "data": b"{}",
            "content_type": "application/octet-stream",
        },
        token="invented",
    )
    ASKS["POST /setup"] = lambda *_: Ask(f"{API}/setup", {"json": {}}, token="invented")
    for path in (
        "/",
        "/m/",
        "/who",
        "/verify",
        "/confirm",
        "/contractor",
        "/setup",
        "/docs",
        "/docs/start.js",
        "/healthz",
        "/readyz",
        "/metrics",
    ):
        fixed(f"GET @{path}", path)
    fixed("GET @/console/<path:name>", "/console/index.html")
    fixed("GET @/m/<path:name>", "/m/index.html")
    fixed("GET @/docs/<path:name>", "/docs/swagger-ui.css")


for fill in (
    _accounts,
    _call_backs,
    _dispatch,
    _evidence,
    _inbox,
    _maps,
    _territory,
    _plans,
    _links,
    _sync,
    _house,
):
    fill()
