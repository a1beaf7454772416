"""Loads the demo city: same seed, same city, with progress.

It goes only into the private cluster or an empty database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import numpy as np
import shapely

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.geometry import geojson_of, point
from backend.core.queries.gauges import refresh_statistics
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.customers.services.visiting import plan_visits
from backend.demo.catalogue import BURST_SKILLS, ident, write_catalogue
from backend.demo.customers import customer_rows
from backend.demo.jobs import make_jobs
from backend.demo.parts import Branch, Crowd, Ground
from backend.demo.people import Person, made_up_phone, write_people
from backend.demo.sizes import Size
from backend.demo.sources import districts, scatter
from geo.assign import assign
from geo.divide import balanced
from geo.locate import nearest
from geo.shapes import on_grid
from sync.kind import Values

GROUP = ident("group")
BRANCHES = (
    ("中心营业所", ("370202", "370203")),
    ("西海岸营业所", ("370211",)),
    ("东部营业所", ("370212", "370213", "370214")),
    ("北部营业所", ("370215", "370285")),
    ("胶平营业所", ("370281", "370283")),
)
CATEGORIES = ("resident", "key", "large", "special", "community", "developer")
CHANCES = (0.955, 0.008, 0.015, 0.008, 0.01, 0.004)
BATCH = 2_000
Report = Callable[[str, int, int], None]


def load_city(database: Database, size: Size, report: Report, seed: int = 1) -> None:
    """Write the whole city, each step in a transaction of its own."""
    random = np.random.default_rng(seed)
    branches = _write_units(database)
    with database.transaction() as session:
        write_catalogue(session, GROUP)
    customers = _scatter_all(branches, size, random)
    cells = _write_cells(database, customers, size, seed, report)
    _write_staff(database, branches, cells, size, random, report)
    _write_customers(database, customers, cells, random, report)
    _write_jobs(database, customers, cells, size, random, report)
    report("visits", 0, 1)
    with database.transaction() as session:
        plan_visits(session)
    report("visits", 1, 1)
    with database.transaction() as session:
        refresh_statistics(session)


def _write_units(database: Database) -> list[Branch]:
    by_code = {district.code: district for district in districts()}
    branches = [
        Branch(ident("branch", name), name, tuple(by_code[c] for c in codes)) for name, codes in BRANCHES
    ]
    rows: list[tuple[str, Values]] = [
        (GROUP, {"unit_id": GROUP, "name": "城市水务集团", "level": "group", "hotline": "0532-00096111"})
    ]
    rows += [
        (b.id, {"unit_id": b.id, "name": b.name, "level": "branch", "parent_id": GROUP}) for b in branches
    ]
    with database.transaction() as session:
        record_writer.create_many(session, system(GROUP), "unit", rows, quiet=True)
    return branches


def _scatter_all(branches: list[Branch], size: Size, random: np.random.Generator) -> list[Crowd]:
    pairs = [(branch, district) for branch in branches for district in branch.districts]
    counts = _shares([district.share for _, district in pairs], size.customers)
    return [
        Crowd(
            branch,
            district,
            scatter(district, count, random),
            list(random.choice(CATEGORIES, count, p=CHANCES)),
        )
        for (branch, district), count in zip(pairs, counts, strict=True)
    ]


def _shares(weights: Sequence[float], total: int) -> list[int]:
    """Whole numbers in proportion, at least 1 each, that add up to `total`."""
    exact = np.array(weights) / sum(weights) * total
    whole = np.maximum(np.floor(exact).astype(int), 1)
    for index in np.argsort(whole - exact)[: max(total - int(whole.sum()), 0)]:
        whole[index] += 1
    while whole.sum() > total:
        whole[int(whole.argmax())] -= 1
    return [int(n) for n in whole]


def _write_cells(
    database: Database, crowds: list[Crowd], size: Size, seed: int, report: Report
) -> dict[str, Ground]:
    """Balanced cells inside each district: no cell crosses a border."""
    counts = _shares([float(crowd.workload.sum()) for crowd in crowds], size.cells)
    divisions = []
    for n, (crowd, count) in enumerate(zip(crowds, counts, strict=True)):
        divisions.append(balanced(crowd.district.outline, crowd.places, crowd.workload, count, seed=seed))
        report("cells", n, len(crowds))
    # All districts at once, so that neighbours across a district's border share their corners too.
    snapped = iter(on_grid([shape for division in divisions for shape in division.cells]))
    grounds = {
        crowd.district.code: Ground(
            [ident("cell", crowd.district.code, k) for k in range(count)],
            [next(snapped) for _ in range(count)],
            division.workload,
        )
        for crowd, count, division in zip(crowds, counts, divisions, strict=True)
    }
    for crowd in crowds:
        with database.transaction() as session:
            rows = _cell_rows(crowd, grounds[crowd.district.code])
            record_writer.create_many(session, system(crowd.branch.id), "cell", rows, quiet=True)
    report("cells", len(crowds), len(crowds))
    return grounds


def cell_name(district: str, number: int) -> str:
    """What a district's cell is called."""
    return f"{district}{number:02d}网格"


