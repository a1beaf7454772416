"""One character changed in any column of any table that holds evidence is named.

The table of both is kept by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import orjson
import pytest
from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from backend.contractors.kinds.contractor_link import ContractorLink
from backend.core.actor import system
from backend.core.db import Base, Database
from backend.core.kinds.access import Access
from backend.core.kinds.registry import KINDS
from backend.core.queries.documents import history_of
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from backend.core.services.noting import note_rows
from backend.customers.kinds.call_back import CallBack, CallBackSample
from backend.evidence.kinds.confirmation import Confirmation
from backend.evidence.kinds.upload import Look, Object, Upload
from backend.evidence.services import checking, sealing
from backend.evidence.services.checking import Differs
from backend.evidence.services.sealing import Broken
from sync.postgres.tables import metadata as sync_tables
from tests.evidence.evidence_tables import BESIDE, CHAIN, DOCUMENT, KEYS, RECORDS, WITHOUT
from tests.factories import Town, uid
from tests.spec.test_every_operation import samples

SECRET = "of this test"
NOW = datetime(2026, 9, 1, 2, 3, 4, tzinfo=UTC)
JOB, SHA256 = UUID(uid("job of links")), "ab" * 32


def tables() -> dict[str, Table]:
    return {one.name: one for one in (*Base.metadata.sorted_tables, *sync_tables.sorted_tables)}


def test_every_table_and_every_column_is_told_of() -> None:
    assert set(tables()) == RECORDS | set(BESIDE) | set(CHAIN) | set(WITHOUT) | KEYS | {"sync_document"}
    for name, (evidence, reasons) in {
        **BESIDE,
        "sync_document": DOCUMENT,
        **{one: (columns, {}) for one, columns in CHAIN.items()},
    }.items():
        assert {one.name for one in tables()[name].columns} == evidence | set(reasons), name  # fmt: skip


def _beside(session: Session, town: Town) -> None:
    """One row of each table beside the records."""
    for table, row, key in [*_visiting_rows(town), *_link_rows(town), *_object_rows(town)]:
        session.add(row)
        note_rows(session, table, [key])


def _visiting_rows(town: Town) -> list[tuple[str, Any, Any]]:
    """An access that was asked for, a sample of call-backs, and one of its call-backs."""
    unit, who = UUID(town["north"]), UUID(town["rep"])
    sample = CallBackSample(
        id=UUID(uid("sample")),
        unit_id=unit,
        made_by=who,
        from_day=date(2026, 9, 1),
        until_day=date(2026, 9, 2),
        seed="seed",
        population=1,
        visit_ids=[JOB],
    )
    asked = CallBack(sample_id=sample.id, visit_id=JOB, outcome="denied", said="没来", asked_by=who)
    access = Access(id=7, staff_id=who, unit_id=unit, what="case", of_id=JOB, reason="查")
    return [("access", access, 7), ("call_back_sample", sample, sample.id), ("call_back", asked, JOB)]


def _link_rows(town: Town) -> list[tuple[str, Any, Any]]:
    """A customer's link and a contractor's."""
    who, link = UUID(town["rep"]), UUID(uid("link"))
    both = {"id": link, "token_sha256": "cd" * 32, "unit_id": UUID(town["north"])}
    both |= {"work_order_id": JOB, "made_by": who, "until": NOW}
    signed = Confirmation(**both, way="link_handed", used_at=NOW, outcome="signed", signature_id=JOB)
    contractor = ContractorLink(**both, crew_id=UUID(town["crew"]), staff_id=who)
    return [("confirmation", signed, link), ("contractor_link", contractor, link)]


def _object_rows(town: Town) -> list[tuple[str, Any, Any]]:
    """An upload that has ended, its object, and what the server saw in it."""
    upload = Upload(
        id=JOB,
        staff_id=UUID(town["rep"]),
        unit_id=UUID(town["north"]),
        device_id=JOB,
        photo_id=JOB,
        sha256=SHA256,
        length_bytes=3,
        finished_at=NOW,
        whole_at=NOW,
    )
    look = Look(
        sha256=SHA256,
        state="ready",
        web_sha256="w",
        thumb_sha256="t",
        width=1,
        height=1,
        lng=1.5,
        lat=2.5,
    )
    stored = Object(sha256=SHA256, size_bytes=3)
    return [("upload", upload, JOB), ("object", stored, SHA256), ("look", look, SHA256)]


class Inside:
    """A database seen from within one transaction, so that what a test changes is undone, not mended."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        yield self.session


@pytest.fixture
def sealed(database: Database, town: Town, tmp_path: Path) -> Iterator[Session]:
    """One record of each kind and one row of each table beside them, all sealed; foreign keys stand aside."""
    with database.transaction() as session:
        for kind, values in samples(town).items():
            unit = values.get("unit_id", town["group"])
            record_writer.create(
                session, system(unit), kind, {**values, "unit_id": unit}, record_id=uid(f"new {kind}")
            )
    with database.transaction() as session:
        note_act(session, system(town["north"]), "exported", ("unit", town["north"]), before={"a": 1})
        record_writer.change(
            session, system(town["north"]), "customer", town["customer 1"], {"phone": "13900000000"}
        )
        record_writer.delete(session, town.actor("admin"), "customer", uid("new customer"), version=[1])
        _beside(session, town)
    sealing.seal_history(database, SECRET, tmp_path)
    with Session(database.engine) as session:
        session.execute(text("SET session_replication_role = replica"))
        yield session
        session.rollback()


