"""The reference phone's engine: work is kept first, sent when it can be, and ends with a receipt."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
import uuid
from collections import deque
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any, Protocol

from mobile_api_spec.phone.clock import Clock
from mobile_api_spec.phone.link import Offline, Refused
from mobile_api_spec.phone.pictures import media_type_of, taken_at
from mobile_api_spec.phone.pushes import push_all
from mobile_api_spec.phone.store import Store, Values
from mobile_api_spec.phone.uploads import send_all

POSITIONS = 500
SEALS = 100


def new_id() -> str:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then random."""
    value = (
        (int(time.time() * 1000) << 80)
        | (0x7 << 76)
        | (secrets.randbits(12) << 64)
        | (0b10 << 62)
        | secrets.randbits(62)
    )
    return str(uuid.UUID(int=value))


class Wire(Protocol):
    """A way to the server; `Link` is the real one."""

    is_up: bool
    plan: deque[str]

    def send(self, method: str, path: str, *, token: str | None = None, **options: Any) -> Any:
        """One request; raises Offline when no answer came, Refused when it is an error."""

    def close(self) -> None:
        """Give the connection back."""


def _key(pair: list[str] | None) -> tuple[str, str] | None:
    return (pair[0], pair[1]) if pair else None


def _went_on(step: Callable[[], None]) -> Refused | None:
    """What the server said no to, for later; where nobody is signed in, the rest would come to the same."""
    try:
        step()
    except Refused as refused:
        if refused.status == 401:
            raise
        return refused
    return None


