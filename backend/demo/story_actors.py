"""Actors of the demo story: office people over HTTP and phones that can lose the network."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from backend.demo.people import PASSWORD
from mobile_api_spec.phone import Link, Phone
from mobile_api_spec.phone.phone import new_id


class Office:
    """A signed-in office person; a refused request ends the story with the server's sentence."""

    def __init__(self, base_url: str, staff_number: str) -> None:
        self._client = httpx.Client(base_url=f"{base_url}/api/v1", timeout=60, trust_env=False)
        device = {"id": new_id(), "name": f"{staff_number}'s desk"}
        answer = self(
            "POST", "/sessions", json={"login": staff_number, "password": PASSWORD, "device": device}
        )
        self.staff_id = answer["staff_id"]
        self._client.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def __call__(self, method: str, path: str, **options: Any) -> Any:
        """One request; the JSON of its answer."""
        version = options.pop("version", None)
        headers = {"If-Match": f'"{version}"'} if version else {}
        response = self._client.request(method, path, headers=headers, **options)
        if response.is_error:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text[:500]}")
        return response.json() if response.content else None

    def bytes_of(self, photo_id: str) -> bytes:
        """A photo's bytes as the server keeps them."""
        response = self._client.get(f"/photo-content/{photo_id}")
        return response.content if response.status_code == 200 else b""

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()


class Troupe:
    """Everybody on stage, so that all can be sent home."""

    def __init__(self, base_url: str, folder: Path) -> None:
        self.base_url, self._folder = base_url, folder
        self._offices: list[Office] = []
        self._phones: list[Phone] = []

    def office(self, staff_number: str) -> Office:
        """Somebody at a desk."""
        self._offices.append(Office(self.base_url, staff_number))
        return self._offices[-1]

    def phone(self, staff_number: str, folder: str = "") -> Phone:
        """Somebody's phone, signed in and synced."""
        phone = Phone(self._folder / (folder or staff_number), Link(self.base_url))
        phone.sign_in(staff_number, PASSWORD, f"{staff_number}'s phone")
        phone.sync()
        self._phones.append(phone)
        return phone

    def restarted(self, phone: Phone, staff_number: str) -> Phone:
        """The program died; it starts again from what is on disk."""
        self._phones.remove(phone)
        phone.close()
        again = Phone(self._folder / staff_number, Link(self.base_url), phone.clock)
        self._phones.append(again)
        return again

    def go_home(self) -> None:
        """Close everything."""
        for office in self._offices:
            office.close()
        for phone in self._phones:
            phone.close()


def until(condition: Callable[[], bool], seconds: float = 40) -> bool:
    """Wait for what the server does in the background; False when it did not happen in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.25)
    return False
