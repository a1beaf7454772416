"""The phone's HTTP connection, which can be absent, lose a request or reply, or deliver twice."""

from __future__ import annotations

from collections import deque
from typing import Any

import httpx


class Offline(Exception):
    """No answer came: nobody knows whether the request arrived."""


class Refused(Exception):
    """The server answered with an error; `code` names it."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}")
        self.status, self.code, self.problem = status, str(problem.get("code")), problem


class Link:
    """HTTP with planned accidents: `plan` holds what befalls the next requests, in order.

    Accidents: `ok`, `lose_request`, `lose_reply` (the server has acted, the phone never learns), `repeat`.
    """

    def __init__(
        self, base_url: str, *, is_up: bool = True, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=60, transport=transport, trust_env=False)
        self.is_up = is_up
        self.plan: deque[str] = deque()

    def send(self, method: str, path: str, *, token: str | None = None, **options: Any) -> httpx.Response:
        """One request; raises Offline when no answer came, Refused when it is an error."""
        accident = self.plan.popleft() if self.plan else "ok"
        if not self.is_up or accident == "lose_request":
            raise Offline
        headers = {**options.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        try:
            response = self._client.request(method, f"/api/v1{path}", headers=headers, **options)
            if accident == "repeat":
                response = self._client.request(method, f"/api/v1{path}", headers=headers, **options)
        except httpx.TransportError as error:
            raise Offline from error
        if accident == "lose_reply":
            raise Offline
        if response.status_code >= 400:
            raise Refused(response.status_code, _problem(response))
        return response

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        found = None
    # The answer to a HEAD has no body, but 401 says enough.
    silent = {"code": "not_signed_in" if response.status_code == 401 else "unreadable_answer"}
    return found if isinstance(found, dict) else silent
