"""The diagrams of the docs, as words: `make map` writes them to `docs/drawings`."""

from __future__ import annotations

from backend.jobs.kinds.work_order import ACTIONS
from deploy.drawing import Arrow, boxes, sequence

# Steps that lead out of many states: they are told beneath the drawing, where arrows would hide the rest.
OUT_OF_MANY = {"cancel", "fail", "reopen"}
WORK_ORDER = {
    "waiting_papers": (0, 0),
    "received": (0, 1),
    "refused": (0, 2),
    "dispatched": (1, 1),
    "accepted": (2, 1),
    "en_route": (2, 2),
    "arrived": (3, 1),
    "in_progress": (4, 1),
    "paused": (4, 0),
    "partly_done": (4, 2),
    "done": (5, 1),
    "closed": (5, 2),
}


def work_order() -> str:
    """The life of a job, from its kind's own table of actions."""
    arrows: list[Arrow] = [
        (source, action.target, action.name.replace("_", " "))
        for action in ACTIONS
        if action.name not in OUT_OF_MANY
        for source in sorted(action.sources)
        if _is_beside(source, action.target)
    ]
    return boxes("The states of a work order and the steps between them", WORK_ORDER, arrows)


def _is_beside(source: str, target: str) -> bool:
    """Whether no box stands between two: steps that skip a state are told by the step they skip to."""
    (column, row), (other_column, other_row) = WORK_ORDER[source], WORK_ORDER[target]
    return max(abs(column - other_column), abs(row - other_row)) == 1


def written() -> str:
    """How a record comes to be written, and what follows."""
    return boxes(
        "Ways to write a record",
        {
            "console, API": (0, 0),
            "periodic task": (0, 1),
            "phone": (0, 2),
            "policy\nand rules": (1, 0),
            "record_writer": (2, 0),
            "sync.push": (2, 2),
            "sync.apply\nsync.merge": (2, 1),
            "one transaction": (3, 1),
            "record, document,\nentries, history": (4, 0),
            "outbox": (4, 1),
            "worker": (4, 2),
        },
        [
            ("console, API", "policy\nand rules", "request"),
            ("policy\nand rules", "record_writer", "allowed"),
            ("periodic task", "record_writer", "as the system"),
            ("phone", "sync.push", "batch of mutations"),
            ("record_writer", "sync.apply\nsync.merge", "one change"),
            ("sync.push", "sync.apply\nsync.merge", "one mutation"),
            ("sync.apply\nsync.merge", "one transaction", "write"),
            ("one transaction", "record, document,\nentries, history", ""),
            ("one transaction", "outbox", "fact"),
            ("outbox", "worker", "served later"),
        ],
    )


def push() -> str:
    """A push: judged in one transaction, answered after its commit."""
    phone, server, core, base, worker = "phone", "phones/api", "sync.push", "PostgreSQL", "worker"
    return sequence(
        "A push and what follows",
        [phone, server, core, base, worker],
        [
            (phone, phone, "work is kept on disk first"),
            (phone, server, "POST /sync/push"),
            (server, core, "batch, rights, store"),
            (core, base, "look: records, references, parked"),
            (core, core, "judge in rounds"),
            (core, base, "answers, records, facts"),
            (base, core, "commit"),
            (core, server, "one outcome each"),
            (server, phone, "outcomes and records"),
            (phone, phone, "store outcome, drop from queue"),
            (worker, base, "take facts, serve subscribers"),
            (worker, phone, "nudge by /sync/nudges: pull"),
        ],
    )


def pull() -> str:
    """A pull: pages until nothing is left."""
    phone, server, core, base = "phone", "phones/api", "sync.pull", "PostgreSQL"
    return sequence(
        "A pull, page by page",
        [phone, server, core, base],
        [
            (phone, server, "POST /sync/pull {cursor, have}"),
            (server, base, "who asks, scopes held"),
            (server, core, "cursor, scopes, have"),
            (core, base, "is there anything new? (one statement)"),
            (core, base, "page, in one snapshot"),
            (core, core, "changes first, then fills"),
            (core, server, "lines, next cursor"),
            (server, phone, "lines, drops, cursor, more"),
            (phone, phone, "one local transaction"),
        ],
    )


def ground_plan() -> str:
    """The states of a plan for cells."""
    return boxes(
        "The states of a ground plan",
        {
            "waiting": (0, 0),
            "failed": (0, 1),
            "ready": (1, 0),
            "discarded": (1, 1),
            "accepted": (2, 0),
            "applied": (3, 0),
        },
        [
            ("waiting", "ready", "drawn"),
            ("waiting", "failed", "why"),
            ("ready", "discarded", "discard"),
            ("ready", "accepted", "accept"),
            ("accepted", "applied", "its day comes"),
        ],
    )


def emergency() -> str:
    """An emergency: shown first, sent as shown, taken back whole."""
    person, server, geo, crew = "dispatcher", "dispatch services", "geo.routing", "crew's phone"
    return sequence(
        "An emergency by day",
        [person, server, geo, crew],
        [
            (person, server, "preview for a job"),
            (server, geo, "crews, work under way"),
            (geo, server, "who can go when, what it moves"),
            (server, person, "preview"),
            (person, server, "send, with what was seen"),
            (server, server, "lock the unit's days, compare"),
            (server, crew, "nudge: pull"),
            (crew, server, "accept, leave, arrive"),
            (person, server, "take back, until done"),
        ],
    )


def evidence() -> str:
    """A photo and a signature from the phone to the seal."""
    phone, server, store, worker = "phone", "server", "object store", "worker"
    return sequence(
        "A photo and a signature, from the phone to the seal",
        [phone, server, store, worker],
        [
            (phone, phone, "photo and sheet hashed, sheet signed"),
            (phone, server, "push: photo, signature, job"),
            (phone, server, "tus: bytes in pieces"),
            (server, server, "SHA-256 matches?"),
            (server, store, "keep under its hash"),
            (server, phone, "204, Arrived-At"),
            (worker, worker, "judge signature and sheet"),
            (worker, store, "look at the picture, in the sandbox"),
            (worker, worker, "seal history, every minute"),
            (phone, server, "tell seals, get the newest"),
        ],
    )


def running() -> str:
    """The processes of a server and what each talks to."""
    return boxes(
        "Processes of a server",
        {
            "browser, phone": (0, 1),
            "proxy with TLS": (1, 1),
            "web\n(gunicorn)": (2, 0),
            "worker\n(Celery)": (2, 2),
            "broker\n(Valkey, Redis)": (2, 1),
            "PostgreSQL\nand PostGIS": (3, 0),
            "object store": (3, 1),
            "sandboxed\nreaders": (3, 2),
        },
        [
            ("browser, phone", "proxy with TLS", "HTTPS"),
            ("proxy with TLS", "web\n(gunicorn)", "HTTP"),
            ("web\n(gunicorn)", "broker\n(Valkey, Redis)", "limits"),
            ("worker\n(Celery)", "broker\n(Valkey, Redis)", "wake, nudge"),
            ("web\n(gunicorn)", "PostgreSQL\nand PostGIS", "records"),
            ("worker\n(Celery)", "PostgreSQL\nand PostGIS", ""),
            ("web\n(gunicorn)", "object store", "bytes"),
            ("worker\n(Celery)", "object store", ""),
            ("worker\n(Celery)", "sandboxed\nreaders", "pictures"),
        ],
    )


def drawings() -> dict[str, str]:
    """Every diagram by the name of its file."""
    all_of_them = (emergency, evidence, ground_plan, pull, push, running, work_order, written)
    return {f"{one.__name__}.svg": one() for one in all_of_them}
