"""ETags, links and tokens are accepted in every form in which they come back.

Tags under every coding, links and tokens as mail and people hand them on.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from backend.core.services.credentials import as_given, new_token, token_sha256
from tests.conftest import Person
from tests.evidence.test_contents import picture, taken  # noqa: F401 - a fixture
from tests.evidence.test_uploads import DATA, TUS, metadata, piece
from tests.factories import Town, forged

As = Callable[[str], Person]
CASE = Path(__file__).parents[1] / "cases/etag-compressed/steps.txt"
CODINGS = ("gzip", "br", "zstd", "identity")
# As proxies and people write a tag that was given as "1": behind it, outside of it, weak, shouted, without
# quotes.
WRITTEN = (
    '"{0}"',
    'W/"{0}"',
    'w/"{0}"',
    "{0}",
    ' "{0}" ',
    '"{0}:gzip"',
    '"{0}:br"',
    '"{0}:zstd"',
    '"{0}-gzip"',
    '"{0}--gzip"',
    '"{0}"-gzip',
    '"{0};gzip"',
    'W/"{0}:GZIP"',
    '"{0}-x-gzip"',
    '"{0}:br-gzip"',
    "'{0}'",
    '"0", "{0}:gzip"',
    '"{0}_gzip"',
    '"{0}/gzip"',
    '"{0}.gz"',
    '"{0}-zst"',
    '"x",W/"{0}"',
)
OTHERS = ('"0"', '"0:gzip"', '"{0}0"', '"x-gzip"', '"", ""', '"{0}-other"')


def crew_of_the_case(town: Town) -> tuple[str, dict[str, Any]]:
    """The path and the change that the case's steps name."""
    _, change = CASE.read_text(encoding="utf-8").splitlines()
    found = re.search(r"\{.*\}", change)
    assert found
    return f"/crews/{town['crew']}", json.loads(found[0])


@pytest.mark.parametrize("coding", CODINGS)
def test_the_case_a_tag_of_a_compressed_answer_is_known(as_: As, town: Town, coding: str) -> None:
    office = as_("admin")
    path, change = crew_of_the_case(town)
    version = office.get(path)["version"]
    office("PATCH", path, {"name": "抢修一班" + "甲" * 56, "vehicle": "鲁" * 60}, version=version)
    for n in range(2):
        given = office("GET", path, headers={"Accept-Encoding": coding})
        changed = office(
            "PATCH", path, change | {"vehicle": f"车{n}"}, headers={"If-Match": given.headers["ETag"]}
        )
        assert changed.status_code == 200, (given.headers["ETag"], changed.text)


def test_a_tag_is_known_however_it_comes_back(as_: As, town: Town) -> None:
    office, path = as_("admin"), f"/crews/{town['crew']}"
    for n, written in enumerate(WRITTEN):
        tag = written.format(office.get(path)["version"])
        unchanged = office("GET", path, headers={"If-None-Match": tag})
        assert (unchanged.status_code, unchanged.data) == (304, b""), tag
        # A cache finds what it holds by the text that it sent.
        assert unchanged.headers["ETag"] in tag
        assert office("GET", path, headers={"If-Match": tag}).status_code == 200, tag
        assert office("PATCH", path, {"vehicle": f"车{n}"}, headers={"If-Match": tag}).status_code == 200, tag
        assert office("PATCH", path, {"vehicle": "迟"}, headers={"If-Match": tag}).status_code == 412, tag
    for other in OTHERS:
        tag = other.format(office.get(path)["version"])
        assert office("GET", path, headers={"If-None-Match": tag}).status_code == 200, tag
        refused = office("PATCH", path, {"vehicle": "错"}, headers={"If-Match": tag})
        assert (refused.status_code, refused.get_json()["code"]) == (412, "changed_meanwhile"), tag


def test_a_star_means_whatever_is_there(as_: As, town: Town) -> None:
    office, path = as_("admin"), f"/crews/{town['crew']}"
    assert office("GET", path, headers={"If-None-Match": "*"}).status_code == 304
    assert office("PATCH", path, {"vehicle": "任意"}, headers={"If-Match": "*"}).status_code == 200
    assert office("PATCH", path, {"vehicle": "无"}).get_json()["code"] == "version_needed"
    gone = f"/crews/{town['customer 0']}"
    assert office("PATCH", gone, {"vehicle": "无"}, headers={"If-Match": "*"}).status_code == 404


def test_steps_and_deletions_take_a_tag_as_it_was_given(as_: As, town: Town) -> None:
    desk = as_("dispatcher")
    job = as_("agent")(
        "POST",
        "/work-orders",
        {"matter_id": town["leak"], "place": {"type": "Point", "coordinates": [120.3, 36.1]}},
    )
    if job.status_code != 201:
        job = as_("agent")(
            "POST", "/work-orders", {"matter_id": town["leak"], "customer_id": town["customer 0"]}
        )
    path, tag = f"/work-orders/{job.get_json()['id']}", job.headers["ETag"].strip('"')
    late = desk(
        "POST", f"{path}/actions/dispatch", {"crew_id": town["crew"]}, headers={"If-Match": '"7-gzip"'}
    )
    assert late.status_code == 412
    done = desk(
        "POST", f"{path}/actions/dispatch", {"crew_id": town["crew"]}, headers={"If-Match": f'W/"{tag}-gzip"'}
    )
    assert done.status_code == 200, done.text
    duty = f"/cell-assignments/{town['duty 0']}"
    tag = as_("supervisor")("GET", duty).headers["ETag"].strip('"')
    gone = as_("supervisor")("DELETE", duty, headers={"If-Match": f'"0", "{tag}:zstd"'})
    assert gone.status_code == 204, gone.text


