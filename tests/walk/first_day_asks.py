"""Valid requests of the installation's settings, of messages out, and of imports and exports."""

from __future__ import annotations

from tests.walk.asks import API, ASKS, Ask, fixed, get, it, send
from tests.walk.planting import Place


def _installation() -> None:
    for path in ("/installation", "/public/installation"):
        fixed(path, f"{API}{path}")
    send("PATCH /installation", lambda _: f"{API}/installation", lambda _: {"name_en": "x"})


def _messages() -> None:
    words = {"purpose": "urgent_notice", "language": "zh", "body": "{text}"}
    get("/messages", lambda _: f"{API}/messages", it("message"))
    send("POST /messages/<uuid:message_id>/again", lambda p: f"{API}/messages/{p['message']}/again")
    fixed("/messages/purposes", f"{API}/messages/purposes")
    send(
        "PUT /messages/purposes/<string:name>",
        lambda _: f"{API}/messages/purposes/urgent_notice",
        lambda _: {"channels": ["sms"], "quiet_from_hour": 0, "quiet_until_hour": 0},
    )
    send(
        "POST /messages/templates",
        lambda _: f"{API}/messages/templates",
        lambda _: words | {"title": "x", "valid_from": "2026-01-01T00:00:00Z"},
    )
    send(
        "POST /messages/templates/rendering", lambda _: f"{API}/messages/templates/rendering", lambda _: words
    )
    fixed("GET /messages/channels", f"{API}/messages/channels")
    send("POST /messages/channels/<string:name>/try", lambda _: f"{API}/messages/channels/sms/try")
    fixed("GET /retention", f"{API}/retention")
    where = "/messages/addresses/<string:party_kind>/<uuid:party_id>"
    address = {"email": None, "wecom": "x", "dingtalk": None}
    get(where, lambda p: f"{API}/messages/addresses/customer/{p['customer']}")
    send(f"PUT {where}", lambda p: f"{API}/messages/addresses/customer/{p['customer']}", lambda _: address)
    send(
        "PUT /messages/consents/<uuid:customer_id>/<string:purpose>",
        lambda p: f"{API}/messages/consents/{p['customer']}/confirmation_link",
        lambda _: {"is_given": True},
    )
    send("POST /public/messages/receipts", lambda _: f"{API}/public/messages/receipts", lambda _: {})


def _imports() -> None:
    imports = f"{API}/imports"

    def run(place: Place) -> str:
        return f"{imports}/{place['import run']}"

    def checked(place: Place) -> str:
        return f"{imports}/{place['checked import']}"

    get("/imports", lambda _: imports, it("import run"))
    fixed("GET /imports/targets", f"{imports}/targets")
    ASKS["POST /imports"] = lambda _w, p, _who: Ask(
        imports,
        {
            "query_string": {"unit_id": p.unit_id, "target": "customers", "filename": "x.csv"},
            "data": "户号,户名\nZ1,甲\nZ2,乙\n".encode(),
            "content_type": "application/octet-stream",
        },
    )
    one = "/imports/<uuid:run_id>"
    get(one, run)
    send(f"DELETE {one}", run)
    columns = {"number": "户号", "name": "户名"}
    send(f"PUT {one}/mapping", lambda p: f"{run(p)}/mapping", lambda _: {"columns": columns})
    get(f"{one}/rows", lambda p: f"{checked(p)}/rows", verdict="to_settle")
    send(f"PUT {one}/settled", lambda p: f"{checked(p)}/settled", lambda _: {"way": "alone"})
    send(f"PUT {one}/acceptance", lambda p: f"{checked(p)}/acceptance")
    get(f"{one}/report", lambda p: f"{checked(p)}/report", verdict="to_settle", format="csv")
    send(f"POST {one}/account-links", lambda p: f"{run(p)}/account-links", lambda _: {})
    feed = {"label": "x", "targets": ["customers"]}
    send(
        "POST /imports/feed-tokens",
        lambda _: f"{imports}/feed-tokens",
        lambda p: feed | {"unit_id": p.unit_id},
    )
    ASKS["POST /imports/feeds"] = lambda w, p, who: Ask(
        f"{imports}/feeds", ASKS["POST /imports"](w, p, who).options
    )
    get("/imports/feeds/<uuid:run_id>", lambda p: f"{imports}/feeds/{p['feed run']}")
    fixed("GET /exports/kinds/<string:kind>", f"{API}/exports/kinds/customer")
    fixed("GET /exports/tables/<string:table>", f"{API}/exports/tables/customers")
    get("/exports", lambda _: f"{API}/exports", it("export run"))
    send("POST /exports", lambda _: f"{API}/exports", lambda _: {"kinds": ["unit"], "forms": ["csv"]})
    fixed("GET /exports/contents", f"{API}/exports/contents")
    get("/exports/<uuid:export_id>", lambda p: f"{API}/exports/{p['export run']}")
    send("DELETE /exports/<uuid:export_id>", lambda p: f"{API}/exports/{p['export run']}")
    get("/exports/<uuid:export_id>/file", lambda p: f"{API}/exports/{p['export run']}/file")


for fill in (_installation, _messages, _imports):
    fill()
