"""A full disk, of the files or of the database: said in words each time it is met, and nothing is lost."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.exceptions import GenericError
from sqlalchemy import text

from backend.core.blobs.store import open_blobs
from backend.core.blobs.upload_files import Parts
from backend.core.db import Database
from mobile_api_spec.phone import Phone
from mobile_api_spec.phone.link import Refused
from tests.conftest import Person, agrees
from tests.evidence.test_uploads import TUS, metadata
from tests.factories import Town, uid

REFUSES = """
    CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$
"""


def test_work_that_the_databases_disk_has_no_room_for_stays_on_the_phone(
    phone_of: Callable[..., Phone], as_: Callable[[str], Person], database: Database, town: Town
) -> None:
    phone, desk = phone_of("rep"), as_("dispatcher")
    phone.sync()
    with database.engine.begin() as connection:
        connection.execute(text(REFUSES))
        connection.execute(
            text("CREATE TRIGGER full_ BEFORE INSERT ON sync_history EXECUTE FUNCTION is_full()")
        )
    phone.change("customer", town["customer 0"], {"note": "磁盘满的时候写的"})
    for _ in range(3):
        answer = desk("PATCH", f"/customers/{town['customer 1']}", {"note": "也写不进"}, version=1)
        assert (answer.status_code, answer.get_json()["code"]) == (507, "server_disk_full")
        assert "手机里的内容都在" in answer.get_json()["remedy"]
        with pytest.raises(Refused, match="507 server_disk_full"):
            phone.sync()
        assert [outcome for _, outcome in phone.store.journal()] == [None]
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER full_ ON sync_history"))
    phone.sync()
    assert [outcome and outcome["status"] for _, outcome in phone.store.journal()] == ["applied"]
    assert agrees(phone, database)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_every_request_that_meets_a_full_disk_says_so(
    as_: Callable[[str], Person], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(number, "no room")

    monkeypatch.setattr(Parts, "begin", full)
    rep, sent = as_("rep"), {"Upload-Length": "5", "Upload-Metadata": metadata(uid("photo"), "0" * 64)}
    for _ in range(2):
        answer = rep("POST", "/uploads", headers=TUS | sent)
        assert (answer.status_code, answer.get_json()["code"]) == (507, "server_disk_full")


@pytest.mark.parametrize(
    ("number", "is_told"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EIO, False)]
)
def test_a_store_of_files_says_that_its_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, is_told: bool
) -> None:
    """As obstore says it of a file system without room: an error of its own, the system's in its words."""

    def full(*_: Any) -> None:
        raise GenericError(
            "Generic LocalFileSystem error: Unable to copy data to file: "
            f"{os.strerror(number)} (os error {number})"
        )

    monkeypatch.setattr(obstore, "put", full)
    with pytest.raises(OSError if is_told else GenericError) as met:
        open_blobs(tmp_path.as_uri()).put("sha256/ab/ab", iter([b"x"]))
    assert getattr(met.value, "errno", None) == (number if is_told else None)