def test_a_photos_tag_is_known_whole_and_in_part(as_: As, taken: Callable[..., str]) -> None:  # noqa: F811
    photo, rep = taken(picture((400, 300))), as_("rep")
    for query in ("", "?size=web", "?size=thumb"):
        path = f"/photo-content/{photo}{query}"
        tag = rep("GET", path).headers["ETag"].strip('"')
        for written in ('"{0}"', '"{0}-gzip"', 'W/"{0}"', "{0}", '"x", "{0}:br"'):
            again = {"If-None-Match": written.format(tag)}
            assert rep("GET", path, headers=again).status_code == 304, written
            assert rep("GET", path, headers=again | {"Range": "bytes=0-9"}).status_code == 304, written
        assert (
            rep("GET", path, headers={"If-Match": f'"{tag}-gzip"', "Range": "bytes=0-9"}).status_code == 206
        )
        assert rep("GET", path, headers={"If-Match": '"other"', "Range": "bytes=0-9"}).status_code == 412


def test_a_link_that_mail_broke_opens_what_it_opened(
    as_: As,
    app: Flask,
    taken: Callable[..., str],  # noqa: F811
) -> None:
    photo = taken(picture((64, 48)))
    url = as_("rep")("POST", f"/photo-content/{photo}/links", {"hours": 2}).get_json()["url"]
    for n, broken in enumerate(
        (url[:50] + "%0D%0A%20" + url[50:], url + "%E3%80%82", url + "%3E", url + "."), 1
    ):
        assert app.test_client().get(broken).status_code == 200, (n, broken)
    assert app.test_client().get(forged(url)).status_code == 410


def test_a_token_is_the_same_however_it_was_pasted(as_: As, app: Flask) -> None:
    token = as_("dispatcher")("POST", "/tokens", {"label": "GIS", "days": 3}).get_json()["token"]
    for pasted in (f"{token[:20]} {token[20:]}", f" {token}\t", f"<{token}>", f"{token}。"):
        basic = base64.b64encode(f"gis:{pasted}".encode()).decode()
        assert (
            app.test_client().get("/api/v1/crews", headers={"Authorization": f"Basic {basic}"}).status_code
            == 200
        )
    assert (
        app.test_client()
        .get("/api/v1/crews", headers={"Authorization": f"Bearer {token[:20]} {token[20:]}"})
        .status_code
        == 200
    )
    assert (
        app.test_client().get("/api/v1/crews", headers={"Authorization": f"Bearer {token[:-1]}"}).status_code
        == 401
    )


def test_tokens_that_differ_stay_different() -> None:
    tokens = {new_token() for _ in range(200)}
    assert {as_given(one) for one in tokens} == tokens
    for one in sorted(tokens)[:20]:
        for pasted in (
            f"https://wangge.example/confirm#{one}",
            f"\u200b{one[:9]}\n{one[9:]}\u00a0",
            f"“{one}”，",
        ):
            assert token_sha256(pasted) == token_sha256(one)


def test_a_sheets_hash_is_known_as_it_is_typed_from_paper(app: Flask) -> None:
    sha256 = "ab12" * 16
    for typed in (sha256.upper(), " ".join(sha256[n : n + 8] for n in range(0, 64, 8)), f"{sha256}\n"):
        asked = {"signature_id": "0193C0DE-0000-7000-8000-000000000001", "sha256": typed}
        answer = app.test_client().post("/api/v1/public/sheets/verification", json=asked)
        assert (answer.status_code, answer.get_json()["verdict"]) == (200, "unknown"), typed
    bad = {"signature_id": "0193c0de-0000-7000-8000-000000000001", "sha256": "zz" * 32}
    assert app.test_client().post("/api/v1/public/sheets/verification", json=bad).status_code == 422


def test_an_uploads_address_is_known_however_it_is_written(as_: As) -> None:
    rep = as_("rep")
    half = len(DATA) // 2
    first, second = piece(rep, DATA[:half]), piece(rep, DATA[half:])
    head, _, last = first.rpartition("/")
    written = f"https://wangge.example{head}/{last.upper()}/ {second}"
    final = TUS | {
        "Upload-Concat": f"final;{written}",
        "Upload-Metadata": metadata("0193c0de-0000-7000-8000-0000000000aa", hashlib.sha256(DATA).hexdigest()),
    }
    assert rep("POST", "/uploads", headers=final).status_code == 201
    assert rep("HEAD", f"/uploads/{second.rpartition('/')[2].upper()}").status_code in (200, 410)
