"""What an auditor sees of customers: never the planted name, number or house.

By every way out; what the desk sees is whole.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.queries.masks import mask_phone
from backend.core.services import record_writer
from backend.dispatch.services.dispatching import tell_dispatchers
from sync.postgres.push import deadline_passed
from tests.conftest import Person
from tests.factories import Town, hand_in, middle, mutation, uid

As = Callable[[str], Person]
NAME, PINYIN, PHONE, HOUSE, DOOR_CODE = (
    "诸葛孔明",
    "zhugekongming zgkm",
    "13987654321",
    "卧龙岗路7788号",
    "门禁4455",
)
MARKERS = (NAME, "诸葛", "zhugekongming", PHONE, "8765432", "7788号", DOOR_CODE)
CASE, JOB, CUSTOMER = uid("case"), uid("planted job"), uid("planted customer")
WEST, SOUTH = 120.29, 36.04


Values = dict[str, Any]


def ledger_of(town: Town) -> tuple[Values, Values, Values]:
    """The customer, their point and their job, each full of what names them."""
    who = {
        "number": "P1",
        "name": NAME,
        "category": "key",
        "phone": "13800000000",
        "contact_name": NAME,
        "pinyin": PINYIN,
        "cell_id": town["cell 0"],
        "note": f"请拨打 {PHONE}",
    }
    where = {
        "customer_id": CUSTOMER,
        "address": HOUSE,
        "place": middle(0),
        "cell_id": town["cell 0"],
        "meter_number": "PM1",
        "nature": "public",
        "access_note": DOOR_CODE,
    }
    contact = {"name": NAME, "phone": PHONE}
    job = {
        "matter_id": town["leak"],
        "state": "received",
        "address": HOUSE,
        "place": middle(0),
        "reporter": contact,
        "other_reporters": [contact],
        "customer_id": CUSTOMER,
        "service_point_id": uid("planted point"),
        "case_id": CASE,
        "site_card": {"customer_name": NAME, "phone": PHONE, "address": HOUSE, "access_note": DOOR_CODE},
        "number": "W1",
        "description": f"来电 {PHONE}",
        "cell_id": town["cell 0"],
    }
    return who, where, job


@pytest.fixture(autouse=True)
def planted(database: Database, town: Town) -> None:
    """A customer with all that may name them.

    Their point, jobs with site cards and reporters, a visit, an answer, disputes and parked work.
    """
    north = system(town["north"])
    who, where, job = ledger_of(town)
    with database.transaction() as session:
        record_writer.create(session, north, "customer", who, record_id=CUSTOMER)
        record_writer.create(session, north, "service_point", where, record_id=uid("planted point"))
        for name in ("planted job", "twin"):
            record_writer.create(session, north, "work_order", job, record_id=uid(name))
        visit = {
            "customer_id": CUSTOMER,
            "method": "door",
            "state": "planned",
            "due_on": "2026-01-01",
            "cell_id": town["cell 0"],
            "case_id": CASE,
        }
        record_writer.create(session, north, "visit", visit, record_id=uid("planted visit"))
        answers = {
            "questionnaire_id": town["form"],
            "channel": "phone",
            "answered_at": "2026-11-01T00:00:00Z",
            "answers": {"why": f"打 {PHONE}"},
        }
        record_writer.create(session, north, "response", answers, record_id=uid("answers"))
        tell_dispatchers(
            session, None, JOB, job | {"unit_id": town["north"]}, f"请回电 {PHONE}", f"Call {PHONE}"
        )
        signed = {
            "of_kind": "work_order",
            "of_id": JOB,
            "signer_name": NAME,
            "relation": "self",
            "strokes": [],
            "sheet": {"address": HOUSE},
            "sheet_sha256": "0" * 64,
            "signed_at": "2026-11-01T00:00:00Z",
        }
        record_writer.create(session, north, "signature", signed, record_id=uid("signed"))
    _dispute(database, town)


def _dispute(database: Database, town: Town) -> None:
    """Two values for one number, and a change that waits for a person."""
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "customer", CUSTOMER, {"phone": PHONE})
        change = mutation("customer", CUSTOMER, "change", {"phone": "13900000000"})
        hand_in(session, town.actor("rep"), [change])
        stranger = mutation(
            "customer", uid("customer 2"), "change", {"name": NAME, "phone": PHONE, "note": f"电 {PHONE}"}
        )
        assert hand_in(session, town.actor("rep"), [stranger])[0]["status"] == "held"
        assert deadline_passed(session.connection(), datetime.now(UTC) + timedelta(hours=73)) == 1


_SQUARE = {
    "type": "Polygon",
    "coordinates": [
        [[WEST, SOUTH], [WEST + 0.1, SOUTH], [WEST + 0.1, SOUTH + 0.1], [WEST, SOUTH + 0.1], [WEST, SOUTH]]
    ],
}
READ = [
    *(
        f"/{segment}"
        for segment in (
            "customers?limit=500",
            "service-points",
            "work-orders",
            "visits",
            "responses",
            "signatures",
            "notices",
            "items",
            "administrative-acts",
        )
    ),
    f"/customers/{CUSTOMER}",
    f"/customers/{CUSTOMER}/history",
    f"/service-points/{uid('planted point')}",
    f"/service-points/{uid('planted point')}/history",
    f"/work-orders/{JOB}",
    f"/work-orders/{JOB}/history",
    f"/signatures/{uid('signed')}/history",
    f"/responses/{uid('answers')}/history",
    f"/visits/{uid('planted visit')}/history",
    "/territory/customers?words=P1",
    "/territory/customers?words=PM1",
    "/territory/customers?words=诸葛",
    f"/territory/customers?words={PHONE}",
    "/territory/customers?words=zhuge",
    "/territory/customers?words=卧龙岗路7788",
    "/territory/customers?words=%2B86 139-8765 4321",
    "/territory/visits/overdue",
    "/dispatch/board",
    f"/dispatch/{JOB}/same-trouble",
    "/inbox/parked",
    "/inbox/questions",
    "/ogc/collections/customers/items",
    "/ogc/collections/jobs/items",
    f"/ogc/collections/customers/items/{uid('planted point')}",
    "/maps/customers/export?format=geojson",
    "/maps/jobs/export?format=geojson",
    "/maps/customers/export?format=kml",
]


# Nothing was planted there; they are walked all the same.
SAYS_NOTHING = {
    "/items", "/administrative-acts", "/visits", f"/visits/{uid('planted visit')}/history",
}  # fmt: skip


def tiles() -> Iterator[str]:
    x, y, z = 854, 401, 10
    yield from (f"/maps/{layer}/tiles/{z}/{x}/{y}.mvt" for layer in ("customers", "jobs"))


def pulled(person: Person) -> str:
    """Every page of a fresh store, and the whole of it again by comparison."""
    pages, cursor, more = [], None, True
    while more:
        page = person("POST", "/sync/pull", {"store": uid("audit store"), "cursor": cursor, "limit": 40})
        cursor, more = page.get_json()["cursor"], page.get_json()["more"]
        pages.append(page.get_data(as_text=True))
    return "".join(pages)


def compared(person: Person) -> str:
    texts, asked = [], [{"after": None, "upto": None}]
    while asked:
        ranges = [span | {"count": 0, "xor": "0" * 32} for span in asked]
        answer = person("POST", "/sync/compare", {"store": uid("audit store"), "ranges": ranges})
        texts.append(answer.get_data(as_text=True))
        asked = answer.get_json()["ask"]
    return "".join(texts)


def shown_to(person: Person) -> dict[str, str]:
    """Way out -> everything it gave."""
    found = {path: person("GET", path).data.decode("utf-8", "replace") for path in [*READ, *tiles()]}
    case = person("GET", f"/papers/cases/{CASE}")
    data = case.data
    case.close()
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        found["case"] = "".join(
            bundle.read(name).decode("utf-8", "replace")
            for name in bundle.namelist()
            if name.endswith("json")
        )
    area = {"area": _SQUARE, "around_m": 0}
    found["shut-off"] = person("POST", "/territory/affected", area).get_data(as_text=True)
    return found | {"pull": pulled(person), "compare": compared(person)}


def texts(answers: dict[str, str]) -> dict[str, str]:
    """JSON may write Chinese as escapes."""
    return {
        way: one.encode().decode("unicode_escape", "ignore") + one if "\\u" in one else one
        for way, one in answers.items()
    }


def test_no_way_out_shows_an_auditor_who_the_customer_is(as_: As, session: Any) -> None:
    seen = texts(shown_to(as_("auditor")))
    assert {
        (way, marker)
        for way, one in seen.items()
        for marker in MARKERS
        if marker in one and "words=" not in way
    } == set()
    found = {way: one for way, one in seen.items() if "words=" in way}
    assert {way for way, one in found.items() if CUSTOMER in one} == {
        "/territory/customers?words=P1",
        "/territory/customers?words=PM1",
    }
    assert not any(PHONE in one or NAME in one for one in found.values())
    whole = texts(shown_to(as_("dispatcher")))
    shown = {way for way, one in whole.items() if any(marker in one for marker in MARKERS)}
    assert set(whole) - shown == SAYS_NOTHING, "what shows nobody anything proves nothing"


def test_a_store_of_masked_bodies_agrees_with_the_server(phone_of: Callable[..., Any], as_: As) -> None:
    auditor = phone_of("auditor")
    auditor.sync()
    held = auditor.records("customer")[CUSTOMER]
    assert (held["name"], held["category"]) == ("诸***", "key")
    assert held["phone"] in (mask_phone(PHONE), mask_phone("13900000000"))
    whole = {"after": None, "upto": None} | auditor.store.digest(None, None)
    answer = as_("auditor")(
        "POST", "/sync/compare", {"store": uid("audit store"), "ranges": [whole]}
    ).get_json()
    assert (answer["ask"], answer["repairs"]) == ([], []), "its digest is of what it was given"


def test_no_link_is_made_by_who_sees_masks(as_: As) -> None:
    answer = as_("auditor")("POST", f"/papers/service-sheets/{JOB}/links", {"hours": 1})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "not_allowed")
    assert as_("dispatcher")("POST", f"/papers/service-sheets/{JOB}/links", {"hours": 1}).status_code == 201


def test_an_auditor_ticks_off_their_own_notices_and_nobody_elses(
    as_: As, database: Database, town: Town
) -> None:
    with database.transaction() as session:
        for who in ("auditor", "rep"):
            told = {"staff_id": town[who], "topic": "general", "text_zh": "会", "text_en": "Meeting"}
            record_writer.create(session, system(town["north"]), "notice", told, record_id=uid(f"to {who}"))
    read = {"read_at": "2026-11-01T00:00:00Z"}
    answers = {
        who: as_("auditor")("PATCH", f"/notices/{uid(f'to {who}')}", read, version=1)
        for who in ("auditor", "rep")
    }
    assert {who: one.status_code for who, one in answers.items()} == {"auditor": 200, "rep": 403}
    with database.transaction() as session:
        again = [mutation("notice", uid(f"to {who}"), "change", read) for who in ("auditor", "rep")]
        assert [one["status"] for one in hand_in(session, town.actor("auditor"), again)] == [
            "applied",
            "parked",
        ]


def test_nobody_is_found_by_the_address_of_a_point_that_is_gone(
    as_: As, database: Database, town: Town
) -> None:
    with database.transaction() as session:
        point = {
            "customer_id": CUSTOMER,
            "address": "旧街99号",
            "place": middle(0),
            "nature": "public",
            "meter_number": "OLD99",
        }
        gone = record_writer.create(session, system(town["north"]), "service_point", point)
        record_writer.delete(session, system(town["north"]), "service_point", gone.id, version=[gone.version])
    assert [
        as_("dispatcher").get(f"/territory/customers?words={words}") for words in ("旧街99", "OLD99")
    ] == [[], []]


def test_what_is_carried_out_of_the_house_is_noted(as_: As) -> None:
    dispatcher = as_("dispatcher")
    for path in (
        "/maps/customers/export?format=geojson",
        f"/papers/service-sheets/{JOB}",
        f"/papers/cases/{CASE}",
    ):
        answer = dispatcher("GET", path)
        answer.close()
        assert answer.status_code == 200
    # A representative who shows the customer the sheet carries nothing out.
    assert as_("rep")("GET", f"/papers/service-sheets/{JOB}").status_code == 200
    rows = as_("auditor").get("/administrative-acts")["rows"]
    told = [(one["act"], one["subject_kind"], one["by_staff_id"]) for one in rows]
    assert told == [("exported", kind, uid("dispatcher")) for kind in ("map_layer", "work_order", "case")]
    assert (rows[0]["after"]["layer"], rows[0]["after"]["format"]) == ("customers", "geojson")


def test_somebody_with_a_second_role_sees_what_that_role_needs(town: Town) -> None:
    alone = town.actor("auditor")
    assert not alone.sees_phone_numbers
    assert replace(alone, roles=alone.roles | {Role.HOTLINE_AGENT}).sees_phone_numbers
