"""Generates random requests over every operation of the API's document: nearly right, and wrong in
known ways.

Same seed, same requests.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from tests.factories import uid

JUNK: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**31,
    2**63,
    10**30,
    -(10**30),
    1e308,
    "",
    " ",
    "x" * 10_000,
    "\0",
    "\ud800",
    "NaN",
    "null",
    "../../etc/passwd",
    "'; DROP TABLE customer; --",
    "２０２６",
    "2026-13-45",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "25:99",
    "%s%n{}",
    [],
    [[]],
    [None],
    [1, "2", {}],
    {},
    {"": ""},
    {"a": {"b": {}}},
    {"type": "Point", "coordinates": []},
    {"type": "Point", "coordinates": [1e308, -1e308]},
    {"type": "Point", "coordinates": [[[]]]},
    {"type": "MultiPolygon", "coordinates": []},
    {"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 1]]]]},
    {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
    {"type": "GeometryCollection", "geometries": []},
    {"type": "LineString", "coordinates": [[0, 0], [0, 0]]},
    [0] * 1000,
    {"\ud800": 1},
    {"\0": 1},
    {f"k{n}": n for n in range(200)},
    "0193c0de-0000-7000-8000-00000000000G",
]
NAUGHTY = [
    "",
    "\x7f",
    "é" * 50,
    "x" * 7000,
    "*",
    '"',
    '""',
    '"1", "2"',
    "W/",
    "bytes=0-",
    "bytes=9-1",
    "bytes=" + "0-1," * 500,
    "-1",
    "1e9",
    "9" * 400,
    "\t",
    "a=b;c",
    "../..",
    "%00",
    "null",
    "[" * 3000,
]
HEADERS = [
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Range",
    "Range",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "X-Request-Id",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Checksum",
    "Upload-Concat",
    "Tus-Resumable",
    "X-Forwarded-For",
    "Cookie",
    "Content-Encoding",
    "Expect",
    "Authorization",
    "Content-Type",
]
TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "x",
    "",
    "image/png",
    "application/offset+octet-stream",
    "application/problem+json",
    "multipart/form-data",
]
SEGMENTS = [
    "%00",
    "%ff%fe",
    "..",
    "%2e%2e%2f",
    "x" * 3000,
    "0",
    "-1",
    "9" * 30,
    "null",
    "%F0%9F%92%A7",
    "a b",
    "NaN",
    "{id}",
    "%25",
]
_MANY = 10 * 1024 * 1024
HUGE = [
    b'{"mutations":[' + b"[]," * (_MANY // 3) + b"[]]}",
    b'{"name":"' + b"x" * _MANY + b'"}',
    b"[" * _MANY,
    b"{" + b",".join(b'"%d":{}' % n for n in range(800_000)) + b"}",
]


ALIASES = {
    "job": "work_order",
    "leader": "staff",
    "representative": "staff",
    "owner": "staff",
    "member": "staff",
    "author": "staff",
    "absent": "staff",
    "surveyor": "staff",
    "parent": "unit",
    "ground_plan": "plan",
}


def singular(segment: str) -> str:
    """The kind of a collection's address, near enough."""
    return segment.removesuffix("s").replace("-", "_")


@dataclass(frozen=True)
class Sent:
    """One request."""

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None

    def __str__(self) -> str:
        return (
            f"#{self.number} {self.method} {self.path[:300]} {str(self.headers)[:300]} "
            f"{self.body and self.body[:300]!r}"
        )