class Phone:
    """One user on one device, all of it in `folder`: a new object is a restart."""

    page_lines = 1000

    def __init__(self, folder: Path | Store, link: Wire, clock: Clock | None = None) -> None:
        self.store = folder if isinstance(folder, Store) else Store(folder)
        self.link = link
        self.clock = clock or Clock()
        if not self.store.meta("device"):
            self.store.set_meta(device=new_id(), store=new_id())

    # -- signing in ------------------------------------------------------------------------------------------

    def sign_in(self, login: str, password: str, name: str = "reference phone") -> None:
        """Sign in once, then refresh tokens; an id that is somebody else's gives way to a new one."""
        try:
            self._sign_in(login, password, name)
        except Refused as refused:
            if refused.code != "device_taken":
                raise
            self.store.set_meta(device=new_id(), device_secret=None)
            self._sign_in(login, password, name)

    def _sign_in(self, login: str, password: str, name: str) -> None:
        secret = self.store.meta("device_secret", None)
        device = {
            "id": self.store.meta("device"),
            "secret": secret,
            "name": name,
            "app_version": "reference 1",
        }
        body = {"login": login, "password": password, "device": device}
        self._keep_tokens(self.link.send("POST", "/sessions", json=body).json())

    def _keep_tokens(self, answer: Values) -> None:
        if answer.get("device_secret"):
            self.store.set_meta(device_secret=answer["device_secret"])
        self.store.set_meta(
            access=answer["access_token"],
            refresh=answer["refresh_token"],
            staff=answer["staff_id"],
            unit=answer["unit_id"],
        )

    def _send(self, method: str, path: str, **options: Any) -> Any:
        """A signed-in request; an expired access token is refreshed once."""
        try:
            return self.link.send(method, path, token=self.store.meta("access"), **options)
        except Refused as refused:
            if refused.code != "not_signed_in":
                raise
        body = {"refresh_token": self.store.meta("refresh"), "device_id": self.store.meta("device")}
        self._keep_tokens(self.link.send("POST", "/sessions/refresh", json=body).json())
        return self.link.send(method, path, token=self.store.meta("access"), **options)

    # -- working (needs no network) --------------------------------------------------------------------------

    @property
    def staff_id(self) -> str:
        """Who is signed in."""
        return str(self.store.meta("staff"))

    def create(self, kind: str, values: Values, record: str | None = None) -> str:
        """Make a record; returns its id."""
        record = record or new_id()
        self._enqueue(kind, record, "create", values)
        return record

    def change(self, kind: str, record: str, now: Values) -> None:
        """Set fields of a record."""
        self._enqueue(kind, record, "change", now)

    def act(self, kind: str, record: str, action: str, now: Values | None = None) -> None:
        """Take a step in a record's life."""
        self._enqueue(kind, record, "act", now or {}, action=action)

    def delete(self, kind: str, record: str) -> None:
        """Take a record away."""
        self._enqueue(kind, record, "delete", {})

    def correct(self, mutation_id: str, now: Values) -> None:
        """Give parked work again: a change sets these values alone, a creation or step is repeated."""
        (parked,) = (one for one, _ in self.store.journal() if one["id"] == mutation_id)
        whole = now if parked["op"] == "change" else parked["now"] | now
        more = {"action": parked["action"]} if parked["op"] == "act" else {}
        self._enqueue(parked["kind"], parked["record"], parked["op"], whole, **more)

    def _enqueue(self, kind: str, record: str, op: str, now: Values, **more: Any) -> None:
        held = self.store.record(kind, record)
        mutation = {
            "id": new_id(),
            "author": self.store.meta("staff"),
            "kind": kind,
            "record": record,
            "op": op,
            "base_version": held[0] if held else 0,
            "was": {name: held[1].get(name) for name in now} if held else {},
            "now": now,
            "happened_at": self.clock.now().isoformat(),
            "monotonic_ms": self.clock.monotonic_ms(),
            "boot": self.clock.boot,
            **more,
        }
        with self.store.transaction():
            self.store.enqueue(mutation)

    def take_photo(
        self, of_kind: str, of_id: str, purpose: str, data: bytes, keys: Values | None = None
    ) -> str:
        """Keep a picture's bytes and make its record, with the picture's own time; they travel apart."""
        photo, sha256 = new_id(), hashlib.sha256(data).hexdigest()
        with self.store.transaction():
            self.store.keep_photo(photo, sha256, data)
        values = {
            "of_kind": of_kind, "of_id": of_id, "purpose": purpose, "sha256": sha256, "size_bytes": len(data),
            "media_type": media_type_of(data), "staff_id": self.staff_id,
        }  # fmt: skip
        if at := taken_at(data):
            values["taken_at"] = at
        return self.create("photo", values | (keys or {}), photo)

    def note_position(self, event: str, lng: float, lat: float, accuracy_m: float | None = None) -> None:
        """Where a work event of a shift happened (no other is taken), to be told after the next sync."""
        if not (isfinite(lng) and isfinite(lat)):
            return  # A sensor without a fix: no place at all.
        accuracy_m = accuracy_m if accuracy_m is not None and isfinite(accuracy_m) else None
        told = {
            "event": event,
            "at": self.clock.now().isoformat(),
            "lng": lng,
            "lat": lat,
            "accuracy_m": accuracy_m,
        }
        with self.store.transaction():
            self.store.set_meta(positions=[*self.store.meta("positions", []), told])

    def records(self, kind: str) -> dict[str, Values]:
        """What the screen shows: the server's copies with unsent work laid over them."""
        shown = self.store.visible(kind, self.store.meta("drops", []))
        for record in self.store.unsent_records(kind):
            base = shown.get(record, {"id": record, "kind": kind})
            for mutation in self.store.unsent_of(kind, record):
                base = base | mutation["now"]
            shown[record] = base
        return shown

    # -- syncing ---------------------------------------------------------------------------------------------

    def sync(self) -> None:
        """Hand work in, fetch what is new, send pictures.

        Raises Offline when the network goes, having lost nothing.

        What the server does not take in one stops not the others: it is raised when they are through.
        """
        met = [refused for refused in (_went_on(self.push), _went_on(self.pull)) if refused]
        try:
            self.upload()
        finally:
            self.tell_positions()
        for refused in met:
            raise refused

    def push(self) -> None:
        """Send the queue; what the server refuses stays (`refused_work`) and stops none of the others."""
        push_all(self.store, self._send, self._batch, self._keep_outcomes)

    def refused_work(self) -> list[tuple[Values, Values]]:
        """What still waits here because the server does not take it, each with what the server said."""
        said = self.store.meta("refused", {})
        return [(one, said[one["id"]]) for one in self.store.waiting(-1) if one["id"] in said]

    def _batch(self, batch: list[Values]) -> bytes:
        clocks = {
            "sent_at": self.clock.now().isoformat(),
            "boot": self.clock.boot,
            "monotonic_ms": self.clock.monotonic_ms(),
        }
        return json.dumps(
            {"store": self.store.meta("store"), "schema": 1, **clocks, "mutations": batch}
        ).encode()

    def _keep_outcomes(self, outcomes: list[Values], server_time: str) -> None:
        """Receipt, body and removal from the queue in one local transaction."""
        have = self.store.meta("have", {})
        with self.store.transaction():
            for outcome in outcomes:
                self.store.answer(outcome, server_time)
                record = outcome.get("record")
                if record:
                    self.store.keep_line(record)
                    if record["in"]:
                        have[f"{record['kind']}/{record['id']}"] = record["version"]
            held = [one["id"] for one in outcomes if one["status"] == "held"]
            self.store.set_meta(have=have, held=[*self.store.meta("held", []), *held])

    def pull(self) -> None:
        """Fetch pages until there are no more; compare and mend where the cursor is refused."""
        while True:
            body = {
                "store": self.store.meta("store"),
                "cursor": self.store.meta("cursor"),
                "have": self.store.still_has(self.store.meta("have", {})),
                "limit": self.page_lines,
                "waiting": len(self.store.waiting(10_000)),
            }
            try:
                page = self._send("POST", "/sync/pull", json=body).json()
            except Refused as refused:
                if refused.code == "device_revoked" and not self.store.waiting(1):
                    self._hand_in_photos_and_wipe()
                if refused.code != "start_compare":
                    raise
                self.repair()
                continue
            self._note_epoch(page)
            self._keep_page(page)
            if not page["more"]:
                return

    def _hand_in_photos_and_wipe(self) -> None:
        """Reported lost: its pictures go first, for they are somebody's work too."""
        self.upload()
        if not self.store.photos_to_send():
            self.store.wipe()

    def repair(self) -> None:
        """Compare the whole store with the server by digests of ranges, and replace the ranges that differ.

        The cursor of the first answer is kept until all ranges agree: what changed meanwhile comes by pull.
        """
        spans: list[Values] = [{"after": None, "upto": None}]
        first: Values | None = None
        while spans:
            asked, spans = spans[:64], spans[64:]
            claims = [span | self.store.digest(_key(span["after"]), _key(span["upto"])) for span in asked]
            body = {"store": self.store.meta("store"), "ranges": claims}
            answer = self._send("POST", "/sync/compare", json=body).json()
            first = first or answer
            self._note_epoch(answer)
            with self.store.transaction():
                for one in answer["repairs"]:
                    self.store.replace_range(_key(one["after"]), _key(one["upto"]), one["lines"])
            spans += answer["ask"]
        assert first is not None
        with self.store.transaction():
            self.store.distrust_hidden()
            self.store.set_meta(cursor=first["cursor"], scopes=first["scopes"], have={}, drops=[])

    def _note_epoch(self, answer: Values) -> None:
        """The server was restored: work it acknowledged since its backup goes out again."""
        # Who has known none yet may have sent work all the same, to any of the epochs before this one.
        through, known = answer["backed_up_through"], self.store.meta("epoch", 0)
        with self.store.transaction():
            if known != answer["epoch"]:
                held = [one[1] or "" for one in answer["epochs"] if one[0] > known]
                if held or known:
                    self.store.queue_again(min(held, default=""))
            elif through:
                self.store.forget_backed_up(through)
                self.store.set_meta(backed_up_through=through)
            self.store.set_meta(epoch=answer["epoch"])

    def _keep_page(self, page: Values) -> None:
        """Lines, scope sets and cursor in one local transaction: a repeated page changes nothing."""
        drops = {*self.store.meta("drops", []), *page["drops"]}
        back = drops & {one["scope"] for one in page["scopes"]} - set(page["drops"])
        with self.store.transaction():
            # A scope lost and got again within one pull is filled anew: what it held before goes first.
            self.store.drop_scopes(back)
            have = self.store.meta("have", {})
            for line in page["lines"]:
                self.store.keep_line(line)
                if line.get("ahead"):
                    key = f"{line['kind']}/{line['id']}"
                    have[key] = max(line["version"], have.get(key, 0))
            if page["more"]:
                self.store.set_meta(have=have)
            else:
                self.store.drop_scopes(drops - back)
                self.store.erase_hidden()
                self.store.set_meta(have={}, held=[])
            left = sorted(drops - back) if page["more"] else []
            self.store.set_meta(cursor=page["cursor"], scopes=page["scopes"], drops=left)

    def upload(self) -> None:
        """Send pictures' bytes; one that cannot go is set aside (`store.photos_aside`)."""
        send_all(self.store, self._send)

    def tell_positions(self) -> None:
        """Tell what was noted.

        Whatever the answer, it is forgotten here: what the server may not keep, nobody keeps.

        One that cannot be read stops no other: a batch refused for it is halved.
        """
        most = POSITIONS
        while told := self.store.meta("positions", [])[:most]:
            try:
                self._send("POST", "/positions", json={"positions": told})
            except Refused as refused:
                if refused.status in (401, 429) or refused.status >= 500:
                    raise
                if len(told) > 1 and refused.status in (400, 413, 422):
                    most = len(told) // 2
                    continue
            most = POSITIONS
            with self.store.transaction():
                self.store.set_meta(positions=self.store.meta("positions", [])[len(told) :])

    def witness_seals(self) -> list[int]:
        """Say which seals are held here (hourly is enough), keep the newest, return what differs."""
        held = self.store.meta("seals", [])
        answer = self._send("POST", "/evidence/seals/witness", json={"seals": held}).json()
        if answer["newest"] and answer["newest"] not in held:
            with self.store.transaction():
                self.store.set_meta(seals=[*held, answer["newest"]][-SEALS:])
        return list(answer["differ"])

    def try_sync(self) -> bool:
        """Sync if there is a network; whether it went through."""
        try:
            self.sync()
        except Offline:
            return False
        return True

    def close(self) -> None:
        """End the program; the work stays on disk."""
        self.store.close()
        self.link.close()
