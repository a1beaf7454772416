"""A client in Python's standard library alone: `python client.py URL LOGIN PASSWORD PHOTO.jpg`.

It lists customers page by page, reads one, creates a work order once whatever the network does, hangs a
photo on it, and follows what changed since. Every request goes through `Server.ask`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TRIES = 5
PIECE = 1024 * 1024


class Refused(Exception):
    """What the server said no with: its HTTP status and the problem document."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('title_en')}")
        self.status, self.problem = status, problem


class Server:
    """A server, and somebody signed in there."""

    def __init__(self, url: str, device: str) -> None:
        self.api, self.device = f"{url}/api/v1", device
        self.signed_in: dict[str, Any] = {}

    def sign_in(self, login: str, password: str) -> None:
        """By staff number and password; the device's id is made once and kept by the program."""
        device = {"id": self.device, "name": "a client in Python"}
        asked = {"login": login, "password": password, "device": device}
        self.signed_in = self.ask("POST", "/sessions", asked)[0]

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[Any, Any]:
        """The answer and its headers. Told to wait, it waits; a token that has ended is renewed once."""
        renewed = False
        for _ in range(TRIES):
            try:
                return self._send(method, path, body, headers or {})
            except Refused as refused:
                if refused.status in (429, 503):
                    time.sleep(float(refused.problem.get("retry_after_s", 5)))
                elif refused.status == 401 and self.signed_in and not renewed:
                    self._renew()
                    renewed = True
                else:
                    raise
            except urllib.error.URLError:
                time.sleep(
                    2
                )  # No answer: whether it was done is not known, so everything here may be repeated.
        raise TimeoutError(f"{method} {path}: no answer")

    def _renew(self) -> None:
        asked = {"refresh_token": self.signed_in["refresh_token"], "device_id": self.device}
        self.signed_in |= self._send("POST", "/sessions/refresh", asked, {})[0]

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[Any, Any]:
        raw = isinstance(body, bytes)
        data = body if raw or body is None else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.signed_in.get('access_token', '')}", **headers}
        if data is not None and not raw:
            given["Content-Type"] = "application/json"
        url = path if path.startswith("http") else self.api + path
        request = urllib.request.Request(url, data=data, method=method, headers=given)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                said = answer.read()
                return (json.loads(said) if said else None), answer.headers
        except urllib.error.HTTPError as error:
            said = error.read()
            problem = json.loads(said) if said.startswith(b"{") else {}
            problem.setdefault("retry_after_s", error.headers.get("Retry-After") or 5)
            raise Refused(error.code, problem) from None

    def rows(self, path: str) -> Iterator[dict[str, Any]]:
        """Every record of a list, page after page."""
        after = ""
        while True:
            page = self.ask("GET", f"{path}{after}")[0]
            yield from page["rows"]
            if page["next"] is None:
                return
            after = f"&after={page['next']}"

    def create_once(self, path: str, values: dict[str, Any]) -> dict[str, Any]:
        """A new record. Its `id` is the idempotency key: taken means that an earlier try arrived."""
        try:
            return self.ask("POST", path, values)[0]  # type: ignore[no-any-return]
        except Refused as refused:
            if refused.problem.get("code") != "id_taken":
                raise
            print(f"the same again: {refused.status} id_taken")
            return self.ask("GET", f"{path}/{values['id']}")[0]  # type: ignore[no-any-return]

    def upload(self, photo_id: str, data: bytes) -> str:
        """The bytes of a photo by tus, a piece at a time; returns when they had arrived."""
        sha256 = hashlib.sha256(data).hexdigest()
        told = {"photo_id": photo_id, "sha256": sha256}
        metadata = ",".join(f"{key} {base64.b64encode(one.encode()).decode()}" for key, one in told.items())
        tus = {"Tus-Resumable": "1.0.0"}
        begin = {**tus, "Upload-Length": str(len(data)), "Upload-Metadata": metadata}
        where = self.ask("POST", "/uploads", b"", begin)[1]["Location"]
        where = where if where.startswith("http") else self.api.removesuffix("/api/v1") + where
        arrived = None
        while arrived is None:
            offset = int(self.ask("HEAD", where, headers=tus)[1]["Upload-Offset"])
            piece = {**tus, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            arrived = self.ask("PATCH", where, data[offset : offset + PIECE], piece)[1]["Arrived-At"]
        return str(arrived)

    def changes(self, store: str, cursor: str | None) -> tuple[list[dict[str, Any]], str]:
        """What changed since the cursor, and the next cursor: keep both in one transaction."""
        lines: list[dict[str, Any]] = []
        while True:
            page = self.ask("POST", "/sync/pull", {"store": store, "cursor": cursor, "have": {}})[0]
            lines += page["lines"]
            cursor = page["cursor"]
            if not page["more"]:
                return lines, str(cursor)


def new_id() -> str:
    """A UUIDv7: records made later come later in lists."""
    milliseconds = int(time.time() * 1000).to_bytes(6, "big")
    rest = uuid.uuid4().bytes[6:]
    return str(uuid.UUID(bytes=milliseconds + bytes([rest[0] & 0x0F | 0x70]) + rest[1:]))


def main(url: str, login: str, password: str, photo: str) -> None:
    """One round of everything."""
    server = Server(url, new_id())
    server.sign_in(login, password)
    print("signed in as", ", ".join(server.signed_in["roles"]))
    store = new_id()
    _, cursor = server.changes(store, None)

    residents = list(server.rows("/customers?category=resident&limit=2"))
    print("customers of category resident:", len(residents))
    read, headers = server.ask("GET", f"/customers/{residents[0]['id']}")
    print("read:", read["number"], "ETag", headers["ETag"])

    matter = next(server.rows("/matters?code=leak"))
    job = {"id": new_id(), "matter_id": matter["id"], "customer_id": read["id"], "description": "门前漏水"}
    print("created:", server.create_once("/work-orders", job)["state"])
    print("created:", server.create_once("/work-orders", job)["state"])

    data = Path(photo).read_bytes()
    about = {"of_kind": "work_order", "of_id": job["id"], "purpose": "site", "media_type": "image/jpeg"}
    bytes_ = {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
    picture = server.create_once("/photos", {"id": new_id(), **about, **bytes_})
    server.upload(picture["id"], data)
    print("photo arrived:", server.ask("GET", f"/photos/{picture['id']}")[0]["arrived_at"] is not None)

    lines, _ = server.changes(store, cursor)
    mine = {line["kind"] for line in lines if line["id"] in (job["id"], picture["id"])}
    print("changed since:", ", ".join(sorted(mine)))
    try:
        server.ask("GET", f"/customers/{new_id()}")
    except Refused as refused:
        print("refused:", refused)


if __name__ == "__main__":
    main(*sys.argv[1:])
