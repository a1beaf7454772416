"""Where an imported record lies: by whose word, in which order, and only within the importer's own units."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.core.services import record_writer
from backend.imports.queries.gazetteer import gazetteer_of
from backend.imports.queries.ledger import Ledger
from backend.imports.reading.shapes import Located
from backend.imports.reading.wrong import reason
from backend.imports.services.placing import Placer
from backend.imports.services.rows import Judged, RowIn
from sync.kind import Values
from tests.factories import Town, middle, uid

NORTH = [uid("north")]
OUTSIDE = {"type": "Point", "coordinates": [10.0, 50.0]}
NEAR = (middle(1)["coordinates"][0] + 1e-4, middle(1)["coordinates"][1])


def placer(
    session: Session, *rows: RowIn, with_customers: bool = True, customers: tuple[str, ...] = ()
) -> Placer:
    ledger = Ledger(session, NORTH)
    ledger.look_at_points(customers)
    made = Placer(session, ledger, gazetteer_of(session), with_customers=with_customers)
    made.look_ahead(rows)
    return made


def located(cell: str, *, is_sure: bool, place: tuple[float, float] | None = None) -> Located:
    return Located(
        uid(cell),
        place,
        0.9 if is_sure else 0.5,
        reason("address", "sources_differ", one="a", other="b"),
        is_sure,
    )


def placed(session: Session, row: RowIn, **values: Any) -> tuple[bool, Values, Judged]:
    judged, given = Judged(row.number, "new"), {"address": "新街1号", **values}
    is_placed = placer(session, row).place(row, given, judged)
    return is_placed, given, judged


def test_what_a_person_settled_goes_before_everything(session: Session, town: Town) -> None:
    sure = located("cell 1", is_sure=True, place=NEAR)
    row = RowIn(2, {}, located=sure, settled={"place": middle(2), "cell_id": uid("cell 0")})
    is_placed, values, judged = placed(session, row, cell_id=uid("cell 1"))
    assert (is_placed, values["place"], judged.notes) == (True, middle(2), [])


def test_a_settled_cell_goes_before_the_files_and_that_before_the_addresss(
    session: Session, town: Town
) -> None:
    sure = located("cell 1", is_sure=True)
    for row, values, cell in (
        (
            RowIn(2, {}, located=sure, settled={"cell_id": uid("cell 2")}),
            {"cell_id": uid("cell 0")},
            "cell 2",
        ),
        (RowIn(2, {}, located=sure), {"cell_id": uid("cell 0")}, "cell 0"),
        (RowIn(2, {}, located=sure), {}, "cell 1"),
    ):
        is_placed, found, judged = placed(session, row, **values)
        assert (is_placed, found["cell_id"]) == (True, uid(cell))
        # Nobody knows the door: it stands somewhere in its cell, and that is said.
        assert [one.code for one in judged.notes] == ["rough_place"]
        lng, lat = found["place"]["coordinates"]
        assert gazetteer_of(session).cells_at([(lng, lat)]) == [uid(cell)]


def test_a_neighbours_place_is_taken_only_within_the_same_cell(session: Session, town: Town) -> None:
    for cell, is_near in (("cell 1", True), ("cell 2", False)):
        sure = located("cell 1", is_sure=True, place=NEAR)
        is_placed, values, _ = placed(session, RowIn(2, {}, located=sure, settled={"cell_id": uid(cell)}))
        assert is_placed
        assert (tuple(values["place"]["coordinates"]) == NEAR) is is_near


def test_an_address_in_doubt_waits_with_its_reason(session: Session, town: Town) -> None:
    for row, code in (
        (RowIn(2, {}, located=located("cell 1", is_sure=False, place=NEAR)), "sources_differ"),
        (RowIn(2, {}), "unknown_address"),
    ):
        is_placed, values, judged = placed(session, row)
        assert (is_placed, "place" in values, "cell_id" in values) == (False, False, False)
        assert [one.code for one in judged.notes] == [code]
        assert judged.reasons == []


ELSEWHERE = (
    RowIn(2, {}, settled={"cell_id": uid("cell 3")}),
    RowIn(2, {}, located=located("cell 3", is_sure=True, place=NEAR)),
    RowIn(2, {}, settled={"cell_id": uid("no cell")}),
)


def test_another_units_cell_is_no_place_to_put_a_point(session: Session, town: Town) -> None:
    """Cell 3 is of the south; who imports for the north has no word there."""
    for row in ELSEWHERE:
        is_placed, values, judged = placed(session, row)
        assert (is_placed, "place" in values) == (False, False)
        assert len(judged.notes) == 1


def test_a_point_without_place_and_address_is_refused(session: Session, town: Town) -> None:
    for address in (None, ""):
        is_placed, values, judged = placed(
            session, RowIn(2, {}, settled={"place": middle(0)}), address=address
        )
        assert (is_placed, "place" in values) == (False, False)
        assert [(one.field, one.code) for one in judged.reasons] == [("address", "no_address")]


def filed(session: Session, kind: str, values: Values, row: RowIn | None = None, **more: Any) -> Values:
    row = row or RowIn(2, {"place": values.get("place")})
    before = more.pop("before", None)
    placer(session, row, **more).file(kind, values, before, row)
    return values


def test_a_record_lies_in_the_cell_of_its_place(session: Session, town: Town) -> None:
    for kind in ("service_point", "work_order", "visit"):
        for place, cell in ((middle(0), "cell 0"), (middle(2), "cell 2"), (middle(3), None), (OUTSIDE, None)):
            found = filed(session, kind, {"place": place})
            assert found.get("cell_id") == (cell and uid(cell))
            assert cell or "cell_id" not in found


def test_a_cell_that_the_file_names_is_kept_and_other_kinds_have_none(session: Session, town: Town) -> None:
    named = {"place": middle(0), "cell_id": uid("cell 1")}
    assert filed(session, "service_point", dict(named))["cell_id"] == uid("cell 1")
    assert "cell_id" not in filed(session, "crew", {"place": middle(0)})
    assert filed(session, "customer", {"cell_id": uid("cell 1")})["cell_id"] == uid("cell 1")


def test_work_without_a_place_lies_where_its_customer_is(session: Session, town: Town) -> None:
    for kind in ("work_order", "visit"):
        found = filed(session, kind, {"customer_id": uid("customer 2")})
        assert found["cell_id"] == uid("cell 2")
        assert "cell_id" not in filed(session, kind, {"customer_id": None})
        assert "cell_id" not in filed(session, kind, {})
        # The place of the work itself says more than where its customer is filed.
        there = filed(session, kind, {"customer_id": uid("customer 2"), "place": middle(1)})
        assert there["cell_id"] == uid("cell 1")


def test_work_that_is_there_is_not_filed_anew_by_its_customer(session: Session, town: Town) -> None:
    before = record_writer.read(session, "service_point", uid("point 1"))
    assert "cell_id" not in filed(session, "work_order", {"customer_id": uid("customer 2")}, before=before)


NEW_CUSTOMERS = (
    (RowIn(2, {"place": middle(1)}, settled={"cell_id": uid("cell 2")}), "cell 1"),
    (RowIn(2, {"place": OUTSIDE}, settled={"cell_id": uid("cell 2")}), None),
    (RowIn(2, {}, settled={"cell_id": uid("cell 2"), "place": middle(0)}), "cell 2"),
    (RowIn(2, {}, settled={"place": middle(0)}), "cell 0"),
    (RowIn(2, {}, located=located("cell 1", is_sure=True)), "cell 1"),
    (RowIn(2, {}, located=located("cell 1", is_sure=False)), None),
    (RowIn(2, {}, located=located("cell 3", is_sure=True)), None),
    (RowIn(2, {}), None),
)


def test_a_new_customer_is_filed_where_their_row_lies(session: Session, town: Town) -> None:
    for row, cell in NEW_CUSTOMERS:
        assert filed(session, "customer", {}, row).get("cell_id") == (cell and uid(cell)), row


def test_a_customer_keeps_the_cell_that_people_gave(session: Session, town: Town) -> None:
    before = record_writer.read(session, "customer", uid("customer 1"))
    row = RowIn(2, {"place": middle(2)})
    assert "cell_id" not in filed(session, "customer", {}, row, before=before)


def test_a_customer_without_any_point_is_left_without_unless_the_file_now_says_where(
    session: Session, town: Town
) -> None:
    alone, has_one, new = uid("customer 7"), uid("customer 1"), uid("nobody yet")
    session.connection().exec_driver_sql(
        "UPDATE service_point SET deleted_at = now() WHERE customer_id = %s", (alone,)
    )
    sure = located("cell 1", is_sure=True)
    for customer, row, with_customers, is_alone in (
        (alone, RowIn(2, {}, located=sure), True, True),
        (alone, RowIn(2, {"place": middle(1)}), True, False),
        (alone, RowIn(2, {"cell": "C1"}), True, False),
        (alone, RowIn(2, {}, settled={"cell_id": uid("cell 1")}), True, False),
        (alone, RowIn(2, {}, located=sure), False, False),
        (has_one, RowIn(2, {}, located=sure), True, False),
        (new, RowIn(2, {}, settled={"alone": True}), True, True),
    ):
        made = placer(session, row, with_customers=with_customers, customers=(alone, has_one))
        values = {"customer_id": customer}
        assert made.is_left_alone(row, values, None) is is_alone, row
        assert made.wants_place(row, values, None) is not is_alone, row
    point = record_writer.read(session, "service_point", uid("point 1"))
    assert made.is_left_alone(row, values, point) is False
    assert made.wants_place(row, values, point) is False
    assert made.wants_place(row, {**values, "place": middle(0)}, None) is False


def test_places_of_a_whole_chunk_are_looked_up_once(session: Session, town: Town) -> None:
    rows = [RowIn(n, {"place": middle(n)}) for n in range(4)] + [
        RowIn(9, {}, settled={"place": middle(1)}),
        RowIn(10, {}),
    ]
    made = placer(session, *rows)
    for n, cell in enumerate(("cell 0", "cell 1", "cell 2", None)):
        values: Values = {"place": middle(n)}
        made.file("service_point", values, None, rows[n])
        assert values.get("cell_id") == (cell and uid(cell))
    # What nobody announced is in no cell: it is filed by the next run of the night.
    values = {"place": {"type": "Point", "coordinates": list(NEAR)}}
    made.file("service_point", values, None, rows[0])
    assert "cell_id" not in values
