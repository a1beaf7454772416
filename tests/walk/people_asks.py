"""Valid requests of accounts, links, phones' halves, merging, voiding and the audit trail."""

from __future__ import annotations

import base64
from typing import Any

from tests.factories import PASSWORD, uid
from tests.walk.asks import API, ASKS, NEW_PASSWORD, Ask, fixed, get, send
from tests.walk.planting import Place
from tests.walk.world import World

LINKS, PHONES = f"{API}/account-links", f"{API}/phone-recoveries"


def _accounts() -> None:
    get("/accounts", lambda _: f"{API}/accounts", lambda _, p: uid(p.rep))
    fixed("GET /accounts/tokens", f"{API}/accounts/tokens")
    body = {"roles": ["representative"]}
    send("PATCH /accounts/<uuid:staff_id>", lambda p: f"{API}/accounts/{uid(p.rep)}", lambda _: body)
    ASKS["DELETE /accounts/<uuid:staff_id>/tokens/<uuid:token_id>"] = lambda w, _p, _who: Ask(
        f"{API}/accounts/{uid('dispatcher')}/tokens/{w.made['token']}"
    )
    fixed("GET /audit-trail", f"{API}/audit-trail")


def _links() -> None:
    fixed("GET /account-links", LINKS)
    ASKS["POST /account-links/invitations"] = _invite
    send("POST /account-links/passwords", lambda _: f"{LINKS}/passwords", lambda p: {"staff_id": uid(p.rep)})
    ASKS["DELETE /account-links/<uuid:link_id>"] = lambda w, p, _: Ask(
        f"{LINKS}/{w.made[f'account link {p.key}']}"
    )
    for method, options in (("GET", {}), ("PUT", {"json": {"password": NEW_PASSWORD}})):
        ASKS[f"{method} /account-links/mine"] = _by_link(options)


def _by_link(options: dict[str, Any]) -> Any:
    return lambda w, p, _: Ask(f"{LINKS}/mine", options, token=w.links[f"account {p.key}"])


def _invite(world: World, place: Place, _: str) -> Ask:
    body = {"staff_id": world.made[f"newcomer {place.key}"], "roles": ["hotline_agent"]}
    return Ask(f"{LINKS}/invitations", {"json": body})


def _phones() -> None:
    fixed("GET /phone-recoveries", PHONES)
    ASKS["PUT /phone-recoveries/<uuid:recovery_id>"] = _keep
    ASKS["PUT /phone-recoveries/<uuid:recovery_id>/approval"] = lambda w, p, _: Ask(
        f"{PHONES}/{w.made[f'half {p.key}']}/approval", {"json": {"code": w.made[f"code {p.key}"]}}
    )
    for method, path, options in (
        ("GET", "/mine", {}),
        ("POST", "/mine", {}),
        ("POST", "/mine/half", {"json": {"password": PASSWORD}}),
    ):
        ASKS[f"{method} /phone-recoveries{path}"] = _by_phone(path, options)


def _by_phone(path: str, options: dict[str, Any]) -> Any:
    return lambda w, p, _: Ask(f"{PHONES}{path}", options, token=w.links[f"phone {p.key}"])


def _keep(_world: World, _place: Place, who: str) -> Ask:
    body = {"half": base64.b64encode(bytes(32)).decode(), "proof": uid(who) * 2}
    return Ask(f"{PHONES}/{uid(f'walk own half {who}')}", {"json": body})


def _records() -> None:
    fixed("GET /voids", f"{API}/voids")
    one = "/voids/<string:kind>/<uuid:record_id>"
    get(one, lambda p: f"{API}/voids/item/{p['item']}")
    send(f"PUT {one}", lambda p: f"{API}/voids/item/{p['item']}", lambda _: {"reason": "x"})
    pair = {"kept_id": lambda p: p["customer"], "merged_id": lambda p: p["spare customer"]}
    get("/customer-merges", lambda _: f"{API}/customer-merges", **pair)
    send("POST /customer-merges", lambda _: f"{API}/customer-merges", _merge)


def _merge(place: Place) -> dict[str, Any]:
    chosen = {"name": "x", "phone": "13900000000", "category": "resident", "contact_name": "x", "note": "x"}
    values = chosen | {"cell_id": place.cell_id, "is_vulnerable": False}
    pair = {"kept_id": place["customer"], "merged_id": place["spare customer"]}
    return pair | {"reason": "x", "values": values}


for fill in (_accounts, _links, _phones, _records):
    fill()
