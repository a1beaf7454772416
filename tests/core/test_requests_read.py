"""What is read of a request: tags that a proxy touched, bodies that are no JSON, faults as they go out."""

from __future__ import annotations

import pytest
from flask import Flask, Response
from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Range

from backend.core.api import conditional
from backend.core.api.json_bodies import read_json
from backend.core.api.problems import MOST_FAULTS, MOST_LETTERS, MOST_LISTED, bounded, invalid
from backend.core.errors import Problem
from backend.core.kinds.complaints import in_chinese
from sync.wire import MOST_DEPTH

APP = Flask(__name__)
TAGS = (
    '"7"', "7", " 7 ", "'7'", 'W/"7"', 'w/"7"', '"7-gzip"', '"7--gzip"', '"7;br"', '"7:zstd"',
    'W/"7-gzip-br"',
    '"7"-gzip', '"7_x-gzip"', '"7.GZ"', '\\"7\\"', '"7+deflate"',
)  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_that_was_touched_on_its_way_is_the_one_that_was_given(tag: str) -> None:
    assert conditional.plain(tag) == "7"
    with APP.test_request_context(headers={"If-Match": tag}):
        assert conditional.if_match() == {7}


@pytest.mark.parametrize("tag", ["7gzip", "7-lzma", "gzip", "-gzip-7", "", "7 8x"])
def test_another_tag_stays_another(tag: str) -> None:
    assert conditional.plain(tag) != "7"


@pytest.mark.parametrize(
    ("header", "versions"),
    [
        ("*", None),
        ('"1", *', None),
        ('"1","2"', {1, 2}),
        ('"1",, "x" , W/"3-br"', {1, 3}),
        ("007", {7}),
        ("9" * 18, {10**18 - 1}),
    ],
)
def test_a_change_names_the_versions_it_may_be_made_on(header: str, versions: set[int] | None) -> None:
    with APP.test_request_context(headers={"If-Match": header}):
        assert conditional.if_match() == conditional.need_if_match() == versions


@pytest.mark.parametrize("header", ["", ",", '"abc"', "-1", "1.5", "9" * 19, "٧", "1e3"])
def test_what_can_be_no_version_has_changed_meanwhile(header: str) -> None:
    with (
        APP.test_request_context(headers={"If-Match": header}),
        pytest.raises(Problem, match="changed_meanwhile"),
    ):
        conditional.if_match()


def test_without_the_header_any_version_will_do_unless_one_is_needed() -> None:
    with APP.test_request_context():
        assert conditional.if_match() is None
        with pytest.raises(Problem, match="version_needed"):
            conditional.need_if_match()


@pytest.fixture(scope="module")
def shelf() -> Flask:
    """A server of one document, at version 7, and of one without a tag."""
    app = Flask(__name__)
    conditional.install(app)

    @app.route("/document", methods=["GET", "PUT"])
    def document() -> Response:
        more = {"X-More": "kept", "Content-Disposition": "inline", "Cache-Control": "no-cache"}
        return Response("text", headers=conditional.etag(7) | more)

    @app.get("/bare")
    def bare() -> Response:
        return Response("text")

    return app


@pytest.mark.parametrize("known", ['"7"', 'W/"7-gzip"', "7", '"6", "7-br"'])
def test_what_the_asker_knows_is_not_sent_again(shelf: Flask, known: str) -> None:
    answer = shelf.test_client().get("/document", headers={"If-None-Match": known})
    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == known.split(", ")[-1]
    assert answer.headers["X-More"] == "kept" and answer.headers["Cache-Control"] == "no-cache"
    assert not {"Content-Disposition", "Content-Type"} & set(answer.headers.keys())


def test_a_star_knows_any_and_the_answer_says_which(shelf: Flask) -> None:
    answer = shelf.test_client().get("/document", headers={"If-None-Match": "*"})
    assert (answer.status_code, answer.headers["ETag"]) == (304, '"7"')


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/document", {"If-None-Match": '"6"'}, 200),
        ("GET", "/document", {"If-None-Match": ""}, 200),
        ("GET", "/document", {"If-Match": '"7"'}, 200),
        ("GET", "/document", {"If-Match": '"6"'}, 412),
        ("HEAD", "/document", {"If-Match": '"6"', "If-None-Match": '"7"'}, 412),
        ("HEAD", "/document", {"If-None-Match": '"7"'}, 304),
        ("PUT", "/document", {"If-None-Match": '"7"'}, 200),
        ("PUT", "/document", {"If-Match": '"6"'}, 200),
        ("GET", "/bare", {"If-None-Match": "*"}, 200),
    ],
)
def test_only_reading_is_judged_by_its_tag(
    shelf: Flask, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert shelf.test_client().open(path, method=method, headers=headers).status_code == status


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"nul", b"{'a': 1}", b"[1,]", b"NaN", b'{"a": Infinity}', b"[-Infinity]", b"\xff",
     b'"\xed\xa0\x80"',
     b'{"a": 1, "a": 1}', b'[{"b": {"c": 1, "c": 2}}]', '{"a": 1}'.encode("utf-16"), b"1 2",
     b"\xef\xbb\xbf{}"],
)  # fmt: skip
def test_a_body_that_is_no_json_of_ours_is_said_so(data: bytes) -> None:
    with pytest.raises(Problem, match="bad_json") as caught:
        read_json(data)
    (said,) = caught.value.detail["faults"]
    assert said["zh"] and said["en"] and said["field"] == ""


