"""Benchmark of loading the demo city at its two sizes, and searching customers among 100,000."""

from __future__ import annotations

from functools import partial

from sqlalchemy import text

from backend.core.actor import Actor, Role
from backend.core.db import Database
from backend.customers.queries.search import find_customers
from backend.demo.load import GROUP, load_city
from backend.demo.sizes import SIZES
from bench.place import fresh_database, median_ms, seconds


def main() -> None:
    """Print seconds to load, and milliseconds to search at the large size."""
    for size in ("default", "large"):
        with fresh_database(f"bench_city_{size}") as database:
            took = seconds(
                lambda database=database, size=size: load_city(database, SIZES[size], lambda *_: None)
            )
            with database.transaction() as session:
                records = session.execute(text("SELECT count(*) FROM sync_document")).scalar_one()
            print(f"load {size}: {took:.1f} s, {records} records, {records / took:.0f} records/s")
            if size == "large":
                _search(database)


def _search(database: Database) -> None:
    with database.transaction() as session:
        row = session.execute(
            text("""
                SELECT c.name, split_part(c.pinyin, ' ', 1), c.phone, p.meter_number, p.address
                FROM customer c
                JOIN service_point p ON p.customer_id = c.id
                WHERE c.category = 'resident'
                LIMIT 1 OFFSET 50000
            """)
        ).one()
    asker = Actor("00000000-0000-7000-8000-000000000009", GROUP, frozenset({Role.DISPATCHER}))
    kinds = zip(
        ("name", "pinyin", "phone", "meter", "address"),
        (row[0], row[1], row[2][-6:], row[3], row[4][3:14]),
        strict=True,
    )
    for kind, words in kinds:
        with database.transaction() as session:
            print(
                f"search by {kind}: "
                f"{median_ms(partial(find_customers, session, asker, words), 7):.1f} "
                "ms median among 100,000 customers"
            )