def everything(session: Session) -> list[Differs]:
    return list(checking.check_all(cast(Database, Inside(session)), None, lambda *_: None))


def seals(session: Session) -> Broken | None:
    session.expire_all()
    found = list(sealing.verify_history(session, SECRET))[-1]
    return found if isinstance(found, Broken) else None


_ONE_ON = {
    "uuid": """coalesce(
        left({c}::text, 35) || CASE right({c}::text, 1) WHEN '0' THEN '1' ELSE '0' END,
        gen_random_uuid()::text
    )::uuid""",
    "text": "coalesce({c}, '') || '.'",
    "int4": "coalesce({c}, 0) + 1",
    "int8": "coalesce({c}, 0) + 1",
    "numeric": "coalesce({c}, 0) + 1",
    "float8": "coalesce({c}, 0) + 0.5",
    "bool": "NOT coalesce({c}, false)",
    "date": "coalesce({c}, '2026-01-01') + 1",
    "timestamptz": "coalesce({c}, '2026-01-01Z') + interval '1 microsecond'",
    "jsonb": "to_jsonb(coalesce({c}::text, '') || '.')",
    "geometry": "coalesce(ST_Translate({c}, 0.000001, 0), ST_SetSRID(ST_MakePoint(1, 2), 4326))",
    "bytea": "set_byte({c}, 0, get_byte({c}, 0) # 1)",
    "_uuid": "array_append({c}, gen_random_uuid())",
    "_text": "array_append({c}, '.')",
}


def one_on(session: Session, table: str, column: str, where: str) -> int:
    """Change a character of a column in one row; how many rows were changed."""
    asked = (
        "SELECT udt_name FROM information_schema.columns WHERE table_name = :table AND column_name = :column"
    )
    type_ = session.scalars(text(asked), {"table": table, "column": column}).one()
    change = _ONE_ON[type_].format(c=f't."{column}"')
    if column in ("outline", "territory"):
        change = change.replace(
            "ST_MakePoint(1, 2)", "ST_GeomFromText('MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)))')"
        )
    one = f"(SELECT ctid FROM {table} t WHERE {where} ORDER BY ctid LIMIT 1)"
    done = session.execute(text(f'UPDATE {table} t SET "{column}" = {change} WHERE ctid = {one}'))
    return int(done.rowcount)  # type: ignore[attr-defined]


def unnamed(
    session: Session, table: str, columns: Iterable[str], check: Any, where: str = "true"
) -> list[str]:
    """Columns whose change nobody names."""
    missed = []
    for column in sorted(columns):
        point = session.begin_nested()
        assert one_on(session, table, column, where) == 1, f"{table}.{column}: nothing to change"
        if not check(column):
            missed.append(f"{table}.{column}")
        point.rollback()
    return missed


def test_what_nobody_touched_is_as_it_was_sealed(sealed: Session) -> None:
    assert everything(sealed) == []
    assert seals(sealed) is None
    assert checking.unsealed(sealed) == checking.Unsealed(0, 0)


def test_one_character_in_any_column_of_any_record_is_named(sealed: Session) -> None:
    inside, missed = cast(Database, Inside(sealed)), []
    for kind in sorted(RECORDS):

        def is_named(column: str, kind: str = kind) -> bool:
            found = list(checking.check_records(inside, kind, lambda *_: None))
            return any(one.table == kind and (column in one.fields or column == "id") for one in found)

        missed += unnamed(sealed, kind, [one.name for one in tables()[kind].columns], is_named)
    assert missed == []


def test_one_character_in_a_document_is_named(sealed: Session) -> None:
    inside = cast(Database, Inside(sealed))

    def is_named(column: str) -> bool:
        found = checking.check_all(inside, None, lambda *_: None)
        return any(one.table == "sync_document" and (column in (*one.fields, "kind", "id")) for one in found)

    assert unnamed(sealed, "sync_document", DOCUMENT[0], is_named, "kind = 'customer'") == []


def test_one_character_in_any_row_beside_the_records_is_named(sealed: Session) -> None:
    inside, missed = cast(Database, Inside(sealed)), []
    for table, (columns, _) in BESIDE.items():

        def is_named(column: str, table: str = table) -> bool:
            keys = {"id", "sha256", "sample_id", "visit_id"}
            found = list(checking.check_noted(inside, table, lambda *_: None))
            return any(one.table == table and (column in one.fields or column in keys) for one in found)

        missed += unnamed(sealed, table, columns, is_named)
    assert missed == []


