"""Map files as careless programs write them: what is odd costs itself alone, what is none is refused."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
import shapely

from geo.errors import FileTooLarge, FileUnreadable
from geo.formats import dbf, geojson, kml
from geo.formats.spelling import Speller, codec_of, keepable, undeclared

RING = "120,36 120.1,36 120.1,36.1 120,36"
LINE = f"<LinearRing><coordinates>{RING}</coordinates></LinearRing>"
POLYGON = f"<Polygon><outerBoundaryIs>{LINE}</outerBoundaryIs>{{}}</Polygon>"
POINT = {"type": "Point", "coordinates": [120, 36]}


def placemarks(*inside: str) -> bytes:
    whole = "".join(f"<Placemark>{one}</Placemark>" for one in inside)
    return f"<kml><Document>{whole}</Document></kml>".encode()


def types_of(*inside: str) -> list[str | None]:
    found = kml.drawn({"doc.kml": placemarks(*inside)}, 100)
    return [one.geom_type if one is not None else None for one in found.shapes]


def test_a_placemark_has_its_shape_or_several_or_none() -> None:
    area, line = POLYGON.format(""), f"<LineString><coordinates>{RING}</coordinates></LineString>"
    assert types_of(area, line, LINE, area * 2, area + line, "<name>x</name>") == [
        "Polygon", "LineString", "LineString", "MultiPolygon", "GeometryCollection", None,
    ]  # fmt: skip


def test_coordinates_that_belong_to_no_shape_are_none() -> None:
    assert types_of(f"<Track><coordinates>{RING}</coordinates></Track>") == [None]


def test_a_hole_and_heights_are_kept() -> None:
    places = "120.05,36.01,7 120.09,36.01,7 120.09,36.05,7"
    ring = f"<LinearRing><coordinates>{places}</coordinates></LinearRing>"
    hole = f"<innerBoundaryIs>{ring}</innerBoundaryIs>"
    found = kml.drawn({"doc.kml": placemarks(POLYGON.format(hole))}, 100)
    assert isinstance(found.shapes[0], shapely.Polygon)
    assert len(found.shapes[0].interiors) == 1


def test_what_is_said_of_a_placemark_is_its_row_and_the_first_word_counts() -> None:
    data = "<ExtendedData><Data name='code'><value>7</value></Data><Data name='code'><value>8</value></Data>"
    data += "<SchemaData><SimpleData name='kind'>x</SimpleData></SchemaData><own:note>here</own:note>"
    data += "<Data><value>nameless</value></Data><Data name='empty'><value/></Data></ExtendedData>"
    found = kml.drawn({"doc.kml": placemarks(f"<name>甲</name>{data}")}, 100)
    assert found.rows.rows[0] == {"Name": "甲", "code": "7", "kind": "x", "note": "here"}


def test_a_kml_of_too_many_points_is_refused() -> None:
    with pytest.raises(FileTooLarge):
        kml.drawn({"doc.kml": placemarks(POLYGON.format(""))}, 3)


def test_a_link_without_an_address_is_none_and_one_that_was_followed_is_not_again() -> None:
    link = "<NetworkLink>{}<Link><href>{}</href></Link></NetworkLink>"
    inner = placemarks("<name>b</name>")
    links = (("", ""), ("<name>more</name>", "b.kml"), ("", "b.kml#x"))
    outer = f"<kml><Document>{''.join(link.format(*one) for one in links)}</Document></kml>"
    found = kml.drawn({"doc.kml": outer.encode(), "b.kml": inner}, 100)
    assert (found.groups, found.rows.findings) == ([("more",)], [])


@pytest.mark.parametrize(
    ("data", "codec"),
    [
        (b"<?xml version='1.0' encoding='UTF-16'?><kml/>", "utf-8"),
        (b"<?xml version='1.0' encoding='GBK'?><kml/>", "gb18030"),
        (b"<?xml version='1.0' encoding='klingon'?><kml/>", "utf-8"),
        ("\ufeff<kml/>".encode(), "utf-8"),
        ("\ufeff<kml/>".encode("utf-16-be"), "utf-16"),
        (b"<kml/>", "utf-8"),
    ],
)
def test_a_document_is_read_in_its_encoding(data: bytes, codec: str) -> None:
    assert kml.text_of(data) == ("<kml/>", codec)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("a & b &amp; &nbsp;", "a &amp; b &amp; &amp;nbsp;"),
        ("<![CDATA[a & b]]>&", "<![CDATA[a & b]]>&amp;"),
        ("<!DOCTYPE kml []>&own;", "<!DOCTYPE kml []>&own;"),
        ("a\x01b", "ab"),
    ],
)
def test_signs_that_no_parser_takes_are_put_right(given: str, left: str) -> None:
    assert kml.parsable(given) == left


def features(*geometries: Any, **more: Any) -> bytes:
    rows = [{"type": "Feature", "properties": {}, "geometry": one} for one in geometries]
    return json.dumps({"type": "FeatureCollection", "features": rows} | more).encode()


def collection(depth: int) -> Any:
    return POINT if not depth else {"type": "GeometryCollection", "geometries": [collection(depth - 1), None]}


def test_shapes_of_every_type_are_read() -> None:
    line, ring = [[120, 36], [121, 37]], [[0, 0, 5], [1, 0, 5], [1, 1, 5], [0, 0, 5]]
    given = {
        "Point": [120, 36], "MultiPoint": line, "LineString": line, "MultiLineString": [line],
        "Polygon": [ring, ring, [[0, 0]]], "MultiPolygon": [[ring], []],
    }  # fmt: skip
    found = geojson.drawn(features(*({"type": t, "coordinates": c} for t, c in given.items())), 100)
    assert [one and one.geom_type for one in found.shapes] == list(given)
    empty = geojson.drawn(features(None, {"type": "Polygon", "coordinates": []}, collection(2)), 100)
    assert [one and one.geom_type for one in empty.shapes] == [None, None, "GeometryCollection"]


def test_what_is_nested_without_end_or_too_large_is_refused() -> None:
    with pytest.raises(FileUnreadable):
        geojson.drawn(features(collection(40)), 100)
    with pytest.raises(FileTooLarge):
        geojson.drawn(features({"type": "LineString", "coordinates": [[n, n] for n in range(9)]}), 8)


@pytest.mark.parametrize("root", [7, [], {}, {"type": "Topology"}, {"type": "FeatureCollection"}])
def test_what_is_no_geojson_is_refused(root: Any) -> None:
    with pytest.raises(FileUnreadable):
        geojson.drawn(json.dumps(root).encode(), 100)


def test_a_feature_or_a_bare_shape_is_a_file_too() -> None:
    feature = {"type": "Feature", "properties": None, "geometry": POINT, "id": 3}
    rows = geojson.drawn(json.dumps(feature).encode(), 100).rows
    assert (rows.rows[0], rows.key) == ({"id": 3}, "id")
    assert len(geojson.drawn(json.dumps(POINT).encode(), 100).shapes) == 1


def test_a_value_is_shown_as_words_numbers_or_json() -> None:
    given = {"a": True, "b": False, "c": 1 << 70, "d": {"x": [1]}, "e": [1], "f": None, "id": "own"}
    feature = {"type": "Feature", "properties": given, "geometry": None, "id": "beside"}
    found = geojson.drawn(json.dumps(feature).encode(), 100).rows.rows[0]
    assert found == {
        "a": "true", "b": "false", "c": str(1 << 70), "d": '{"x": [1]}', "e": "[1]", "id": "own",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("crs", "said"),
    [
        (None, None),
        ("EPSG:4326", None),
        ({"type": "name"}, None),
        ({"properties": {"name": "EPSG:4549"}}, "EPSG:4549"),
        ({"properties": {"code": 4549}}, "EPSG:4549"),
        ({"properties": {}}, None),
    ],
)
def test_a_system_is_what_the_file_says(crs: Any, said: str | None) -> None:
    assert geojson.drawn(features(POINT, crs=crs, name="区"), 100).crs == said


def test_bytes_that_break_the_document_are_read_in_the_other_alphabet() -> None:
    data = json.dumps({"type": "Feature", "properties": {"name": "X"}, "geometry": None}).encode()
    found = geojson.drawn(data.replace(b"X", "誠".encode("gb18030")), 100)
    assert found.rows.rows[0] == {"name": "誠"}
    assert len(found.rows.findings) == 1
    assert geojson.drawn(b"\xef\xbb\xbf" + data, 100).rows.rows[0] == {"name": "X"}


@pytest.mark.parametrize(
    "head",
    [b"", b"\x03" * 20, struct.pack("<4xIHH20x", 1, 16, 10), struct.pack("<4xIHH20x", 1, 33, 0) + b"\r"],
)
def test_what_is_no_table_is_refused(head: bytes) -> None:
    with pytest.raises(FileUnreadable):
        dbf.rows_of(head, None)


def table(kind: bytes, width: int, decimals: int, *values: bytes) -> bytes:
    head = struct.pack("<4xIHH20x", len(values), 65, 1 + width)
    field = b"code".ljust(11, b"\0") + kind + bytes(4) + bytes([width, decimals]) + bytes(14)
    return head + field + b"\r" + b"".join(b" " + one.rjust(width) for one in values)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (b"N", b"12.500", "12.5"),
        (b"N", b"0.000", "0"),
        (b"N", b"-.000", "0"),
        (b"N", b"7.000", "7"),
        (b"N", b"x.yz", "x.yz"),
        (b"N", b"****", None),
        (b"D", b"20260901", "20260901"),
        (b"L", b"T", "T"),
        (b"N", b"", None),
    ],
)
def test_a_value_of_a_table_is_as_it_is_written(kind: bytes, value: bytes, shown: str | None) -> None:
    assert dbf.rows_of(table(kind, 8, 3, value), b"UTF-8").rows[0].get("code") == shown


def test_a_number_that_is_none_keeps_its_letters() -> None:
    found = dbf.rows_of(table(b"N", 20, 3, b"1.2.3456789012345678"), b"UTF-8")
    assert found.rows[0]["code"] == "1.2.3456789012345678"


@pytest.mark.parametrize(
    ("said", "codec"),
    [
        ("", None),
        ("klingon", None),
        ("base64", None),
        ("idna", None),
        ("punycode", None),
        ("undefined", None),
        ("utf-16", "utf-16"),
        ("cp037", "cp037"),
        ("88591", "iso8859-1"),
        ("ISO 8859-5", "iso8859-5"),
        ("big5", "cp950"),
    ],
)
def test_an_encoding_is_known_or_none(said: str, codec: str | None) -> None:
    assert codec_of(said) == codec


@pytest.mark.parametrize("said", [b"base64", b"idna", b"punycode"])
def test_a_table_that_names_no_alphabet_is_read_as_if_it_named_none(said: bytes) -> None:
    data = table(b"C", 8, 0, "市南".encode("gb18030"))
    found = dbf.rows_of(data, said)
    assert (found.rows[0]["code"].strip(), len(found.findings)) == ("市南", 1)


def test_what_no_database_keeps_is_left_out() -> None:
    assert keepable("a\0b\ud800") == "ab"


def test_bytes_that_are_nothing_are_told_as_lost() -> None:
    speller = Speller("utf-8")
    assert speller.text(b"ok\xff", "name") == "ok"
    assert len(speller.findings) == 1
    assert speller.text(b"plain", "name") == "plain"
    behind = Speller("utf-8")
    assert behind.text("市南".encode() + b"\xff", "name") == "市南", "no piece of a letter, only rubbish"
    assert len(behind.findings) == 1


def test_of_several_alphabets_the_likelier_one_is_taken() -> None:
    han, odd = "市南区".encode("gb18030"), b"\xff\xff"
    assert undeclared([(b"plain", 10)]) == ("utf-8", [])
    assert undeclared([(han, 10)])[0] == "gb18030"
    assert undeclared([(han, 10), (odd, 10)])[0] == "gb18030"
    assert undeclared([("市南区".encode(), 10), (odd, 10)])[0] == "utf-8"
    assert undeclared([(han[:-1], 5)])[0] == "gb18030", "cut at its column's width"