def crew_name(branch: str, number: int) -> str:
    """What a branch's crew is called."""
    return f"{branch[:-3]}维修{number}班"


def _cell_rows(crowd: Crowd, ground: Ground) -> list[tuple[str, Values]]:
    return [
        (
            cell_id,
            {
                "unit_id": crowd.branch.id,
                "name": cell_name(crowd.district.name, k + 1),
                "code": f"{crowd.district.code}-{k + 1:03d}",
                "outline": geojson_of(ground.shapes[k]),
                "valid_from": "2026-01-01",
                "workload": float(ground.workload[k]),
            },
        )
        for k, cell_id in enumerate(ground.ids)
    ]


_OFFICE = (
    ("D", Role.DISPATCHER, "works_manager"),
    ("S", Role.SUPERVISOR, "area_manager"),
    ("H", Role.HOTLINE_AGENT, "hotline_agent"),
    ("U", Role.AUDITOR, "hall_agent"),
)


def _write_staff(
    database: Database,
    branches: list[Branch],
    grounds: dict[str, Ground],
    size: Size,
    random: np.random.Generator,
    report: Report,
) -> None:
    report("people", 0, 1)
    people = [Person(ident("staff", "A001"), GROUP, "A001", Role.ADMIN, "hall_agent")]
    crews = _shares([1.0] * len(branches), size.crews)
    reps = _shares(
        [float(sum(len(grounds[d.code].ids) for d in branch.districts)) for branch in branches],
        size.representatives,
    )
    for n, branch in enumerate(branches, 1):
        people += [
            Person(ident("staff", f"{letter}{n}01"), branch.id, f"{letter}{n}01", role, post)
            for letter, role, post in _OFFICE
        ]
        people += _numbered(branch, f"R{n}", reps[n - 1], Role.REPRESENTATIVE, "customer_representative")
        people += _numbered(branch, f"L{n}", crews[n - 1], Role.CREW_LEADER, "works_manager")
        people += _numbered(branch, f"C{n}", 2 * crews[n - 1], Role.CREW_MEMBER, "works_manager")
    with database.transaction() as session:
        write_people(session, people, random)
    for n, branch in enumerate(branches, 1):
        _write_crews(database, branch, n, crews[n - 1], random)
        _write_duties(database, branch, n, reps[n - 1], grounds, random)
    report("people", 1, 1)


def _numbered(branch: Branch, prefix: str, count: int, role: Role, post: str) -> list[Person]:
    return [
        Person(ident("staff", f"{prefix}{k:02d}"), branch.id, f"{prefix}{k:02d}", role, post)
        for k in range(1, count + 1)
    ]


_SKILLS = (
    ["pipe_repair", "large_main", "valve"],
    ["pipe_repair", "meter"],
    ["pipe_repair", "valve", "survey"],
    ["meter", "water_quality", "survey"],
)
_SHIFTS = (("00:00", "23:59"), ("08:00", "17:30"), ("13:00", "21:30"), ("08:00", "17:30"))