@dataclass
class Fuzz:
    """Makes requests; `ids` by kind grow with what answers name."""

    document: dict[str, Any]
    seed: int
    ids: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=40)))
    made: int = 0

    def __post_init__(self) -> None:
        self.lot = random.Random(self.seed)
        self.operations = [
            (method, path, operation, [*operations.get("parameters", []), *operation.get("parameters", [])])
            for path, operations in sorted(self.document["paths"].items())
            for method, operation in sorted(operations.items())
            if method != "parameters"
        ]

    def next(self) -> Sent:
        """The next request; without a token."""
        self.made += 1
        method, path, operation, parameters = self.lot.choice(self.operations)
        while path.startswith("/api/v1/sessions") and self.lot.random() < 0.8:
            # A password costs a quarter of a second.
            method, path, operation, parameters = self.lot.choice(self.operations)
        query: list[tuple[str, str]] = []
        headers: dict[str, str] = {}
        for one in map(self._whole, parameters):
            text = self._text(self.value(one.get("schema", {})))
            if one["in"] == "path":
                before = path.partition("{")[0].rstrip("/").split("/")[-1]
                path = path.replace(
                    f"{{{one['name']}}}", self._segment(one["name"], before, one.get("schema", {}))
                )
            elif one["in"] == "query" and (one.get("required") or self.lot.random() < 0.3):
                query.append(
                    (one["name"], text if self.lot.random() < 0.8 else self._text(self.lot.choice(JUNK)))
                )
            elif one["in"] == "header" and self.lot.random() < 0.9:
                headers[one["name"]] = text if text.isascii() and "\n" not in text else "x"
        body = self._body(operation, headers)
        if self.lot.random() < 0.1:
            query.append(
                (self.lot.choice(["limit", "after", "surprise", "on", "\ufffd"]), self.lot.choice(NAUGHTY))
            )
        if self.lot.random() < 0.15:
            headers[self.lot.choice(HEADERS)] = self.lot.choice(NAUGHTY)
        if "If-Match" in headers and self.lot.random() < 0.7:
            headers["If-Match"] = f'"{self.lot.randint(1, 3)}"'
        ending = f"?{urlencode(query, errors='replace')}" if query else ""
        ending += (
            self.lot.choice(["%", "&&=&", "&a[]=%zz", "&x=%ff"]) if query and self.lot.random() < 0.05 else ""
        )
        return Sent(self.made, method.upper(), path + ending, headers, body)

    def _whole(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            _, *steps = schema["$ref"].split("/")
            found: Any = self.document
            for step in steps:
                found = found[step]
            schema = found
        return schema

    def learn(self, path: str, made: str) -> None:
        """A record was made by a POST to a collection."""
        self.ids[singular(path.partition("?")[0].split("/")[-1])].append(made)

    def _id(self, name: str) -> str:
        """An id of what a field's name says, mostly; sometimes of something else, or of nothing."""
        kind = name.removesuffix("_ids").removesuffix("_id")
        kind = ALIASES.get(kind, kind)
        how = self.lot.random()
        if how < 0.75 and self.ids.get(kind):
            return self.lot.choice(self.ids[kind])
        return self.lot.choice(self.ids[self.lot.choice(sorted(self.ids))]) if how < 0.95 else uid(str(how))

    def _segment(self, name: str, before: str, schema: dict[str, Any]) -> str:
        if self.lot.random() < 0.08:
            return self.lot.choice(SEGMENTS)
        if schema.get("format") == "uuid":
            return self._id(singular(before) if name == "record_id" else name)
        return quote(self._text(self.value(schema)) or "x", safe="", errors="replace")

    def _text(self, value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    def value(self, schema: dict[str, Any], depth: int = 0, name: str = "") -> Any:
        """A value that the schema would take, mostly."""
        schema = self._whole(schema)
        for way in ("anyOf", "oneOf", "allOf"):
            if way in schema:
                return self.value(self.lot.choice(schema[way]), depth, name)
        if "enum" in schema:
            return self.lot.choice(schema["enum"])
        kinds = schema.get("type", "anything")
        kind = self.lot.choice(kinds) if isinstance(kinds, list) else kinds
        makers: dict[str, Callable[[], Any]] = {
            "null": lambda: None,
            "boolean": lambda: self.lot.random() < 0.5,
            "integer": lambda: self.lot.randint(
                int(schema.get("minimum", 0)), int(min(schema.get("maximum", 50), 2000))
            ),
            "number": lambda: self.lot.choice([0, 1, 36.06, 120.31, 120.33, 36.055]),
            "string": lambda: self._words(schema, name),
            "array": lambda: [
                self.value(schema.get("items", {}), depth + 1, name)
                for _ in range(self.lot.choice([0, 1, 1, 2, 5]))
            ],
            "object": lambda: self._object(schema, depth),
        }
        return makers.get(kind, lambda: self.lot.choice(JUNK))()

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        needed = set(schema.get("required", ()))
        if not schema.get("properties"):
            return (
                {"type": "Point", "coordinates": [120.31, 36.06]}
                if self.lot.random() < 0.6
                else {"k": self.lot.choice(JUNK)}
            )
        return {
            name: self.value(one, depth + 1, name)
            for name, one in schema["properties"].items()
            if not one.get("readOnly") and depth < 6 and (name in needed or self.lot.random() < 0.3)
        }

    def _words(self, schema: dict[str, Any], name: str) -> str:
        shape, pattern = schema.get("format"), schema.get("pattern", "")
        if shape == "uuid":
            return self._id(name)
        day = date(2026, 9, 1) + timedelta(days=self.lot.randint(-400, 400))
        if shape in ("date", "date-time"):
            return day.isoformat() + ("T08:00:00Z" if shape == "date-time" else "")
        if "0-9a-f" in pattern:
            return f"{self.lot.getrandbits(256):064x}"[: 32 if "32" in pattern else 64]
        if "[0-5]" in pattern:
            return f"{self.lot.randint(0, 23):02}:30"
        return self.lot.choice(
            [
                "漏水",
                "x",
                "T005",
                "李四",
                "13800000000",
                self._id(name),
                "a" * int(schema.get("minLength", 1)),
            ]
        )

    def _body(self, operation: dict[str, Any], headers: dict[str, str]) -> bytes | None:
        content = operation.get("requestBody", {}).get("content")
        if not content:
            return None if self.lot.random() < 0.9 else b'{"a": 1}'
        ((media_type, one), *_) = content.items()
        headers["Content-Type"] = media_type if self.lot.random() < 0.95 else self.lot.choice(TYPES)
        if self.lot.random() < 0.005:
            return self.lot.choice(HUGE)
        if "json" not in media_type:
            return self.lot.choice(
                [
                    b"",
                    b"x",
                    self.lot.randbytes(500),
                    b'{"type":"FeatureCollection","features":[]}',
                    b"\x89PNG\r\n\x1a\n",
                    b"PK\3\4",
                ]
            )
        value = self.value(one.get("schema", {}))
        if self.lot.random() < 0.4:
            value = self._spoilt(value)
        return self._written(value)

    def _spoilt(self, value: Any) -> Any:
        """Something in it, at any depth, is another thing, or missing, or too much."""
        if isinstance(value, dict) and value and self.lot.random() < 0.9:
            name, how = self.lot.choice(sorted(value)), self.lot.random()
            if how < 0.15:
                return {key: one for key, one in value.items() if key != name}
            if how < 0.25:
                return value | {
                    self.lot.choice(["surprise", "id", "unit_id", "", "\ud800", "version"]): self.lot.choice(
                        JUNK
                    )
                }
            return value | {name: self._spoilt(value[name])}
        if isinstance(value, list) and value and self.lot.random() < 0.7:
            return [self._spoilt(value[0]), *value[1:]] * self.lot.choice([1, 1, 1, 300])
        return self.lot.choice(JUNK)

    def _written(self, value: Any) -> bytes:
        text = json.dumps(value)
        how = self.lot.random()
        if how < 0.8:
            return text.encode()
        deep = self.lot.choice([65, 254, 500, 1023, 2000, 100_000])
        nested = self.lot.choice(["[" * deep + "]" * deep, '{"a":' * deep + "1" + "}" * deep, "[" * deep])
        inside = text[:-1] + f', "zz": {nested}' + "}" if text.endswith("}") and len(text) > 2 else nested
        return self.lot.choice(
            [
                nested.encode(),
                inside.encode(),
                inside.encode(),
                text.replace("null", "NaN").replace("1", "NaN", 3).encode(),
                text.encode()[:-1],
                text.encode() + b"x",
                b"\xff\xfe" + text.encode(),
                text.encode("utf-16"),
                b"\xef\xbb\xbf" + text.encode(),
                b"",
                text.replace('"x"', '"\\ud800"').encode(),
                (text[:-1] + ', "a": 1, "a": 2}').encode(),
                text.replace("1", "9" * 5000, 2).encode(),
                text.replace("x", "\x00").encode(),
                b"null",
                b'"x"',
                b"1e999",
                b"-",
                b"\x00" * 50,
            ]
        )
