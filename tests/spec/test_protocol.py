"""The worked example of protocol.md is run as it stands; generated files are as the code says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from backend import specification
from backend.core.config import Settings
from backend.core.services.record_writer import new_id
from tests.factories import Town

SPEC = Path(__file__).parents[2] / "mobile_api_spec"
_BLOCK = re.compile(r"```json (request|answer (\d+))\n(.*?)```", re.S)


def exchanges() -> list[tuple[str, int, str]]:
    """(request text, expected status, expected answer text) in the order of the page."""
    blocks = _BLOCK.findall((SPEC / "protocol.md").read_text(encoding="utf-8"))
    return [
        (request[2], int(answer[1]), answer[2])
        for request, answer in zip(blocks[::2], blocks[1::2], strict=True)
    ]


def agree(expected: Any, found: Any, known: dict[str, str]) -> None:
    """What the page promises must be in the answer; `{{x}}` not known yet is learned."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            assert name in found, f"{name} is missing in {found}"
            agree(value, found[name], known)
    elif isinstance(expected, list):
        assert len(expected) == len(found), found
        for one, other in zip(expected, found, strict=True):
            agree(one, other, known)
    elif isinstance(expected, str) and expected.startswith("{{"):
        assert known.setdefault(expected[2:-2], found) == found
    elif expected != "…":
        assert expected == found


def fill(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda m: known.setdefault(m.group(1), new_id()), text)


def send(app: Flask, request: str, known: dict[str, str]) -> Any:
    first, _, rest = fill(request, known).partition("\n")
    method, path = first.split()
    headers = {"Authorization": f"Bearer {known['token']}"} if "token" in known else {}
    if rest.startswith("{"):
        return app.test_client().open(
            f"/api/v1{path}", method=method, data=rest, content_type="application/json", headers=headers
        )
    headers |= dict(line.split(": ", 1) for line in rest.strip().splitlines())
    return app.test_client().open(f"/api/v1{path}", method=method, headers=headers)


def test_the_worked_example_runs_as_it_stands(app: Flask, town: Town) -> None:
    metadata = {"photo_id": new_id(), "sha256": hashlib.sha256(b"bytes").hexdigest()}
    pairs = ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items()
    )
    known = {"customer": town["customer 0"], "cell": town["cell 0"], "upload_metadata": pairs}
    found = exchanges()
    assert len(found) == 6
    for request, status, answer in found:
        response = send(app, request, known)
        assert response.status_code == status, response.text
        expected = json.loads(answer)
        if expected is not None:
            agree(expected, response.get_json(), known)
        if "push" in request:
            again = send(app, request, known).get_json()
            assert [o["status"] for o in again["outcomes"]] == [
                o["status"] for o in response.get_json()["outcomes"]
            ]
    assert known["staff"] == town["rep"]


def test_generated_files_are_as_the_code_says() -> None:
    documents = specification.documents()
    assert len(documents) > 20
    for name, text in documents.items():
        assert (SPEC / name).read_text(encoding="utf-8") == text, f"{name}: run `make spec`"


def test_no_generated_file_is_left_over() -> None:
    wanted = {name for name in specification.documents() if name.startswith("schemas/")}
    assert {f"schemas/{path.name}" for path in (SPEC / "schemas").glob("*.json")} == wanted


def test_the_document_is_openapi_31_and_every_operation_is_described() -> None:
    document = specification.openapi()
    assert document["openapi"] == "3.1.0"
    operations = [
        op for path in document["paths"].values() for method, op in path.items() if method != "parameters"
    ]
    assert len(operations) > 120
    assert all(op.get("summary") or op.get("description") for op in operations)


def test_errors_point_at_problem_documents() -> None:
    responses = specification.openapi()["components"]["responses"]
    assert all(
        "application/problem+json" in one.get("content", {"application/problem+json": 1})
        for one in responses.values()
    )


def test_the_front_door_leads_somewhere(app: Flask) -> None:
    assert app.test_client().get("/").headers["Location"] == "/docs"


@pytest.mark.parametrize("asset", ["", "/swagger-ui.css", "/swagger-ui-bundle.js", "/start.js"])
def test_swagger_ui_is_served_by_us(app: Flask, settings: Settings, asset: str) -> None:
    app.extensions["wangge"] = replace(app.extensions["wangge"], settings=replace(settings, docs="public"))
    with app.test_client().get(f"/docs{asset}") as answer:
        assert answer.status_code == 200
        text = answer.text
        policy = answer.headers["Content-Security-Policy"]
    if not asset:
        assert "//" not in text.replace("</", "")
        assert "default-src 'self'" in policy
    assert len(text) > 50