def _write_crews(database: Database, branch: Branch, n: int, count: int, random: np.random.Generator) -> None:
    homes = scatter(branch.districts[0], count, random)
    rows: list[tuple[str, Values]] = []
    called = min(3, count)
    for k in range(1, count + 1):
        # Whoever is on call can do what comes in by night.
        skills = {*_SKILLS[(k - 1) % len(_SKILLS)], *(BURST_SKILLS if k == called else ())}
        shift = _SHIFTS[(k - 1) % len(_SHIFTS)]
        members = [
            ident("staff", f"L{n}{k:02d}"),
            ident("staff", f"C{n}{2 * k - 1:02d}"),
            ident("staff", f"C{n}{2 * k:02d}"),
        ]
        rows.append(
            (
                ident("crew", n, k),
                {
                    "unit_id": branch.id,
                    "name": crew_name(branch.name, k),
                    "leader_id": members[0],
                    "member_ids": members,
                    "skills": sorted(skills),
                    "shift_start": shift[0],
                    "shift_end": shift[1],
                    "start_place": point(*homes[k - 1]),
                    "vehicle": f"工程车{n}{k:02d}",
                    "phone": made_up_phone(random),
                    "is_active": True,
                },
            )
        )
    # The third crew sleeps with the phone beside the bed, this month and the next.
    roster = {
        "unit_id": branch.id,
        "crew_id": ident("crew", n, called),
        "valid_from": str(today() - timedelta(days=1)),
        "valid_until": str(today() + timedelta(days=60)),
        "clock_from": "21:30",
        "clock_until": "08:00",
    }
    with database.transaction() as session:
        record_writer.create_many(session, system(branch.id), "crew", rows, quiet=True)
        record_writer.create_many(
            session, system(branch.id), "on_call", [(ident("on_call", n), roster)], quiet=True
        )


def _write_duties(
    database: Database,
    branch: Branch,
    n: int,
    count: int,
    grounds: dict[str, Ground],
    random: np.random.Generator,
) -> None:
    """Representatives near their cells, loads alike."""
    own = [grounds[district.code] for district in branch.districts]
    ids = [cell for ground in own for cell in ground.ids]
    centers = shapely.get_coordinates(
        shapely.point_on_surface([shape for ground in own for shape in ground.shapes])
    )
    workload = np.concatenate([ground.workload for ground in own])
    homes = centers[random.choice(len(centers), count, replace=len(centers) < count)]
    who = assign(centers, workload, homes)
    rows: list[tuple[str, Values]] = [
        (
            ident("duty", cell),
            {
                "unit_id": branch.id,
                "cell_id": cell,
                "staff_id": ident("staff", f"R{n}{int(person) + 1:02d}"),
                "duty": "representative",
                "valid_from": "2026-01-01",
            },
        )
        for cell, person in zip(ids, who, strict=True)
    ]
    with database.transaction() as session:
        record_writer.create_many(session, system(branch.id), "cell_assignment", rows, quiet=True)


def _write_customers(
    database: Database,
    crowds: list[Crowd],
    grounds: dict[str, Ground],
    random: np.random.Generator,
    report: Report,
) -> None:
    total, done = sum(len(crowd.places) for crowd in crowds), 0
    for crowd in crowds:
        ground = grounds[crowd.district.code]
        cell_of = nearest(ground.shapes, crowd.places)
        for batch in _batches(len(crowd.places)):
            rows = [customer_rows(crowd, ground, int(cell_of[k]), k, done + k, random) for k in batch]
            with database.transaction() as session:
                record_writer.create_many(
                    session, system(crowd.branch.id), "customer", [row[0] for row in rows], quiet=True
                )
                record_writer.create_many(
                    session, system(crowd.branch.id), "service_point", [row[1] for row in rows], quiet=True
                )
            report("customers", done + batch[-1] + 1, total)
        done += len(crowd.places)


def _batches(count: int) -> Iterator[range]:
    return (range(start, min(start + BATCH, count)) for start in range(0, count, BATCH))


def _write_jobs(
    database: Database,
    crowds: list[Crowd],
    grounds: dict[str, Ground],
    size: Size,
    random: np.random.Generator,
    report: Report,
) -> None:
    done, names = 0, [name for name, _ in BRANCHES]
    for crowd, count in zip(crowds, _shares([len(c.places) for c in crowds], size.jobs), strict=True):
        cells, crews = grounds[crowd.district.code].ids, size.crews // len(BRANCHES)
        with database.transaction() as session:
            rows = make_jobs(
                session,
                names.index(crowd.branch.name) + 1,
                crowd.branch.id,
                cells,
                crews,
                count,
                done,
                random,
            )
            record_writer.create_many(session, system(crowd.branch.id), "work_order", rows, quiet=True)
        done += len(rows)
        report("jobs", done, size.jobs)
    report("jobs", size.jobs, size.jobs)
