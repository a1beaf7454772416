"""Cross-tenant requests: valid but for naming another's record, or giving what is not theirs to give."""

# A request is a word or two made from a place: it has its name where it is used.
# ruff: noqa: E731

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend.core.services import record_writer
from tests.factories import uid
from tests.walk.asks import API, Ask
from tests.walk.kind_asks import path_of
from tests.walk.planting import PLACES, values_of
from tests.walk.table import SOUTH
from tests.walk.world import later

CROSSINGS: dict[str, Callable[[str], tuple[str, Ask]]] = {}
GROUP, NORTH = uid("group"), uid("north")


def home(who: str) -> tuple[Any, Any]:
    """The asker's own place, and the other unit's."""
    return (PLACES["s"], PLACES["n"]) if who in SOUTH else (PLACES["n"], PLACES["s"])


def create(what: str, kind: str, more: Callable[[Any, Any], dict[str, Any]]) -> None:
    """A new record of one's own with something of another's in it."""

    def build(who: str) -> tuple[str, Ask]:
        own, other = home(who)
        mine = who if who in ("rep", "leader", "member", "south_rep") else None
        body = values_of(kind, own, mine) | {"id": record_writer.new_id()} | more(own, other)
        if mine in ("rep", "south_rep") or kind == "work_order":
            body.pop("crew_id", None)
        return "POST", Ask(path_of(kind), {"json": body}, kind=kind)

    CROSSINGS[what] = build


def change(
    what: str, kind: str, record: Callable[..., str], more: Callable[[Any, Any], dict[str, Any]]
) -> None:
    """A record of one's own set to something of another's."""

    def build(who: str) -> tuple[str, Ask]:
        own, other = home(who)
        found = record(own)
        return "PATCH", Ask(f"{path_of(kind)}/{found}", {"json": more(own, other)}, shows=found, kind=kind)

    CROSSINGS[what] = build


def send(
    what: str, method: str, path: Callable[..., str], body: Callable[[Any, Any], dict[str, Any]]
) -> None:
    """Another request."""
    CROSSINGS[what] = lambda who: (method, Ask(f"{API}{path(home(who)[0])}", {"json": body(*home(who))}))


def _tree() -> None:
    change("group under the north", "unit", lambda _: GROUP, lambda *_: {"parent_id": NORTH})
    change("north under itself", "unit", lambda _: NORTH, lambda *_: {"parent_id": NORTH})
    change(
        "north under its own section",
        "unit",
        lambda _: NORTH,
        lambda own, _: {"parent_id": PLACES["n"]["section"]},
    )
    change("north under nothing", "unit", lambda _: NORTH, lambda *_: {"parent_id": None})
    change("north under the south", "unit", lambda _: NORTH, lambda *_: {"parent_id": uid("south")})
    change(
        "a section to another branch",
        "unit",
        lambda own: own["section"],
        lambda _, other: {"parent_id": other.unit_id},
    )


def _records() -> None:
    of: Callable[..., Any] = lambda kind: lambda _, other: {"of_kind": kind, "of_id": other[kind]}
    create("a photo of another unit's customer", "photo", of("customer"))
    create("a photo of another unit's job", "photo", of("work_order"))
    create(
        "a photo of a kind there is not", "photo", lambda *_: {"of_kind": "account", "of_id": uid("admin")}
    )
    create("a signature on another unit's job", "signature", of("work_order"))
    create(
        "a job of another unit's customer", "work_order", lambda _, other: {"customer_id": other["customer"]}
    )
    create(
        "a job at another unit's point",
        "work_order",
        lambda _, other: {"service_point_id": other["service_point"]},
    )
    create("a visit to another unit's customer", "visit", lambda _, other: {"customer_id": other["customer"]})
    create("a notice to another unit's person", "notice", lambda _, other: {"staff_id": uid(other.rep)})
    create("another unit's crew on call", "on_call", lambda _, other: {"crew_id": other.crew_id})


def _jobs() -> None:
    job: Callable[..., Any] = lambda own: own["work_order"]
    change(
        "a job given another unit's customer",
        "work_order",
        job,
        lambda _, other: {"customer_id": other["customer"]},
    )
    change(
        "a job given another unit's photo",
        "work_order",
        job,
        lambda _, other: {"photo_ids": [other["photo"]]},
    )
    hidden: Callable[..., Any] = lambda *_: {"photo_ids": [PLACES["h"]["photo"]]}
    change("a job given another job's photo", "work_order", job, hidden)
    crew: Callable[..., Any] = lambda _, other: {"crew_id": other.crew_id}
    send(
        "a job given to another unit's crew",
        "PUT",
        lambda own: f"/dispatch/{own['job received']}/assignment",
        crew,
    )
    send(
        "a step to another unit's crew",
        "POST",
        lambda own: f"/work-orders/{own['job received']}/actions/dispatch",
        crew,
    )
    duplicate: Callable[..., Any] = lambda _, other: {"of_id": other["job received"]}
    send(
        "a job joined to another unit's",
        "PUT",
        lambda own: f"/dispatch/{own['job dispatched']}/duplicate",
        duplicate,
    )


def _people() -> None:
    create("another unit's person in a crew", "crew", lambda _, other: {"member_ids": [uid(other.rep)]})
    create("another unit's person in a team", "customer", lambda _, other: {"team_ids": [uid(other.rep)]})
    create("another unit's person leads a crew", "crew", lambda _, other: {"leader_id": uid(other.rep)})
    named: Callable[..., Any] = lambda _, other: {"key_representative_id": uid(other.rep)}
    create("another unit's own representative", "customer", named)
    crew_of: Callable[..., str] = lambda own: own.crew_id
    more: Callable[..., Any] = lambda _, other: {"member_ids": [uid(other.rep)]}
    change("a crew changed to another's person", "crew", crew_of, more)


def _cells() -> None:
    for name, who in (
        ("a crew leader", lambda own, other: uid(own.leader)),
        ("another unit's representative", lambda own, other: uid(other.rep)),
        ("somebody inactive", lambda own, other: own["retired"]),
        ("a clerk", lambda own, other: own["clerk"]),
    ):
        given: Callable[..., Any] = lambda own, other, who=who: {"staff_id": who(own, other)}
        send(
            f"a cell given to {name}",
            "PUT",
            lambda own: f"/territory/cells/{own.cell_id}/representative",
            given,
        )
        create(f"a duty given to {name}", "cell_assignment", given)
        change(f"a duty changed to {name}", "cell_assignment", lambda own: own["cell_assignment"], given)
        rows: Callable[..., Any] = lambda own, other, who=who: {
            "rows": [{"cell_id": own.cell_id, "staff_id": who(own, other)}]
        }
        send(
            f"cells handed over to {name}",
            "PUT",
            lambda own: f"/territory/units/{own.unit_id}/representatives",
            rows,
        )
        send(
            f"a stand-in who is {name}",
            "POST",
            lambda own: f"/territory/staff/{uid(own.rep)}/leave",
            _leave(who),
        )


def _leave(who: Callable[[Any, Any], str]) -> Callable[[Any, Any], dict[str, Any]]:
    def body(own: Any, other: Any) -> dict[str, Any]:
        cells = {"rep": (0, 1), "south_rep": (3,)}[own.rep]
        rows = [{"cell_id": uid(f"cell {n}"), "staff_id": who(own, other)} for n in cells]
        return {"valid_from": later(900), "valid_until": later(901), "stand_ins": rows}

    return body


for fill in (_tree, _records, _jobs, _people, _cells):
    fill()