def test_one_character_in_the_chain_itself_is_named(sealed: Session) -> None:
    missed = []
    for table, columns in CHAIN.items():
        # A salt hides personal values; where a row has none it hides nothing.
        where = "true" if table == "seal" else "kind = 'customer'"
        missed += unnamed(sealed, table, columns, lambda _: seals(sealed) is not None, where)
    assert missed == []


def test_a_row_that_nobody_made_and_one_that_is_gone_are_named(sealed: Session, town: Town) -> None:
    strange = str(uid("nobody"))
    for table in ("customer", "sync_document"):
        point = sealed.begin_nested()
        sealed.execute(
            text(f"UPDATE {table} SET id = CAST(:new AS uuid) WHERE id = CAST(:old AS uuid)"),
            {"new": strange, "old": town["customer 0"]},
        )
        found = everything(sealed)
        assert Differs(table, town["customer 0"], (), "the row is gone") in found
        assert Differs(table, strange, (), "no history tells of it") in found
        point.rollback()


def test_the_newest_rows_are_not_broken_but_not_yet_sealed(
    database: Database, town: Town, tmp_path: Path
) -> None:
    sealing.seal_history(database, SECRET, tmp_path)
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "customer", town["customer 0"], {"note": "今天"})
    with database.snapshot() as session:
        assert checking.unsealed(session) == checking.Unsealed(1, 0)
    assert list(checking.check_all(database, None, lambda *_: None)) == []
    with database.transaction() as session:
        session.execute(
            text(
                """
                UPDATE sync_history
                SET recorded_at = recorded_at - interval '2 hours'
                WHERE changed ? 'note'
                """
            )
        )
    with database.snapshot() as session:
        assert checking.unsealed(session) == checking.Unsealed(0, 1)


def test_what_the_law_erased_is_no_difference_and_what_stands_there_now_is_held(
    database: Database, town: Town, tmp_path: Path
) -> None:
    with database.transaction() as session:
        sealing.erase_values(session, "customer", town["customer 0"])
    sealing.seal_history(database, SECRET, tmp_path)
    with database.transaction() as session:
        assert sealing.erase_from_history(session, "customer", town["customer 0"])
    assert list(checking.check_all(database, None, lambda *_: None)) == []
    with database.transaction() as session:
        session.execute(text("SET session_replication_role = replica"))
        session.execute(
            text("UPDATE customer SET name = '已清除。' WHERE id = CAST(:id AS uuid)"),
            {"id": town["customer 0"]},
        )
    assert list(checking.check_all(database, None, lambda *_: None)) == [
        Differs("customer", town["customer 0"], ("name",))
    ]


def test_numbers_of_any_size_are_sealed_read_and_no_difference(
    database: Database, town: Town, tmp_path: Path
) -> None:
    """PostgreSQL keeps 1e30 as an integer of 31 digits.

    Neither a seal nor an answer could write that again.
    """
    answers = {
        "much": 1e30,
        "more": 1e308,
        "odd": float(2**60),
        "list": [1e22, {"deep": -1e25}],
        "plain": 2**53,
    }
    north = system(town["north"])
    with database.transaction() as session:
        values = samples(town)["response"] | {"answers": answers}
        record_writer.create(session, north, "response", values, record_id=uid("large"))
    sealing.seal_history(database, SECRET, tmp_path, everything=True)
    with database.snapshot() as session:
        assert seals(session) is None
        (line,) = history_of(session, town.actor("supervisor"), KINDS["response"], uid("large"))
        told = orjson.loads(orjson.dumps(line["changed"]["answers"][1]))
        assert {name: told[name] for name in ("much", "more", "plain")} == {
            name: answers[name] for name in ("much", "more", "plain")
        }
    assert list(checking.check_all(database, None, lambda *_: None)) == []


def test_more_rows_than_one_seal_takes_are_all_sealed_however_old(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sealer was away for hours.

    What the first seal leaves over lies further back than a seal usually looks.
    """
    monkeypatch.setattr(sealing, "MOST_ROWS", 10)
    with database.transaction() as session:
        session.execute(text("UPDATE sync_history SET recorded_at = recorded_at - interval '5 hours'"))
        whole = session.execute(text("SELECT count(*) FROM sync_history")).scalar_one()
    assert sealing.seal_history(database, SECRET, tmp_path) == whole


def test_seals_of_before_hold_beside_those_of_today(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, town: Town
) -> None:
    """Leaves did not always cover when a row was recorded."""
    today = sealing.leaf_of
    monkeypatch.setattr(sealing, "leaf_of", lambda row, salt, is_old=True: today(row, salt, is_old=True))
    sealing.seal_history(database, SECRET, tmp_path)
    monkeypatch.setattr(sealing, "leaf_of", today)
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "customer", town["customer 0"], {"note": "今天"})
    sealing.seal_history(database, SECRET, tmp_path)
    with database.transaction() as session:
        assert seals(session) is None
        session.execute(
            text(
                """
                UPDATE sync_history
                SET recorded_at = recorded_at + interval '1 second'
                WHERE changed ? 'note'
                """
            )
        )
        assert seals(session) == Broken(2, "the row was changed", ("customer", town["customer 0"], 2))
        session.rollback()
