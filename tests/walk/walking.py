"""Runs the walk: asks every row of the tables, judges every answer, looks for every marker."""

from __future__ import annotations

import ast
import contextlib
import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from backend.core import logs
from tests.factories import mutation, uid
from tests.walk import kind_asks
from tests.walk.asks import API, ASKS, Ask
from tests.walk.borrowing import THIEVES, borrowed, copies
from tests.walk.crossings import CROSSINGS
from tests.walk.planting import PLACES
from tests.walk.reading import said
from tests.walk.table import PEOPLE, SOUTH, Row, read_tables, set_of
from tests.walk.undone import Undone
from tests.walk.world import World

MARKER = re.compile(r"qz\d{4}[nhsdg]k")
REFUSED = {403, 404}
PHONES = ("rep", "leader", "member", "south_rep")


@dataclass(frozen=True)
class Answer:
    """What came back: its status, all it says in one text, and its JSON where it is some."""

    status: int
    said: str
    json: Any

    @property
    def why(self) -> str:
        """The problem's code, where it is one."""
        return (
            f" {self.json['code']}"
            if isinstance(self.json, dict) and "code" in self.json and self.status >= 400
            else ""
        )

    @property
    def is_refused(self) -> bool:
        """Refused without a word about what is there."""
        return self.status in REFUSED or (self.status == 422 and self.why == " reference_missing")


