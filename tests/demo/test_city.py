"""The demo city: the same for the same seed, every address in exactly one cell, every cell served."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.db import Database, make_engine
from backend.core.queries.scopes import units_below
from backend.demo.catalogue import ident
from backend.demo.load import GROUP, load_city
from backend.demo.sizes import SIZES, is_empty
from backend.demo.sources import districts, scatter
from backend.local.cluster import Cluster
from backend.territory.queries import cells as territory
from backend.territory.queries.coverage import coverage_report
from geo.locate import NOWHERE, locate


@pytest.fixture(scope="module")
def city(cluster: Cluster, empty_template: str) -> Iterator[Database]:
    """A small city, loaded once."""
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_city WITH (FORCE)")
    cluster.ensure_database("copy_city", empty_template)
    database = Database(make_engine(cluster.url("copy_city")))
    assert is_empty(database)
    load_city(database, SIZES["small"], lambda *_: None)
    yield database
    database.engine.dispose()


@pytest.fixture
def look(city: Database) -> Iterator[Session]:
    """A read-only session on the city."""
    with city.snapshot() as session:
        yield session


def count(session: Session, sql: str) -> int:
    return int(session.execute(text(sql)).scalar_one())


def test_it_is_as_big_as_it_says(look: Session) -> None:
    size = SIZES["small"]
    assert count(look, "SELECT count(*) FROM cell") == size.cells
    assert (
        count(look, "SELECT count(*) FROM customer")
        == count(look, "SELECT count(*) FROM service_point")
        == size.customers
    )
    assert count(look, "SELECT count(*) FROM crew") == size.crews
    assert count(look, "SELECT count(*) FROM work_order") == size.jobs
    assert (
        count(look, "SELECT count(*) FROM staff WHERE post = 'customer_representative'")
        == size.representatives
    )
    assert count(look, "SELECT count(*) FROM unit WHERE level = 'branch'") == 5
    assert count(look, "SELECT count(*) FROM visit WHERE state = 'planned'") > 0


def test_ten_thousand_places_lie_in_exactly_one_cell_each_and_have_a_representative(look: Session) -> None:
    cells = territory.outlines(look, units_below(look, GROUP))
    random = np.random.default_rng(5)
    places = np.concatenate([scatter(district, 1_000, random) for district in districts()])
    tree = shapely.STRtree([cell["shape"] for cell in cells])
    place, _ = tree.query(shapely.points(places), predicate="within")
    assert np.bincount(place, minlength=len(places)).max() == 1
    found = locate([cell["shape"] for cell in cells], places)
    assert len(places) == 10_000
    # The borders stand on a grid of a centimetre: a place within it of the coast may fall outside.
    assert (found == NOWHERE).sum() <= 1
    report = coverage_report(look, units_below(look, GROUP))
    assert (report["overlaps"], report["unserved"]) == ([], [])


def test_every_customer_lies_in_the_cell_it_is_filed_under(look: Session) -> None:
    sql = """
        SELECT count(*)
        FROM service_point p
        JOIN cell c ON c.id = p.cell_id
        WHERE NOT ST_DWithin(c.outline, p.place, 1e-6)
    """
    assert count(look, sql) == 0
    assert count(look, "SELECT count(*) FROM customer WHERE cell_id IS NULL") == 0


def test_no_cell_crosses_a_district_and_loads_are_fair(look: Session) -> None:
    outlines = {district.code: district.outline for district in districts()}
    for code, wkb in look.execute(text("SELECT code, ST_AsBinary(outline) FROM cell")):
        shape = shapely.from_wkb(bytes(wkb))
        assert shape.difference(outlines[code[:6]].buffer(1e-6)).area < 1e-9
    worst = (
        look.execute(text("SELECT max(workload) / avg(workload) FROM cell GROUP BY left(code, 6)"))
        .scalars()
        .all()
    )
    assert max(float(one) for one in worst) < 1.35


def test_the_same_seed_gives_the_same_city(city: Database, cluster: Cluster, empty_template: str) -> None:
    cluster.ensure_database("copy_city_again", empty_template)
    again = Database(make_engine(cluster.url("copy_city_again")))
    load_city(again, SIZES["small"], lambda *_: None)
    sql = text(
        """
        SELECT kind, count(*), md5(string_agg(encode(body_sha256, 'hex'), '' ORDER BY id))
        FROM sync_document
        WHERE kind <> 'visit'
        GROUP BY kind
        ORDER BY kind
        """
    )
    with city.snapshot() as one, again.snapshot() as two:
        assert one.execute(sql).all() == two.execute(sql).all()
    again.engine.dispose()
    cluster.psql("postgres", "DROP DATABASE copy_city_again WITH (FORCE)")


def test_no_number_can_belong_to_anybody(look: Session) -> None:
    assert count(look, "SELECT count(*) FROM customer WHERE phone !~ '^0532-0[0-9]{7}$'") == 0
    assert count(look, "SELECT count(*) FROM staff WHERE work_phone !~ '^0532-0[0-9]{7}$'") == 0


def test_a_representatives_scopes_are_a_handful(look: Session) -> None:
    from backend.core.queries.scopes import held

    branch = ident("branch", "中心营业所")
    scopes = held(look, Actor(ident("staff", "R101"), branch, frozenset({Role.REPRESENTATIVE})))
    assert any(scope.startswith("cell:") for scope in scopes)
    assert len(scopes) < 40


def test_working_days_know_the_swapped_weekends(look: Session) -> None:
    years = {row[0]: row[1:] for row in look.execute(text("SELECT year, is_published, days FROM calendar"))}
    assert sorted(years) == [2025, 2026, 2027]
    assert years[2026][0] is True
    assert any(day["is_working"] for day in years[2026][1])
    assert any(not day["is_working"] for day in years[2026][1])
    assert years[2027][0] is False


def test_whoever_is_on_call_can_do_what_comes_in_by_night(look: Session) -> None:
    wanted = "(SELECT skills FROM matter WHERE code = 'burst_main')"
    rosters = count(look, "SELECT count(*) FROM on_call")
    assert rosters == count(look, "SELECT count(*) FROM unit WHERE level = 'branch'")
    able = f"SELECT count(*) FROM on_call o JOIN crew c ON c.id = o.crew_id WHERE c.skills @> {wanted}"
    assert count(look, able) == rosters


def test_every_open_job_is_at_its_customers_point_and_with_a_crew_of_its_branch(look: Session) -> None:
    strays = """
        SELECT count(*)
        FROM work_order w
        LEFT JOIN service_point p ON p.id = w.service_point_id
        WHERE p.id IS NULL OR p.customer_id <> w.customer_id OR p.cell_id <> w.cell_id
        OR p.unit_id <> w.unit_id
    """
    assert count(look, strays) == 0
    foreign = """
        SELECT count(*)
        FROM work_order w
        LEFT JOIN crew c ON c.id = w.crew_id AND c.unit_id = w.unit_id
        WHERE (w.state = 'received') <> (c.id IS NULL)
    """
    assert count(look, foreign) == 0
    states = set(look.execute(text("SELECT DISTINCT state FROM work_order")).scalars())
    assert states == {"received", "dispatched", "accepted"}
    assert count(look, "SELECT count(DISTINCT number) FROM work_order") == SIZES["small"].jobs


def test_every_cell_has_one_representative_of_its_own_branch_and_all_have_a_crew(look: Session) -> None:
    served = """
        SELECT count(*)
        FROM cell c
        JOIN cell_assignment a ON a.cell_id = c.id AND a.unit_id = c.unit_id
        JOIN staff s ON s.id = a.staff_id AND s.unit_id = c.unit_id AND s.post = 'customer_representative'
    """
    assert count(look, served) == SIZES["small"].cells
    assert count(look, "SELECT count(*) FROM cell_assignment") == SIZES["small"].cells
    unled = """
        SELECT count(*)
        FROM crew c
        LEFT JOIN staff s ON s.id = c.leader_id AND s.unit_id = c.unit_id
        WHERE s.id IS NULL OR jsonb_array_length(to_jsonb(c.member_ids)) <> 3
    """
    assert count(look, unled) == 0