def test_depth_is_bounded_and_brackets_in_text_are_text() -> None:
    deepest = b"[" * MOST_DEPTH + b"]" * MOST_DEPTH
    assert read_json(deepest) is not None
    for data in (b"[" + deepest + b"]", b"[" * 500_000, b'{"a":' * 100_000):
        with pytest.raises(Problem) as caught:
            read_json(data)
        assert str(MOST_DEPTH) in caught.value.detail["faults"][0]["en"]
    assert read_json(b'"' + b"[" * 1000 + b'"') == "[" * 1000


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (rb'{"a": "x\u0000"}', "a"),
        (rb'{"a": [1, {"b": "\ud800"}]}', "a.1.b"),
        (rb'{"a": {"\udfff": 1}}', "a.\udfff"),
        (b'{"a": 18446744073709551616}', "a"),
        (b"[0, -9223372036854775809]", "1"),
        (b'{"a": 1e400}', "a"),
    ],
)
def test_what_cannot_be_kept_is_named_with_its_place(data: bytes, field: str) -> None:
    with pytest.raises(Problem, match="invalid") as caught:
        read_json(data)
    assert [one["field"] for one in caught.value.detail["faults"]] == [field]


def test_what_looks_suspect_and_is_none_passes() -> None:
    assert read_json(rb'{"a": "\ud83d\ude00", "b": 18446744073709551615}') == {"a": "😀", "b": 2**64 - 1}
    assert read_json(rb'["\\u0000", 1e300, "12345678901234567890123"]')[0] == r"\u0000"


def test_a_long_problem_goes_out_short() -> None:
    many = [{"field": str(n)} for n in range(500)]
    said = bounded({"faults": many, "more_faults": 7, "ids": ["x"] * 130, "title": "网" * 1000, "n": 2**70})
    assert (len(said["faults"]), said["more_faults"]) == (MOST_FAULTS, 487)
    assert (len(said["ids"]), said["more_ids"]) == (MOST_LISTED, 30)
    assert said["title"] == "网" * MOST_LETTERS + "…"
    assert said["n"] == "about 2^71"


def test_a_problem_is_text_whatever_came_in() -> None:
    said = bounded({"a\ud800": {"\udfff": ["\ud800x"], 5: {"d": -(2**63)}}, "none": None, "flag": True})
    assert said["a\ud800"] == {"?": ["?x"], "5": {"d": -(2**63)}}
    assert (said["none"], said["flag"]) == (None, True)
    assert bounded({"ids": ["x"] * MOST_LISTED}) == {"ids": ["x"] * MOST_LISTED}


class Asked(Schema):
    """One field for each way to be wrong."""

    way = fields.String(required=True, validate=OneOf(["a", "b"]))
    hours = fields.List(fields.Integer(validate=Range(min=0, max=23)))
    name = fields.String(validate=Length(min=1))


def test_a_schemas_complaints_are_one_entry_per_field_in_both_languages() -> None:
    with pytest.raises(ValidationError) as caught:
        Asked().load({"hours": [1, 99, "x"], "name": "", "nmae": "x"})
    said = {one["field"]: (one["zh"], one["en"]) for one in invalid(caught.value).detail["faults"]}
    assert said["way"] == ("必填", "Missing data for required field.")
    assert said["hours.1"][0] == "应在 0 到 23 之间"
    assert said["hours.2"][0] == "要填整数"
    assert said["name"][0] == "不能为空"
    assert said["nmae"][0].startswith("没有这个字段")


def test_a_schemas_many_complaints_are_counted() -> None:
    with pytest.raises(ValidationError) as caught:
        Asked().load({"way": "a", "hours": ["x"] * 1000})
    detail = invalid(caught.value).detail
    assert (len(detail["faults"]), detail["more_faults"]) == (MOST_FAULTS, 1000 - MOST_FAULTS)


@pytest.mark.parametrize(
    ("said", "zh"),
    [
        ("Must be one of: a, b.", "只能是：a, b"),
        ("Must be one of: {0}, {x}.", "只能是：{0}, {x}"),
        ("Longer than maximum length 200.", "太长，最多 200 个"),
        ("Length must be between 1 and 10.", "长度应为 1 到 10"),
        ("Must be greater than or equal to -1e+12.", "不能小于 -1e+12"),
        ("Not a valid date of the years 1900 to 2999.", "不是有效的日期，例如 2026-05-01"),
        ("Something nobody foresaw.", "格式或取值不对"),
        ("", "格式或取值不对"),
    ],
)
def test_each_complaint_has_its_chinese(said: str, zh: str) -> None:
    assert in_chinese(said) == zh