@dataclass
class Walk:
    """What was found: answers that differ from the tables, and markers that came back to the wrong people."""

    world: World
    database: Undone
    tables: dict[str, list[Row]] = field(default_factory=read_tables)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    leaks: dict[str, set[str]] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=dict)
    lists: dict[tuple[str, str], Answer] = field(default_factory=dict)
    log: str = ""
    done: set[str] = field(default_factory=set)
    versions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.database.transaction() as session:
            rows = session.execute(text("SELECT id::text, version FROM sync_document"))
            self.versions = {row[0]: f'"{row[1]}"' for row in rows}
        self.may_see = {row.what: row.answers for row in self.tables["markers"]}

    def ask(self, who: str, method: str, ask: Ask) -> Any:
        """Send one request, look for markers in what it says, and undo what it did."""
        options = dict(ask.options)
        if ask.token:
            options["headers"] = {**options.get("headers", {}), "Authorization": f"Bearer {ask.token}"}
        response = self.world.ask(who, method, ask.path, **options)
        everything = said(response)
        self._look_for_markers(who, method, ask, everything)
        answer = Answer(
            response.status_code, everything, response.get_json(silent=True) if response.is_json else None
        )
        response.close()
        if method != "GET" and response.status_code < 400:
            self.database.undo()
        return answer

    def _look_for_markers(self, who: str, method: str, ask: Ask, everything: str) -> None:
        if "/shared-" in ask.path or ask.token or "/public/confirmations" in ask.path:
            return  # Whoever holds a link sees the thing it is for.
        for marker in set(MARKER.findall(everything)):
            where, place = self.world.markers.planted[marker]
            self.seen.setdefault(where, set()).add(who)
            if not self.allowed(who, where, place):
                path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", ask.path.removeprefix(API))
                query = ask.options.get("query_string", {}).get("format", "")
                self.leaks.setdefault(f"{method} {path} {query}".strip(), set()).add(
                    f"{who} sees {where} of {place}"
                )

    def allowed(self, who: str, where: str, place: str) -> bool:
        """Whether a text that was planted there may come back to somebody."""
        letters = self.may_see[where][who] if where in self.may_see else "---"
        if len(letters) == 1:
            return letters == "y" and place != "d"
        home, away = ("s", "n") if who in SOUTH else ("n", "s")
        by_place = {home: letters[0], away: letters[-1]}
        # For the office nothing of its unit is hidden.
        by_place["h"] = letters[1] if len(letters) == 3 else by_place["n"]
        return by_place.get(place, "-") == "y"

    def note(self, row: Row, who: str, place: str, letter: str, status: str) -> None:
        """An answer that is not in the table."""
        self.wrong.setdefault(row.block, []).append(
            f"{row.what}: {who}, {place}: {status} instead of {letter}"
        )

    def judge(self, row: Row, who: str, place: str, letter: str, answer: Answer, shows: str | None) -> None:
        """Compare one answer with its letter."""
        found = fits(letter, answer, shows)
        if not found:
            there = (
                ""
                if shows is None or answer.status >= 300
                else (" with it" if shows in answer.said else " without it")
            )
            self.note(row, who, place, letter, f"{answer.status}{there}{answer.why}")

    def routes(self, block: str) -> None:
        """All rows of one block of routes."""
        for row in self.tables[block]:
            build, method = ASKS[row.what], row.what.partition(" ")[0]
            for who, place, letter in row.cells():
                ask = build(self.world, PLACES[set_of(who, place)], who)
                self.judge(row, who, place, letter, self.ask(who, method, ask), ask.shows)

    def kinds(self) -> None:
        """All rows of the kinds."""
        for row in self.tables["kinds"]:
            named, verb, *action = row.what.split()
            kind, _, above = named.partition("@")
            for who, place, letter in row.cells():
                key = "g" if above else set_of(who, place)
                if verb == "read":
                    self._reads(row, kind, key, (who, place, letter))
                else:
                    ask, method = self._kind_ask(kind, verb, action, key, (who, place))
                    self.judge(row, who, place, letter, self.ask(who, method, ask), None)

    def _kind_ask(
        self, kind: str, verb: str, action: list[str], key: str, cell: tuple[str, str]
    ) -> tuple[Ask, str]:
        place, (who, where) = PLACES[key], cell
        if verb == "create":
            return kind_asks.creation(kind, place, who, where), "POST"
        if verb == "change":
            return kind_asks.change(
                kind, place, self.versions.get(kind_asks.thing(kind, place), '"0"')
            ), "PATCH"
        if verb == "delete":
            return kind_asks.deletion(kind, place, self.versions[place[f"spare {kind}"]]), "DELETE"
        return kind_asks.step(kind, action[0], place), "POST"

    def _reads(self, row: Row, kind: str, key: str, cell: tuple[str, str, str]) -> None:
        """The record, its history, and the list of its kind."""
        who, place, letter = cell
        record = kind_asks.thing(kind, PLACES[key])
        path = kind_asks.path_of(kind)
        for address in (f"{path}/{record}", f"{path}/{record}/history"):
            self.judge(row, who, place, letter, self.ask(who, "GET", Ask(address)), None)
        if (who, kind) not in self.lists:
            self.lists[who, kind] = self.ask(who, "GET", Ask(path, {"query_string": {"limit": 500}}))
        listed = self.lists[who, kind]
        if listed.status != 200:
            if letter == "o":
                self.note(row, who, place, letter, f"list {listed.status}")
            return
        is_there = record in [one["id"] for one in listed.json["rows"]]
        if is_there != (letter == "o"):
            self.note(row, who, place, letter, f"list {'with' if is_there else 'without'} it")

    def crossings(self) -> None:
        """What is wrong in one way alone."""
        for row in self.tables["crossings"]:
            for who, place, letter in row.cells():
                method, ask = CROSSINGS[row.what](who)
                options = dict(ask.options)
                if method == "PATCH" and ask.shows:
                    options["headers"] = {"If-Match": self.versions[ask.shows]}
                self.judge(row, who, place, letter, self.ask(who, method, Ask(ask.path, options)), None)
                if who in PHONES and letter == "c" and ask.kind:
                    self._pushed_crossing(row, who, method, ask)

    def _pushed_crossing(self, row: Row, who: str, method: str, ask: Ask) -> None:
        now = dict(ask.options["json"])
        record, verb = (now.pop("id"), "create") if method == "POST" else (str(ask.shows), "change")
        outcome = self._push_one(who, str(ask.kind), record, verb, now)
        if outcome["status"] not in ("parked", "held"):
            self.wrong.setdefault("pushes", []).append(f"{row.what} pushed: {who}: {outcome['status']}")

    def pushes(self) -> None:
        """What phones' people may create, change and do, by their phones: parked where it may not be."""
        for row in self.tables["kinds"]:
            named, verb, *action = row.what.split()
            if verb in ("create", "change", "act") and "@" not in named:
                for who, place, letter in row.cells():
                    if who in PHONES:
                        self._push(row, (named, verb, *action), (who, place, letter))

    def _push(self, row: Row, what: tuple[str, ...], cell: tuple[str, str, str]) -> None:
        who, place, letter = cell
        kind, verb, *action = what
        ask, _ = self._kind_ask(kind, verb, list(action), set_of(who, place), (who, place))
        now = dict(ask.options["json"])
        ids = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", ask.path)
        record = ids[0] if ids else now.pop("id")
        more = {"action": action[0]} if action else {}
        outcome = self._push_one(who, kind, record, verb, now, **more)
        wanted = ("applied", "merged") if letter == "o" else ("parked", "held")
        if outcome["status"] not in wanted:
            found = f"{outcome['status']} {outcome['code']} instead of {wanted[0]}"
            self.wrong.setdefault("pushes", []).append(f"{row.what} pushed: {who}, {place}: {found}")

    def _push_one(
        self, who: str, kind: str, record: str, verb: str, now: dict[str, Any], **more: str
    ) -> dict[str, Any]:
        base = int(self.versions.get(record, '"0"').strip('"'))
        one = mutation(kind, record, verb, now, base_version=base, **more)
        body = {"store": uid("a store"), "sent_at": datetime.now(UTC).isoformat(), "mutations": [one]}
        answer = self.ask(who, "POST", Ask(f"{API}/sync/push", {"json": body}))
        return (
            dict(answer.json["outcomes"][0])
            if answer.status == 200
            else {"status": answer.status, "code": answer.why}
        )

    def photos(self) -> None:
        """Bytes for a hash alone, and what the camera wrote."""
        for who, key in THIEVES:
            self.wrong.setdefault("photos", []).extend(borrowed(self.world, self.database, who, key))
            self.database.undo()
        for key in ("n", "h", "s"):
            self.wrong["photos"].extend(copies(self.world, PLACES[key]))

    def wrong_secrets(self) -> None:
        """Links with another secret open nothing."""
        for row in self.tables["links"]:
            method, _, path = row.what.partition(" ")
            if path.startswith(("/contractors/job", "/public/confirmations", "/shared-")):
                ask = ASKS[row.what](self.world, PLACES["n"], "anon")
                text_ = repr((ask.path, ask.options))
                for secret in self.world.links.values():
                    text_ = text_.replace(secret.rpartition("/")[2], "wrong")
                path, options = ast.literal_eval(text_)
                answer = self.ask("anon", method, Ask(path, options, token=ask.token and "wrong"))
                if answer.status not in (401, 404, 410):
                    self.wrong.setdefault("secrets", []).append(f"{row.what}: {answer.status}")

    def pages(self) -> None:
        """Every page of a sync, a few lines at a time, and the whole store compared."""
        for who in PEOPLE:
            if who in ("anon", "reader", "lost"):
                continue
            cursor: str | None = None
            more = True
            while more:
                body = {"store": uid("a walk"), "cursor": cursor, "limit": 200}
                page = self.ask(who, "POST", Ask(f"{API}/sync/pull", {"json": body}))
                assert page.status == 200, page.said
                cursor, more = page.json["cursor"], page.json["more"]
            self._compare(who)

    def _compare(self, who: str) -> None:
        """A store that has nothing asks for ever smaller ranges, until everything was sent."""
        asked = [{"after": None, "upto": None}]
        while asked:
            ranges = [one | {"count": 0, "xor": "0" * 32} for one in asked[:256]]
            body = {"store": uid("a walk"), "ranges": ranges}
            answer = self.ask(who, "POST", Ask(f"{API}/sync/compare", {"json": body}))
            assert answer.status == 200, answer.said
            asked = [*asked[256:], *answer.json["ask"]]

    def other_forms(self) -> None:
        """What the tables do not ask for: other formats, sizes, languages; searches for what is another's."""
        for who in (one for one in PEOPLE if one not in ("anon", "lost")):
            for layer in ("cells", "jobs", "customers"):
                with warnings.catch_warnings():
                    # A Shapefile has short names for its columns, and says so.
                    warnings.simplefilter("ignore")
                    for format_ in ("gpkg", "shp", "kml", "kmz"):
                        self.ask(
                            who,
                            "GET",
                            Ask(f"{API}/maps/{layer}/export", {"query_string": {"format": format_}}),
                        )
            for place in (PLACES["n"], PLACES["h"], PLACES["s"]):
                for size in ("web", "thumb"):
                    self.ask(
                        who,
                        "GET",
                        Ask(f"{API}/photo-content/{place['photo']}", {"query_string": {"size": size}}),
                    )
                sheet = f"{API}/papers/service-sheets/{place['work_order']}"
                self.ask(who, "GET", Ask(sheet, {"query_string": {"language": "en"}}))
            if who in ("dispatcher", "auditor", "rep", "leader", "stranger", "south_rep"):
                self._searches(who)
                self._gone(who)

    def _searches(self, who: str) -> None:
        """By words of the ledger that are not theirs to read: what is found tells that they are true."""
        for marker, (where, place) in self.world.markers.planted.items():
            if where.startswith(("customer", "service_point")) and not self.allowed(who, where, place):
                asked = Ask(f"{API}/territory/customers", {"query_string": {"words": marker}})
                if self.ask(who, "GET", asked).json:
                    found = f"{who} finds by {where} of {place}"
                    self.leaks.setdefault("GET /territory/customers ?words", set()).add(found)

    def _gone(self, who: str) -> None:
        """What was deleted, by its own address."""
        for kind in ("customer", "work_order", "photo", "signature"):
            record = PLACES["n"][f"deleted {kind}"]
            for tail in ("", "/history"):
                answer = self.ask(who, "GET", Ask(f"{kind_asks.path_of(kind)}/{record}{tail}"))
                if answer.status < 300:
                    self.leaks.setdefault(f"GET deleted {kind}{tail}", set()).add(who)


JUDGES: dict[str, Callable[[Answer, str | None], bool]] = {
    "o": lambda a, shows: 200 <= a.status < 300 and (shows is None or shows in a.said),
    "n": lambda a, shows: 200 <= a.status < 300 and shows is not None and shows not in a.said,
    "4": lambda a, _: a.status == 404,
    "1": lambda a, _: a.status == 401,
    "x": lambda a, _: a.is_refused,
    "c": lambda a, _: 400 <= a.status < 500,
    "r": lambda a, _: a.status == 401 or a.is_refused,
    "~": lambda a, _: a.status < 400 or a.is_refused,
}


def fits(letter: str, answer: Answer, shows: str | None) -> bool:
    """Whether an answer is what its letter says."""
    return JUDGES[letter](answer, shows)


@contextlib.contextmanager
def listening() -> Iterator[Callable[[], str]]:
    """All that is logged meanwhile, by whatever logger."""
    out = io.StringIO()
    # As a server logs; a command that another test ran writes for a person's eyes.
    logs.configure()
    handler = logging.StreamHandler(out)
    logging.getLogger().addHandler(handler)
    with contextlib.redirect_stderr(out), contextlib.redirect_stdout(out):
        yield out.getvalue
    logging.getLogger().removeHandler(handler)
